"""Forms of conditions that several kinds of documents share: what a word is, and what a whole number is."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from trustcurve.documents.forms import SOME

__all__ = ["Bounds", "Numbers", "Words"]


@frozen
class Bounds:
    """Bounds of a number.

    Args:
        at_least: It must be at least this.
        at_most: It must be at most this.
        above: It must be above this.
        below: It must be below this.
    """

    at_least: int | None = None
    at_most: int | None = None
    above: int | None = None
    below: int | None = None


Words = str | Annotated[tuple[str, ...], SOME]
"""A word, or one of several."""

Numbers = int | Annotated[tuple[int, ...], SOME] | Annotated[Bounds, SOME]
"""A whole number, one of several, or one within bounds."""
