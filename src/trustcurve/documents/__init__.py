"""Documents (curve, mapping, policy and scenario files): a reader that returns attrs classes, and their JSON Schemas."""
