"""What Hypothesis draws of a journey: deeds, wishes of which each leads somewhere rare first, and edits of what they make.

Each means something wherever it stands. None depends on another: leave one out, or make one milder, and the rest still
tell a journey. ``telling`` tells it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from attrs import frozen
from hypothesis import strategies as st

from trustcurve.core.curve import Curve
from trustcurve.core.signals import LEDGER_SIGNALS, SILENCE
from trustcurve.core.values import Value

__all__ = ["Deed", "Wish", "deeds", "edited", "edits", "wishes", "words"]

MILD_TO_SEVERE: Final = (
    *("exchange", "kept_minor", "kept_major", "repair", "proposition", "promise_made", "minor_promise_made"),
    *("promise_moved", "promise_released", "advocacy", "purchase", "return", "complaint", "company_one_sided"),
    *("customer_one_sided", "broken_minor", SILENCE, "broken_major", "departure"),
)
"""What can happen on every curve; what comes first is what shrinking heads for. Source: our choice, from what each does to
doubt and stage on the default curve."""

WAITS: Final = ("none", "a day", "a third of a quiet period", "to the last moment", "too late", "a quiet period", "two")
"""How long nothing happens before. "To the last moment" is that at which a promise still counts as kept, "too late" the one
after it."""

_OFTEN: Final = (*["none"] * 40, *["a day"] * 20, *WAITS[2:])
_DUE: Final = (None, None, 0, 1, 3, 6)


@frozen(eq=False, repr=False)
class Deed(Value):
    """One thing that happens, after a while.

    Args:
        what: What happens, one of ``words``.
        wait: How long nothing happens before, one of ``WAITS``.
        which: Which promise it is about, where there are several: counted round.
        due: When a promise falls due, in thirds of a quiet period; None: it has no date.
    """

    what: str
    wait: str = WAITS[0]
    which: int = 0
    due: int | None = None


@frozen(eq=False, repr=False)
class Wish(Value):
    """Whatever leads by the shortest way to a rare position, counted on from where the customer stands (0: nothing); then a deed."""

    goal: int
    deed: Deed


@lru_cache(maxsize=16)
def deeds(curve: Curve) -> st.SearchStrategy[Deed]:
    """Draw a deed, from mild to severe."""
    what, wait, due = st.sampled_from(words(curve)), st.sampled_from(_OFTEN), st.sampled_from(_DUE)
    return st.builds(Deed, what, wait, st.integers(0, 3), due)


@lru_cache(maxsize=16)
def wishes(curve: Curve) -> st.SearchStrategy[Wish]:
    """Draw a wish."""
    return st.builds(Wish, st.integers(0, len(curve.table()) - 1), deeds(curve))


@lru_cache(maxsize=16)
def edits(most: int) -> st.SearchStrategy[bytes]:
    """Draw what is changed in so many deeds: two bytes for each.

    They are drawn so that almost nothing is, and they shrink so that what need not be there goes, one deed by one, and what
    need not be severe is replaced by something mild. So journeys are long where rare positions are looked for, and short
    where something was found.
    """
    return st.binary(min_size=2 * most, max_size=2 * most)


def edited(curve: Curve, planned: list[Deed], changes: bytes) -> list[Deed]:
    """Leave out or replace some deeds: a first byte of 0 means that one is, and the second one by what (0: by nothing)."""
    left: list[Deed] = []
    for deed, change, by in zip(planned, changes[::2], changes[1::2], strict=False):
        if change or by > len(words(curve)):
            left.append(deed)
        elif by:
            left.append(Deed(words(curve)[by - 1]))
    return left


@lru_cache(maxsize=16)
def words(curve: Curve) -> tuple[str, ...]:
    """Answer with all that can happen on a curve, from mild to severe; its own signals stand in the middle."""
    own = [signal for signal in curve.signals if signal not in LEDGER_SIGNALS]
    middle = MILD_TO_SEVERE.index("complaint")
    return (*MILD_TO_SEVERE[:middle], *own, *MILD_TO_SEVERE[middle:])
