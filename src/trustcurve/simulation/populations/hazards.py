"""What distrusting former customers do: they leave, and they tell others.

The two default numbers come with a warning: see the page *Where the numbers come from* of the documentation.
"""

from __future__ import annotations

from datetime import timedelta
from math import expm1, log1p
from typing import Final

from attrs import field, frozen

from trustcurve.errors import InvalidValueError
from trustcurve.policies.environment import CHANCE
from trustcurve.simulation.populations.limits import KEEPS_AWAY

__all__ = ["FOUR_QUARTERS", "Departures", "WordOfMouth", "per_turn"]

FOUR_QUARTERS: Final = timedelta(days=360)
"""Four quarters. Source: our choice; a quarter has 90 days, as long as the default curve's quiet period, so that it is
a whole number of turns."""


def per_turn(chance: float, over: timedelta, turn: timedelta) -> float:
    """Spread a chance over turns: with the same hazard in each, it adds up to the chance.

    Examples:
        >>> round(per_turn(0.77, FOUR_QUARTERS, timedelta(days=30)), 4)
        0.1153
    """
    if chance >= 1:
        return 1.0
    return -expm1(log1p(-chance) * (turn / over))


def _duration(_: object, attribute: object, value: timedelta) -> None:
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise InvalidValueError(attribute.name, value, "must be a duration above zero")  # type: ignore[attr-defined]


@frozen(kw_only=True)
class Departures:
    """Those who were customers and now distrust leave, beyond what the environment says.

    Args:
        hazard: How likely it is that one of them leaves over ``over``, if nothing else happens to them. Source: 77 % said
            in a survey that they had refused to buy from a company they distrusted (Edelman Trust Barometer 2009). That
            they do so evenly over a year is our choice.
        over: Over how long.

    Examples:
        >>> Departures().hazard
        0.77
    """

    hazard: float = field(default=0.77, validator=CHANCE)
    over: timedelta = field(default=FOUR_QUARTERS, validator=_duration, metadata={"key": "over_days"})


@frozen(kw_only=True)
class WordOfMouth:
    """Those who were customers and now distrust, or have left since, tell others, and newcomers stay away.

    Args:
        telling: How likely it is that one of them tells others over ``over``. Source: none that we could
            find; the survey that has the 77 % reports more.
        over: Over how long.
        keeps_away: How many newcomers of the next turn stay away for each time that somebody tells. Source: our choice;
            one is the least that makes telling matter.

    Examples:
        >>> WordOfMouth(keeps_away=2).telling
        0.33
    """

    telling: float = field(default=0.33, validator=CHANCE)
    over: timedelta = field(default=FOUR_QUARTERS, validator=_duration, metadata={"key": "over_days"})
    keeps_away: float = field(default=1.0, validator=KEEPS_AWAY)
