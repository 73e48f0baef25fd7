"""The present test run: the options that the kit obeys, and what it notes for the plugin's reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import SkipTest

from attrs import define, field

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.errors import InvalidValueError
from trustcurve.snapshots import OtherCurveError, from_dict

__all__ = ["Session", "begin_session", "end_session", "note_curve", "note_drawn_curve", "session"]


@define(eq=False)
class Session:
    """One test run.

    Args:
        states_max: The most states that a proof explores.
        replayed: The saved journey to test in place of drawn ones, as plain data; None: journeys are drawn.
        folder: Makes and returns the folder for journeys that fail; None: they are not saved.
        curves: The curves that the tests are about, by fingerprint.
        drawn: The fingerprints of curves that were drawn: no test names them, so their coverage means nothing.
        item: The test that runs, if pytest runs it.
        explored: Which transitions proofs explored, by the curve's fingerprint: position times signals plus signal.
        has_plugin: Whether a test run of pytest uses this session.
    """

    states_max: int = 200_000
    replayed: dict[str, object] | None = None
    folder: Callable[[], str] | None = None
    curves: dict[str, Curve] = field(factory=dict)
    drawn: set[str] = field(factory=set)
    item: Any = None
    explored: dict[str, set[int]] = field(factory=dict)
    has_plugin: bool = False

    def replayed_on(self, curve: Curve) -> Journey:
        """Read the saved journey.

        Raises:
            SkipTest: It was made on another curve; a test run can have tests on several.
        """
        assert self.replayed is not None  # noqa: S101 - callers check
        try:
            return from_dict(Journey, self.replayed, curve=curve)
        except OtherCurveError as error:
            raise SkipTest(f"the saved journey is not of this curve: {error}") from None


_SESSIONS = [Session()]
"""The last one is the present test run; the others are of pytest runs in which it was started."""


def session() -> Session:
    """Return the present test run; without the plugin it has the defaults."""
    return _SESSIONS[-1]


def begin_session() -> Session:
    """Return the session for a run of pytest that begins: a new one if another run is using the present one."""
    if session().has_plugin:
        _SESSIONS.append(Session())
    session().has_plugin = True
    return session()


def end_session(ended: Session) -> None:
    """Forget a session: what one run of pytest set does not hold in the next one of the same process."""
    _SESSIONS.remove(ended)
    if not _SESSIONS:
        _SESSIONS.append(Session())


def note_curve(curve: Curve) -> None:
    """Check an argument that must be a curve, and note that the tests are about it.

    Raises:
        InvalidValueError: It is not a curve.
    """
    if not isinstance(curve, Curve):
        raise InvalidValueError("curve", curve, "must be a Curve such as Curve.default()")
    if curve.fingerprint not in session().drawn:
        session().curves.setdefault(curve.fingerprint, curve)


def note_drawn_curve(curve: Curve) -> None:
    """Note a curve that was drawn."""
    session().drawn.add(curve.fingerprint)
