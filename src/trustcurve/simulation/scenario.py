"""How much a scenario may ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from attrs import asdict, field, frozen
from attrs.validators import optional

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidValueError
from trustcurve.documents.forms import ANY_TEXT, whole
from trustcurve.policies import Environment, Policy
from trustcurve.policies.environment import ADDS_UP
from trustcurve.policies.policy import OPEN_MAX
from trustcurve.simulation.chain_structure import LOST_NAME, Shape, shape_of
from trustcurve.simulation.segment import Departures, Segment, WordOfMouth, apportioned, per_turn
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.unrolling.loop import TURNS_PER_SILENCE

__all__ = [
    "CUSTOMERS",
    "CUSTOMERS_MAX",
    "PROMISES",
    "QUIET_TURNS_MAX",
    "REPLICATIONS",
    "ROWS_MAX",
    "SEED",
    "STEPS",
    "Arrivals",
    "Scenario",
    "alone",
    "check_scenario",
    "problems_of",
    "rows_problem",
    "turn_problem",
]


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


@frozen(kw_only=True)
class Arrivals:
    """Newcomers: strangers who arrive while the simulation runs. Those of one step are a cohort.

    Args:
        each_step: How many arrive at the end of each step, segments together.
        until_step: The last step at whose end somebody arrives; to the end if left out.
    """

    each_step: int = field(validator=CUSTOMERS)
    until_step: int | None = field(default=None, validator=optional(whole(0)))

    def at(self, step: int) -> int:
        """Answer with how many are expected at the end of a step."""
        return self.each_step if self.until_step is None or step <= self.until_step else 0


def _segments(value: Segment | Iterable[Segment]) -> tuple[Segment, ...]:
    if not isinstance(value, Segment | Iterable):
        raise InvalidValueError("segments", value, "must be a Segment, or several")
    return (value,) if isinstance(value, Segment) else tuple(value)


@frozen(kw_only=True)
class Scenario:
    """Who the customers are, what happens to them, and for how long.

    Args:
        segments: One segment or more; their shares add up to 1.
        curve: The curve; the default one if left out.
        steps: How many turns, at most 10,000; times cohorts, segments and replications at most 2 million.
        customers: How many customers there are at the beginning, all of them strangers, at most 100 million; there may be
            as many newcomers.
        arrivals: Newcomers, if there are any.
        departures: What distrusting former customers do beyond the environment; None: nothing.
        word_of_mouth: Whether they tell others; then customers influence each other, and there is no exact answer.
        replications: How many times all of it is sampled, at most 10,000.
        seed: Where chance begins; None: somewhere else each time. The same seed gives the same result.
        turn: How long a turn lasts; a third of the curve's quiet period if left out. The quiet period has at most 100 turns.
        promises_max: The most promises that may be open at once, at most 4.
        name: What it is called.
        says: What it is about, in words.

    Raises:
        InvalidValueError: There is no customer, shares do not add up, an environment holds only after the last step,
            word of mouth has nobody to keep away, or a value is of another kind or out of its range.

    Examples:
        >>> from trustcurve.policies import Environment, policy
        >>> @policy("wait")
        ... def patient(view):
        ...     return "wait"
        >>> Scenario(segments=Segment(policy=patient, environment=Environment({"purchase": 0.1})), steps=3).customers
        100000
    """

    segments: tuple[Segment, ...] = field(converter=_segments)
    steps: int = field(validator=STEPS)
    curve: Curve = field(factory=Curve.default)
    customers: int = field(default=100_000, validator=CUSTOMERS)
    arrivals: Arrivals | None = None
    departures: Departures | None = field(factory=Departures)
    word_of_mouth: WordOfMouth | None = None
    replications: int = field(default=10, validator=REPLICATIONS)
    seed: int | None = 1
    turn: timedelta | None = None
    promises_max: int = field(default=2, validator=PROMISES)
    name: str = field(default="scenario", validator=ANY_TEXT)
    says: str = field(default="", validator=ANY_TEXT)

    def __attrs_post_init__(self) -> None:
        if self.seed is not None:
            SEED.check("seed", self.seed)
        check_kind("curve", self.curve, Curve, "must be a Curve, for example Curve.default()")
        for argument, kind in (("arrivals", Arrivals), ("departures", Departures), ("word_of_mouth", WordOfMouth)):
            if getattr(self, argument) is not None:
                check_kind(argument, getattr(self, argument), kind, f"must be {kind.__name__}(...), or None")
        for segment in self.segments:
            check_kind("segments", segment, Segment, "must be made of segments")
        for problem in problems_of(**asdict(self, recurse=False)):
            raise problem

    @property
    def lasts(self) -> timedelta:
        """How long a turn lasts, whether it is said or not."""
        return self.curve.silence_after / TURNS_PER_SILENCE if self.turn is None else self.turn

    @property
    def planned(self) -> tuple[int, ...]:
        """How many newcomers are expected at the end of each step."""
        return _planned(self.arrivals, self.steps)

    @property
    def cohorts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The steps at whose end somebody is expected (0: at the beginning), and how many in each segment."""
        shares, owed = [segment.share for segment in self.segments], [0.0] * len(self.segments)
        sizes = ((0, self.customers), *enumerate(self.planned, 1))
        return tuple((step, apportioned(size, shares, owed)) for step, size in sizes if size or step == 0)

    @property
    def coupled_by(self) -> str | None:
        """By what customers influence each other, if they do."""
        return None if self.word_of_mouth is None else "word_of_mouth"

    def shape(self, segment: Segment) -> Shape:
        """Unroll the loop of a segment."""
        leaving = ("departure",) if self.departures is not None and self.departures.hazard else ()
        return shape_of(
            self.curve, segment.policy, (*segment.moves, *leaving), keeps_promises=segment.environment.keeps_promises,
            turn=self.turn, most=self.promises_max,
        )  # fmt: skip

    def leaving(self, shape: Shape) -> float:
        """Answer with how likely it is in a turn that a distrusting former customer leaves."""
        return 0.0 if self.departures is None else per_turn(self.departures.hazard, self.departures.over, shape.turn)

    def telling(self, shape: Shape) -> float:
        """Answer with how likely it is in a turn that a distrusting former customer tells others."""
        return (
            0.0
            if self.word_of_mouth is None
            else per_turn(self.word_of_mouth.telling, self.word_of_mouth.over, shape.turn)
        )


