"""Scenarios: who the customers are, what the company does, what happens to them, and for how many turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from attrs import asdict, field, frozen
from attrs.validators import optional

from trustcurve.core.curve import Curve
from trustcurve.documents.forms import ANY_TEXT, whole
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.policies import Environment, Policy
from trustcurve.policies.environment import ADDS_UP
from trustcurve.policies.policy import OPEN_MAX, turn_of_curve
from trustcurve.simulation.chain_structure import LOST_NAME, ChainStructure, chain_structure, start_with
from trustcurve.simulation.segment import (
    BROUGHT,
    CUSTOMERS_MAX,
    Departures,
    Segment,
    WordOfMouth,
    apportion,
    plain_text,
    possible_moves,
)
from trustcurve.verification.arguments import check_kind

__all__ = [
    "CUSTOMERS",
    "PROMISES",
    "REPLICATIONS",
    "SEED",
    "TURNS",
    "Arrivals",
    "Scenario",
    "check_scenario",
    "cohorts_of",
    "problems_of",
    "structure_of",
    "turn_problem",
]

SEED: Final = whole(0, 2**128 - 1)
"""The seed of the random numbers. Source of the maximum: NumPy's own seeds have 128 bits."""

PROMISES: Final = whole(0, OPEN_MAX)
"""How many promises may be open at once."""

CUSTOMERS: Final = whole(0, CUSTOMERS_MAX)
"""How many customers there are at the beginning, or how many arrive in a turn; a whole scenario has as many newcomers at
most."""

TURNS: Final = whole(1, 10_000)
"""How many turns there are. Source: our choice; eight centuries of months, and each turn is a row in every table."""

REPLICATIONS: Final = whole(1, 10_000)
"""How many replications there are. Source: our choice; each one is kept, and intervals are narrow with far fewer."""

_ROWS_MAX: Final = 2_000_000
"""The most turns x cohorts x segments x replications. Source: our choice; the tables have a row for each of them and each
state, and more of them would fill more than a gigabyte of memory."""

_QUIET_TURNS_MAX: Final = 100
"""The most turns in a curve's quiet period. Source: our choice; each one makes the closed loop longer, and a hundred still
resolve the default curve's 90 days."""


@frozen(kw_only=True)
class Arrivals:
    """Newcomers: strangers who arrive during the simulation. Those of one turn are a cohort.

    Args:
        each_turn: How many arrive at the end of each turn, in all segments together.
        until_turn: The last turn at whose end newcomers arrive; the scenario's last turn if left out.
    """

    __init_subclass__ = final_class

    each_turn: int = field(validator=CUSTOMERS)
    until_turn: int | None = field(default=None, validator=optional(whole(0)))


def _segments(value: Segment | Iterable[Segment]) -> tuple[Segment, ...]:
    if not isinstance(value, Segment | Iterable):
        raise InvalidValueError("segments", value, "must be a Segment, or several")
    return (value,) if isinstance(value, Segment) else tuple(value)


