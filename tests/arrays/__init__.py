"""Tests of the array steps."""
