"""Tests of the loop and of what is proved about it."""