@frozen(kw_only=True)
class Scenario:
    """Who the customers are, what happens to them, and for how many turns.

    Args:
        segments: One segment or more; their shares add up to 1.
        curve: The curve; the default curve if left out.
        turns: How many turns, at most 10,000; turns x cohorts x segments x replications must be at most 2 million.
        customers: How many customers there are at the beginning, all of them strangers; at most 100 million, and at most as
            many newcomers.
        arrivals: Newcomers, if there are any.
        departures: How former customers who distrust leave, in addition to what the environment does; None: they do not.
        word_of_mouth: How they deter newcomers, and how advocates bring some, if they do. Customers then influence each other,
            and there is no exact solution.
        replications: How many times the scenario is sampled, at most 10,000.
        seed: The seed of the random numbers: the same seed gives the same result. None: a fresh seed for each run.
        turn: The length of a turn; a third of the curve's quiet period if left out. The quiet period must be a whole number of
            turns, at most 100.
        promises_max: How many promises may be open at once, at most 4.
        name: The scenario's name.
        description: What the scenario is about, in words.

    Raises:
        InvalidValueError: A value is not of its type or out of its range, there are no customers, the shares do not add up to
            1, an environment would apply only after the last turn, or word_of_mouth can have no effect.

    Examples:
        >>> from trustcurve.policies import Environment, policy
        >>> @policy("wait")
        ... def patient(view):
        ...     return "wait"
        >>> Scenario(segments=Segment(policy=patient, environment=Environment({"purchase": 0.1})), turns=3).customers
        100000
    """

    __init_subclass__ = final_class

    segments: tuple[Segment, ...] = field(converter=_segments)
    turns: int = field(validator=TURNS)
    curve: Curve = field(factory=Curve.default)
    customers: int = field(default=100_000, validator=CUSTOMERS)
    arrivals: Arrivals | None = None
    departures: Departures | None = field(factory=Departures)
    word_of_mouth: WordOfMouth | None = None
    replications: int = field(default=10, validator=REPLICATIONS)
    seed: int | None = 1
    turn: timedelta | None = None
    promises_max: int = field(default=2, validator=PROMISES)
    name: str = field(default="scenario", converter=plain_text, validator=ANY_TEXT)
    description: str = field(default="", converter=plain_text, validator=ANY_TEXT)

    def __attrs_post_init__(self) -> None:
        if self.seed is not None:
            SEED.check("seed", self.seed)
        check_kind("curve", self.curve, Curve, "must be a Curve, for example Curve.default()")
        for argument, kind in (("arrivals", Arrivals), ("departures", Departures), ("word_of_mouth", WordOfMouth)):
            if getattr(self, argument) is not None:
                check_kind(argument, getattr(self, argument), kind, f"must be {kind.__name__}(...), or None")
        for segment in self.segments:
            check_kind("segments", segment, Segment, "must contain only Segment(...)")
        for problem in problems_of(**asdict(self, recurse=False)):
            raise problem

    @classmethod
    def single(
        cls,
        curve: Curve,
        policy: Policy,
        environment: Environment,
        *,
        turns: int,
        customers: int = 100_000,
        departures: Departures | None = None,
        replications: int = 10,
        seed: int | None = 1,
        turn: timedelta | None = None,
        promises_max: int = 2,
    ) -> Scenario:
        """Make a scenario of one segment, named after its policy; customers leave only by the environment.

        Args:
            curve: The curve.
            policy: What the company does.
            environment: What happens to the customers, with probabilities.
            turns: As for ``Scenario``, like all others.
            customers: How many customers there are at the beginning.
            departures: How former customers who distrust leave in addition; they do not if left out.
            replications: How many times the scenario is sampled.
            seed: The seed of the random numbers.
            turn: The length of a turn.
            promises_max: How many promises may be open at once.

        Raises:
            InvalidValueError: As for ``Scenario`` and ``Segment``.

        Examples:
            >>> from trustcurve.policies import policy
            >>> give = policy("give")(lambda view: "exchange")
            >>> Scenario.single(Curve.default(), give, Environment({"purchase": 0.1}), turns=3).name
            'give'
        """
        check_kind("policy", policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)")
        return cls(
            segments=Segment(policy=policy, environment=environment),
            turns=turns,
            curve=curve,
            customers=customers,
            departures=departures,
            replications=replications,
            seed=seed,
            turn=turn,
            promises_max=promises_max,
            name=policy.name,
        )

    @property
    def turn_length(self) -> timedelta:
        """The length of a turn, also where ``turn`` is left out."""
        return turn_of_curve(self.curve) if self.turn is None else self.turn

    @property
    def arrivals_per_turn(self) -> tuple[int, ...]:
        """How many newcomers are expected at the end of each turn."""
        return _arrivals_per_turn(self.arrivals, self.turns)

    @property
    def brings(self) -> bool:
        """Whether advocates can bring newcomers."""
        return self.word_of_mouth is not None and self.word_of_mouth.brings

    @property
    def coupled_by(self) -> str | None:
        """The part of the scenario by which customers influence each other, if there is one."""
        return None if self.word_of_mouth is None else "word_of_mouth"


