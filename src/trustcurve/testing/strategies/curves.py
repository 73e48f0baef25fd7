"""Curves: the default one with other parameters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from hypothesis import strategies as st

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Number, Parameter
from trustcurve.errors import TrustcurveError
from trustcurve.testing.session import session

__all__ = ["curves"]

Change = tuple[str, int]

_HIGHEST = {"kept_max": 4, "engaged_max": 5, "doubt_max": 13}
_DAYS = {"silence_after": (90, 60, 30, 180), "grace": (0, 1, 30)}


def curves() -> st.SearchStrategy[Curve]:
    """Draw curves: the default one with a few other parameters, small enough to be unrolled at once.

    They shrink to the default curve.

    Examples:
        >>> from hypothesis import given
        >>> from trustcurve.verification import check, kept_never_hurts
        >>> @given(curves())
        ... def test_keeping_a_promise_never_hurts_on_any_curve(curve):
        ...     assert check(curve, kept_never_hurts).proved
        >>> test_keeping_a_promise_never_hurts_on_any_curve()
    """
    return st.lists(st.one_of([_change(row) for row in Curve.default().parameter_rows]), max_size=4).map(_changed)


def _change(row: Parameter) -> st.SearchStrategy[Change]:
    days = _DAYS.get(row.name)
    numbers = st.sampled_from(days) if days else st.integers(*_range(row))
    return st.tuples(st.just(row.name), numbers)


def _range(row: Parameter) -> tuple[int, int]:
    """Answer with the lowest and the highest number that a parameter can be while the others are as they are."""

    def number(bound: Number | None, otherwise: int) -> int:
        found = otherwise if bound is None else Curve.default().parameters[bound] if isinstance(bound, str) else bound
        return int(found)

    low = max(number(row.at_least, 0), number(row.above, -1) + 1)
    high = min(number(row.at_most, 99), number(row.below, 100) - 1, _HIGHEST.get(row.name, 99))
    return low, max(low, high)


def _changed(changes: Iterable[Change]) -> Curve:
    curve = _with(tuple(sorted(dict(changes).items())))
    if changes:
        session.drew(curve)
    return curve


@lru_cache(maxsize=512)
def _with(changes: tuple[Change, ...]) -> Curve:
    """Make the changes; where together they make no curve, leave out the last one, and so on."""
    given: dict[str, int | timedelta] = dict(changes)
    try:
        return Curve.default().with_parameters(**given)
    except TrustcurveError:
        return _with(changes[:-1])
