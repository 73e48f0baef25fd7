"""Witnesses: the shortest journey that shows a property does not hold, in business words and as events."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import (
    Event,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
)
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Position
from trustcurve.core.steps import cause_words
from trustcurve.core.values import Value
from trustcurve.core.wording import event_words
from trustcurve.policies.actions import ACTION_EVENTS, MADE, MOVE_EVENTS
from trustcurve.policies.rules import RuleBook
from trustcurve.verification.unrolling.automaton import Edge
from trustcurve.verification.unrolling.loop import Loop
from trustcurve.verification.unrolling.turns import Played

__all__ = ["CurveWitness", "Line", "Witness", "events_of", "indented"]


class Line(NamedTuple):
    """One event of a witness: its turn, what happened, where it led, and by which rule ("-": by none)."""

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
class Witness(Value):
    """A journey of the loop, turn by turn.

    Args:
        loop: The loop in which it happens.
        edges: Its turns in order.
        loops_from: For a journey that goes on for ever: the number of turns before the part that
            repeats; None where it ends.
    """

    loop: Loop
    edges: tuple[Edge, ...]
    loops_from: int | None = None

    def __len__(self) -> int:
        return len(self.edges)

    def __repr__(self) -> str:
        return f"<Witness of {len(self.edges)} turns>"

    @property
    def events(self) -> tuple[Event, ...]:
        """The events, each with a stated date: turn n is n turns after the beginning."""
        return tuple(event for _, event, _ in events_of(self.loop, self.edges))

    @property
    def journey(self) -> Journey:
        """The same journey through ``curve.journey``: the clock finds out by itself what falls due."""
        begin = self.loop.begin
        return self.loop.curve.journey(self.events, start=begin, until=begin.as_of + len(self.edges) * self.loop.turn)

    def lines(self) -> Iterator[Line]:
        """Tell it, one event a line; and a line for each turn in which nothing happened."""
        told = list(self._happened())
        by_turn = {number: [line for line in told if line.turn == number] for number in range(1, len(self.edges) + 1)}
        for number, edge in enumerate(self.edges, start=1):
            at = self.loop.table.positions[edge.played.after.position]
            yield from by_turn[number] or [Line(number, "nothing happens", self.loop.curve.state(at), at, "-")]

    def _happened(self) -> Iterator[Line]:
        told = iter([(number, row) for number, _, row in events_of(self.loop, self.edges)])
        for step in self.journey.steps:
            number, row = (len(self.edges), "") if step.event is None else next(told)
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
        told = [str(line) for line in self.lines()]
        if self.loops_from is not None:
            told.append(f"and so on: from turn {self.loops_from + 1} it goes round for ever")
        return "\n".join(told)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - the protocol of IPython and Hypothesis
        """Show it a line each, where a printer would show the whole loop."""
        printer.text("\n    ".join([repr(self), *str(self).splitlines()]))

    def save(self, path: str | Path) -> None:
        """Write the journey as a snapshot that ``trustcurve explain FILE`` and ``from_json`` read."""
        from trustcurve.snapshots import to_json  # noqa: PLC0415 - only who saves needs it

        Path(path).write_text(to_json(self.journey, curve=self.loop.curve) + "\n", encoding="utf-8")


@frozen(eq=False, repr=False)
class CurveWitness(Value):
    """Signals on a curve that show a property of the curve does not hold.

    Args:
        curve: The curve.
        signals: The signals, from the start.
        beside: The same journey without ``inserted``, where two are compared.
        inserted: The signal that one of them got more.
    """

    curve: Curve
    signals: tuple[str, ...]
    beside: tuple[str, ...] | None = None
    inserted: str | None = None

    def __len__(self) -> int:
        return len(self.signals)

    def __str__(self) -> str:
        told = [f"{signal}: {words}" for signal, words in self._told(self.signals)]
        if self.beside is not None:
            told += [
                f"without {self.inserted}:",
                *(f"  {signal}: {words}" for signal, words in self._told(self.beside)),
            ]
        return "\n".join(told)

    def _told(self, signals: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        position = self.curve.start
        for signal in signals:
            reaction = self.curve.react(position, signal)
            position = reaction.after
            yield signal, f"{reaction.state_after} ({reaction.rule.name})"


def events_of(loop: Loop, edges: tuple[Edge, ...]) -> Iterator[tuple[int, Event, str]]:
    """Answer with the events of a run, each with the number of its turn, from 1, and the policy's row behind it."""
    names, known = list[str](), {promise.id for promise in loop.begin.promises}
    new = (name for made in count(1) if (name := f"{made:03}") not in known)
    for number, edge in enumerate(edges, start=1):
        at, played = loop.begin.as_of + number * loop.turn, edge.played
        due = loop.due(played.before)
        if loop.environment.keeps_promises:
            yield from ((number, PromiseKept(at=at, promise=names[place]), "") for place in due)
        names = [name for place, name in enumerate(names) if place not in due]
        move, chosen = played.choice
        if chosen is not None:
            kind = PromiseKept if move == "kept" else PromiseBroken
            yield number, kind(at=at, promise=names.pop(chosen)), ""
        elif move in MOVE_EVENTS:
            yield number, MOVE_EVENTS[move](at), ""
        row = _row(loop, played)
        if played.action in MADE:
            names.append(next(new))
            due_at = at + loop.policy.promise_due * loop.turn
            yield number, PromiseMade(at=at, promise=names[-1], due=due_at, weight=MADE[played.action]), row
        elif played.action in ACTION_EVENTS:
            yield number, ACTION_EVENTS[played.action](at), row


def _row(loop: Loop, played: Played) -> str:
    """Name the row of a policy from a file that decided."""
    decide = loop.policy.decide
    rule = decide.rule(loop.view(played.decided)) if isinstance(decide, RuleBook) else None
    return "" if rule is None else f" (policy row: {rule.name})"


def indented(told: object) -> str:
    """Set each line of a text further in."""
    return "\n".join(f"  {line}" for line in str(told).splitlines())
