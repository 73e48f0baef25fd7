"""Guards: nothing that they allow breaks what is proved, and what they refuse could break it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.verification.reality import MOMENTS, Act, Reality
from trustcurve import Complained, Curve
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import Environment, Policy, load_policy, policy
from trustcurve.policies.actions import ACTION_EVENTS
from trustcurve.policies.environment import ANY
from trustcurve.verification import (
    Guard,
    Refused,
    Turn,
    UnprovedPropertyError,
    at_most,
    bounded_asks_while_distrusted,
    guard,
    leads_to,
    never,
    no_ask_on_open_account,
    nobody_forgotten,
    quiet_period,
    recovery_comes_first,
)
from trustcurve.verification.closed_loop import ClosedLoop, Node
from trustcurve.verification.monitor import VIOLATED
from trustcurve.verification.property import Safety

CURVE = Curve.default()
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"

patient = policy("patient", promise_due=1)(
    lambda v: (
        "repair"
        if v.account in ("slip", "breach")
        else "promise_minor"
        if not v.outside and not v.open and v.quiet >= 2
        else "propose"
        if v.state == "distrust.suspicious" and v.account == "clear"
        else "wait"
    )
)
two_asks = at_most(2, lambda turn: "ask" in turn.actions, per=4, name="two asks in four turns")
HOLDS = (no_ask_on_open_account, recovery_comes_first, two_asks)


@pytest.fixture(scope="module")
def asks() -> Guard:
    return guard(CURVE, *HOLDS, policy=patient, acts=["ask", "exchange"])


class Guarded(Reality):
    """A customer with whom somebody tries to do things between two runs."""

    def attempt(self, may: Guard, at: datetime, act: str) -> bool:
        """Try something; do it if it is allowed, and return whether it was."""
        if not may(self.standing, self.memory, act, at=at):
            return False
        before = self.loop.curve.observe(self.standing, at).after.position
        self.apply(ACTION_EVENTS[act](at))
        self.did.append(act)
        self.history = self.history.hears(act)
        met, after, opened = before, self.standing.position, self.open
        at_once = Turn(met, met, after, frozenset(), frozenset({act}), frozenset(), opened, opened)
        for asked in may.holds:
            if asked.momentary:
                assert asked.monitor.step(asked.monitor.start, at_once) != VIOLATED, (asked.name, act)
        return True


def live(may: Guard, ours: Policy, turns: int, draw: random.Random, calls: int) -> tuple[int, int]:
    """Live through some turns, and try some actions in each; return how many were allowed and how many refused."""
    real = Guarded(ClosedLoop(curve=CURVE, policy=ours, any_time=True))
    allowed = refused = 0
    monitors = {asked.name: asked.monitor.start for asked in may.holds}
    words = [*ANY.names[1:]]
    for _ in range(turns):
        acts = [Act(draw.choice(MOMENTS), draw.choice(words), draw.randint(0, 1)) for _ in range(draw.randint(0, 2))]
        for _ in range(calls):
            at = max(real.standing.as_of, real.run + real.loop.turn * draw.random())
            if draw.random() < 0.1:  # most calls only ask
                allowed += real.attempt(may, at, draw.choice(may.acts))
            else:
                allowed += bool(may(real.standing, real.memory, draw.choice(may.acts), at=at))
            refused = calls - allowed
        made = len(real.turns)
        real.turn(acts)
        for asked in may.holds:
            turn = real.turns[made]
            if asked.momentary:
                turn = Turn(**{**{name: getattr(turn, name) for name in FIELDS}, "actions": real.decided})
            state = monitors[asked.name] = asked.monitor.step(monitors[asked.name], turn)
            assert state != VIOLATED, (asked.name, real.turns)
    return allowed, refused


FIELDS = ("before", "met", "after", "moves", "actions", "signals", "open_before", "open_after")


@pytest.mark.parametrize(
    ("journeys", "calls"), [(60, 40), pytest.param(2_500, 40, marks=pytest.mark.slow, id="a million calls")]
)
def test_no_action_that_is_allowed_breaks_what_is_proved(asks: Guard, journeys: int, calls: int) -> None:
    draw = random.Random(journeys)  # noqa: S311 - repeatable
    allowed = 0
    for _ in range(journeys):
        allowed += live(asks, patient, 10, draw, calls)[0]
    assert journeys < allowed < journeys * calls * 10, "some are allowed, and some are not"


class Known(NamedTuple):
    """Everything that matters later, in a search that knows nothing of arrays."""

    node: Node
    before: int
    opened: int
    moves: frozenset[str]
    signals: frozenset[str]
    acts: frozenset[str]
    monitor: int


def ways(loop: ClosedLoop, known: Known, asked: Safety) -> Iterator[tuple[str, Known | None]]:
    """Yield everything that can happen: a word, and what is known then; None if it violates the property."""
    passages = [loop.move(known.node, move) for move in loop.possible(known.node)]
    passages += [passage for passage in (loop.pass_time(known.node),) if passage is not None]
    for passage in passages:
        word, signals = passage.happening.move, {signal for _, signal in passage.happening.signals}
        then = known._replace(
            node=passage.after,
            moves=known.moves | ({word} & {*ANY.names}),
            signals=known.signals | signals,
            acts=known.acts | ({word} & {*ACTION_EVENTS} if not asked.momentary else set()),
        )
        yield word, then
    if known.node.context.phase == loop.rules.last_phase:
        acted = loop.act(known.node)
        assert acted is not None
        at, did = loop.table.positions, frozenset(acted.happening.actions or ())
        signals = known.signals | {signal for _, signal in acted.happening.signals}
        opened = len(acted.after.context.promises)
        met, after = at[known.node.position], at[acted.after.position]
        turn = Turn(at[known.before], met, after, known.moves, known.acts | did, signals, known.opened, opened)
        state = asked.monitor.step(known.monitor, turn)
        none: frozenset[str] = frozenset()
        then = Known(acted.after, acted.after.position, opened, none, none, none, state)
        yield "run", None if state == VIOLATED else then


def refused_by_hand(may: Guard, asked: Safety) -> set[tuple[Node, str]]:
    """Return every state of the loop and action that a guard must refuse, by search without arrays."""
    loop = may.automaton.loop
    none: frozenset[str] = frozenset()
    start = Known(loop.start, loop.start.position, 0, none, none, none, asked.monitor.start)
    every: dict[Known, list[tuple[str, Known | None]]] = {}
    queue = [start]
    for known in queue:
        if known not in every:
            every[known] = list(ways(loop, known, asked))
            queue += [then for _, then in every[known] if then is not None]
    lost: set[Known | None] = {None}
    grown = True
    while grown:
        more = {known for known, out in every.items() if any(w not in may.acts and then in lost for w, then in out)}
        grown = not more <= lost
        lost |= more

    def harmful(known: Known, word: str, then: Known | None) -> bool:
        if word not in may.acts or then is None:
            return False
        at = loop.table.positions
        met, after = at[known.node.position], at[then.node.position]
        opened = len(known.node.context.promises)
        turn = Turn(at[known.before], met, after, known.moves, frozenset({word}), then.signals, known.opened, opened)
        at_once = asked.momentary and asked.monitor.step(asked.monitor.start, turn) == VIOLATED
        return then in lost or at_once

    found, reached, queue = set(), {start}, [start]
    for known in queue:
        for word, then in every[known]:
            if harmful(known, word, then):
                found.add((known.node, word))
            elif then is not None and then not in reached:
                reached.add(then)
                queue.append(then)
    return found


@pytest.mark.parametrize(
    "asked",
    [
        no_ask_on_open_account,
        at_most(1, lambda turn: "ask" in turn.actions, per=2, name="one ask in two turns"),
        leads_to(lambda t: "ask" in t.actions, lambda t: "repair" in t.actions, within=1, name="made good"),
        never(lambda turn: turn.before.doubt > 3 and "ask" in turn.actions, name="no ask in doubt"),
        never(lambda turn: "complaint" in turn.moves and "ask" in turn.actions, name="no ask with a complaint"),
    ],
    ids=lambda asked: asked.name,
)
def test_a_search_by_hand_refuses_the_same(asked: Safety) -> None:
    mends = policy("mends")(lambda v: "repair" if v.account == "slip" else "wait")
    may = guard(CURVE, asked, policy=mends, environment=Environment(["complaint"]), acts=["ask", "exchange"])
    wrong = refused_by_hand(may, asked)
    automaton = may.automaton
    refusals = may.refusals(asked.name)
    ours = {
        (automaton.state(state), may.acts[place])
        for state in range(automaton.states)
        for place in range(len(may.acts))
        if refusals[state, place] >= 0
    }
    assert ours == wrong
    assert wrong


def test_a_refusal_says_why_and_what_would_help(asks: Guard) -> None:
    ann = patient.next_action(CURVE, CURVE.begin("ann", NEW_YEAR), patient.memory(), at=NEW_YEAR)
    standing, memory = ann.standing, ann.memory
    for event in (*ann.events(), Complained(at=NEW_YEAR + timedelta(days=3))):
        step = CURVE.advance(standing, event)
        standing, memory = step.after, patient.remember(memory, step)
    refused = asks(standing, memory, "ask", at=NEW_YEAR + timedelta(days=5))
    assert isinstance(refused, Refused)
    assert not refused
    assert refused.property == "no_ask_on_open_account"
    assert refused.reason == "then no_ask_on_open_account could be broken"
    assert refused.journey[0].startswith("now: ask -> ")
    assert refused.journey[-1] == "that breaks no_ask_on_open_account"
    assert refused.instead, "once amends are made and goodwill is earned, an ask is allowed"
    assert "it is allowed after:" in str(refused)
    assert repr(refused) == "<Refused: ask, then no_ask_on_open_account could be broken>"


def test_what_is_not_known_is_refused(asks: Guard) -> None:
    ann = CURVE.begin("ann", NEW_YEAR)
    never_ran = asks(ann, patient.memory(), "ask", at=NEW_YEAR)
    assert isinstance(never_ran, Refused)
    assert never_ran.reason == "the policy has not run yet for this customer"
    assert (never_ran.property, never_ran.journey, never_ran.instead) == (None, (), ())
    decision = patient.next_action(CURVE, ann, patient.memory(), at=NEW_YEAR)
    late = asks(decision.standing, decision.memory, "ask", at=NEW_YEAR + timedelta(days=31))
    assert isinstance(late, Refused)
    assert late.reason == "the latest run of the policy was not in the 30 days before"


def test_a_customer_whom_the_environment_cannot_make_is_unknown() -> None:
    waits = policy("waits")(lambda _: "wait")
    may = guard(CURVE, two_asks, policy=waits, acts=["ask"], environment=Environment(["purchase"]))
    decision = waits.next_action(CURVE, CURVE.begin("ann", NEW_YEAR), waits.memory(), at=NEW_YEAR)
    step = CURVE.advance(decision.standing, Complained(at=NEW_YEAR))
    strange = may(step.after, waits.remember(decision.memory, step), "ask", at=NEW_YEAR + timedelta(days=4))
    assert isinstance(strange, Refused)
    assert (strange.property, strange.reason) == (None, "the proof does not know of such a customer")


def test_a_policy_makes_its_own_guard() -> None:
    may = patient.guard(CURVE, holds=[no_ask_on_open_account], acts=["ask"], environment=Environment(["complaint"]))
    assert may.acts == ("ask",)
    assert repr(may) == "<Guard of ask: no_ask_on_open_account>"


def test_shipped_policy_is_guarded() -> None:
    ours = load_policy(EXAMPLES / "funnel.toml")
    may = guard(CURVE, quiet_period(4, 4), policy=ours, acts=["repair"])
    decision = ours.next_action(CURVE, CURVE.begin("ann", NEW_YEAR), ours.memory(), at=NEW_YEAR)
    standing, memory = decision.standing, decision.memory
    for event in decision.events():
        step = CURVE.advance(standing, event)
        standing, memory = step.after, ours.remember(memory, step)
    assert may(standing, memory, "repair", at=NEW_YEAR + timedelta(days=1))


# --- what is not guarded --------------------------------------------------------------------------------------


def test_only_what_is_proved_can_be_kept() -> None:
    with pytest.raises(UnprovedPropertyError, match=r"bounded_asks_while_distrusted\(1\) is REFUTED"):
        guard(CURVE, bounded_asks_while_distrusted(1), policy=load_policy(EXAMPLES / "funnel.toml"))


@pytest.mark.parametrize(
    ("holds", "about", "says"),
    [
        (nobody_forgotten, {}, "holds must be a safety property such as always"),
        (leads_to(lambda _: True, lambda _: True), {}, "holds must be a safety property"),
        (two_asks, {"acts": ["aks"]}, "acts 'aks' is unknown"),
        (two_asks, {"environment": Environment({"complaint": 0.1})}, "environment must not have probabilities"),
        (two_asks, {"states_max": 0}, "states_max"),
        (two_asks, {"policy": "patient"}, "policy must be a Policy"),
    ],
)
def test_what_cannot_be_guarded(holds: Any, about: dict[str, Any], says: str) -> None:
    with pytest.raises((InvalidValueError, UnknownWordError)) as caught:
        guard(CURVE, holds, **{"policy": patient, **about})
    assert says in str(caught.value)


def test_an_action_that_is_not_guarded(asks: Guard) -> None:
    with pytest.raises(UnknownWordError, match="act 'repair' is unknown; known: ask, exchange"):
        asks(CURVE.begin("ann", NEW_YEAR), patient.memory(), "repair", at=NEW_YEAR)
