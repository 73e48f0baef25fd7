"""Exact answers, by sparse linear algebra."""
