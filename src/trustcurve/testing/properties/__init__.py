"""The prover's properties as tests: decided where that can be, tested by examples where not."""
