"""The pure heart: stdlib and attrs only; no clock, no randomness, no files but our own default curve."""
