"""Sampled answers: many customers at once, by table lookup."""
