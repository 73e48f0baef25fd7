"""Arrays of whole numbers, and what stands in them for nothing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["NONE", "NO_TIME", "Ints"]

Ints = NDArray[Any]

NONE: Final = -1
"""Stands for what is missing: no promise, no weight, no signal."""

NO_TIME: Final = np.iinfo(np.int64).max
"""The due date of a promise without one, in microseconds since 1970: it never passes."""
