"""Tests of replay: one law that holds every execution of a log equal."""
