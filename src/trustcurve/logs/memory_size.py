"""How much memory a replay may take, and into how many parts that divides a log."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from trustcurve.errors import InvalidValueError
from trustcurve.logs.opened_log import Log

__all__ = ["parts_of", "read_memory"]

_UNITS: Final = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]i?B)?", re.IGNORECASE)
_BASE: Final = 450 * 10**6
"""What Python, its libraries and the curve's table take. Source: measured."""
_PER_ROW: Final = 700
"""How many bytes a row takes at most while its part is replayed. Source: measured on synthetic logs, with a margin."""
_LEAST: Final = 10**9


def read_memory(size: object, argument: str = "memory") -> int:
    """Return a size in bytes.

    Args:
        size: A number of bytes, or a text such as "2GB", "1.5 GiB" or "800MB".
        argument: The name of the argument in messages.

    Raises:
        InvalidValueError: It is not a size, or less than 1 GB.

    Examples:
        >>> read_memory("2GB"), read_memory("1.5GiB")
        (2000000000, 1610612736)
    """
    found = _SIZE.fullmatch(size.strip()) if isinstance(size, str) else None
    if found is not None:
        many = int(float(found[1]) * _UNITS[(found[2] or "").upper()])
    elif isinstance(size, int) and not isinstance(size, bool):
        many = size
    else:
        raise InvalidValueError(argument, size, "must be a size such as '2GB' or '1.5GiB'")
    if many < _LEAST:
        raise InvalidValueError(argument, size, "must be at least 1GB")
    return many


def parts_of(log: Log, memory: int) -> int:
    """Return into how many parts a log falls so that each can be replayed in some bytes of memory."""
    with log.reading():
        rows: int = log.rows.select(pl.len()).collect().item()
    return max(1, -(-rows * _PER_ROW // (memory - _BASE)))
