"""What can be asked of a position: why not, what next, how to get there."""

from __future__ import annotations

from itertools import product

import pytest

from tests.core import reading
from tests.core.reading import DEFAULTS, SIGNALS, Place
from tests.core.stories import after, customer_centric, hopeful
from trustcurve import Curve, Exchanged, Position

COMPANY = tuple(
    signal
    for signal in SIGNALS
    if signal not in ("complaint", "advocacy", "purchase", "customer_one_sided", "departure", "return", "silence")
)

# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "signal", "told"),
    [
        (
            Position("customer_centric", 3, 2, 0, "clear"),
            "advocacy",
            [
                "advocacy.begins: engaged 2 of 3",
                "advocacy.begins_in_debt: engaged 2 of 3",
                "advocacy.adds_nothing: advocacy.favours came first",
            ],
        ),
        (
            Position("customer_centric", 2, 4, 1, "slip"),
            "advocacy",
            [
                "advocacy.begins: account slip, not clear, kept 2 of 3, felt doubt 2, not 0",
                "advocacy.begins_in_debt: kept 2 of 3, felt doubt 2, not 0",
                "advocacy.favours: account slip, not clear",
            ],
        ),
        (
            Position("distrust", 0, 0, 5, "breach"),
            "proposition",
            [
                "proposition.opens: posture competitive, not suspicious, account breach, not clear",
                "proposition.renews: distrust.competitive is not across the barrier, account breach, not clear",
                "proposition.repeats: account breach, not due",
            ],
        ),
        (
            Position("hopeful", 0, 3, 0, "clear"),
            "kept_minor",
            ["kept_minor.pleases: engaged 3, not below 2", "kept_minor.too_little: kept_minor.expected came first"],
        ),
        (
            Position("hopeful", 0, 0, 2, "slip"),
            "exchange",
            [
                "exchange.heals: account slip, not clear or due",
                "exchange.counts: account slip, not clear or due",
            ],
        ),
        (
            Position("hopeful", 0, 0, 0, "clear"),
            "company_one_sided",
            ["company_one_sided.paid: engaged 0 of 1"],
        ),
        (Position("hopeful", 0, 0, 0, "clear"), "kept_major", []),
    ],
)
def test_a_row_that_did_not_apply_says_which_condition_failed(
    curve: Curve, position: Position, signal: str, told: list[str]
) -> None:
    assert [str(refusal) for refusal in curve.refusals(position, signal)] == told


def test_a_refusal_is_data(curve: Curve) -> None:
    refusal, *_, last = curve.refusals(Position("customer_centric", 3, 2, 0, "clear"), "advocacy")
    assert refusal.rule.name == "advocacy.begins"
    assert [(each.part, each.actual, each.wanted, str(each)) for each in refusal.failures] == [
        ("engaged", 2, "at least 3", "engaged 2 of 3")
    ]
    assert refusal.outranked_by is None
    assert last.failures == ()
    assert last.outranked_by is not None
    assert last.outranked_by.name == "advocacy.favours"


def test_every_row_applied_was_refused_or_came_too_late(curve: Curve) -> None:
    rules = {signal: [rule for rule in curve.rules if rule.signal == signal] for signal in curve.signals}
    for position, signal in product(curve.table().positions, curve.signals):
        applied = curve.react(position, signal).rule
        refusals = curve.refusals(position, signal)
        assert [refusal.rule for refusal in refusals] == [rule for rule in rules[signal] if rule != applied]
        place = rules[signal].index(applied)
        for number, refusal in enumerate(refusals):
            assert bool(refusal.failures) != (refusal.outranked_by is not None)
            if number < place:
                assert refusal.failures, "an earlier row with all conditions met would have applied"


# --- outlook ---------------------------------------------------------------------------------------------


def test_an_outlook_is_where_each_signal_leads(curve: Curve) -> None:
    position = Position("customer_centric", 3, 4, 0, "clear")
    outlook = curve.outlook(position)
    assert tuple(outlook) == curve.signals
    assert all(reaction == curve.react(position, signal) for signal, reaction in outlook.items())
    assert {signal: curve.state(reaction.after) for signal, reaction in outlook.items() if reaction.moved} == {
        "advocacy": "advocate",
        "broken_major": "hopeful",
        "departure": "departed",
    }


