"""Tests of the documentation: its pages, its tables, and the runner of its blocks."""
