"""Claims that the curve itself shows: its stages and its rules, over all positions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.claims.moves import (
    ALL_BUT,
    COMPANY_GOODS,
    CURVE,
    EVERY,
    SIGNALS,
    TABLE,
    after,
    at,
    column,
    rank,
    reached,
    steps,
    those,
)
from tests.claims.register import claim
from trustcurve import (
    Complained,
    Curve,
    Event,
    Exchanged,
    Position,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Standing,
)
from trustcurve.policies import Environment, load_policy
from trustcurve.verification import (
    check,
    closed_to_persuasion,
    facts_of,
    goods_in_any_order,
    goodwill_pays_for_asks,
    no_stage_outlives_silence,
    no_stage_skipping,
    only_deeds_lift,
    recoverable,
    relational,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = 0
POLICIES = Path(__file__).parents[2] / "examples" / "policies"
LATER = ("customer_centric", "advocate")


# --- distrust and the barrier ------------------------------------------------------------------------


@claim("T1", "Everybody begins in distrust, because little trust in business in general tars every company.",
       "the start of the curve and its parameter `initial_doubt`: [positions](../reference/rules.md#position)")  # fmt: skip
def test_t1_everybody_begins_in_distrust():
    assert CURVE.begin("ann", NOON).position == at(START)
    assert at(START).stage == "distrust"
    assert at(START).doubt == CURVE.parameters["initial_doubt"] > 0


@claim("T2", "A company whose one-sided aim is noticed is distrusted.",
       "the rules of [one-sided acts](../reference/rules.md#company_one_sided)")  # fmt: skip
def test_t2_asks_that_nothing_pays_for_lead_everybody_into_distrust():
    asks = {}
    for position in EVERY:
        number, there = 0, position
        while at(there).stage not in ("distrust", "departed"):
            there, number = after(there, "company_one_sided"), number + 1
            assert number <= 20
        asks.setdefault(at(position).stage, set()).add(number)
    assert {stage: max(numbers) for stage, numbers in asks.items()} == {
        "departed": 0, "distrust": 0, "hopeful": 7, "customer_centric": 7, "advocate": 7,
    }  # fmt: skip
    assert rank(after(START, "company_one_sided")) < rank(START), "one is enough for a stranger to fall a posture"


@claim("T4", "Customers who distrust are closed to persuasion.",
       "the property `closed_to_persuasion`: one more pitch to customers who compete or fight never makes them [stand higher](../reference/properties.md#named-properties-of-curves), then or later; who is merely suspicious, as everybody is at first, can be reached")  # fmt: skip
def test_t4_a_pitch_never_lifts_customers_who_compete_or_fight():
    closed = ["distrust.competitive", "distrust.adversarial", "departed"]
    pitch = relational(["proposition"], never="higher", at=closed, name="a pitch persuades nobody who distrusts")
    found = check(CURVE, pitch, closed_to_persuasion)
    assert found.proved, "whatever comes later, a journey with the pitch never stands higher"
    for position in (number for number in EVERY if CURVE.state(at(number)) in closed):
        assert rank(after(position, "proposition")) <= rank(position)


@claim("T5", "Customers who distrust buy as one buys a commodity: that builds no trust.",
       "the rules of [purchases](../reference/rules.md#purchase)")  # fmt: skip
def test_t5_purchases_alone_never_lead_out_of_distrust():
    distrust = those(stage="distrust")
    assert reached(distrust, ["purchase"]) <= distrust


@claim("T8", "To mean well is not enough: only what customers experience counts.",
       "minor promises made, promises moved and released, notes, channels and fault change no position; they can only stop the clock, for one quiet period. The property `only_deeds_lift`")  # fmt: skip
def test_t8_what_does_not_reach_the_customer_lifts_nobody():
    kinds: list[Event] = [
        PromiseMade(at=NOON, promise="minor", weight="minor"),
        PromiseMoved(at=NOON, promise="open", due=NOON + timedelta(days=9)),
        PromiseReleased(at=NOON, promise="open"),
    ]
    for number in EVERY:
        promised = CURVE.advance(
            Standing("ann", NOON, at(number), (), NOON), PromiseMade(at=NOON, promise="open")
        ).after
        for event in kinds:
            assert CURVE.advance(promised, event).after.position == promised.position
    assert CURVE.waiting_periods == 1
    at_any_time = Environment(["moved", "released", "kept", "complaint", "purchase"])
    plan = load_policy(POLICIES / "solve_first.toml")
    assert check(CURVE, only_deeds_lift, policy=plan, environment=at_any_time).proved


@claim("T9", "There is a barrier, and only a hopeful proposition carries customers across.",
       "`proposition.opens` and `promise_made.opens`: [propositions](../reference/rules.md#proposition)")  # fmt: skip
def test_t9_only_propositions_and_promises_carry_across_the_barrier():
    assert {reaction.signal for row in TABLE.reactions for reaction in row if reaction.crosses} == {
        "proposition", "promise_made",
    }  # fmt: skip
    outside = {number for number in EVERY if CURVE.stage(at(number)).outside}
    others = [signal for signal in SIGNALS if signal not in ("proposition", "promise_made")]
    assert reached({START}, others) <= outside


@claim("T12", "Trust is about the future of the relation: a company that is not there loses it.",
       "[silence](../reference/rules.md#silence) and `waiting_periods`: the property `no_stage_outlives_silence`, whatever was promised for later")  # fmt: skip
def test_t12_no_stage_outlives_silence():
    assert check(CURVE, no_stage_outlives_silence).proved
    for position in EVERY:
        assert at(after(position, *["silence"] * 20)).stage in ("distrust", "departed")
    far = PromiseMade(at=NOON, promise="far", due=NOON + timedelta(days=3650))
    advocate = Standing("ann", NOON, at(min(those(stage="advocate"))), (), NOON)
    waited = CURVE.observe(CURVE.advance(advocate, far).after, NOON + timedelta(days=1800)).after
    assert waited.promises
    assert waited.position.stage == "distrust"


# --- up, step by step --------------------------------------------------------------------------------


@claim("T11", "Past hope leads only a promise that matters and is kept, together with repeated dealings.",
       "[settling](../reference/rules.md#settling): neither alone makes anybody customer-centric")  # fmt: skip
def test_t11_neither_proof_nor_dealings_alone_lead_past_hope():
    later = those(stage="customer_centric") | those(stage="advocate")
    dealings = ("exchange", "kept_minor")
    assert not reached({START}, ALL_BUT["kept_major"]) & later
    assert not reached({START}, [signal for signal in SIGNALS if signal not in dealings]) & later
    assert reached({START}, SIGNALS) & later


@claim("T13", "Customers who have experienced value become advocates.",
       "`advocacy.begins` and its conditions: [recommendations](../reference/rules.md#advocacy)")  # fmt: skip
def test_t13_only_experience_makes_advocates():
    for row in TABLE.reactions:
        for reaction in row:
            if reaction.after.stage == "advocate" and reaction.before.stage != "advocate":
                assert reaction.signal == "advocacy"
                assert reaction.before.kept >= 3
                assert reaction.before.engaged >= 3
    advocates = those(stage="advocate")
    assert all(steps(position, advocates, SIGNALS) is not None for position in EVERY)


@claim("T14", "Trust grows step by step, and customers become more open as it does.",
       "the properties `no_stage_skipping` and `goodwill_pays_for_asks`: goodwill that was earned [pays for an ask](../reference/rules.md#company_one_sided), at any stage; and [facts](../reference/rules.md#facts) of what an ask costs")  # fmt: skip
def test_t14_no_signal_skips_a_stage_and_goodwill_pays_for_asks():
    assert check(CURVE, no_stage_skipping, goodwill_pays_for_asks).proved
    stages = set()
    for position in EVERY:
        here = at(position)
        if here.engaged and here.account == "clear" and not CURVE.stage(here).outside:
            asked = at(after(position, "company_one_sided"))
            assert (asked.doubt, asked.engaged) == (here.doubt, here.engaged - 1)
            stages.add(here.stage)
    assert stages == {"hopeful", *LATER}


@claim("T15", "To stand behind one's product is merely expected.",
       "[minor promises](../reference/rules.md#kept_minor) alone never make anybody customer-centric")  # fmt: skip
def test_t15_minor_promises_alone_never_make_anybody_customer_centric():
    proved = those(stage="customer_centric") | those(stage="advocate")
    assert not reached({START}, ALL_BUT["kept_major"]) & proved
    assert at(after(START, "proposition", *["kept_minor"] * 9)).engaged == CURVE.parameters["minor_engaged_max"]


@claim("T16", "Trust goes both ways: a one-sided act of either side costs the same.",
       "one parameter, `one_sided_doubt`, for asks of the company and for one-sided acts of the customer")  # fmt: skip
def test_t16_one_sided_acts_of_either_side_raise_the_same_doubt():
    compared = 0
    for position in EVERY:
        here, asked, acted = (
            at(position),
            *(at(after(position, f"{side}_one_sided")) for side in ("company", "customer")),
        )
        if not here.engaged and here.stage == asked.stage == acted.stage and here.stage != "departed":
            assert asked.doubt == acted.doubt
            compared += 1
    assert compared > 50


@claim("T20", "Burned bridges can be built anew, from further away.",
       "the rules of [returns](../reference/rules.md#return); the way up from there exists, and is longer than a stranger's")  # fmt: skip
def test_t20_the_way_back_is_there_and_long():
    advocates, moves = those(stage="advocate"), (*COMPANY_GOODS, "advocacy", "return")
    fresh = steps(START, advocates, moves)
    assert fresh is not None
    for position in those(stage="departed") | those(state="distrust.adversarial"):
        back = steps(position, advocates, moves)
        assert back is not None
        assert back > fresh


# --- what promises do --------------------------------------------------------------------------------


@claim(
    "V1",
    "A sale is the beginning of the relation, not its end.",
    "`purchase.owes`: [purchases](../reference/rules.md#purchase)",
)
def test_v1_a_sale_leaves_a_debt():
    for position in those(stage="hopeful") | those(stage="customer_centric") | those(stage="advocate"):
        if at(position).account == "clear":
            assert at(after(position, "purchase")).account == "due"


@claim("V8", "The same offer is relevant at one time and an intrusion at another.",
       "`proposition.renews`, `proposition.repeats` and `proposition.intrudes`: [propositions](../reference/rules.md#proposition)")  # fmt: skip
def test_v8_the_same_pitch_renews_repeats_or_intrudes():
    rules = {TABLE.reactions[position][column("proposition")].rule.name for position in those(stage="hopeful")}
    assert rules == {"proposition.renews", "proposition.repeats", "proposition.intrudes"}


@claim("V9", "What customers do for a company is rewarded, at the right time.",
       "a favour is owed thanks: [recommendations](../reference/rules.md#advocacy); late thanks cost: the scenario `late_thanks`")  # fmt: skip
def test_v9_a_favour_is_owed_thanks():
    owing = [
        position for position in EVERY if not CURVE.stage(at(position)).outside and at(position).account == "clear"
    ]
    assert owing
    for position in owing:
        assert at(after(position, "advocacy")).account == "due"


@claim("V11", "Relations are long: no single event makes one.",
       "who becomes an advocate has seen three major promises kept, has goodwill of three then, and had an exchange at least: [recommendations](../reference/rules.md#advocacy)")  # fmt: skip
def test_v11_no_single_event_makes_an_advocate():
    advocates = those(stage="advocate")
    made = [
        (before, row)
        for before, row in enumerate(TABLE.next)
        for then in row
        if then in advocates and before not in advocates
    ]
    assert made
    for before, _ in made:
        assert (at(before).kept, at(before).engaged >= 3) == (3, True)
    assert not reached({START}, ALL_BUT["exchange"]) & advocates
    assert (
        steps(START, advocates, SIGNALS) == 8
    )  # a proposition, three promises kept, three exchanges, a recommendation


@claim("V12", "All is for nothing if promises are not kept.",
       "[settling](../reference/rules.md#settling) and `broken_major.betrays`: one broken promise erases what was earned")  # fmt: skip
def test_v12_without_a_kept_promise_nothing_and_one_broken_erases_it():
    assert not reached({START}, ALL_BUT["kept_major"]) & those(stage="customer_centric")
    for position in EVERY:
        betrayed = at(after(position, "broken_major"))
        assert (betrayed.kept, betrayed.engaged, betrayed.account) == (0, 0, "breach")


@claim("V13", "Promises are to be kept at all times.",
       "[facts](../reference/rules.md#facts): at the top, seven good deeds at least undo one broken major promise")  # fmt: skip
def test_v13_one_broken_promise_costs_more_than_one_kept():
    costs = facts_of(CURVE).undone["broken_major"]
    assert costs["advocate"].least == 7, "good deeds, where to keep it is one"
    assert min(costs[stage].least or 0 for stage in (*LATER, "hopeful")) > 1


@claim("V19", "Only something specific raises hope, and to repeat it before it is proved costs.",
       "`proposition.opens` and `proposition.repeats`: [propositions](../reference/rules.md#proposition)")  # fmt: skip
def test_v19_repeating_a_pitch_before_proof_costs_goodwill():
    hoping = [position for position in those(stage="hopeful") if at(position).account == "due" and at(position).engaged]
    assert hoping
    for position in hoping:
        assert at(after(position, "proposition")).engaged == at(position).engaged - 1


# --- channels and words ------------------------------------------------------------------------------

texts = st.none() | st.text(max_size=9)
events = st.sampled_from([Proposed, Exchanged, Complained, Purchased])


def stands_alike(one: Event, other: Event) -> bool:
    for position in list(EVERY)[::7]:
        standing = Standing("ann", NOON, at(position), (), NOON)
        if CURVE.advance(standing, one).after != CURVE.advance(standing, other).after:
            return False
    return True


@claim("R1", "Channels and content are containers: without value in them they mean nothing.",
       "an event's channel changes nothing; pitches and asks [end no silence](../reference/rules.md#silence)")  # fmt: skip
def test_r1_channels_change_nothing():
    @given(events, texts)
    def alike(kind: type[Event], channel: str | None) -> None:
        assert stands_alike(kind(at=NOON), kind(at=NOON, channel=channel or None))

    alike()
    assert CURVE.ends_silence["company_one_sided"] == "never"
    assert CURVE.ends_silence["proposition"] == "crossing"


@claim("R3", "Customer focus for the seller's own sake is seen through.",
       "an ask is an ask whatever it is called: nothing in an event's words changes the outcome")  # fmt: skip
def test_r3_words_change_nothing():
    @given(events, texts, st.sampled_from([None, "own", "circumstance"]))
    def alike(kind: type[Event], note: str | None, fault: str | None) -> None:
        assert stands_alike(kind(at=NOON), kind(at=NOON, note=note or None, fault=fault))  # type: ignore[arg-type]

    alike()


@claim("N3", "Technology is a tool; only people make relations.", "channels change nothing, as for R1")
def test_n3_a_tool_makes_no_difference():
    assert stands_alike(Exchanged(at=NOON, channel="robot"), Exchanged(at=NOON, channel="counter"))


@claim(
    "W3",
    "What was built in one channel carries into another.",
    "channels change nothing, as for R1: there is one relation",
)
def test_w3_a_promise_made_in_one_channel_is_kept_in_another():
    made = PromiseMade(at=NOON, promise="o1", channel="shop")
    for closing in (PromiseKept, PromiseBroken):
        ends = {
            CURVE.advance(
                CURVE.advance(CURVE.begin("ann", NOON), made).after, closing(at=NOON, promise="o1", channel=channel)
            ).after
            for channel in ("shop", "phone", None)
        }
        assert len(ends) == 1


@claim(
    "R7",
    "Attract those who want to come; do not intrude.",
    "`proposition.intrudes`: [propositions](../reference/rules.md#proposition)",
)
def test_r7_a_pitch_to_those_who_do_not_want_it_raises_doubt():
    for position in those(state="distrust.competitive") | those(stage="departed"):
        here, pitched = at(position), at(after(position, "proposition"))
        assert pitched.doubt == min(here.doubt + CURVE.parameters["one_sided_doubt"], CURVE.parameters["doubt_max"])


# --- both sides --------------------------------------------------------------------------------------


@claim(
    "N1",
    "There is no relation without dealings that serve both sides.",
    "without an [exchange](../reference/rules.md#exchange) nobody is customer-centric",
)
def test_n1_without_an_exchange_nobody_is_customer_centric():
    assert not reached({START}, ALL_BUT["exchange"]) & those(stage="customer_centric")


@claim(
    "N2",
    "Useful information for goodwill is such a dealing, before any sale.",
    "a journey without a purchase becomes [customer-centric](../reference/rules.md#settling)",
)
def test_n2_a_journey_without_a_purchase_becomes_customer_centric():
    assert reached({START}, ALL_BUT["purchase"]) & those(stage="customer_centric")


@claim("W1", "A thin relation is no fate.", "the property `recoverable`: an advocate can be made from every position")
def test_w1_from_everywhere_there_is_a_way_to_advocacy():
    assert check(CURVE, recoverable).proved


@claim(
    "W4",
    "Some products bear less relation than others.",
    "parameters and [curves of one's own](../how-to/own-curve.md), such as `silence_after`",
)
@pytest.mark.parametrize("parameter", ["silence_after", "initial_doubt", "customer_centric_engaged", "advocate_kept"])
def test_w4_a_business_says_its_own_numbers(parameter: str):
    usual = CURVE.parameters[parameter]
    number = usual.days if isinstance(usual, timedelta) else usual
    other = Curve.default(**{parameter: number + (30 if parameter == "silence_after" else -1)})
    assert other.parameters[parameter] != usual
    assert other.fingerprint != CURVE.fingerprint


@claim("W2", "Kinship grows from work done well and from listening.",
       "the property `goods_in_any_order`: kept promises and exchanges lift in any order; the order matters only where amends are owed, and for goodwill that minor promises cannot earn")  # fmt: skip
def test_w2_the_order_of_good_deeds_hardly_matters():
    assert check(CURVE, goods_in_any_order).proved
    deeds = ("kept_major",) * 3 + ("exchange",) * 3
    assert {at(after(START, "proposition", *order)) for order in permutations(deeds)} == {
        Position(stage="customer_centric", kept=3, engaged=3, doubt=0, account="clear")
    }
    differs = [
        (at(position), pair)
        for position in EVERY
        for pair in combinations(("kept_minor", "kept_major", "exchange", "repair"), 2)
        if at(after(position, *pair)).stage != at(after(position, *reversed(pair))).stage
    ]
    assert len(differs) == 57
    for position, pair in differs:
        most = CURVE.parameters["minor_engaged_max"]
        assert position.account in ("slip", "breach") or ("kept_minor" in pair and position.engaged == most - 1)
