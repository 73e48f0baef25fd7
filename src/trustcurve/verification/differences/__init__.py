"""What a change of a policy or a curve would do."""
