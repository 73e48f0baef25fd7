"""Violations: where journeys that really happened break the properties that policies are proved to keep."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

from attrs import define, field, fields, frozen, resolve_types

from trustcurve.core.curve import Curve
from trustcurve.core.instants import LAST, datetime_of, instant
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Position, Standing
from trustcurve.core.steps import Step
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError, final_class, require
from trustcurve.policies.memory import word_of
from trustcurve.policies.policy import Policy, check_turn, turn_of_curve
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.checker import as_properties
from trustcurve.verification.monitor import VIOLATED
from trustcurve.verification.policy_properties import POLICY_PROPERTIES
from trustcurve.verification.property import PropertyLike, Safety
from trustcurve.verification.turn import Turn, strict_turn
from trustcurve.verification.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Violation", "violations_frame", "watch"]


@final
@frozen(eq=False, repr=False)
class Violation(Value):
    """A property that a journey breaks.

    Args:
        customer: The customer's id.
        property: The property's name.
        at: The instant: of the action that breaks it, or of the end of the turn in which it breaks.
        turn: The number of the turn, from 1.
        what: The action, or the actions of the run that ends the turn; "" if there are none.
        state: The leaf state at this instant.
        account: The account at this instant: what the company owes.
    """

    customer: str
    property: str
    at: datetime
    turn: int
    what: str
    state: str
    account: str

    __init_subclass__ = final_class

    def __str__(self) -> str:
        by = f" by {self.what}" if self.what else ""
        return f"{self.customer}: {self.property} is broken{by} at {self.at:%Y-%m-%d %H:%M} UTC (turn {self.turn}, {self.state}, account {self.account})"


def watch(
    curve: Curve,
    *properties: PropertyLike,
    policy: Policy,
    journeys: Iterable[Journey],
    first_run: datetime | None = None,
    turn: timedelta | None = None,
) -> Iterator[Violation]:
    """Yield every violation of properties in journeys that really happened, customer by customer, in order of time.

    Turns are those of the policy: they begin with the first run and are all equally long. What the company did at the
    instant of a run ends the turn; what it did before counts as done in the turn, too, by whomever. A property of single
    turns (``always``, ``never``) is judged for each action between two runs at once, as though the turn ended with it alone:
    ``met`` is the position just before it.
    A turn as a whole breaks such a property only if it does so with these actions and without them. After a violation the property is watched from the beginning again. A turn that has not ended is not
    judged as a whole.

    Args:
        curve: The curve.
        *properties: Safety properties. Default: those among the named properties of policies.
        policy: The policy: what its actions are called.
        journeys: The journeys.
        first_run: When the policy first ran, for everybody. Default: for each customer as the journey begins.
        turn: How long a turn lasts. Default: a third of the curve's quiet period.

    Raises:
        InvalidValueError: A property is not a safety property, or an argument is of another kind.

    Examples:
        >>> from datetime import UTC
        >>> from trustcurve import Complained, OneSided
        >>> from trustcurve.policies import policy
        >>> from trustcurve.verification import no_ask_on_open_account
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> events = [Complained(at=new_year), OneSided(at=new_year + timedelta(days=2), by="company")]
        >>> ann = curve.journey(events, customer="ann")
        >>> waits = policy("waits")(lambda view: "wait")
        >>> [each.what for each in watch(curve, no_ask_on_open_account, policy=waits, journeys=[ann])]
        ['ask']
    """
    check_kind("curve", curve, Curve, "must be a Curve, for example Curve.default()")
    check_kind("policy", policy, Policy, "must be a Policy")
    named = [each for each in POLICY_PROPERTIES if isinstance(each, Safety)]
    asked = as_properties(policy, properties or named)
    for each in asked:
        if not isinstance(each, Safety):
            rule = "must be a safety property: a log ends, and what may still come is not known"
            raise InvalidValueError("properties", each.name, rule)
    length = turn_of_curve(curve) if turn is None else turn
    check_turn(length, curve)
    check_kind("journeys", journeys, Iterable, "must be journeys, as replay makes them")
    begun = None if first_run is None else instant(first_run, "first_run")
    watched: Sequence[Safety] = [each for each in asked if isinstance(each, Safety)]
    return (
        violation
        for journey in _checked(journeys)
        for violation in _Watch(curve, policy, watched, journey, begun or journey.start.as_of, length).run()
    )


def _checked(journeys: Iterable[Journey]) -> Iterator[Journey]:
    for number, journey in enumerate(journeys):
        check_kind(f"journeys[{number}]", journey, Journey, "must be a journey, as replay makes it")
        yield journey


def violations_frame(violations: Iterable[Violation]) -> pl.DataFrame:
    """Return violations as a Polars frame: a row for each, with its fields as columns; ``at`` is in UTC.

    Raises:
        MissingExtraError: polars is not installed (extra ``logs``).
    """
    polars: Any = require("polars", "logs")
    time = polars.Datetime("us", "UTC")
    types = {each.name: {int: polars.Int64, datetime: time}.get(each.type, polars.String) for each in _fields()}
    rows = [[getattr(one, name) for name in types] for one in violations]
    frame: pl.DataFrame = polars.DataFrame(rows, schema=types, orient="row")
    return frame


def _fields() -> tuple[Any, ...]:
    return fields(resolve_types(Violation))


@define(eq=False)
class _Watch:
    """Watches one journey."""

    curve: Curve
    policy: Policy
    asked: Sequence[Safety]
    journey: Journey
    begun: datetime
    length: timedelta
    number: int = field(default=1, init=False)
    before: Standing = field(init=False)
    standing: Standing = field(init=False)
    met: Standing | None = field(default=None, init=False)
    moves: set[str] = field(factory=set, init=False)
    between: set[str] = field(factory=set, init=False)
    at_the_run: set[str] = field(factory=set, init=False)
    signals: set[str] = field(factory=set, init=False)
    states: dict[str, Hashable] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.before = self.standing = self.journey.start
        self.states = {each.name: each.monitor.start for each in self.asked}
        passed = (self.journey.start.as_of - self.begun) // self.length
        self.begun += max(passed, 0) * self.length

    def run(self) -> Iterator[Violation]:
        """Yield all violations."""
        steps = self.journey.steps
        words = [None if step.event is None else word_of(step, self.policy.acts, ()) for step in steps]
        acts = [word in self.policy.acts for word in words]
        latest = {step.after.as_of: number for number, step in enumerate(steps) if acts[number]}
        for number, step in enumerate(steps):
            at = step.after.as_of
            before_the_act = number <= latest.get(at, -1)  # what the company did at the instant of a run ends the turn
            while self._end < at or (self._end == at and not before_the_act and self._has_ended(at)):
                yield from self._turn_ends()
            yield from self._happens(step, words[number], act=acts[number])
        if steps and self._end == self.standing.as_of and self._has_ended(self._end):
            yield from self._turn_ends()

    def _has_ended(self, at: datetime) -> bool:
        """Return whether a turn that ends at an instant is over: the run at the end of a journey may be still to come."""
        last = self.journey.steps[-1]
        return at < last.after.as_of or last.event is None or bool(self.at_the_run)

    @property
    def _end(self) -> datetime:
        try:
            return self.begun + self.length
        except OverflowError:
            return datetime_of(LAST)

    def _happens(self, step: Step, word: str | None, *, act: bool) -> Iterator[Violation]:
        """Take note of a step, and judge an action between two runs at once."""
        now = self.curve.observe(self.standing, step.after.as_of).after
        self._came_due(step)
        self.standing = step.after
        told = set() if step.reaction is None else {step.reaction.signal}
        self.signals |= told
        if word is None or step.event is None:
            return
        if not act:
            self.moves.add(word)
        elif step.event.at == self._end:
            self.at_the_run.add(word)
            self.met = self.met or now
        else:
            self.between.add(word)
            here = now.position
            turn = self._turn({word}, here)
            for asked in self.asked:
                if asked.momentary and asked.monitor.step(asked.monitor.start, turn) == VIOLATED:
                    yield self._violation(asked, step.event.at, word, here)

    def _came_due(self, step: Step) -> None:
        fresh = (each.reaction for each in step.due if each.at >= self.begun)  # what came before was told in its turn
        self.signals |= {reaction.signal for reaction in fresh if reaction is not None}

    def _turn_ends(self) -> Iterator[Violation]:
        """Judge a turn, and begin the next."""
        seen = self.curve.observe(self.standing, max(self._end, self.standing.as_of))
        self._came_due(seen)
        self.standing = seen.after
        for asked in self.asked:
            state = self.states[asked.name]
            after = asked.monitor.step(state, self._turn(self.at_the_run | self.between))
            if after == VIOLATED and asked.momentary:
                after = asked.monitor.step(state, self._turn(self.at_the_run))
            if after == VIOLATED:
                what = " and ".join(sorted(self.at_the_run))
                yield self._violation(asked, self._end, what, (self.met or self.standing).position)
                after = asked.monitor.start
            self.states[asked.name] = after
        self.before, self.begun, self.number = self.standing, self._end, self.number + 1
        self.moves, self.between, self.at_the_run, self.signals = set(), set(), set(), set()
        self.met = None

    def _turn(self, actions: set[str], met: Position | None = None) -> Turn:
        """Return the turn so far, as though it ended now."""
        before, now = self.before, self.standing
        turn = Turn(
            before=before.position,
            met=met or (self.met or now).position,
            after=now.position,
            moves=frozenset(self.moves),
            actions=frozenset(actions),
            signals=frozenset(self.signals),
            open_before=_open(before),
            open_after=_open(now),
        )
        return strict_turn(turn, self.words)

    @cached_property
    def words(self) -> Vocabulary:
        """The words that a property can speak of."""
        return Vocabulary.of(self.curve, self.curve.own_signals, self.policy.acts)

    def _violation(self, asked: Safety, at: datetime, what: str, position: Position) -> Violation:
        state = self.curve.state(position)
        return Violation(self.journey.customer, asked.name, at, self.number, what, state, position.account)


def _open(standing: Standing) -> int:
    return sum(not promise.overdue for promise in standing.promises)
