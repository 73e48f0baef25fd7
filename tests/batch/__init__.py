"""Tests of replays by columns."""
