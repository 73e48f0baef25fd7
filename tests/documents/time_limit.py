"""A generous limit of time, for what takes minutes if the work grows with the square of the size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if the block needs more of the processor's time; what it needs is far below the limit, or far above."""
    begin = process_time()
    yield
    needed = process_time() - begin
    assert needed < seconds, f"took {needed:.1f} s"
