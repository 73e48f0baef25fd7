"""Results of a check: counterexamples and witnesses, a verdict for each property, and the report of all."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import count
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, final

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event, PromiseBroken, PromiseKept, PromiseMade
from trustcurve.core.journey import Journey
from trustcurve.core.phrases import event_words
from trustcurve.core.standing import Position
from trustcurve.core.steps import cause_words
from trustcurve.core.values import Value, checked_path
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.policies.actions import ACTION_EVENTS, MOVE_EVENTS, PROMISE_WEIGHTS
from trustcurve.policies.decision_list import DecisionList
from trustcurve.verification.automaton import Edge
from trustcurve.verification.closed_loop import ClosedLoop, TurnRecord
from trustcurve.verification.property import PropertyLike, as_property

__all__ = [
    "Counterexample",
    "CurveCounterexample",
    "Line",
    "LoopJourney",
    "Report",
    "Status",
    "Verdict",
    "Witness",
    "events_of",
    "indented",
    "signal_lines",
]

# --- journeys of the closed loop ----------------------------------------------------------------------


class Line(NamedTuple):
    """One event of a journey: its turn, what happened, where it led, and by which rule ("-": by none)."""

    turn: int
    what: str
    state: str
    position: Position
    rule: str

    def __str__(self) -> str:
        p = self.position
        counters = f"kept {p.kept}, engaged {p.engaged}, doubt {p.doubt}, account {p.account}"
        by = "" if self.rule == "-" else f" by {self.rule}"
        return f"turn {self.turn}: {self.what} -> {self.state} ({counters}){by}"


@frozen(eq=False, repr=False)
class LoopJourney(Value):
    """A journey of the closed loop, turn by turn.

    Args:
        loop: The loop.
        edges: The turns, in order.
        loops_from: If the journey goes on forever, the number of turns before the part that repeats; else None.
    """

    loop: ClosedLoop
    edges: tuple[Edge, ...]
    loops_from: int | None = None

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:
            final_class(cls)

    def __len__(self) -> int:
        return len(self.edges)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.edges)} turns>"

    @property
    def events(self) -> tuple[Event, ...]:
        """The events with their times: turn n is n turns after the beginning."""
        return tuple(event for _, event, _ in events_of(self.loop, self.edges))

    @property
    def journey(self) -> Journey:
        """The same journey from ``curve.journey``, which runs the clock by itself."""
        begin = self.loop.begin
        return self.loop.curve.journey(self.events, start=begin, until=begin.as_of + len(self.edges) * self.loop.turn)

    def lines(self) -> Iterator[Line]:
        """Yield a line for each event, and for each turn in which nothing happens."""
        happened = list(self._happened())
        by_turn = {n: [line for line in happened if line.turn == n] for n in range(1, len(self.edges) + 1)}
        for number, edge in enumerate(self.edges, start=1):
            at = self.loop.table.positions[edge.record.after.position]
            yield from by_turn[number] or [Line(number, "nothing happens", self.loop.curve.state(at), at, "-")]

    def _happened(self) -> Iterator[Line]:
        applied = iter([(number, row) for number, _, row in events_of(self.loop, self.edges)])
        for step in self.journey.steps:
            number, row = (len(self.edges), "") if step.event is None else next(applied)
            for each in step.occurrences:
                assert each.reaction is not None  # noqa: S101 - the loop stays on one curve
                by_clock = each.cause is not step.event
                turn = (each.at - self.loop.begin.as_of) // self.loop.turn + 1 if by_clock else number
                what = cause_words(each.cause) + ("" if by_clock else row)
                yield Line(turn, what, each.reaction.state_after, each.reaction.after, each.reaction.rule.name)
            if step.event is not None and step.reaction is None:
                at = step.after.position
                yield Line(number, event_words(step.event) + row, self.loop.curve.state(at), at, "-")

    def __str__(self) -> str:
        lines = [str(line) for line in self.lines()]
        if self.loops_from is not None:
            lines.append(f"and so on: it repeats forever from turn {self.loops_from + 1}")
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - the protocol of IPython and Hypothesis
        """Print its lines, where a printer would print the whole loop."""
        printer.text("\n    ".join([repr(self), *str(self).splitlines()]))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the journey as a snapshot that ``trustcurve explain FILE`` and ``from_json`` read."""
        from trustcurve.snapshots import to_json  # noqa: PLC0415 - only saving needs it

        Path(checked_path("path", path)).write_text(
            to_json(self.journey, curve=self.loop.curve) + "\n", encoding="utf-8"
        )