# --- paths -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "goal", "says"),
    [
        (Position("hopeful", 0, 1, 0, "due"), "customer_centric", "one major promise kept, two exchanges"),
        (Position("distrust", 0, 0, 2, "clear"), "hopeful", "one hopeful proposition"),
        (Position("distrust", 0, 0, 2, "clear"), "distrust", "nothing to do"),
        (
            Position("distrust", 0, 0, 2, "clear"),
            "advocate",
            "one hopeful proposition, three major promises kept, three exchanges, one recommendation by the customer",
        ),
        (Position("distrust", 0, 0, 8, "clear"), "distrust.suspicious", "five major promises kept"),
        (Position("hopeful", 0, 0, 2, "breach"), "departed", "one departure"),
    ],
)
def test_a_path_is_told_in_words(curve: Curve, position: Position, goal: str, says: str) -> None:
    path = curve.path(position, goal)
    assert path is not None
    assert str(path) == path.description == says
    assert len(path) == len(path.signals) == len(path.reactions)


def test_a_company_cannot_do_what_is_the_customers_to_do(curve: Curve) -> None:
    nearly = after(curve, *customer_centric()).position
    assert curve.path(nearly, "advocate", by="company") is None
    assert str(curve.path(nearly, "advocate", by="anyone")) == "one recommendation by the customer"
    departed = Position("departed", 0, 0, 2, "clear")
    assert curve.path(departed, "hopeful", by="company") is None
    assert str(curve.path(departed, "hopeful")) == "one return, one hopeful proposition"
    asked = after(curve, *hopeful(), Exchanged(at=hopeful()[0].at)).position
    path = curve.path(asked, "customer_centric", by="company")
    assert path is not None
    assert path.signals == ("kept_major",)


def test_the_clock_is_anyone_too(curve: Curve) -> None:
    waiting = Position("hopeful", 0, 0, 0, "clear")
    path = curve.path(waiting, "distrust", by="anyone")
    assert path is not None
    assert (len(path), str(path)) == (1, "one quiet period")


def distances(by: tuple[str, ...], goal: int) -> dict[Place, int]:
    """Return how many signals lead to a rank at least, from everywhere, by relaxation in the second reading."""
    everywhere = reading.reachable(DEFAULTS)
    far = {at: 0 for at in everywhere if reading.rank(at, DEFAULTS) == goal}
    leads = {at: [reading.react(at, signal, DEFAULTS) for signal in by] for at in everywhere}
    for length in range(1, len(everywhere)):
        new = {at for at in everywhere if at not in far and any(far.get(to) == length - 1 for to in leads[at])}
        if not new:
            break
        far |= dict.fromkeys(new, length)
    return far


@pytest.mark.parametrize("by", ["company", "anyone"])
@pytest.mark.parametrize("goal", range(7))
def test_no_path_is_shorter(curve: Curve, by: str, goal: int) -> None:
    far = distances(COMPANY if by == "company" else SIGNALS, goal)
    allowed = set(COMPANY if by == "company" else SIGNALS)
    for position in curve.table().positions[::7]:
        path = curve.path(position, curve.states[goal], by=by)  # type: ignore[arg-type]
        if path is None:
            assert reading.place(position) not in far
            continue
        assert len(path) == far[reading.place(position)]
        assert set(path.signals) <= allowed
        at = position
        for reaction in path.reactions:
            assert reaction == curve.react(at, reaction.signal)
            at = reaction.after
        assert curve.rank(at) == goal


def test_of_equally_short_paths_the_one_first_in_the_file(curve: Curve) -> None:
    start, goal = Position("hopeful", 0, 0, 2, "due"), "customer_centric"
    path = curve.path(start, goal)
    assert path is not None

    def leads_there(signals: tuple[str, ...]) -> bool:
        position = start
        for signal in signals:
            position = curve.react(position, signal).after
        return position.stage == goal

    useful = ("proposition", "promise_made", "kept_major", "exchange", "kept_minor", "repair")  # the others cost
    assert useful == curve.signals[:6]
    assert path.signals == next(filter(leads_there, product(useful, repeat=len(path))))
