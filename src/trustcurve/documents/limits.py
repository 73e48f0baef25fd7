"""How large a document may be: what is larger is a finding, and never a traceback or a hang."""

from __future__ import annotations

from typing import Final

__all__ = ["DEPTH_MAX", "DIGITS_MAX", "SNAPSHOT_MAX", "TEXT_MAX"]

TEXT_MAX: Final = 1_000_000
"""The most bytes of a file that people write, and characters of a text. Source: our choice; the default curve has 17,000."""

SNAPSHOT_MAX: Final = 256_000_000
"""The most characters of a snapshot. Source: our choice; a journey of 100,000 events has a fifth of it."""

DEPTH_MAX: Final = 32
"""How deep tables and arrays may be nested. Source: our choice; the deepest document that makes sense has seven levels,
and Python's own limit depends on who calls."""

DIGITS_MAX: Final = 100
"""The most digits of a number. Source: our choice; a seed of 256 bits has 78, and nothing else has more than 10."""
