"""The loop of turns as arrays: nodes, turns between them, and how likely each is."""
