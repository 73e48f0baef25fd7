"""Journeys of the closed loop: a run of it, as events with their times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import count
from os import PathLike
from typing import Any, NamedTuple, final

from attrs import define, evolve, field, frozen

from trustcurve.core.events import (
    Event,
    PromiseBroken,
    PromiseKept,
    PromiseMoved,
    PromiseReleased,
    Signalled,
)
from trustcurve.core.journey import Journey
from trustcurve.core.phrases import event_words, when_words
from trustcurve.core.signals import BROKEN, KEPT
from trustcurve.core.standing import Position
from trustcurve.core.steps import cause_words
from trustcurve.core.values import Value
from trustcurve.errors import TrustcurveError, final_class
from trustcurve.policies.actions import MOVE_EVENTS, Act, event_of
from trustcurve.policies.decision_list import DecisionList
from trustcurve.records.whole_files import write_whole
from trustcurve.verification.closed_loop import ClosedLoop, Passage
from trustcurve.verification.turn import Turn
from trustcurve.verification.turn_rules import JOINS, OpenPromises
from trustcurve.verification.vocabulary import ALL_MOVES

__all__ = ["AFTER_THE_RUN", "Counterexample", "Line", "LoopJourney", "Witness", "turn_of"]


_CLOCK_BREAKS = [("clock", signal) for signal in BROKEN.values()]


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
        passages: The states that it goes through, and what happens between them.
        loops_from: If the journey goes on forever, the number of turns before the part that repeats; else None.
    """

    loop: ClosedLoop
    passages: tuple[Passage, ...]
    loops_from: int | None = None

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:
            final_class(cls)

    def __len__(self) -> int:
        """Return the number of turns."""
        return sum(passage.met is not None for passage in self.passages)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} turns>"

    @cached_property
    def _dates(self) -> _Dates:
        dates = _Dates(self.loop, self.passages)
        dates.work_out()
        return dates

    @property
    def _dated(self) -> list[_Dated]:
        return self._dates.found

    @property
    def events(self) -> tuple[Event, ...]:
        """The events with their times: the n-th run of the policy is n turns after the beginning."""
        return tuple(event for _, event, _ in self._dated)

    @property
    def journey(self) -> Journey:
        """The same journey from ``curve.journey``, which runs the clock by itself."""
        begin, joined = self.loop.begin, self._dates.joined
        start = begin if joined is None else self.loop.curve.begin(begin.customer, joined)
        return self.loop.curve.journey(self.events, start=start, until=begin.as_of + len(self) * self.loop.turn)

    @property
    def happens(self) -> bool:
        """Whether there is such a journey: the ledger applies its events, and it ends where the loop says.

        If it goes on forever, no more promises may be kept late in each round than are broken in it.
        """
        again = self.passages[self._place_of_turn(self.loops_from) :] if self.loops_from is not None else ()
        late = sum(passage.happening.move == "kept_late" for passage in again)
        broken = [sent for passage in again for sent in passage.happening.signals if sent in _CLOCK_BREAKS]
        if late > len(broken):
            return False
        try:
            end = self.journey.standing
        except (TrustcurveError, _NoDateError):
            return False
        last = self.passages[-1].after if self.passages else self.loop.start
        return end.position == self.loop.table.positions[last.position]

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns, as properties see them."""
        found, begun = [], 0
        for number, passage in enumerate(self.passages, start=1):
            if passage.met is not None:
                found.append(turn_of(self.loop, self.passages[begun:number]))
                begun = number
        return tuple(found)

    def _place_of_turn(self, number: int) -> int:
        """Return how many passages some turns have, from the beginning."""
        ends = [place for place, passage in enumerate(self.passages, start=1) if passage.met is not None]
        return ends[number - 1] if number else 0

    def lines(self) -> Iterator[Line]:
        """Yield a line for each event, and for each turn in which nothing happens."""
        happened = list(self._happened())
        by_turn = {n: [line for line in happened if line.turn == n] for n in range(1, len(self) + 1)}
        ends = [passage.after for passage in self.passages if passage.met is not None]
        for number, node in enumerate(ends, start=1):
            at = self.loop.table.positions[node.position]
            yield from by_turn[number] or [Line(number, "nothing happens", self.loop.curve.state(at), at, "-")]

    def _happened(self) -> Iterator[Line]:
        if self._dates.joined is not None:
            start = self.loop.begin.position
            yield Line(
                1, f"the customer joins at {when_words(self._dates.joined)}", self.loop.curve.state(start), start, "-"
            )
        applied = iter([(number, row) for number, _, row in self._dated])
        for step in self.journey.steps:
            number, row = (len(self), "") if step.event is None else next(applied)
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

        text = to_json(self.journey, curve=self.loop.curve) + "\n"
        write_whole(path, text)


@final
@frozen(eq=False, repr=False)
class Witness(LoopJourney):
    """A journey that shows that something can happen."""


@final
@frozen(eq=False, repr=False)
class Counterexample(LoopJourney):
    """A journey that violates a property."""


def turn_of(loop: ClosedLoop, passages: Sequence[Passage]) -> Turn:
    """Return a turn as properties see it."""
    at = loop.table.positions
    before, last = passages[0].before, passages[-1]
    assert last.met is not None  # noqa: S101 - a turn ends
    assert last.happening.actions is not None  # noqa: S101 - with the policy's decision
    return Turn(
        before=at[before.position],
        met=at[last.met.position],
        after=at[last.after.position],
        moves=frozenset(each.happening.move for each in passages) & frozenset((*ALL_MOVES, *loop.environment.signals)),
        actions=frozenset(last.happening.actions),
        signals=frozenset(signal for each in passages for _, signal in each.happening.signals),
        open_before=len(before.context.promises),
        open_after=len(last.after.context.promises),
    )


# --- dates ------------------------------------------------------------------------------------------------


class _NoDateError(Exception):
    """There is no date at which something could happen."""


AFTER_THE_RUN = "right after the run of the policy"
"""The note of an event at the instant of a run, but after it: otherwise only the order of events would tell."""

_THIRDS = 3
"""What happens between two instants happens after one or two thirds of the time, if that makes no difference. Source: our
choice: after 10 or 20 days of a month."""

_Dated = tuple[int, Event, str]
"""An event, the number of its turn, from 1, and the policy's row behind it."""


