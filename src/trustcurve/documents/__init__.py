"""Documents that people write (curves, mappings, policies, scenarios): one reader, and JSON Schemas, of attrs classes."""
