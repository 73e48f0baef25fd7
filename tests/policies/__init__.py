"""Tests of journey policies: reading them, what they may see, and what may happen around them."""
