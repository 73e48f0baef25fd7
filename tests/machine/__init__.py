"""Tests of live customers, of the machine of transitions, and of pictures."""
