"""What a step tells: before and after, up or down, why, and a few lines for a person."""

from __future__ import annotations

import pytest

from tests.core.stories import after, customer_centric, day, hopeful
from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    OneSided,
    Position,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Repaired,
    Step,
)


def step(curve: Curve, *events: Event) -> Step:
    """Return the last of several steps."""
    *earlier, last = events
    return curve.advance(after(curve, *earlier), last)


def test_a_rise_is_told_with_its_reason(curve: Curve) -> None:
    told = step(curve, Proposed(at=day(0), channel="letter", note="spring offer"))
    assert (told.rose, told.fell, told.moved, told.change) == (True, False, True, 1)
    assert told.before.position == curve.start
    assert told.reaction is not None
    assert told.because == told.reaction.because == told.reaction.rule.because
    assert told.explain() == (
        "2026-01-01 00:00 UTC  the company makes a hopeful proposition [letter] [spring offer]\n"
        "  rose: distrust.suspicious -> hopeful\n"
        "  because a hopeful proposition carries a suspicious customer across the barrier, "
        "and the hope now needs proof\n"
        "  account clear -> due"
    )


def test_a_fall_names_the_settling_behind_it(curve: Curve) -> None:
    told = step(curve, *customer_centric(), PromiseBroken(at=day(1), promise="p", weight="major"))
    assert (told.rose, told.fell, told.moved, told.change) == (False, True, True, -1)
    (reaction,) = told.reactions
    assert reaction.rule.name == "broken_major.betrays"
    assert [row.name for row in reaction.settling] == ["customer_centric.falls"]
    assert told.because == f"{reaction.rule.because}; {reaction.settling[0].because}"
    assert told.explain().splitlines()[1:] == [
        "  fell: customer_centric -> hopeful",
        f"  because {told.because}",
        "  kept 3 -> 0, engaged 4 -> 0, doubt 0 -> 2, account clear -> breach",
    ]


def test_a_step_in_which_nothing_moved_has_a_reason_too(curve: Curve) -> None:
    told = step(curve, *hopeful(), Complained(at=day(1)), Exchanged(at=day(2)))
    assert (told.rose, told.fell, told.moved, told.change) == (False, False, False, 0)
    assert told.explain() == (
        "2026-01-03 00:00 UTC  a useful exchange\n"
        "  stays hopeful\n"
        "  because an exchange does not count while a failure is unrepaired: make amends first"
    )
    assert told.transitions == ()


def test_the_clock_is_told_first(curve: Curve) -> None:
    promised = PromiseMade(at=day(1), promise="p", due=day(9), weight="minor")
    told = step(curve, *customer_centric(), promised, Repaired(at=day(95)))
    lines = told.explain().splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [
        "2026-01-10 00:00 UTC  promise 'p' was not kept by its date",
        "2026-04-01 00:00 UTC  a whole quiet period passed",
        "2026-04-06 00:00 UTC  the company apologises and makes good",
    ]
    assert [reaction.signal for reaction in told.reactions] == ["broken_minor", "silence", "repair"]
    assert told.reaction == told.reactions[-1]
    assert told.because == told.reactions[-1].because


def test_a_look_tells_what_the_clock_did_or_that_it_did_nothing(curve: Curve) -> None:
    standing = after(curve, *hopeful())
    assert curve.observe(standing, day(1)).explain() == "2026-01-02 00:00 UTC  nothing came due"
    assert curve.observe(standing, day(1)).because == "an observation changes nothing"
    told = curve.observe(standing, day(91))
    assert told.event is None
    assert told.reaction is None
    assert told.explain().splitlines()[0] == "2026-04-01 00:00 UTC  a whole quiet period passed"


@pytest.mark.parametrize(
    ("event", "first", "why"),
    [
        (
            PromiseMade(at=day(2), promise="q", weight="minor"),
            "the company makes minor promise 'q'",
            "a minor promise changes nothing until it is kept or broken",
        ),
        (
            PromiseMoved(at=day(2), promise="open", due=day(30)),
            "the customer agrees to a new date for promise 'open': 2026-01-31 00:00 UTC",
            "the customer agreed to the new date in time",
        ),
        (
            PromiseReleased(at=day(2), promise="open"),
            "the customer no longer wants promise 'open'",
            "the customer released the company from it",
        ),
        (
            PromiseKept(at=day(2), promise="late"),
            "the company keeps promise 'late'",
            "kept too late to count, but no longer owed",
        ),
        (
            PromiseBroken(at=day(2), promise="late"),
            "the company breaks promise 'late'",
            "the promise was already broken by its date, and is no longer owed",
        ),
    ],
)
def test_an_event_without_a_signal_says_why(curve: Curve, event: Event, first: str, why: str) -> None:
    promises = [PromiseMade(at=day(0), promise="open"), PromiseMade(at=day(0), promise="late", due=day(1))]
    standing = curve.observe(after(curve, *hopeful(), *promises), day(2)).after
    told = curve.advance(standing, event)
    assert told.reactions == ()
    assert told.because == why
    assert told.explain() == f"2026-01-03 00:00 UTC  {first}\n  {why}"