def cohorts_of(scenario: Scenario) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return the turns at whose end customers are expected (0: the beginning), and how many in each segment."""
    shares, owed = [segment.share for segment in scenario.segments], [0.0] * len(scenario.segments)
    sizes = ((0, scenario.customers), *enumerate(scenario.arrivals_per_turn, 1))
    return tuple((turn, apportion(size, shares, owed)) for turn, size in sizes if size or turn == 0)


def structure_of(scenario: Scenario, segment: Segment, doubt_less: int = 0) -> ChainStructure:
    """Unroll the closed loop of a segment, for strangers or for customers with less doubt.

    Raises:
        UnboundedPolicyError: The policy promises more than ``promises_max``, or the loop has too many states.
    """
    leaves = ("departure",) if scenario.departures is not None and scenario.departures.churn_probability else ()
    return chain_structure(
        scenario.curve, segment.policy, (*possible_moves(segment), *leaves),
        keeps_promises=segment.environment.keeps_promises, turn=scenario.turn, promises_max=scenario.promises_max,
        doubt_less=doubt_less,
    )  # fmt: skip


def _arrivals_per_turn(arrivals: Arrivals | None, turns: int) -> tuple[int, ...]:
    if arrivals is None:
        return (0,) * turns
    last = turns if arrivals.until_turn is None else arrivals.until_turn
    return tuple(arrivals.each_turn if turn <= last else 0 for turn in range(1, turns + 1))


def problems_of(
    *,
    segments: tuple[Segment, ...],
    turns: int,
    curve: Curve,
    customers: int = 100_000,
    arrivals: Arrivals | None = None,
    word_of_mouth: WordOfMouth | None = None,
    replications: int = 10,
    turn: timedelta | None = None,
    **_: object,
) -> Iterator[InvalidValueError]:
    """Yield an error for each pair of arguments of a scenario that contradict each other; each alone must be valid."""
    if any(stage.name == LOST_NAME for stage in curve.stages):
        rule = f"must not have a stage named {LOST_NAME!r}: that name stands for former customers who distrust"
        yield InvalidValueError("curve", curve.name, rule)
    if turn is not None:
        positive = isinstance(turn, timedelta) and turn > timedelta(0)
        problem = turn_problem(turn, curve.silence_after) if positive else "must be a duration above zero"
        if problem is not None:
            yield InvalidValueError("turn", turn, problem)
    planned = _arrivals_per_turn(arrivals, turns)
    newcomers, cohorts = sum(planned), 1 + sum(size > 0 for size in planned)
    if word_of_mouth is not None and word_of_mouth.brings:
        cohorts += turns + 1  # some may be brought in every turn
    if newcomers > CUSTOMERS_MAX:
        yield InvalidValueError("arrivals", newcomers, f"must bring at most {CUSTOMERS_MAX} newcomers in total")
    elif turns * cohorts * len(segments) * replications > _ROWS_MAX:
        product = f"{turns} x {cohorts} x {len(segments)} x {replications}"
        rule = f"must keep turns x cohorts x segments x replications, {product}, at most {_ROWS_MAX}"
        yield InvalidValueError("turns", turns, rule)
    if customers + newcomers == 0:
        yield InvalidValueError("customers", customers, "must be at least 1 where there are no arrivals")
    if word_of_mouth is not None:
        yield from _problems_of_word_of_mouth(word_of_mouth, curve, newcomers)
    brings = word_of_mouth is not None and word_of_mouth.brings
    yield from _problems_of_segments(segments, turns, brings=brings)


def _problems_of_word_of_mouth(word: WordOfMouth, curve: Curve, newcomers: int) -> Iterator[InvalidValueError]:
    if not newcomers and not word.brings:
        rule = "has no effect without newcomers to deter or to bring: add arrivals, let advocates bring some, or leave it out"
        yield InvalidValueError("word_of_mouth", word, rule)
    if word.brings and start_with(curve, word.doubt_less) not in curve.table().positions:
        rule = "must lead to a position that can be reached on the curve"
        yield InvalidValueError("doubt_less", word.doubt_less, rule)


def _problems_of_segments(segments: tuple[Segment, ...], turns: int, *, brings: bool) -> Iterator[InvalidValueError]:
    if not segments:
        yield InvalidValueError("segments", segments, "must contain at least one segment")
        return
    for segment in segments:
        for late in (change.from_turn for change in segment.changes if change.from_turn > turns):
            rule = f"must begin by the last turn, {turns}, in segment {segment.name!r}"
            yield InvalidValueError("changes", late, rule)
    total = sum(segment.share for segment in segments)
    if abs(total - 1) > ADDS_UP:
        yield InvalidValueError("segments", round(total, 9), "must have shares that add up to 1")
    for name, many in Counter(segment.name for segment in segments).items():
        if many > 1:
            yield InvalidValueError("segments", name, "must each have a name of their own")
        if brings and name.endswith(BROUGHT):
            rule = f"must not end in {BROUGHT!r}: the tables name customers so whom others brought"
            yield InvalidValueError("segments", name, rule)


def turn_problem(turn: timedelta, silence_after: timedelta) -> str | None:
    """Return why turns of this length do not fit into the quiet period, or None if they do.

    Examples:
        >>> turn_problem(timedelta(days=40), timedelta(days=90))
        "must be a whole fraction of the curve's quiet period, 90 days"
    """
    days = f"the curve's quiet period, {silence_after / timedelta(days=1):g} days"
    if silence_after % turn:
        return f"must be a whole fraction of {days}"
    if silence_after // turn > _QUIET_TURNS_MAX:
        return f"must be at least a {_QUIET_TURNS_MAX}th of {days}"
    return None


def check_scenario(argument: str, value: object) -> None:
    """Raise InvalidValueError unless the value is a scenario."""
    check_kind(argument, value, Scenario, "must be a Scenario: load_scenario(path), or Scenario(...)")