def _planned(arrivals: Arrivals | None, steps: int) -> tuple[int, ...]:
    return tuple(arrivals.at(step) if arrivals else 0 for step in range(1, steps + 1))


def problems_of(
    *,
    segments: tuple[Segment, ...],
    steps: int,
    curve: Curve,
    customers: int = 100_000,
    arrivals: Arrivals | None = None,
    word_of_mouth: WordOfMouth | None = None,
    replications: int = 10,
    turn: timedelta | None = None,
    **_: object,
) -> Iterator[InvalidValueError]:
    """Yield everything about the arguments of a scenario that does not go together; each of them alone is right."""
    if any(stage.name == LOST_NAME for stage in curve.stages):
        rule = f"has a stage named {LOST_NAME!r}, as those are called here who were customers and are none any more"
        yield InvalidValueError("curve", curve.name, rule)
    if turn is not None:
        positive = isinstance(turn, timedelta) and turn > timedelta(0)
        problem = turn_problem(turn, curve.silence_after) if positive else "must be a duration above zero"
        if problem is not None:
            yield InvalidValueError("turn", turn, problem)
    planned = _planned(arrivals, steps)
    newcomers, cohorts = sum(planned), 1 + sum(size > 0 for size in planned)
    if newcomers > CUSTOMERS_MAX:
        yield InvalidValueError("arrivals", newcomers, f"newcomers must be at most {CUSTOMERS_MAX} in all")
    elif (problem := rows_problem(steps, cohorts, len(segments), replications)) is not None:
        yield InvalidValueError("steps", steps, problem)
    if customers + newcomers == 0:
        yield InvalidValueError("customers", customers, "there must be at least one customer, or arrivals")
    if word_of_mouth is not None and not newcomers:
        rule = "changes nothing where nobody arrives: give arrivals, or leave it out"
        yield InvalidValueError("word_of_mouth", word_of_mouth, rule)
    yield from _problems_of_segments(segments, steps)


def _problems_of_segments(segments: tuple[Segment, ...], steps: int) -> Iterator[InvalidValueError]:
    if not segments:
        yield InvalidValueError("segments", segments, "there must be at least one segment")
        return
    for segment in segments:
        for late in (turning.from_step for turning in segment.turnings if turning.from_step > steps):
            rule = f"turnings of segment {segment.name!r} must begin by the last step, {steps}"
            yield InvalidValueError("turnings", late, rule)
    total = sum(segment.share for segment in segments)
    if abs(total - 1) > ADDS_UP:
        yield InvalidValueError("segments", round(total, 9), "the shares of all segments must add up to 1")
    for name, many in Counter(segment.name for segment in segments).items():
        if many > 1:
            yield InvalidValueError("segments", name, "each segment needs a name of its own")


def check_scenario(argument: str, value: object) -> None:
    """Refuse what is no scenario."""
    check_kind(argument, value, Scenario, "must be a Scenario: load_scenario(path), or Scenario(...)")


def alone(
    curve: Curve,
    policy: Policy,
    environment: Environment,
    *,
    steps: int,
    customers: int = 1,
    departures: Departures | None = None,
    replications: int = 1,
    seed: int | None = None,
    turn: timedelta | None = None,
    promises_max: int = 2,
) -> Scenario:
    """Make the scenario of one segment, to which nothing happens beyond its environment."""
    check_kind("policy", policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)")
    return Scenario(
        segments=Segment(policy=policy, environment=environment),
        steps=steps,
        curve=curve,
        customers=customers,
        departures=departures,
        replications=replications,
        seed=seed,
        turn=turn,
        promises_max=promises_max,
        name=policy.name,
    )
