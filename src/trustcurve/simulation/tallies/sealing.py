"""Answers that nobody can write to, though they share arrays with each other and with what is kept for the next question."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import fields, has

__all__ = ["seal"]


def seal(value: Any) -> None:
    """Make every array read-only that can be reached from a value by its fields, tuples and tables.

    Sparse ones, too, and those of which it is a view.
    To be called where an answer is made: arrays can be written to again when they come from another process.

    Examples:
        >>> row = np.zeros(3)
        >>> seal((row,))
        >>> row[0] = 1
        Traceback (most recent call last):
            ...
        ValueError: assignment destination is read-only
    """
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
        seal(value.base)
    elif isinstance(value, tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            seal(each)
    elif has(type(value)):
        seal(tuple(getattr(value, field.name) for field in fields(type(value))))
    elif hasattr(value, "indptr"):
        seal((value.data, value.indices, value.indptr))
