"""A service of one's own, driven against the curve."""
