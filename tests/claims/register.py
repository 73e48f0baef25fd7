"""The register of claims: what each says in our words, and what shows it; filled by the tests as they are imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

__all__ = ["CLAIMS", "NOT_MODELLED", "Claim", "claim"]

_Test = TypeVar("_Test", bound=Callable[..., None])


class Claim(NamedTuple):
    """A claim: its number, what it says in our words, and what shows it, as links of the documentation."""

    number: str
    words: str
    shown_by: str


CLAIMS: dict[str, Claim] = {}
"""All claims that have a test, by number."""

NOT_MODELLED = {
    "T19": Claim(
        "T19",
        "The proposition must be about what this customer cares about.",
        "not modelled: any proposition opens; the [mapping](../how-to/mapping.md) decides what counts as one",
    ),
    "V17": Claim(
        "V17",
        "Customers like a company for its character, its manners and its kindness.",
        "not modelled: only deeds are seen",
    ),
    "R6": Claim(
        "R6",
        "Believe in people before they believe in you.",
        "not modelled: what a company believes is not seen; only who moves first is, and a proposition or a promise must come first",
    ),
}
"""Claims that nothing here shows, each with the reason."""


def claim(number: str, words: str, shown_by: str) -> Callable[[_Test], _Test]:
    """Register the claim that a test holds; the name of the test begins with the number."""

    def register(test: _Test) -> _Test:
        assert test.__name__.startswith(f"test_{number.lower()}_"), f"{test.__name__} does not name {number}"
        assert number not in CLAIMS, f"{number} has a test already"
        CLAIMS[number] = Claim(number, words, shown_by)
        return test

    return register
