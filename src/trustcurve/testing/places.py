"""Where somebody's own code failed, in a line: our calls on the way there help nobody."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

import _pytest

__all__ = ["place_of"]

_NOT_THEIRS = (str(Path(__file__).parent.parent), str(Path(_pytest.__file__).parent))


def place_of(error: BaseException | None) -> str:
    """Answer with the file, line and function in which an error was raised, on a line of its own; with nothing if in none.

    Examples:
        >>> place_of(ValueError("raised nowhere"))
        ''
    """
    frames = [
        at for at in extract_tb(error.__traceback__ if error else None) if not at.filename.startswith(_NOT_THEIRS)
    ]
    return "".join(f"\n  {at.filename}:{at.lineno}, in {at.name}" for at in frames[-1:])
