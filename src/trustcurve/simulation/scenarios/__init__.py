"""Scenarios in TOML files."""
