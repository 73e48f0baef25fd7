"""The vocabulary: counters, account levels, weights, and the words of the default curve.

Counters and account are fixed. Stages and signals are strings that a curve validates: a curve
file can add its own.
"""

from __future__ import annotations

from typing import Final, Literal

__all__ = [
    "ACCOUNT_LEVELS",
    "ACCOUNT_WEIGHTS",
    "ASK",
    "BROKEN",
    "COUNTERS",
    "EXCHANGED",
    "FAULTS",
    "KEPT",
    "LEDGER_SIGNALS",
    "MADE",
    "PARTS",
    "PROPOSITION",
    "RETAINED",
    "SIDES",
    "SILENCE",
    "SILENCE_ENDINGS",
    "WEIGHTS",
    "Account",
    "EndsSilence",
    "Fault",
    "Side",
    "Weight",
]

Account = Literal["clear", "due", "slip", "breach"]
Weight = Literal["major", "minor"]
Side = Literal["company", "customer"]
Fault = Literal["own", "circumstance"]
EndsSilence = Literal["always", "crossing", "never"]

COUNTERS: Final = ("kept", "engaged", "doubt")
"""The bounded counters of a position."""

ACCOUNT_LEVELS: Final[tuple[Account, ...]] = ("clear", "due", "slip", "breach")
"""What the company owes, from nothing to amends for a serious failure."""

ACCOUNT_WEIGHTS: Final = (0, 0, 1, 2)
"""What each account level adds to doubt; the sum is felt doubt. Source: the curve's definition."""

PARTS: Final = ("stage", *COUNTERS, "account")
"""The parts of a position, in order."""

WEIGHTS: Final[tuple[Weight, ...]] = ("major", "minor")
SIDES: Final[tuple[Side, ...]] = ("company", "customer")
FAULTS: Final[tuple[Fault, ...]] = ("own", "circumstance")

MADE: Final[dict[Weight, str | None]] = {"major": "promise_made", "minor": None}
"""The signal of a promise that is made, by its weight: a minor one raises no hope."""

KEPT: Final[dict[Weight, str]] = {"major": "kept_major", "minor": "kept_minor"}
BROKEN: Final[dict[Weight, str]] = {"major": "broken_major", "minor": "broken_minor"}
"""The signals of a promise that is kept or broken, by its weight."""

PROPOSITION: Final = "proposition"
ASK: Final = "company_one_sided"
"""The signal of an ask by the company."""

RETAINED: Final = ("crossed", "across", "engaged")
"""What is counted of customers: those who were ever across the barrier, of these who still are, and of these who have goodwill
left."""

EXCHANGED: Final = ("given", "asked")
"""What is counted of what the company does: how often it gave something (``Curve.gives``) and asked (``Curve.is_ask``)."""

SILENCE: Final = "silence"

SILENCE_ENDINGS: Final[tuple[EndsSilence, ...]] = ("always", "crossing", "never")
"""When an event of a signal ends a silence: always, only if it moves the customer across the barrier, or never."""

LEDGER_SIGNALS: Final = (
    "proposition",
    "promise_made",
    "kept_major",
    "exchange",
    "kept_minor",
    "repair",
    "broken_minor",
    "broken_major",
    "company_one_sided",
    "complaint",
    "advocacy",
    "purchase",
    "customer_one_sided",
    "departure",
    "return",
    SILENCE,
)
"""The signals that the ledger sends: every curve must have rules for them.

Their order numbers the signals of a table and breaks ties between equally short paths: the better
signals come first; a curve's own signals follow by name.
"""
