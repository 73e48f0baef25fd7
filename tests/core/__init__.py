"""Tests of the pure core: the curve, the ledger, and what can be asked of them."""