@final
@frozen(eq=False, repr=False)
class Witness(LoopJourney):
    """A journey that shows that something can happen."""


@final
@frozen(eq=False, repr=False)
class Counterexample(LoopJourney):
    """A journey that violates a property."""


def events_of(loop: ClosedLoop, edges: tuple[Edge, ...]) -> Iterator[tuple[int, Event, str]]:
    """Yield the events of a run, each with the number of its turn, from 1, and the policy's row behind it."""
    names, known = list[str](), {promise.id for promise in loop.begin.promises}
    new = (name for made in count(1) if (name := f"{made:03}") not in known)
    for number, edge in enumerate(edges, start=1):
        at, record = loop.begin.as_of + number * loop.turn, edge.record
        due = loop.due(record.before)
        if loop.environment.keeps_promises:
            yield from ((number, PromiseKept(at=at, promise=names[place]), "") for place in due)
        names = [name for place, name in enumerate(names) if place not in due]
        move, promise = record.move
        if promise is not None:
            kind = PromiseKept if move == "kept" else PromiseBroken
            yield number, kind(at=at, promise=names.pop(promise)), ""
        elif move in MOVE_EVENTS:
            yield number, MOVE_EVENTS[move](at), ""
        row, action = _row(loop, record), record.action
        if action in PROMISE_WEIGHTS:
            names.append(next(new))
            due_at = at + loop.policy.promise_due * loop.turn
            yield number, PromiseMade(at=at, promise=names[-1], due=due_at, weight=PROMISE_WEIGHTS[action]), row
        elif action in ACTION_EVENTS:
            yield number, ACTION_EVENTS[action](at), row


def _row(loop: ClosedLoop, record: TurnRecord) -> str:
    """Return the name of the row of a decision list that decided, in words."""
    decide = loop.policy.decide
    rule = decide.rule(loop.view(record.view_key)) if isinstance(decide, DecisionList) else None
    return "" if rule is None else f" (policy row: {rule.name})"


# --- journeys on a curve ------------------------------------------------------------------------------------


@final
@frozen(eq=False, repr=False)
class CurveCounterexample(Value):
    """Signals on a curve that violate a property of the curve.

    Args:
        curve: The curve.
        signals: The signals, from the start.
        beside: The same journey without ``inserted``, if the property compares two.
        inserted: The signal that only one of them gets.
    """

    curve: Curve
    signals: tuple[str, ...]
    beside: tuple[str, ...] | None = None
    inserted: str | None = None

    __init_subclass__ = final_class

    def __len__(self) -> int:
        return len(self.signals)

    def __repr__(self) -> str:
        return f"<CurveCounterexample of {len(self.signals)} signals>"

    def lines(self) -> Iterator[str]:
        """Yield a line for each signal."""
        yield from signal_lines(self.curve, self.signals)
        if self.beside is not None:
            yield f"without {self.inserted}:"
            yield from (f"  {line}" for line in signal_lines(self.curve, self.beside))

    def __str__(self) -> str:
        return "\n".join(self.lines())


