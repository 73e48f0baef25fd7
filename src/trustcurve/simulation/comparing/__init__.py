"""Two scenarios held against each other, and one with other numbers."""
