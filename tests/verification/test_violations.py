"""The properties of policies, watched in journeys that really happened."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.verification.reality import MOMENTS, Act, Reality
from trustcurve import Complained, Curve, Exchanged, Journey, OneSided, PromiseMade, Proposed, Purchased, Repaired
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import load_policy, policy
from trustcurve.policies.environment import ANY
from trustcurve.verification import (
    POLICY_PROPERTIES,
    always,
    at_most,
    check,
    leads_to,
    never,
    no_ask_on_open_account,
    nobody_forgotten,
    recovery_comes_first,
    watch,
)
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop
from trustcurve.verification.loop_journey import Counterexample
from trustcurve.verification.property import Safety
from trustcurve.verification.violations import violations_frame

CURVE = Curve.default()
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples", "policies").glob("*.toml"))
LARGE_IS_SLOW = [pytest.param(path, marks=pytest.mark.slow) if path.stem == "loyalty" else path for path in EXAMPLES]
SAFE = [asked for asked in (each() for each in POLICY_PROPERTIES) if isinstance(asked, Safety)]
waits = policy("waits")(lambda _: "wait")


def day(n: float) -> datetime:
    return NEW_YEAR + timedelta(days=n)


def asked_at(n: float) -> OneSided:
    return OneSided(at=day(n), by="company")


def ann(*events: Any, until: float | None = None) -> Journey:
    start = CURVE.begin("ann", NEW_YEAR)
    return CURVE.journey(events, start=start, until=None if until is None else day(until))


def found(journey: Journey, *asked: Any, **about: Any) -> list[tuple[str, float, str]]:
    """Return what is broken, on which day, and by what."""
    violations = watch(CURVE, *asked, policy=waits, journeys=[journey], **about)
    return [(each.property, (each.at - NEW_YEAR) / timedelta(days=1), each.what) for each in violations]


@pytest.mark.parametrize("path", LARGE_IS_SLOW, ids=lambda path: path.stem)
def test_journeys_under_a_policy_break_nothing_that_is_proved(path: Path) -> None:
    ours = load_policy(path)
    proved = [asked for asked in SAFE if check(CURVE, asked, policy=ours).proved]
    draw, words = random.Random(path.stem), [*ANY.names[1:]]  # noqa: S311 - repeatable

    class Noted(Reality):
        def apply(self, event: Any, word: str | None = None) -> None:
            events.append(event)
            super().apply(event, word)

    for _ in range(40):
        events: list[Any] = []
        real = Noted(ClosedLoop(curve=CURVE, policy=ours, any_time=True))
        start = real.standing
        for _ in range(8):
            acts = [Act(draw.choice(MOMENTS), draw.choice(words), draw.randint(0, 1)) for _ in range(3)]
            if real.turn(acts):
                break
        journey = CURVE.journey(events, start=start, until=real.standing.as_of)
        assert not list(watch(CURVE, *proved, policy=ours, journeys=[journey])), events


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_counterexamples_are_found_in_logs_of_them(path: Path) -> None:
    ours = load_policy(path)
    for verdict in check(CURVE, *SAFE, policy=ours).refuted:
        shown = verdict.counterexample
        assert isinstance(shown, Counterexample)
        assert shown.loops_from is None
        asked = next(each for each in SAFE if each.name == verdict.name)
        journey = CURVE.journey(shown.events, start=CURVE.begin("ann", BEGIN), until=shown.events[-1].at)
        broken = [each.property for each in watch(CURVE, asked, policy=ours, journeys=[journey])]
        longer = CURVE.journey(shown.events, start=CURVE.begin("ann", BEGIN), until=BEGIN + timedelta(days=999))
        found = broken or list(watch(CURVE, asked, policy=ours, journeys=[longer]))
        # Of what customers do at the very instant of a run, a log does not tell whether it came before the run.
        at_a_run = any(not (event.at - BEGIN) % timedelta(days=30) for event in shown.events)
        assert found or (at_a_run and verdict.name.startswith("no_flapping")), (path.stem, verdict.name)


def test_an_action_is_judged_at_once() -> None:
    journey = ann(Complained(at=day(3)), asked_at(4), Repaired(at=day(5)), asked_at(6), until=40)
    assert found(journey, no_ask_on_open_account) == [("no_ask_on_open_account", 4, "ask")]
    journey = ann(asked_at(4), Complained(at=day(5)), Repaired(at=day(6)), until=40)
    assert found(journey, no_ask_on_open_account, recovery_comes_first) == []


def test_an_action_is_judged_with_what_came_up_in_its_turn() -> None:
    pitch = never(lambda turn: "ask" in turn.actions and "complaint" in turn.moves, name="no pitch")
    assert found(ann(Complained(at=day(3)), asked_at(4), until=40), pitch) == [("no pitch", 4, "ask")]
    assert found(ann(Complained(at=day(3)), asked_at(34), until=70), pitch) == []


def test_what_customers_do_at_the_instant_of_a_run() -> None:
    soon = leads_to(lambda t: "complaint" in t.moves, lambda t: "repair" in t.actions, within=0, name="soon")
    after_the_run = ann(Exchanged(at=day(1)), Complained(at=day(30)), Repaired(at=day(60)), until=70)
    assert found(after_the_run, soon) == [], "the run at this instant did nothing: the complaint came after it"
    before_the_run = ann(Complained(at=day(30)), Repaired(at=day(30)), until=70)
    assert found(before_the_run, soon) == []


def test_a_run_at_the_end_of_a_journey_may_be_still_to_come() -> None:
    soon = leads_to(lambda t: "complaint" in t.moves, lambda t: "repair" in t.actions, within=0, name="soon")
    assert found(ann(Complained(at=day(1)), Purchased(at=day(30))), soon) == []
    assert found(ann(Complained(at=day(1)), Purchased(at=day(30.1))), soon) == [("soon", 30, "")]


def test_what_is_asked_of_turns_is_judged_when_they_end() -> None:
    mends = always(lambda turn: "repair" in turn.actions, when=lambda turn: "complaint" in turn.moves, name="mends")
    assert found(ann(Complained(at=day(3)), until=29), mends) == [], "the turn has not ended"
    assert found(ann(Complained(at=day(3)), until=30), mends) == [("mends", 30, "")]
    assert found(ann(Complained(at=day(3)), Repaired(at=day(20)), until=70), mends) == []
    late = ann(Complained(at=day(3)), Repaired(at=day(31)), until=70)
    assert found(late, mends) == [("mends", 30, "")]


def test_what_is_counted_counts_turns() -> None:
    once = at_most(1, lambda turn: "ask" in turn.actions, per=3, name="one ask")
    assert found(ann(asked_at(1), Exchanged(at=day(35)), asked_at(36), until=95), once) == [("one ask", 60, "")]
    assert found(ann(asked_at(1), asked_at(2), until=95), once) == [], "both in one turn"
    assert found(ann(asked_at(1), asked_at(95), until=130), once) == []
    soon = leads_to(lambda t: "complaint" in t.moves, lambda t: "repair" in t.actions, within=1, name="soon")
    assert found(ann(Complained(at=day(3)), until=95), soon) == [("soon", 60, "")]


def test_a_property_is_watched_again_after_it_was_broken() -> None:
    silent = never(lambda turn: "complaint" in turn.moves, name="no complaints")
    journey = ann(Complained(at=day(3)), Complained(at=day(40)), Complained(at=day(41)), until=95)
    assert found(journey, silent) == [("no complaints", 30, ""), ("no complaints", 60, "")]


def test_what_comes_due_belongs_to_its_turn() -> None:
    breaks = never(lambda turn: "broken_major" in turn.signals, name="no breaks")
    promised = PromiseMade(at=day(1), promise="p", due=day(10))
    assert found(ann(promised, Exchanged(at=day(100)), until=130), breaks) == [("no breaks", 30, "")]
    first_day_of_the_next = PromiseMade(at=day(1), promise="p", due=day(30))
    assert found(ann(first_day_of_the_next, until=95), breaks) == [("no breaks", 60, "")]


def test_runs_of_everybody_at_once() -> None:
    silent = never(lambda turn: "complaint" in turn.moves, name="no complaints")
    journey = ann(Complained(at=day(3)), until=40)
    assert found(journey, silent, first_run=day(-20)) == [("no complaints", 10, "")]
    assert found(journey, silent, first_run=day(2)) == [("no complaints", 32, "")]
    assert found(journey, silent, turn=timedelta(days=9)) == [("no complaints", 9, "")]


def test_a_word_that_there_is_not_is_an_error() -> None:
    typo = never(lambda turn: "aks" in turn.actions, name="typo")
    with pytest.raises(UnknownWordError, match="action 'aks' is unknown; did you mean 'ask'"):
        found(ann(asked_at(4), until=40), typo)
    stage = never(lambda turn: turn.met.stage == "hopefull", name="typo")
    with pytest.raises(UnknownWordError, match="stage 'hopefull' is unknown"):
        found(ann(asked_at(4), until=40), stage)


def test_violations_as_a_table_and_in_words() -> None:
    journey = ann(Proposed(at=day(1)), asked_at(4))
    (violation,) = watch(CURVE, no_ask_on_open_account, policy=waits, journeys=[journey])
    assert str(violation) == (
        "ann: no_ask_on_open_account is broken by ask at 2026-01-05 00:00 UTC (turn 1, hopeful, account due)"
    )
    frame = violations_frame([violation])
    assert frame.row(0, named=True) == {
        "customer": "ann", "property": "no_ask_on_open_account", "at": day(4), "turn": 1, "what": "ask",
        "state": "hopeful", "account": "due",
    }  # fmt: skip
    assert violations_frame([]).schema == frame.schema


@pytest.mark.parametrize(
    ("asked", "about", "says"),
    [
        (nobody_forgotten, {}, "properties must be a safety property: a log ends"),
        (no_ask_on_open_account, {"turn": timedelta(0)}, "turn must be a duration that is a whole fraction"),
        (no_ask_on_open_account, {"journeys": None}, "journeys must be journeys"),
        (no_ask_on_open_account, {"first_run": "soon"}, "first_run"),
        (no_ask_on_open_account, {"turn": 30}, "turn must be a duration that is a whole fraction"),
        (no_ask_on_open_account, {"policy": "waits"}, "policy must be a Policy"),
    ],
)
def test_what_cannot_be_watched(asked: Any, about: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValueError, match=says):
        watch(CURVE, asked, **{"policy": waits, "journeys": [], **about})
