"""Each property out of the box is refuted where it is broken, and proved where it holds, and not for want of a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from tests.core.test_own_curve import OURS
from tests.verification.changes import Change, changed, edit
from tests.verification.planted import CALM, Planted, careful, grown, row
from tests.verification.test_planted import least_signals
from trustcurve import Curve, Position, Reaction
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import Environment, Policy, View, policy, since
from trustcurve.verification import (
    CURVE_PROPERTIES,
    MORE_CURVE_PROPERTIES,
    POLICY_PROPERTIES,
    CurveCounterexample,
    Property,
    Status,
    bounded_asks_while_distrusted,
    can_make_advocates,
    check,
    goodwill_pays_for_asks,
    hysteresis,
    listens_more,
    no_ask_on_open_account,
    no_flapping,
    nobody_forgotten,
    only_deeds_lift,
    promise_before_ask,
    quiet_period,
    recovery_comes_first,
    repair_within,
    stays_in_touch,
    thanks_before_ask,
    thanks_within,
    way_back,
)
from trustcurve.verification.named_properties import PROPERTY_NAMES, property_named

DEFAULT = Curve.default()


# --- curves -------------------------------------------------------------------------------------


def lost(curve: Curve) -> Curve:
    """Make a curve on which those who leave in the deepest doubt never come back."""
    bottom = {"stage": "departed", "doubt": "doubt_max"}
    return grown(grown(curve, row("return", bottom)), row("kept_major", bottom, name="planted too"))


def before(signal: str, when: dict[str, Any], **effects: Any) -> Curve:
    return grown(DEFAULT, row(signal, when, **effects))


def with_change(change: Change) -> Curve:
    return changed(DEFAULT, change)


BROKEN: dict[str, Callable[[], Curve]] = {
    "no_stage_skipping": lambda: before(
        "exchange", {"stage": "hopeful", "kept": 2}, set={"stage": "advocate", "doubt": 0}
    ),
    "no_harm_helps": lambda: with_change(lambda r: edit(r, "purchase.owes", add={"engaged": 1})),
    "no_good_hurts": lambda: with_change(lambda r: edit(r, "repair.settles", add={"doubt": -2})),
    "no_credit_for_asking": lambda: before("company_one_sided", {"stage": "advocate"}, add={"engaged": 1}),
    "kept_never_hurts": lambda: before("kept_minor", {"stage": "hopeful"}, set={"stage": "distrust"}),
    "broken_never_helps": lambda: before("broken_minor", {"stage": "distrust"}, add={"doubt": -1}),
    "silence_never_promotes": lambda: before("silence", {"stage": "distrust", "doubt": 0}, set={"stage": "hopeful"}),
    "advocate_is_earned": lambda: before("exchange", {"stage": "customer_centric"}, set={"stage": "advocate"}),
    "recoverable": lambda: lost(DEFAULT),
    "no_stage_outlives_silence": lambda: before("silence", {"stage": "advocate"}, add={"doubt": 0}),
    "goodwill_pays_for_asks": lambda: before("company_one_sided", {"stage": "advocate"}, add={"doubt": 1}),
    "goods_in_any_order": lambda: before("exchange", {"stage": "hopeful", "kept": 0}, add={"engaged": 0}),
    "closed_to_persuasion": lambda: before(
        "proposition", {"stage": "distrust", "posture": "competitive"}, add={"doubt": -1}
    ),
    "hysteresis": lambda: Curve.default(customer_centric_lost_at=2, advocate_lost_at=2),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_curve_that_breaks_it_is_refuted(name: str):
    wrong = BROKEN[name]()
    verdict = check(wrong, property_named(name))[name]
    assert verdict.status is Status.REFUTED
    assert verdict.description
    witness = verdict.counterexample
    assert isinstance(witness, CurveCounterexample)
    position = wrong.start
    for signal in witness.signals:
        position = wrong.react(position, signal).after
    assert witness.signals[-1] in str(witness)


def leaky() -> Curve:
    """A curve whose doubt leaks out of its range, which no file can make."""
    curve = Curve.default(initial_doubt=1)
    table = curve.table()
    beyond = Position("departed", 0, 0, 13, "clear")
    first, *rows = table.reactions
    leak = (evolve(first[0], after=beyond), *first[1:])
    stays = tuple(evolve(reaction, before=beyond, after=beyond) for reaction in first)
    leaking = evolve(
        table, positions=(*table.positions, beyond), reactions=(leak, *rows, stays), ranks=(*table.ranks, 0)
    )
    object.__setattr__(curve, "_table", leaking)
    return curve


def test_a_counter_that_leaves_its_range_is_found():
    asked = next(each for each in CURVE_PROPERTIES if each.name == "total_and_bounded")
    verdict = check(leaky(), asked).verdicts[0]
    assert verdict.status is Status.REFUTED
    assert isinstance(verdict.counterexample, CurveCounterexample)
    assert verdict.counterexample.signals == ("proposition",)


def test_every_property_of_curves_has_its_violation():
    assert {*BROKEN, "total_and_bounded"} == {each.name for each in (*CURVE_PROPERTIES, *MORE_CURVE_PROPERTIES)}


def test_all_hold_for_the_default_and_for_a_good_curve_of_ones_own(curve: Curve):
    assert check(curve).proved
    assert check(parse_curve(OURS)).proved
    assert check(curve, *MORE_CURVE_PROPERTIES).proved


def test_a_gap_is_shown_by_the_shortest_rise():
    narrow = BROKEN["hysteresis"]()
    witness = check(narrow)["hysteresis"].counterexample
    assert isinstance(witness, CurveCounterexample)

    def barely(reaction: Reaction) -> bool:
        rose = (reaction.before.stage, reaction.after.stage) == ("hopeful", "customer_centric")
        return rose and reaction.after.doubt == 1

    assert len(witness) == least_signals(Planted(asked=hysteresis, curve=narrow, wrong=barely))


# --- policies -------------------------------------------------------------------------------------


def repairs(view: View) -> str:
    return "repair" if view.account in ("slip", "breach") else "wait"


def waits(_: View) -> str:
    return "wait"


def asks(_: View) -> str:
    return "ask"


def asks_after_repair(view: View) -> str:
    return "repair" if view.account == "slip" else "ask" if view.account == "clear" and view.engaged else "exchange"


def asks_once(view: View) -> str:
    return "ask" if view.stage == "distrust" and view.doubt == 2 else "wait"


def every_other_turn(view: View) -> str:
    return "wait" if view.since("exchange") == 1 else "exchange"


def looks_after(view: View) -> str:
    return "exchange" if view.quiet >= 2 else "wait"


def promises(view: View) -> str:
    return "promise_major" if not view.open and view.account == "clear" else "wait"


def asks_after_promise(view: View) -> str:
    return "ask" if view.kept and view.account == "clear" else promises(view)


def forgets(view: View) -> str:
    return "wait" if view.stage == "advocate" else careful(view)


def asks_advocates(view: View) -> str:
    return "ask" if view.stage == "advocate" else careful(view)


def thanks(view: View) -> str:
    return "exchange" if view.stage == "advocate" and view.account == "due" else careful(view)


def tries(view: View) -> str:
    """Promise something even to those who expect nothing."""
    return "promise_major" if view.stage == "distrust" and view.account == "clear" and not view.open else careful(view)


def made(decide: Callable[[View], str]) -> Policy:
    return policy(decide.__name__, recalls=[since("exchange", 2)], promise_due=1)(decide)


UPSET = Environment(["complaint"])
FICKLE = Environment(["kept", "broken"])
POLICIES: list[tuple[Property, Callable[[View], str], Callable[[View], str], Environment]] = [
    (recovery_comes_first, asks, repairs, UPSET),
    (repair_within(1), waits, repairs, UPSET),
    (no_ask_on_open_account, asks, asks_after_repair, UPSET),
    (bounded_asks_while_distrusted(1), asks, asks_once, UPSET),
    (quiet_period(1, 2), asks, every_other_turn, UPSET),
    (no_flapping(6, 1), promises, looks_after, FICKLE),
    (nobody_forgotten, waits, looks_after, UPSET),
    (stays_in_touch(2), waits, every_other_turn, UPSET),
    (thanks_within(1), forgets, thanks, CALM),
    (thanks_before_ask, asks_advocates, thanks, CALM),
    (listens_more(3), asks, every_other_turn, UPSET),
    (promise_before_ask, asks, asks_after_promise, FICKLE),
    (can_make_advocates, waits, careful, CALM),
    (way_back, careful, tries, CALM),
]


@pytest.mark.parametrize(
    ("asked", "breaks", "holds", "environment"), POLICIES, ids=lambda each: getattr(each, "name", "")
)
def test_a_policy_that_breaks_it_is_refuted_and_one_that_keeps_it_is_proved(
    asked: Property, breaks: Callable[[View], str], holds: Callable[[View], str], environment: Environment
):
    refuted = check(DEFAULT, asked, policy=made(breaks), environment=environment).verdicts[0]
    assert refuted.status is Status.REFUTED
    assert (refuted.counterexample is None) == (asked is can_make_advocates), (
        "there is nothing to show of what never happens"
    )
    assert refuted.description
    proved = check(DEFAULT, asked, policy=made(holds), environment=environment).verdicts[0]
    assert proved.status is Status.PROVED
    assert not proved.vacuous or asked.name.startswith("no_flapping"), (
        "it holds for a better reason than want of a case"
    )


def test_every_property_of_policies_has_its_violation():
    kinds = {each.name.partition("(")[0] for each, *_ in POLICIES}
    named = {each.name for each in (*CURVE_PROPERTIES, *MORE_CURVE_PROPERTIES)}
    assert kinds | named | {"only_deeds_lift"} == {name.partition("(")[0] for name in PROPERTY_NAMES}
    assert {each.name.partition("(")[0] for each in POLICY_PROPERTIES} <= kinds


def test_an_ask_that_costs_nothing_is_not_paid():
    free = with_change(lambda r: edit(r, "company_one_sided.paid", add={"engaged": 0}))
    assert check(free, goodwill_pays_for_asks).refuted


def test_what_is_no_deed_lifts_nobody_unless_a_curve_says_so():
    world = Environment(["moved", "released", "complaint", "purchase", "kept"])
    assert check(DEFAULT, only_deeds_lift, policy=made(promises), environment=world).proved
    flattered = before("complaint", {"stage": "distrust"}, set={"stage": "hopeful"})
    assert check(flattered, only_deeds_lift, policy=made(waits), environment=world).refuted


def test_numbers_mean_what_they_say():
    # A slip is repaired in the second turn after the one in which it was seen.
    late = policy("late", recalls=[since("joining", 3)])(
        lambda v: "repair" if v.account == "slip" and v.since("joining") == 3 else "wait"
    )
    verdicts = [
        check(DEFAULT, repair_within(n), policy=late, environment=UPSET, once_a_turn=True).verdicts[0] for n in (1, 2)
    ]
    assert [verdict.status for verdict in verdicts] == [Status.REFUTED, Status.PROVED]
    busy = made(every_other_turn)
    for k, window, holds in ((1, 2, True), (1, 3, False), (2, 3, True), (2, 4, True), (0, 1, False)):
        assert check(DEFAULT, quiet_period(k, window), policy=busy, environment=UPSET).proved == holds


# --- by name ----------------------------------------------------------------------------------------


def test_every_property_is_found_by_its_name():
    for name in PROPERTY_NAMES:
        asked = property_named(
            name.replace("window, changes", "6, 4")
            .replace("k, window", "3, 4")
            .replace("(n)", "(2)")
            .replace("(window)", "(4)")
        )
        assert isinstance(asked, Property)
    for each in (*CURVE_PROPERTIES, *POLICY_PROPERTIES):
        assert property_named(each.name).name == each.name


def test_the_numbers_of_a_name_may_be_left_out():
    for name in PROPERTY_NAMES:
        bare = name.partition("(")[0]
        assert property_named(bare).name == property_named(f"{bare}()").name
    asked = {each.name for each in POLICY_PROPERTIES}
    assert {property_named(name.partition("(")[0]).name for name in asked} == asked, "the numbers of the default ones"


@pytest.mark.parametrize("text", ["no_harm_help", "repair", "", "no_harm_helps(1)"])
def test_a_name_that_is_none(text: str):
    with pytest.raises(UnknownWordError, match="property"):
        property_named(text)


@pytest.mark.parametrize("text", ["repair_within(1, 2)", "quiet_period(3)", "no_flapping(1, 2, 3)"])
def test_numbers_that_are_too_few_or_too_many(text: str):
    with pytest.raises(InvalidValueError, match="property"):
        property_named(text)
