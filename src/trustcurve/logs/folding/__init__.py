"""A mapped log, folded: what becomes of each row, and where each customer then stands."""
