"""Segments: customers with a policy and an environment of their own, and what former customers who distrust do.

The defaults of ``Departures`` and ``WordOfMouth`` are weakly supported; see the page *Where the numbers come from* of the
documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from math import expm1, floor, fsum, log1p
from typing import Final

from attrs import field, frozen

from trustcurve.core.values import checked_word
from trustcurve.documents.forms import ANY_TEXT, between, whole
from trustcurve.errors import InvalidValueError, final_class, plain_word
from trustcurve.policies import Environment, Move, Policy
from trustcurve.policies.environment import CHANCE
from trustcurve.policies.policy import named_pairs
from trustcurve.verification.arguments import check_kind

__all__ = [
    "BROUGHT",
    "BROUGHT_PER_RECOMMENDATION",
    "CUSTOMERS_MAX",
    "DOUBT_LESS",
    "FOUR_QUARTERS",
    "GAIN",
    "LOST_PER_REPORT",
    "SHARE",
    "TURN",
    "ChangePoint",
    "Departures",
    "Segment",
    "WordOfMouth",
    "apportion",
    "moves_of",
    "per_turn",
    "plain_text",
    "possible_moves",
]

TURN: Final = whole(1)
"""The number of a turn; turns count from 1."""

GAIN: Final = between(-1e12, 1e12)
"""What a move brings the company each time. Source: our choice, the limit of what an action costs."""

SHARE: Final = between(0, 1)
"""A share of all customers."""

LOST_PER_REPORT: Final = between(0, 1000)
"""How many newcomers one report can deter. Source: our choice; a larger number would describe a newspaper."""

BROUGHT_PER_RECOMMENDATION: Final = between(0, 10)
"""How many newcomers one recommendation can bring. Source: our choice; more would be an advertisement."""

CUSTOMERS_MAX: Final = 100_000_000
"""The most customers, and the most newcomers. Source: our choice; each one takes memory, and samples of that size leave too
little to chance to matter."""

DOUBT_LESS: Final = whole(0, 40)
"""How much less doubt than strangers customers begin with who are brought; nobody begins with less than none. Source of
the maximum: that of ``doubt_max``."""

FOUR_QUARTERS: Final = timedelta(days=360)
"""Four quarters. Source: our choice; a quarter has 90 days, as long as the default curve's quiet period, so that it is
a whole number of turns."""

BROUGHT: Final = ", brought"
"""What the tables add to the name of a segment, for those of its customers whom others brought."""

_ROUNDING, _DIGITS = 1e-9, 9


def plain_text(value: str) -> str:
    """Convert a text of a subclass, such as a member of a ``(str, Enum)``, to a plain text; a validator checks the rest."""
    return plain_word(value)  # type: ignore[return-value] # a text stays a text


def _check_environment(value: object) -> None:
    check_kind("environment", value, Environment, "must be an Environment")
    if isinstance(value, Environment) and value.probabilities is None:
        rule = "must have a probability for each move"
        if value.has_chances:
            rule = "must have one probability for each move to be simulated, not an interval"
        raise InvalidValueError("environment", value.name, rule)


def _check_period(_: object, attribute: object, value: timedelta) -> None:
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise InvalidValueError(attribute.name, value, "must be a duration above zero")  # type: ignore[attr-defined]


@frozen(kw_only=True)
class ChangePoint:
    """The turn from which another environment applies to a segment.

    Args:
        from_turn: The first turn with the new environment; turns count from 1.
        environment: The new environment, with probabilities.
    """

    __init_subclass__ = final_class

    from_turn: int = field(validator=TURN)
    environment: Environment

    def __attrs_post_init__(self) -> None:
        _check_environment(self.environment)


def _change_points(value: Iterable[ChangePoint]) -> tuple[ChangePoint, ...]:
    changes = tuple(value) if isinstance(value, Iterable) else (value,)
    for change in changes:
        check_kind("changes", change, ChangePoint, "must contain only ChangePoint(from_turn=..., environment=...)")
    return changes


def _gains(value: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    fits = '{"purchase": 30.0}'
    return named_pairs("gains", value, lambda gain: isinstance(gain, int | float), fits)


@frozen(kw_only=True)
class Segment:
    """Customers who share a policy and an environment.

    Args:
        policy: What the company does.
        environment: What happens to the customers, with probabilities.
        name: The segment's name.
        share: The segment's share of all customers and of all newcomers.
        changes: The turns from which another environment applies, in order.
        gains: What a move or an action brings the company each time, by name, for example {"purchase": 30.0, "ask": 1.5}; below
            0 if it costs. It is counted beside what the policy's actions cost (what is below 0 as spent), and changes nothing
            else.

    Raises:
        UnknownWordError: There are gains from what is neither a move of the environments nor an action of the policy.
        InvalidValueError: The share is not between 0 and 1, an environment has no probabilities, the changes are not in
            order, or only some of the environments keep promises.
    """

    __init_subclass__ = final_class

    policy: Policy
    environment: Environment
    name: str = field(default="everyone", converter=plain_text, validator=ANY_TEXT)
    share: float = field(default=1.0, validator=SHARE)
    changes: tuple[ChangePoint, ...] = field(default=(), converter=_change_points)
    gains: tuple[tuple[str, float], ...] = field(default=(), converter=_gains)

    def __attrs_post_init__(self) -> None:
        check_kind(
            "policy", self.policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)"
        )
        _check_environment(self.environment)
        turns = [change.from_turn for change in self.changes]
        if turns != sorted(set(turns)):
            listed = ", ".join(map(str, turns))
            raise InvalidValueError("changes", turns, f"must be in increasing order of from_turn, not {listed}")
        if len({environment.keeps_promises for environment in self.environments}) > 1:
            raise InvalidValueError("changes", turns, "must all have the same keeps_promises")
        if len(dict(self.gains)) < len(self.gains):
            raise InvalidValueError("gains", dict(self.gains), "must name each word once")
        for word, gain in self.gains:
            checked_word("move or action", word, (*moves_of(self), *self.policy.acts))
            GAIN.check(f"gains from {word}", gain)

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments in the order in which they apply."""
        return (self.environment, *(change.environment for change in self.changes))

    def environment_index(self, turn: int) -> int:
        """Return which of the ``environments`` applies in a turn."""
        return sum(change.from_turn <= turn for change in self.changes)


