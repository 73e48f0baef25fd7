"""Tests of simulations: exact answers, sampled ones, and that both agree."""
