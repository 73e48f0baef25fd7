"""Mapping files: what the rows of a source mean, as values, and how they are read and checked."""
