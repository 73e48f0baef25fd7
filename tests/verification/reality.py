"""One customer under a policy at real instants, on the ledger alone, and what happens to such customers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from attrs import define, field
from hypothesis import strategies as st

from tests.verification.recollection import History
from trustcurve import (
    Event,
    Promise,
    PromiseBroken,
    PromiseKept,
    PromiseMoved,
    PromiseReleased,
    Standing,
    Step,
)
from trustcurve.policies import Memory, OpenPromise, View
from trustcurve.policies.actions import MOVE_EVENTS
from trustcurve.policies.environment import ANY
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop, Node
from trustcurve.verification.loop_place import context_of
from trustcurve.verification.turn import Turn
from trustcurve.verification.turn_rules import ANY_DAY, Context

MOMENTS = (
    "at the run",
    "soon",
    "at the quiet instant",
    "just after it",
    "late",
    "just before the next run",
    "at the next run",
)


class Act(NamedTuple):
    """Something that the environment tries: when in a turn, what, and about which promise."""

    when: str
    what: str
    which: int


acts = st.builds(
    Act,
    st.sampled_from(MOMENTS),
    st.sampled_from([*ANY.names[1:], "passes"]),
    st.integers(0, 1),
)
turns = st.lists(st.lists(acts, max_size=4), min_size=1, max_size=9)


@define
class Reality:
    """One customer under a policy, at real instants, on the ledger alone."""

    loop: ClosedLoop
    joined: timedelta = timedelta(0)
    standing: Standing = field(init=False)
    runs: int = field(default=0, init=False)
    made: int = field(default=0, init=False)
    history: History = field(factory=History, init=False)
    memory: Memory = field(init=False)
    moved: set[str] = field(factory=set, init=False)
    signals: list[str] = field(factory=list, init=False)
    moves: list[str] = field(factory=list, init=False)
    did: list[str] = field(factory=list, init=False)
    decided: frozenset[str] = field(default=frozenset(), init=False)
    turns: list[Turn] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.standing = self.loop.curve.begin("ann", BEGIN + self.joined)
        self.memory = self.loop.policy.memory()
        if self.joined:
            self.history = History(joined=0)
        else:
            self.memory = self.memory.ran(BEGIN, ())

    @property
    def run(self) -> datetime:
        """The instant of the latest run."""
        return BEGIN + self.runs * self.loop.turn

    def when(self, act: Act) -> datetime:
        """Return when something happens."""
        turn, micro = self.loop.turn, timedelta(microseconds=1)
        silence = self.standing.quiet_since
        while silence <= self.run:
            silence += self.loop.curve.silence_after
        within = silence if silence < self.run + turn else self.run + turn / 2
        times = (self.run, self.run + turn / 9, within, within + micro, self.run + turn * 0.8, self.run + turn - micro)
        return dict(zip(MOMENTS, (*times, self.run + turn), strict=True))[act.when]

    def event(self, act: Act, at: datetime) -> Event | None:
        """Return the event of an act, if it can happen."""
        now = self.loop.curve.observe(self.standing, at).after
        open_ones = [promise for promise in now.promises if not promise.overdue]
        if act.what in MOVE_EVENTS:
            departed = now.position.stage == "departed"
            fits = act.what not in ("departure", "return") or departed == (act.what == "return")
            return MOVE_EVENTS[act.what](at) if fits else None
        if act.what == "kept_late":
            late = [promise for promise in now.promises if promise.overdue]
            return PromiseKept(at=at, promise=late[0].id) if late else None
        if not open_ones:
            return None
        name = open_ones[act.which % len(open_ones)].id
        if act.what == "moved":
            self.moved.add(name)
            return PromiseMoved(at=at, promise=name, due=at + self.loop.turn * 0.7)
        kinds: dict[str, Any] = {"kept": PromiseKept, "broken": PromiseBroken, "released": PromiseReleased}
        return kinds[act.what](at=at, promise=name) if act.what in kinds else None

    def apply(self, event: Event, word: str | None = None) -> None:
        """Apply an event."""
        step = self.loop.curve.advance(self.standing, event)
        self.memory = self.loop.policy.remember(self.memory, step)
        self.hear(step)
        if isinstance(event, PromiseKept):
            self.history = self.history.hears("kept" if step.reaction else "kept_late")
        elif word is not None:
            self.history = self.history.hears(word)
        if step.reaction is not None and step.reaction.change:
            self.history = self.history.hears("rise" if step.reaction.change > 0 else "fall")
        self.signals += [reaction.signal for reaction in step.reactions]

    def hear(self, step: Step) -> None:
        """Note what came due."""
        self.standing = step.after
        for each in step.due:
            assert each.reaction is not None
            self.history = self.history.hears("silence" if each.reaction.signal == "silence" else "broken")
            if each.reaction.change:
                self.history = self.history.hears("rise" if each.reaction.change > 0 else "fall")

    def turn(self, acts: list[Act]) -> bool:
        """Live through a turn; return whether the policy promised too much."""
        self.signals, self.moves, before, opened = [], [], self.standing.position, self.open
        for act in sorted(acts, key=self.when):
            at = max(self.when(act), self.standing.as_of)
            event = self.event(act, at)
            if event is not None:
                self.moves.append(act.what)
                self.apply(event, act.what)
        self.runs += 1
        step = self.loop.curve.observe(self.standing, self.run)
        self.hear(step)
        self.signals += [reaction.signal for reaction in step.reactions]
        met = self.standing.position
        self.decided = frozenset(self.act())
        did = self.decided | set(self.did)
        self.did = []
        after = self.standing.position
        moves, signals = frozenset(self.moves), frozenset(self.signals)
        self.turns.append(Turn(before, met, after, moves, did, signals, opened, self.open))
        return self.open > self.loop.promises_max

    @property
    def open(self) -> int:
        """How many promises are open."""
        return sum(not promise.overdue for promise in self.standing.promises)

    def act(self) -> tuple[str, ...]:
        """Let the policy act: with a view of our own, and as a service would ask it."""
        policy, now = self.loop.policy, self.run
        open_ones = [promise for promise in self.standing.promises if not promise.overdue]
        period, quiet = self.loop.curve.silence_after, now - self.standing.quiet_since
        while quiet > period:
            quiet -= period
        view = View.at(
            self.loop.curve, self.standing.position, quiet=quiet // self.loop.turn,
            promises=tuple(sorted(map(self.seen, open_ones), key=lambda one: (one.left is None, one.left or 0, one.kind))),
            recalled=tuple((recall, recall.told(self.history.value(recall))) for recall in policy.recalls),
        )  # fmt: skip
        decision = policy.next_action(self.loop.curve, self.standing, self.memory, at=now, turn=self.loop.turn)
        assert decision.view == view
        assert decision.actions == policy.actions(view)
        assert decision.punctual
        self.memory = decision.memory
        self.history = self.history.runs(decision.actions)
        makes = [act.kind for act in map(policy.acts.__getitem__, decision.actions) if act.what == "make"]
        names = [self.name(kind) for kind in makes]
        for event in decision.events(names):
            self.moved -= {getattr(event, "promise", "")}
            self.apply(event)
        return decision.actions

    def name(self, kind: str | None) -> str:
        """Return a new id of a promise."""
        self.made += 1
        return f"{kind}:{self.made:03}" if kind not in ("major", "minor") else f"{self.made:03}"

    def seen(self, promise: Promise) -> OpenPromise:
        """Return an open promise as the policy sees it."""
        assert promise.due is not None
        left = None if promise.id in self.moved else (promise.due - self.run) // self.loop.turn
        return OpenPromise(promise.id.partition(":")[0] if ":" in promise.id else promise.weight, promise.weight, left)

    def node(self) -> Node:
        """Return the state of the loop in which this customer is, after a run."""
        rules, curve = self.loop.rules, self.loop.curve
        now = self.runs * rules.per_turn
        quiet = rules.reduced(now - self.moment(self.standing.quiet_since))
        promises = tuple(
            (
                self.loop.rules.label(self.seen(promise).kind),
                ANY_DAY if promise.id in self.moved else self.moment(promise.due + curve.grace) - now,  # type: ignore[operator]
            )
            for promise in self.standing.promises
            if not promise.overdue
        )
        overdue = any(promise.overdue for promise in self.standing.promises)
        assert self.memory.values == self.history.values(self.loop.policy.recalls)
        context = Context(0, quiet, promises, overdue)
        assert context == context_of(rules, self.standing, self.memory)
        return Node(self.loop.table.number(self.standing.position), context, self.memory.values)

    def moment(self, at: datetime) -> int:
        """Return the moment of an instant, counted from the beginning."""
        turns, rest = divmod(at - BEGIN, self.loop.turn)
        passed = [instant for instant in self.loop.rules.instants if instant <= rest]
        return turns * self.loop.rules.per_turn + 2 * (len(passed) - 1) + (rest != passed[-1])