def moves_of(segment: Segment) -> tuple[Move, ...]:
    """Return every move that the segment's environments know, whether it can happen or not."""
    return tuple(dict.fromkeys(move for each in segment.environments for move in each.turn_moves))


def possible_moves(segment: Segment) -> tuple[Move, ...]:
    """Return the moves that some environment of the segment allows, and "nothing"."""
    environments = segment.environments
    given = [pair for each in environments for moves in (each.moves, *(its for _, its in each.where)) for pair in moves]
    return tuple(move for move in moves_of(segment) if move == "nothing" or any(p for its, p in given if its == move))


@frozen(kw_only=True)
class Departures:
    """Former customers who distrust leave, in addition to what the environment does.

    Args:
        churn_probability: The probability that such a customer leaves within ``period``, if nothing else happens. Source:
            77 % said in a survey that they had refused to buy from a company they distrusted (Edelman Trust Barometer
            2009). Spreading it evenly over a year is our choice.
        period: The period to which the probability refers.

    Examples:
        >>> Departures().churn_probability
        0.77
    """

    __init_subclass__ = final_class

    churn_probability: float = field(default=0.77, validator=CHANCE)
    period: timedelta = field(default=FOUR_QUARTERS, validator=_check_period, metadata={"key": "period_days"})


@frozen(kw_only=True)
class WordOfMouth:
    """Customers tell others: those who were lost keep newcomers away, and advocates bring others who begin with less doubt.

    Lost are former customers who distrust, and those who have left since; advocates are customers at the highest stage. Who is
    brought comes in addition to ``Arrivals``, in the segment of who brought them.

    Args:
        share_telling: The share of lost customers who report it within ``period``. Source: none that we could find; the survey
            that has the 77 % reports more.
        share_recommending: The share of advocates who recommend the company within ``period``. Source: our choice; as many as
            report a loss, so that neither side weighs more.
        period: The period to which the shares refer.
        lost_per_report: How many newcomers of the next turn are lost for each report. Source: our choice; one is the least
            that has an effect.
        brought_per_recommendation: How many more newcomers come in the next turn for each recommendation. Source: our choice;
            as for a report.
        doubt_less: How much less doubt than strangers those have who are brought. Source for that they differ: customers whom
            others brought stayed longer (Schmitt, Skiera & Van den Bulte 2011); the number is our choice, the least.

    Examples:
        >>> WordOfMouth(lost_per_report=2).share_telling
        0.33
    """

    __init_subclass__ = final_class

    share_telling: float = field(default=0.33, validator=CHANCE)
    share_recommending: float = field(default=0.33, validator=CHANCE)
    period: timedelta = field(default=FOUR_QUARTERS, validator=_check_period, metadata={"key": "period_days"})
    lost_per_report: float = field(default=1.0, validator=LOST_PER_REPORT)
    brought_per_recommendation: float = field(default=1.0, validator=BROUGHT_PER_RECOMMENDATION)
    doubt_less: int = field(default=1, validator=DOUBT_LESS)

    @property
    def brings(self) -> bool:
        """Whether anybody can be brought."""
        return self.share_recommending * self.brought_per_recommendation > 0


def per_turn(probability: float, period: timedelta, turn: timedelta) -> float:
    """Convert a probability over a period to one over a turn, with a constant hazard.

    Examples:
        >>> round(per_turn(0.77, FOUR_QUARTERS, timedelta(days=30)), 4)
        0.1153
    """
    if probability >= 1:
        return 1.0
    return -expm1(log1p(-probability) * (turn / period))


def apportion(
    size: int, weights: Sequence[float], owed: list[float], most: Sequence[int] | None = None
) -> tuple[int, ...]:
    """Divide a number of customers by weight; what rounding leaves over is carried to the next call.

    So over many calls each part receives its share to within one customer, however small the numbers are. Ties go to the
    earliest part.

    Args:
        size: How many customers to divide.
        weights: The weight of each part; if all are 0, nobody is assigned.
        owed: What rounding owes to each part; zeros at first, changed in place.
        most: The most that each part can take, ``size`` or more in total; unlimited if left out.

    Examples:
        >>> owed = [0.0, 0.0, 0.0]
        >>> [apportion(2, [0.5, 0.25, 0.25], owed) for _ in range(4)]
        [(1, 1, 0), (1, 0, 1), (1, 1, 0), (1, 0, 1)]
    """
    total = fsum(weights)
    if not total:
        return (0,) * len(weights)
    fair = [size * weight / total for weight in weights]
    given = [floor(part + _ROUNDING) for part in fair]
    owed[:] = [debt + part - whole for debt, part, whole in zip(owed, fair, given, strict=True)]
    for _ in range(size - sum(given)):
        open_ = [place for place in range(len(given)) if most is None or given[place] < most[place]]
        next_ = max(open_, key=lambda place: round(owed[place], _DIGITS))
        given[next_] += 1
        owed[next_] -= 1
    return tuple(given)
