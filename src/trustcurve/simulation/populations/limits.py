"""How much a scenario may ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from trustcurve.documents.forms import between, whole
from trustcurve.policies.policy import OPEN_MAX

__all__ = [
    "CUSTOMERS",
    "CUSTOMERS_MAX",
    "KEEPS_AWAY",
    "PROMISES",
    "QUIET_TURNS_MAX",
    "REPLICATIONS",
    "ROWS_MAX",
    "SEED",
    "STEP",
    "STEPS",
    "rows_problem",
    "turn_problem",
]

STEP: Final = whole(1)
"""The number of a step; steps count from 1."""

SEED: Final = whole(0)
"""Where chance begins."""

PROMISES: Final = whole(0, OPEN_MAX)
"""How many promises may be open at once."""

CUSTOMERS_MAX: Final = 100_000_000
"""The most customers at the beginning, and the most newcomers of a whole scenario. Source: our choice; each one takes
memory, and what a sample of so many leaves to chance is too small to matter."""

CUSTOMERS: Final = whole(0, CUSTOMERS_MAX)
"""How many customers there are at the beginning, or how many arrive in a step."""

STEPS: Final = whole(1, 10_000)
"""How many steps there are. Source: our choice; eight centuries of months, and each step is a row in every table."""

REPLICATIONS: Final = whole(1, 10_000)
"""How many replications there are. Source: our choice; each one is kept, and intervals are narrow long before."""

KEEPS_AWAY: Final = between(0, 1000)
"""How many newcomers one who tells others keeps away. Source: our choice; more would be a newspaper."""

ROWS_MAX: Final = 2_000_000
"""The most steps times cohorts times segments times replications. Source: our choice; each has a row in the tables for every
state, and more of them fill more than a gigabyte of memory."""

QUIET_TURNS_MAX: Final = 100
"""The most turns in a curve's quiet period. Source: our choice; each one makes the loop longer, and the default curve's
90 days can still be told apart."""


def rows_problem(steps: int, cohorts: int, segments: int, replications: int) -> str | None:
    """Say why tables would be too long, if they would be.

    Examples:
        >>> rows_problem(10_000, 10_001, 2, 1)
        'steps x cohorts x segments x replications, 10000 x 10001 x 2 x 1, must be at most 2000000'
    """
    if steps * cohorts * segments * replications <= ROWS_MAX:
        return None
    said = f"{steps} x {cohorts} x {segments} x {replications}"
    return f"steps x cohorts x segments x replications, {said}, must be at most {ROWS_MAX}"


def turn_problem(turn: timedelta, silence_after: timedelta) -> str | None:
    """Say why turns of some length do not fit into a quiet period, if they do not.

    Examples:
        >>> turn_problem(timedelta(days=40), timedelta(days=90))
        "the curve's quiet period, 90 days, must be a whole number of turns"
    """
    days = f"the curve's quiet period, {silence_after / timedelta(days=1):g} days,"
    if silence_after % turn:
        return f"{days} must be a whole number of turns"
    if silence_after // turn > QUIET_TURNS_MAX:
        return f"{days} must have at most {QUIET_TURNS_MAX} turns"
    return None
