"""Tests of the one reader of documents."""