def test_a_fault_is_shown(curve: Curve) -> None:
    event = PromiseBroken(at=day(0), promise="p", weight="minor", fault="circumstance", channel="parcel")
    first = step(curve, event).explain().splitlines()[0]
    assert first == "2026-01-01 00:00 UTC  the company breaks promise 'p' [parcel] [fault: circumstance]"


def test_words_for_whose_act_and_which_date(curve: Curve) -> None:
    assert "the customer acts one-sidedly" in step(curve, OneSided(at=day(0), by="customer")).explain()
    made = PromiseMade(at=day(0), promise="p", due=day(1))
    assert "the company makes major promise 'p', due 2026-01-02 00:00 UTC" in step(curve, made).explain()


def test_every_move_of_a_step_is_told_with_its_source(curve: Curve) -> None:
    promised = PromiseMade(at=day(1), promise="p", due=day(9))
    event = OneSided(at=day(300), by="company")
    told = step(curve, *customer_centric(), Advocated(at=day(0)), promised, event)
    assert [(m.at, m.before, m.after, m.change, m.promise, m.event) for m in told.transitions] == [
        (day(9), "advocate", "hopeful", -2, "p", None),
        (day(90), "hopeful", "distrust.competitive", -2, None, None),
    ]
    assert told.change == -4
    assert [move.rule and move.rule.name for move in told.transitions] == ["broken_major.betrays", "silence.cools"]
    left = step(curve, *hopeful(), Departed(at=day(1)))
    assert [(move.event, move.at) for move in left.transitions] == [(left.event, day(1))]


def test_up_and_down_in_one_step_are_two_moves_and_no_change(curve: Curve) -> None:
    told = step(curve, *[Proposed(at=day(0))], PromiseMade(at=day(100), promise="p"))
    assert [(move.before, move.after) for move in told.transitions] == [
        ("hopeful", "distrust.suspicious"),
        ("distrust.suspicious", "hopeful"),
    ]
    assert (told.change, told.rose, told.fell, told.moved) == (0, False, False, False)


# --- states, ranks, reactions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "state", "rank"),
    [
        (Position("departed", 0, 0, 12, "breach"), "departed", 0),
        (Position("distrust", 0, 0, 8, "clear"), "distrust.adversarial", 1),
        (Position("distrust", 0, 0, 6, "breach"), "distrust.adversarial", 1),
        (Position("distrust", 0, 0, 7, "clear"), "distrust.competitive", 2),
        (Position("distrust", 0, 0, 3, "slip"), "distrust.competitive", 2),
        (Position("distrust", 0, 0, 3, "clear"), "distrust.suspicious", 3),
        (Position("hopeful", 0, 0, 4, "clear"), "hopeful", 4),
        (Position("customer_centric", 1, 3, 0, "clear"), "customer_centric", 5),
        (Position("advocate", 3, 3, 0, "due"), "advocate", 6),
    ],
)
def test_a_position_has_a_state_and_a_rank(curve: Curve, position: Position, state: str, rank: int) -> None:
    assert (curve.state(position), curve.rank(position)) == (state, rank)
    assert curve.states[rank] == state


def test_a_reaction_names_only_the_settling_that_changed_something(curve: Curve) -> None:
    settled = curve.react(Position("hopeful", 1, 2, 1, "clear"), "exchange")
    assert [row.name for row in settled.settling] == ["hopeful.rises"]
    assert (settled.state_before, settled.state_after, settled.change) == ("hopeful", "customer_centric", 1)
    assert (settled.rose, settled.fell, settled.moved, settled.crosses) == (True, False, True, False)
    nothing = curve.react(curve.start, "purchase")
    assert [row.name for row in nothing.settling] == ["outside.owes_no_proof"]
    assert not nothing.moved
    cascade = curve.react(Position("advocate", 3, 4, 2, "clear"), "broken_major")
    assert [row.name for row in cascade.settling] == [
        "advocate.falls",
        "customer_centric.falls",
        "hopeful.falls",
    ]
    assert cascade.change == -4
    assert curve.react(curve.start, "proposition").crosses


def test_the_same_question_has_the_very_same_answer(curve: Curve) -> None:
    assert curve.react(curve.start, "exchange") is curve.react(Position("distrust", 0, 0, 2, "clear"), "exchange")