@define(eq=False)
class _Dates:
    """Gives the events of a run their dates."""

    loop: ClosedLoop
    passages: Sequence[Passage]
    turn: int = field(default=1, init=False)
    found: list[_Dated] = field(factory=list, init=False)
    names: list[str] = field(factory=list, init=False)
    late: list[str] = field(factory=list, init=False)
    moved: dict[str, int] = field(factory=dict, init=False)
    joined: datetime | None = field(default=None, init=False)
    quiet_since: datetime = field(init=False)
    new_names: Iterator[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        begin = self.loop.begin
        known = {promise.id for promise in begin.promises}
        self.new_names = (name for made in count(1) if (name := f"{made:03}") not in known)
        self.quiet_since = begin.quiet_since
        ends = self.loop.curve.ends_silence
        self.late = [promise.id for promise in begin.promises if ends[KEPT[promise.weight]] == "always"]

    def work_out(self) -> None:
        """Find all events, and when the customer joined if that is later than the turn begins.

        Raises:
            _NoDateError: There are no dates at which everything can happen in this order.
        """
        if self.loop.any_time:
            self._at_any_time()
        else:
            for passage in self.passages:
                self._whole_turn(passage)
        end = self._run(self.turn) + self.loop.turn
        for name in list(self.moved):
            self._settle(name, end)

    def _run(self, number: int) -> datetime:
        """Return the instant of a run of the policy; 0 is the beginning."""
        return self.loop.begin.as_of + number * self.loop.turn

    # --- one move in a turn ---------------------------------------------------------------------------------

    def _whole_turn(self, passage: Passage) -> None:
        at, due = self._run(self.turn), self.loop.due(passage.before)
        if self.loop.environment.keeps_promises:
            for place in due:
                self._add(PromiseKept(at=at, promise=self.names[place]))
        self.names = [name for place, name in enumerate(self.names) if place not in due]
        self._move(passage, at)
        self._act(passage, at)

    # --- at any time ----------------------------------------------------------------------------------------

    def _at_any_time(self) -> None:
        passages = list(self.passages)
        while passages:
            phase = passages[0].before.context.phase
            here = 0
            while (
                here < len(passages)
                and passages[here].before.context.phase == phase
                and not self._leaves(passages[here])
            ):
                here += 1
            first = len(self.found)
            times = self._times(phase, [passage.happening.move == "lapsed" for passage in passages[:here]])
            for passage, at in zip(passages[:here], times, strict=True):
                self._move(passage, at)
            if phase == 0:
                noted = [(turn, evolve(event, note=AFTER_THE_RUN), row) for turn, event, row in self.found[first:]]
                self.found[first:] = noted
            if here < len(passages):
                self._leave(passages[here])
            del passages[: here + 1]

    @staticmethod
    def _leaves(passage: Passage) -> bool:
        return passage.met is not None or passage.happening.move == "time"

    def _leave(self, passage: Passage) -> None:
        """Let time pass, or the policy act."""
        if passage.met is not None:
            self._act(passage, self._run(self.turn))
            return
        broken = [place for place, (_, left) in enumerate(passage.before.context.promises) if left == 0]
        if any(signal.startswith("broken") for _, signal in passage.happening.signals):
            self.late += [self.names[place] for place in broken]
            self.names = [name for place, name in enumerate(self.names) if place not in broken]

    def _times(self, phase: int, lapses: Sequence[bool]) -> list[datetime]:
        """Return when moves in one phase happen: each at the time of the one before it, or later if a promise lapsed."""
        rules = self.loop.rules
        moment, before = rules.moment(phase)
        run = self._run(self.turn - 1)
        instants = [*(run + each for each in rules.instants), run + self.loop.turn]
        if moment % 2 == 0:
            return [instants[moment // 2]] * len(lapses)
        low, high = instants[moment // 2], instants[moment // 2 + 1]
        third = (high - low) / _THIRDS
        silence = self.quiet_since
        while silence <= low:
            silence += self.loop.curve.silence_after
        if before:
            first, last = low, min(low + third, silence)
        elif silence < high:
            first, last = silence, max(low + 2 * third, silence + (high - silence) / 2)
        else:
            first, last = low, low + third
        steps = sum(lapses) + 1
        numbers = [sum(lapses[:n]) + 1 for n in range(len(lapses))]
        return [first + (last - first) * number / steps for number in numbers]

    # --- events ---------------------------------------------------------------------------------------------

    def _add(self, event: Event, row: str = "") -> None:
        self.found.append((self.turn, event, row))

    def _move(self, passage: Passage, at: datetime) -> None:
        """Add the event of a move of the environment, if it has one."""
        move, promise = passage.happening.move, passage.happening.promise
        if promise is not None:
            self._about_promise(move, promise, at)
        elif move == "kept_late":
            if not self.late:
                raise _NoDateError
            self._add(PromiseKept(at=at, promise=self.late.pop(0)))
        elif move in MOVE_EVENTS:
            self._add(MOVE_EVENTS[move](at))
        elif move in self.loop.environment.signals:
            self._add(Signalled(at=at, signal=move))
        elif move == JOINS:
            self.joined = self.quiet_since = at
        if self.loop.ends_silence(passage):
            self.quiet_since = at

    def _about_promise(self, move: str, place: int, at: datetime) -> None:
        if move == "moved":
            name = self.names[place]
            self._settle(name, at)
            self.moved[name] = len(self.found)
            self._add(PromiseMoved(at=at, promise=name, due=at))
            return
        name = self.names.pop(place)
        if move == "lapsed":
            self._settle(name, at - self.loop.curve.grace)
            self.late.append(name)
            return
        self._settle(name, at)
        kinds = {"kept": PromiseKept, "broken": PromiseBroken, "released": PromiseReleased}
        self._add(kinds[move](at=at, promise=name))

    def _settle(self, name: str, due: datetime) -> None:
        """Give a moved promise its date, once it is known when it was kept or broken."""
        place = self.moved.pop(name, None)
        if place is None:
            return
        turn, event, row = self.found[place]
        assert isinstance(event, PromiseMoved)  # noqa: S101 - that is what is kept there
        if due < event.at:
            raise _NoDateError
        self.found[place] = (turn, evolve(event, due=due), row)

    def _act(self, passage: Passage, at: datetime) -> None:
        """Add the events of the policy's actions; a turn is over."""
        actions, row = passage.happening.actions, self._row(passage)
        assert actions is not None  # noqa: S101 - a turn ends
        promises = () if passage.met is None else passage.met.context.promises
        for act in (self.loop.policy.acts[action] for action in actions):
            if act.kind is None:
                self._add(event_of(act, at), row)
            else:
                self._act_about_promise(act, promises, at, row)
                promises = self.loop.rules.with_promise(promises, act)
        if self.loop.any_time and self.loop.ends_silence(passage):
            self.quiet_since = at
        self.turn += 1

    def _act_about_promise(self, act: Act, promises: OpenPromises, at: datetime, row: str) -> None:
        assert act.kind is not None  # noqa: S101 - it is about a promise
        kind = self.loop.policy.kinds[act.kind]
        due = at + kind.due * self.loop.turn
        if act.what == "make":
            name = next(self.new_names)
            self.names.append(name if act.kind == kind.weight else f"{act.kind}:{name}")
            self._add(event_of(act, at, promise=self.names[-1], due=due), row)
            return
        place = self.loop.rules.first_of(promises, act.kind)
        if place is None:
            return
        name = self.names.pop(place)
        self._settle(name, at)
        if act.what == "move":
            self.names.append(name)
        self._add(event_of(act, at, promise=name, due=due), row)

    def _row(self, passage: Passage) -> str:
        """Return the name of the row of a decision list that decided, in words."""
        decide = self.loop.policy.decide
        if not isinstance(decide, DecisionList) or passage.met is None:
            return ""
        rule = decide.rule(self.loop.view(passage.met))
        return "" if rule is None else f" (policy row: {rule.name})"