def signal_lines(curve: Curve, signals: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for each signal: where it leads, and by which rule."""
    position = curve.start
    for signal in signals:
        reaction = curve.react(position, signal)
        position = reaction.after
        yield f"{signal}: {reaction.state_after} ({reaction.rule.name})"


def indented(text: object) -> str:
    """Return a text with each line further in."""
    return "\n".join(f"  {line}" for line in str(text).splitlines())


# --- verdicts ---------------------------------------------------------------------------------------------


class Status(Enum):
    """PROVED: it holds in every journey. REFUTED: a counterexample violates it. UNKNOWN: a limit was reached first."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@final
@frozen(repr=False)
class Verdict:
    """What is known of one property; true if it is proved.

    Args:
        name: The property's name.
        description: What it protects.
        status: Proved, refuted or unknown.
        counterexample: If refuted, a shortest journey that violates it (shortest among those explored if a limit was
            reached); None if no single journey shows it.
        witness: If it is proved that something is possible, a shortest journey in which it happens.
        nearest_passing: Beside a counterexample, the nearest journey that passes: of the same length, with as few
            other moves of the environment as possible; None if there is none, or the notion does not apply.
        vacuous: Whether it holds only because its condition never occurs.
        states: How many states were explored.
        transitions: How many transitions.
        seconds: How long it took.
        value: The probability, or the mean number of turns, if the property is about one.
        note: A remark, for example why it is unknown.
    """

    name: str
    description: str
    status: Status
    counterexample: Counterexample | CurveCounterexample | None = None
    witness: Witness | None = None
    nearest_passing: Witness | None = None
    vacuous: bool = False
    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    value: float | None = None
    note: str = ""

    __init_subclass__ = final_class

    def __bool__(self) -> bool:
        return self.status is Status.PROVED

    def __repr__(self) -> str:
        return f"<Verdict: {self.status.name} {self.name}>"

    def explain(self) -> str:
        """Return the verdict, what the property protects, and the journeys that show it, line by line."""
        lines = [str(self), *([f"  {self.description}"] if self.description else [])]
        for title, journey in (
            ("a shortest counterexample:", self.counterexample),
            ("the nearest journey that passes:", self.nearest_passing),
            ("a shortest witness:", self.witness),
        ):
            if journey is not None:
                lines += [f"  {title}", *(f"    {line}" for line in str(journey).splitlines())]
        return "\n".join(lines)

    def __str__(self) -> str:
        text = f"{self.status.name}  {self.name}"
        if self.value is not None:
            text += f" = {self.value:.6g}"
        if self.vacuous:
            text += " (vacuously true: its condition never occurs)"
        return f"{text}: {self.note}" if self.note else text


@final
@frozen(repr=False)
class Report:
    """The verdicts on a curve, or on a policy; iterate over them, or look one up by property or name.

    Args:
        curve: The curve's name.
        policy: The policy's name, if there is one.
        environment: The environment's name.
        verdicts: The verdicts, in the order of the properties.
    """

    curve: str
    policy: str | None
    environment: str
    verdicts: tuple[Verdict, ...]

    __init_subclass__ = final_class

    @property
    def proved(self) -> bool:
        """Whether everything is proved."""
        return all(self.verdicts)

    @property
    def refuted(self) -> tuple[Verdict, ...]:
        """The verdicts that are refuted."""
        return tuple(each for each in self.verdicts if each.status is Status.REFUTED)

    @property
    def unknown(self) -> tuple[Verdict, ...]:
        """The verdicts that are unknown."""
        return tuple(each for each in self.verdicts if each.status is Status.UNKNOWN)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __contains__(self, key: object) -> bool:
        """Return whether there is a verdict on a property, given as such or by its name; or this very verdict."""
        if isinstance(key, Verdict):
            return key in self.verdicts
        try:
            return self._find(key) is not None
        except InvalidValueError:
            return False

    def __getitem__(self, key: str | PropertyLike) -> Verdict:
        found = self._find(key)
        if found is None:
            known = ", ".join(each.name for each in self.verdicts)
            raise KeyError(f"no verdict on {key if isinstance(key, str) else _name(key)!r}; there is one on {known}")
        return found

    def _find(self, key: object) -> Verdict | None:
        name = _name(key)
        return next((each for each in self.verdicts if each.name == name), None)

    def explain(self) -> str:
        """Return all verdicts with their journeys, line by line."""
        return "\n".join(each.explain() for each in self.verdicts)

    def __repr__(self) -> str:
        about = f"curve {self.curve!r}" if self.policy is None else f"policy {self.policy!r}"
        counts = ((each, sum(verdict.status is each for verdict in self.verdicts)) for each in Status)
        return f"<Report on {about}: {', '.join(f'{n} {status.value}' for status, n in counts if n)}>"

    def __str__(self) -> str:
        return "\n".join(map(str, self.verdicts))


def _name(key: object) -> str:
    return key if isinstance(key, str) else as_property("property", key).name
