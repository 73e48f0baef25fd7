"""Pictures of what was simulated.

Needs the extra ``plot`` (matplotlib).
"""
