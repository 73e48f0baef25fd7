"""The environment may act at any time: no journey at real instants leaves the automaton, and every state is a real journey's."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from attrs import define, field
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.verification.strategies import CLOCKS, small_policies
from trustcurve import (
    Curve,
    Event,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Standing,
)
from trustcurve.errors import UnknownWordError
from trustcurve.policies import KEEPS_PROMISES, Environment, Policy, View, load_policy, policy
from trustcurve.policies.actions import ACTION_EVENTS, MOVE_EVENTS, PROMISE_WEIGHTS
from trustcurve.policies.environment import ANY
from trustcurve.verification import POLICY_PROPERTIES, Counterexample, Status, Witness, check, leads_to, never
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop, Node
from trustcurve.verification.product import VIOLATED
from trustcurve.verification.property import Safety
from trustcurve.verification.turn import Turn
from trustcurve.verification.turn_rules import ANY_DAY, Context
from trustcurve.verification.unrolling import unroll_loop

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
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
    standing: Standing = field(init=False)
    runs: int = field(default=0, init=False)
    made: int = field(default=0, init=False)
    last: tuple[Any, ...] = field(default=(), init=False)
    asks: int = field(default=0, init=False)
    moved: set[str] = field(factory=set, init=False)
    signals: list[str] = field(factory=list, init=False)
    moves: list[str] = field(factory=list, init=False)
    turns: list[Turn] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.standing = self.loop.curve.begin("ann", BEGIN)

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

    def apply(self, event: Event) -> None:
        """Apply an event."""
        step = self.loop.curve.advance(self.standing, event)
        self.standing = step.after
        self.signals += [reaction.signal for reaction in step.reactions]

    def turn(self, acts: list[Act]) -> bool:
        """Live through a turn; return whether the policy promised too much."""
        self.signals, self.moves, before, opened = [], [], self.standing.position, self.open
        for act in sorted(acts, key=self.when):
            at = max(self.when(act), self.standing.as_of)
            event = self.event(act, at)
            if event is not None:
                self.moves.append(act.what)
                self.apply(event)
        self.runs += 1
        step = self.loop.curve.observe(self.standing, self.run)
        self.standing = step.after
        self.signals += [reaction.signal for reaction in step.reactions]
        met = self.standing.position
        action = self.act()
        after = self.standing.position
        moves, signals = frozenset(self.moves), frozenset(self.signals)
        self.turns.append(Turn(before, met, after, moves, action, signals, opened, self.open))  # type: ignore[arg-type]
        return self.open > self.loop.promises_max

    @property
    def open(self) -> int:
        """How many promises are open."""
        return sum(not promise.overdue for promise in self.standing.promises)

    def act(self) -> str:
        """Let the policy act."""
        position, now = self.standing.position, self.run
        open_ones = [promise for promise in self.standing.promises if not promise.overdue]
        period, quiet = self.loop.curve.silence_after, now - self.standing.quiet_since
        while quiet > period:
            quiet -= period
        view = View.at(
            self.loop.curve, position, quiet=quiet // self.loop.turn, open=len(open_ones),
            asks=self.asks.bit_count(), last=self.last,
        )  # fmt: skip
        action = self.loop.policy.action(view)
        if action in PROMISE_WEIGHTS:
            self.made += 1
            due = now + self.loop.policy.promise_due * self.loop.turn
            made = PromiseMade(at=now, promise=f"{self.made:03}", due=due, weight=PROMISE_WEIGHTS[action])
            self.apply(made)
        elif action in ACTION_EVENTS:
            self.apply(ACTION_EVENTS[action](now))
        self.last = (action, *self.last)[: self.loop.rules.remember]
        self.asks = (self.asks << 1 | (action == "ask")) & ((1 << self.loop.rules.window) - 1)
        return action

    def node(self) -> Node:
        """Return the state of the loop in which this customer is, after a run."""
        rules, curve = self.loop.rules, self.loop.curve
        now = self.runs * rules.per_turn
        quiet = rules.reduced(now - self.moment(self.standing.quiet_since))
        promises = tuple(
            (
                promise.weight,
                ANY_DAY if promise.id in self.moved else self.moment(promise.due + curve.grace) - now,  # type: ignore[operator]
            )
            for promise in self.standing.promises
            if not promise.overdue
        )
        overdue = any(promise.overdue for promise in self.standing.promises)
        context = Context(0, quiet, promises, overdue, self.last, self.asks)
        return Node(self.loop.table.number(self.standing.position), context)

    def moment(self, at: datetime) -> int:
        """Return the moment of an instant, counted from the beginning."""
        turns, rest = divmod(at - BEGIN, self.loop.turn)
        passed = [instant for instant in self.loop.rules.instants if instant <= rest]
        return turns * self.loop.rules.per_turn + 2 * (len(passed) - 1) + (rest != passed[-1])


def states_of(automaton: Automaton) -> set[Node]:
    return {Node(*automaton.state(number)) for number in range(automaton.states)}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(small_policies, st.sampled_from(list(CLOCKS)), st.integers(0, 2), st.lists(turns, min_size=1, max_size=5))
def test_no_journey_at_real_instants_leaves_the_automaton(
    ours: Policy, clock: str, waiting: int, journeys: list[list[list[Act]]]
) -> None:
    parameters, turn = CLOCKS[clock]
    curve = Curve.default(**parameters, waiting_periods=waiting)
    loop = ClosedLoop(curve=curve, policy=ours, turn=turn, promises_max=1, any_time=True)
    automaton = unroll_loop(loop, 60_000)
    assume(automaton.states < 60_000)
    states = states_of(automaton)
    for journey in journeys:
        real = Reality(loop)
        for acts_of_a_turn in journey:
            if real.turn(acts_of_a_turn):
                assert automaton.stopped is not None
                break  # it promises more than the loop allows
            assert real.node() in states


@pytest.mark.parametrize("grace", [0, 1, 30, 45])
@pytest.mark.parametrize("environment", [ANY, KEEPS_PROMISES], ids=lambda environment: environment.name)
def test_every_state_is_that_of_a_journey_that_can_happen(grace: int, environment: Environment) -> None:
    ours = policy("ours", promise_due=1)(
        lambda v: "promise_major" if v.open == 0 and v.quiet >= 1 else "exchange" if v.quiet >= 2 else "wait"
    )
    curve = Curve.default(grace=grace)
    loop = ClosedLoop(curve=curve, policy=ours, environment=environment, any_time=True)
    automaton = unroll_loop(loop)
    first = {}
    for number in range(automaton.transitions):
        source, happening, target = automaton.edge(number)
        if target not in first and target:
            first[target] = (source, happening)
    tried = 0
    for state in range(0, automaton.states, max(automaton.states // 150, 1)):
        run = []
        at = state
        while at:
            source, happening = first[at]
            run.append(happening)
            at = source
        passages, node = [], loop.start
        for happening in reversed(run):
            passages.append(loop.follow(node, happening))
            node = passages[-1].after
        if node.context.phase == 0:
            tried += 1
            witness = Witness(loop, tuple(passages))
            moves = [passage.happening.move for passage in passages]
            if moves.count("kept_late") < 2 and not (grace and "lapsed" in moves):
                assert witness.happens, moves
    assert tried > 20


# --- what is proved, and what is not ----------------------------------------------------------------------

NO_SILENCE = never(lambda turn: "silence" in turn.signals, name="no silence counts")
NO_DEEP_FALL = never(
    lambda turn: turn.before.stage == "advocate" and turn.after.stage not in ("advocate", "customer_centric"),
    name="no advocate falls by two stages in a turn",
)


def test_a_silence_counts_between_two_runs(curve: Curve) -> None:
    gives = policy("gives when it is quiet", promise_due=2)(
        lambda v: "exchange" if v.quiet >= 3 else "promise_major" if v.stage == "distrust" and not v.open else "wait"
    )
    assert check(curve, NO_SILENCE, policy=gives, once_a_turn=True).proved
    found = check(curve, NO_SILENCE, policy=gives).verdicts[0].counterexample
    assert isinstance(found, Counterexample)
    assert found.happens
    assert len(found) == 5
    days = [(type(event).__name__, (event.at - BEGIN).days) for event in found.events[:2]]
    assert days == [("PromiseMade", 30), ("PromiseKept", 40)], "the silence comes on day 130, the next run on day 150"
    silence = [each for step in found.journey.steps for each in step.due]
    assert [(each.at - BEGIN).days for each in silence] == [130]


def test_two_acts_within_a_turn_are_one_fall(curve: Curve) -> None:
    steady = policy("steady", promise_due=2)(
        lambda v: "promise_major" if v.open == 0 and v.kept < 3 else "exchange" if v.quiet >= 1 else "wait"
    )
    about: dict[str, Any] = {"policy": steady, "environment": Environment(["kept", "advocacy", "customer_one_sided"])}
    assert check(curve, NO_DEEP_FALL, **about, once_a_turn=True).proved
    found = check(curve, NO_DEEP_FALL, **about).verdicts[0].counterexample
    assert isinstance(found, Counterexample)
    assert found.happens
    assert [event.signal for event in found.events if event.at > found.events[-4].at][-3:].count(
        "customer_one_sided"
    ) == 2


def test_no_promise_is_kept_late_forever(curve: Curve) -> None:
    once = policy("promises once", promise_due=1)(
        lambda v: (
            "propose" if v.stage == "distrust" else "promise_minor" if v.account == "due" and not v.open else "wait"
        )
    )
    comes = leads_to(
        lambda turn: turn.after.stage == "hopeful", lambda turn: "silence" in turn.signals, name="a silence comes"
    )
    late = check(curve, comes, policy=once, environment=Environment(["kept_late"])).verdicts[0]
    assert late.status is Status.UNKNOWN
    assert "more promises are kept late in it than were broken" in late.note
    assert check(curve, comes, policy=once, environment=Environment([])).proved


def test_the_shipped_policies_are_decided(curve: Curve) -> None:
    for path in sorted(EXAMPLES.glob("*.toml")):
        report = check(curve, policy=load_policy(path))
        assert not report.unknown, path
        for verdict in report.refuted:
            assert isinstance(verdict.counterexample, Counterexample)
            assert verdict.counterexample.happens


def random_acts(draw: random.Random) -> list[Act]:
    words = [*ANY.names[1:]]
    return [Act(draw.choice(MOMENTS), draw.choice(words), draw.randint(0, 1)) for _ in range(draw.randint(0, 4))]


@pytest.mark.parametrize(
    ("journeys", "path"),
    [
        *((100, path) for path in sorted(EXAMPLES.glob("*.toml"))),
        pytest.param(10_000, EXAMPLES / "solve_first.toml", marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "stem", str(value)),
)
def test_no_journey_breaks_what_is_proved(curve: Curve, journeys: int, path: Path) -> None:
    ours = load_policy(path)
    proved = [asked() for asked in POLICY_PROPERTIES if check(curve, asked, policy=ours).proved]
    safe = [asked for asked in proved if isinstance(asked, Safety)]
    assert safe
    loop, draw = ClosedLoop(curve=curve, policy=ours, any_time=True), random.Random(path.stem)  # noqa: S311
    for _ in range(journeys):
        real = Reality(loop)
        for _ in range(10):
            if real.turn(random_acts(draw)):
                break
        for asked in safe:
            state = asked.monitor.start
            for turn in real.turns:
                state = asked.monitor.step(state, turn)
                assert state != VIOLATED, (asked.name, real.turns)


# --- what a property reads --------------------------------------------------------------------------------


def test_a_property_that_reads_too_much_is_undecided_and_says_so(curve: Curve) -> None:
    ours = load_policy(EXAMPLES / "win_back.toml")
    reads_all = [
        never(lambda turn: len(turn.signals) + len(turn.moves) > 99, name="safe"),
        leads_to(lambda turn: len(turn.moves) > 99, lambda turn: len(turn.signals) > 99, name="live"),
    ]
    for verdict in check(curve, *reads_all, policy=ours, states_max=50_000):
        assert verdict.status is Status.UNKNOWN
        assert "with what the property reads there are more than states_max=50000 states" in verdict.note


def test_whole_positions_can_be_compared(curve: Curve) -> None:
    ours = load_policy(EXAMPLES / "funnel.toml")
    still = never(lambda turn: turn.before == turn.after and turn.met != turn.before, name="back again")
    found = check(curve, still, policy=ours).verdicts[0].counterexample
    assert isinstance(found, Counterexample)
    last = found.turns[-1]
    assert last.before == last.after != last.met


@pytest.mark.parametrize(
    ("predicate", "says"),
    [
        (lambda turn: turn.met.stage == "advocat", "stage 'advocat'"),
        (lambda turn: turn.met.stage in ("hopeful", "partner"), "stage 'partner'"),
        (lambda turn: turn.after.account != "cleer", "account 'cleer'"),
        (lambda turn: "complain" in turn.moves, "move 'complain'"),
        (lambda turn: "kept_mayor" in turn.signals, "signal 'kept_mayor'"),
        (lambda turn: turn.action == "aks", "action 'aks'"),
    ],
)
def test_a_word_that_there_is_not_is_never_proved(curve: Curve, predicate: Any, says: str) -> None:
    with pytest.raises(UnknownWordError, match=says):
        check(curve, never(predicate, name="typo"), policy=load_policy(EXAMPLES / "solve_first.toml"))
