"""Tests of logs: readers, mappings, the fold of whole logs, what it says and writes."""
