"""How tests of the kit fail: with the place in the user's code, the journey saved, and no traceback of the kit itself."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path
from traceback import extract_tb
from typing import Final, NoReturn

import _pytest
import pytest

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.records.whole_files import write_whole
from trustcurve.snapshots import to_json
from trustcurve.testing.session import session

__all__ = ["PYTEST_TEST", "fail", "place_of", "save_journey"]

PYTEST_TEST: Final = "PYTEST_CURRENT_TEST"
"""The environment variable in which pytest names the test that runs."""

_OURS = (str(Path(__file__).parent.parent), str(Path(_pytest.__file__).parent))
_ID_LENGTH: Final = 80
"""How much of a test's id a file's name shows; a few digits of its hash distinguish the rest."""


def fail(error: Exception) -> NoReturn:
    """Fail a test with an error: under pytest without its traceback, which would show nothing of the test."""
    if PYTEST_TEST in os.environ:
        pytest.fail(str(error), pytrace=False)
    raise error


def place_of(error: BaseException | None) -> str:
    """Return the last file, line and function of the user's code in an error's traceback, on a line of its own.

    Examples:
        >>> place_of(ValueError("never raised"))
        ''
    """
    frames = [at for at in extract_tb(error.__traceback__ if error else None) if not at.filename.startswith(_OURS)]
    return "".join(f"\n  {at.filename}:{at.lineno}, in {at.name}" for at in frames[-1:])


def save_journey(journey: Journey, curve: Curve, test: str) -> str:
    """Save the journey with which a test fails, where the test run wants that.

    Args:
        journey: The journey.
        curve: Its curve.
        test: The whole id of the test.

    Returns:
        A line that says how to test the journey again; empty if nothing was saved.
    """
    folder = session().folder
    if folder is None:
        return ""
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", test).strip("-")[-_ID_LENGTH:]
    path = Path(folder()) / f"{words}-{sha256(test.encode()).hexdigest()[:8]}.json"
    write_whole(path, to_json(journey, curve=curve) + "\n")
    return f"\n  saved; to test it again: pytest --trustcurve-replay {path}"
