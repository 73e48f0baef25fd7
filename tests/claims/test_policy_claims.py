"""Claims that policies, proofs, simulations and logs show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from attrs import evolve

from tests.claims.moves import CURVE, at, column, rank, reached
from tests.claims.register import claim
from trustcurve import Exchanged
from trustcurve.logs import LogReplay, parse_mapping, replay_log, scan_log
from trustcurve.logs.relations import by_month
from trustcurve.policies import Environment, View, load_policy, policy
from trustcurve.simulation import (
    Arrivals,
    Departures,
    Scenario,
    Segment,
    Solution,
    WordOfMouth,
    exact_differences,
    load_scenario,
    simulate,
    solve,
)
from trustcurve.verification import (
    POLICY_PROPERTIES,
    check,
    listens_more,
    probability,
    repair_within,
    thanks_before_ask,
    thanks_within,
)

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIFE = {
    "purchase": 0.2,
    "kept": 0.5,
    "broken": 0.05,
    "complaint": 0.05,
    "advocacy": 0.1,
    "departure": 0.01,
    "return": 0.02,
}


SCENARIOS = POLICIES.parent / "scenarios"
EVENTS = {"offer": "Proposed", "help": "Exchanged", "bye": "Departed"}


def scenario(name: str) -> Scenario:
    return load_scenario(SCENARIOS / f"{name}.toml")


def share(answer: Solution, measure: str) -> float:
    return float(answer.measures().filter(measure=measure)["result"].item())


def replayed(folder: Path, rows: list[tuple[str, int, str]]) -> LogReplay:
    """Replay a log of customers, days of the year 2026, and what happened."""
    rules = "".join(
        f'[[rules]]\nwhen = {{ what = "{what}" }}\nevents = [{{ event = "{event}" }}]\n'
        for what, event in EVENTS.items()
    )
    rules += '[[rules]]\nwhen = { what = "ask" }\nevents = [{ event = "OneSided", by = "company" }]\n'
    mapping = parse_mapping(f'[log]\ncustomer = "who"\ntime = "when"\ntimezone = "UTC"\n{rules}')
    log = folder / "log.csv"
    days = [
        f"{who},{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day - 1):%Y-%m-%d},{what}" for who, day, what in rows
    ]
    log.write_text("\n".join(["who,when,what", *days, ""]), encoding="utf-8")
    return replay_log(scan_log(log), mapping, CURVE)


@policy("grasps")
def grasping(view: View) -> str:
    """Raise a hope, and then ask and ask."""
    return "propose" if view.state == "distrust.suspicious" else "ask"


@claim("T3", "Distrust breeds the customer's own one-sided aims: competition at best, hostility at worst.",
       "the [postures](../reference/rules.md#states) of distrust, and [probabilities by state](../reference/environment-file.md)")  # fmt: skip
def test_t3_customers_who_distrust_play_for_their_own_side_more_often():
    fights = {"distrust.competitive": {"customer_one_sided": 0.2}, "distrust.adversarial": {"customer_one_sided": 0.4}}
    solves = load_policy(POLICIES / "solve_first.toml")
    usual = {"purchase": 0.1, "complaint": 0.05, "advocacy": 0.05}
    even, uneven = Environment(usual), Environment(usual, where=fights)
    acts = probability(lambda turn: "customer_one_sided" in turn.moves, within=12, name="acts one-sidedly")
    hostile = probability(
        lambda turn: turn.after.stage == "distrust" and turn.after.doubt > 7, within=24, name="hostile"
    )
    calm, tense = (check(CURVE, acts, hostile, policy=solves, environment=each) for each in (even, uneven))
    assert calm[acts].value == 0 < tense[acts].value  # type: ignore[operator]
    assert calm[hostile].value < tense[hostile].value  # type: ignore[operator]
    scenarios = [Scenario.single(CURVE, solves, each, turns=24) for each in (even, uneven)]
    shares = [
        solve(each).occupancy().filter(turn=24, state="distrust.adversarial")["share"].item() for each in scenarios
    ]
    assert shares[0] < shares[1], "exact answers say the same of a population"


@claim("T6", "Most people have stopped doing business with a company that they distrust.",
       "[departures](../explanation/sensitivity.md) in simulations, with what the survey measured")  # fmt: skip
def test_t6_lost_customers_leave():
    assert Departures().churn_probability == 0.77
    left = [
        solve(Scenario.single(CURVE, grasping, Environment({"purchase": 0.2}), turns=12, departures=departures))
        .occupancy()
        .filter(turn=12, state="departed")["share"]
        .item()
        for departures in (Departures(churn_probability=0), Departures())
    ]
    assert left[0] == 0
    assert left[1] > 0.4


@claim("T7", "A third of people tell others on the Internet.",
       "[word of mouth](../explanation/sensitivity.md) in simulations, with what the number measured")  # fmt: skip
def test_t7_lost_customers_tell_others():
    assert WordOfMouth().share_telling == 0.33
    customers = Segment(policy=grasping, environment=Environment({"purchase": 0.2}))
    about: dict[str, Any] = {"turns": 12, "customers": 2000, "replications": 1, "arrivals": Arrivals(each_turn=100)}
    come = [
        simulate(Scenario(segments=customers, word_of_mouth=word, **about)).cohorts()["customers"].sum()
        for word in (None, WordOfMouth())
    ]
    assert come[0] == 2000 + 12 * 100
    assert come[1] < come[0]


@claim("T10", "A hope that is not proved is a one-shot event.",
       "`silence.cools` and the rules of purchases: without proof hope is gone after a quiet period, and purchases keep it alive but never lift it; the scenario [`launches`](../how-to/simulate.md#scenarios-to-begin-with)")  # fmt: skip
def test_t10_hope_without_proof_is_gone_after_a_quiet_period():
    table = CURVE.table()
    hoping = table.next[0][column("proposition")]
    assert at(hoping).stage == "hopeful"
    assert at(table.next[hoping][column("silence")]).stage == "distrust"
    assert max(rank(position) for position in reached({hoping}, ["purchase"])) == rank(hoping)
    alone, followed = (solve(scenario(f"launches/{name}")) for name in ("launch", "follow_up"))
    assert share(alone, "reached: customer_centric") == 0
    across = alone.relations().sort("turn")["across"].to_list()
    assert across[4] > 0.95 * 10_000 > 4 * across[7], "the hope of the first launch is gone"
    assert share(followed, "at the end: customer_centric") > 0.5


@claim(
    "T17",
    "A relation needs a deliberate plan.",
    "[policies](../reference/policy-file.md), which are checked before they meet anybody",
)
@pytest.mark.parametrize("name", ["solve_first", "funnel"])
def test_t17_a_plan_is_checked_before_it_meets_anybody(name: str):
    report = check(CURVE, policy=load_policy(POLICIES / f"{name}.toml"))
    assert len(report) == len(POLICY_PROPERTIES)
    assert not report.unknown


@claim("V2", "Invest in customers for the long term, and choose in whom.",
       "[segments](../reference/scenario-file.md#segments) with chances and policies of their own")  # fmt: skip
def test_v2_segments_go_their_own_ways():
    loyal = Segment(
        policy=load_policy(POLICIES / "loyalty.toml"), environment=Environment(LIFE), name="kept", share=0.5
    )
    asked = Segment(policy=policy("asks")(lambda _: "ask"), environment=Environment(LIFE), name="asked", share=0.5)
    told = solve(Scenario(segments=(loyal, asked), turns=24)).occupancy().filter(turn=24, state="distrust.adversarial")
    shares = dict(zip(told["segment"], told["share"], strict=True))
    assert shares["kept"] < shares["asked"]


@claim(
    "V4",
    "Solve problems rather than sell.",
    "`solve_first` is proved where `funnel` is refuted: [the tutorial](../tutorials/policy.md)",
)
def test_v4_who_solves_is_proved_where_who_sells_is_refuted():
    solves, sells = (check(CURVE, policy=load_policy(POLICIES / f"{name}.toml")) for name in ("solve_first", "funnel"))
    solved = {verdict.name for verdict in sells.refuted if solves[verdict.name]}
    assert solved == {
        *("recovery_comes_first", "repair_within(3)", "no_ask_on_open_account"),
        *("bounded_asks_while_distrusted(1)", "quiet_period(3, 4)"),
    }


@claim("V14", "Customers differ in value and needs, and are treated by them.",
       "[constants](../reference/policy-file.md#promises-actions-costs-constants) of a segment, checked for each; and [`trustcurve check SCENARIO.toml`](../reference/cli.md#check): the policy of each segment in what happens to that segment")  # fmt: skip
def test_v14_a_policy_is_checked_for_each_segment():
    @policy("tiers", constants={"tier": ("basic", "gold")})
    def tiers(view: View) -> str:
        return "repair" if view.account in ("slip", "breach") and view.constant("tier") == "gold" else "wait"

    mended = {
        dict(each.segment)["tier"]: bool(check(CURVE, repair_within(1), policy=each).proved)
        for each in tiers.segments()
    }
    assert mended == {"basic": False, "gold": True}


@claim("V15", "Interact, and learn from it.",
       "an exchange carries a note, which is kept and explained; nothing more is modelled, since what is learned is the company's")  # fmt: skip
def test_v15_what_was_said_is_kept():
    step = CURVE.advance(CURVE.begin("ann", NOON), Exchanged(at=NOON, note="prefers mornings"))
    assert "prefers mornings" in step.explain()


@claim(
    "V16",
    "What a company does is made for this customer.",
    "policies decide by where the customer stands: [conditions](../reference/policy-file.md#conditions)",
)
def test_v16_a_policy_does_different_things_for_different_customers():
    ours = load_policy(POLICIES / "solve_first.toml")
    done = {
        ours.actions(View.at(CURVE, position, recalled=tuple((recall, recall.start) for recall in ours.recalls)))
        for position in CURVE.table().positions
    }
    assert len(done) >= 3


@claim("V3", "Treat the best customers like gold.",
       "the properties `thanks_before_ask` and `thanks_within(n)`: [named properties](../reference/properties.md#named-properties-of-policies)")  # fmt: skip
def test_v3_advocates_are_thanked_first_and_soon():
    kept = check(CURVE, thanks_before_ask, thanks_within(1), policy=load_policy(POLICIES / "solve_first.toml"))
    assert all(verdict and not verdict.vacuous for verdict in kept)
    broken = check(CURVE, thanks_before_ask, thanks_within(2), policy=load_policy(POLICIES / "loyalty.toml"))
    assert len(broken.refuted) == 2, "the loyalty programme asks its advocates before it thanks them"


@claim("V10", "Listen more than you talk.",
       "asks [end no silence](../reference/rules.md#silence), and the property `listens_more(window)`")  # fmt: skip
def test_v10_a_company_may_say_no_more_than_it_gives_and_hears():
    assert CURVE.ends_silence["company_one_sided"] == "never"
    assert check(CURVE, listens_more, policy=load_policy(POLICIES / "win_back.toml")).proved
    assert not check(CURVE, listens_more, policy=load_policy(POLICIES / "funnel.toml")).proved


@claim("T18", "Tactics that work for a while bring relations in which both sides compete and fight.",
       "`funnel` is [refuted](../tutorials/policy.md); the scenario [`early_gain`](../how-to/simulate.md#scenarios-to-begin-with): what costs nothing earns more for a while; who asks and asks has enemies")  # fmt: skip
def test_t18_the_funnel_gains_early_and_loses_later():
    usual = Environment({"purchase": 0.1, "complaint": 0.04, "advocacy": 0.05, "customer_one_sided": 0.03})
    told = solve(Scenario.single(CURVE, load_policy(POLICIES / "funnel.toml"), usual, turns=24)).occupancy()
    hope, hostile = (
        told.filter(state=state).sort("turn")["share"].to_list() for state in ("hopeful", "distrust.adversarial")
    )
    assert hope[1] > 0.9
    assert hope[24] < 0.3
    assert hostile[1] == 0
    assert hostile[24] > 0.5
    squeezed, earned = (solve(scenario(f"early_gain/{name}")) for name in ("squeeze", "earn"))
    one, other = (
        each.balance().sort("turn").select((pl.col("gained") - pl.col("spent")).cum_sum())["gained"].to_list()
        for each in (squeezed, earned)
    )
    assert all(one[month] > other[month] for month in range(1, 14)), "ahead for a year"
    assert one[35] < other[35] / 2
    fights = squeezed.occupancy().filter(pl.col("state").is_in(["distrust.competitive", "distrust.adversarial"]))
    assert fights.filter(turn=3)["share"].sum() > 0.9


@claim("V5", "Programmes that always ask are one-sided; reciprocity is the foundation.",
       "asks are [paid from goodwill](../reference/rules.md#company_one_sided); what is given and asked, in [logs](../tutorials/replay.md) and [simulations](../how-to/simulate.md#who-is-kept-what-is-given-and-what-it-costs)")  # fmt: skip
def test_v5_what_is_given_and_asked_is_counted(tmp_path: Path):
    spam, solved = (
        simulate(evolve(scenario(f"{name}/scenario"), customers=500, replications=1))
        for name in ("spam_funnel", "solve_first")
    )
    for run, one_sided in ((spam, True), (solved, False)):
        given, asked = run.relations().select(pl.col("given", "asked").sum()).row(0)
        assert (asked > 3 * given) == one_sided
    done = replayed(tmp_path, [("ann", 1, "help"), ("ann", 2, "ask"), ("ann", 3, "ask"), ("bob", 40, "ask")])
    assert [(each.period, each.given, each.asked) for each in by_month(done.relations)] == [
        ("2026-01", 1, 2),
        ("2026-02", 0, 1),
    ]


@claim("V6", "Not how many signed up counts, but how many are kept engaged.",
       "of all who were ever across the barrier, who still is and who is engaged: in [logs](../tutorials/replay.md), [simulations](../how-to/simulate.md#who-is-kept-what-is-given-and-what-it-costs), comparisons and pictures, by month and by cohort")  # fmt: skip
def test_v6_who_is_kept_is_counted_by_month_and_cohort(tmp_path: Path):
    late, soon = (scenario(f"late_thanks/{name}") for name in ("scenario", "thanks_soon"))
    kept = exact_differences(late, soon).filter(pl.col("measure").is_in(["kept: across", "kept: engaged"]))
    assert kept["old"].max() < 0.05  # type: ignore[operator]
    assert kept["new"].min() > 0.75  # type: ignore[operator]
    assert share(solve(late), "reached: hopeful") > 0.9, "nearly all had signed up"
    done = replayed(tmp_path, [("ann", 1, "offer"), ("ann", 2, "help"), ("bob", 33, "offer"), ("ann", 150, "bye")])
    told = {(each.cohort, each.month): (each.crossed, each.across, each.engaged) for each in done.relations}
    assert told["2026-01", "2026-01"] == (1, 1, 1)
    assert told["2026-02", "2026-02"] == (1, 1, 0)
    assert told["2026-01", "2026-05"] == told["2026-02", "2026-05"] == (1, 0, 0)


@claim("V18", "A reputation for listening and solving goes ahead of a company.",
       "[word of mouth](../how-to/simulate.md#add-word-of-mouth) both ways: who was lost keeps others away, and advocates bring others, who begin with less doubt")  # fmt: skip
def test_v18_advocates_bring_others_who_doubt_less():
    world = Environment({"kept": 0.5, "advocacy": 0.3, "complaint": 0.05, "customer_one_sided": 0.05})
    doubtful, trusting = (
        simulate(
            Scenario(
                segments=Segment(policy=load_policy(POLICIES / "solve_first.toml"), environment=world), turns=24, customers=3000,
                replications=1, word_of_mouth=WordOfMouth(share_recommending=0.9, brought_per_recommendation=3, doubt_less=less),
            )
        )
        for less in (0, WordOfMouth().doubt_less)
    )  # fmt: skip
    assert doubtful.word_of_mouth()["reports"].sum() > 0
    assert trusting.cohorts().filter(segment="everyone, brought")["customers"].sum() > 100
    brought = (
        run.relations().filter(segment="everyone, brought", turn=24).select(pl.col("across", "crossed").sum()).row(0)
        for run in (doubtful, trusting)
    )
    fewer, more = (across / crossed for across, crossed in brought)
    assert fewer < more, "fewer of those who doubt less are lost"


@claim("V20", "A relation must serve both sides: the company has to live, too.",
       "what a policy costs and brings, [beside where customers stand](../how-to/simulate.md#who-is-kept-what-is-given-and-what-it-costs): `spent`, `gained`, `balance`")  # fmt: skip
def test_v20_what_it_costs_and_brings_stands_beside_where_customers_stand():
    differences = exact_differences(scenario("early_gain/squeeze"), scenario("early_gain/earn"))
    told = {row["measure"]: row for row in differences.iter_rows(named=True)}
    assert told["spent"]["difference"] > 0, "it costs more"
    assert told["balance"]["difference"] > 0, "and leaves more"
    assert told["balance"]["new"] == pytest.approx(told["gained"]["new"] - told["spent"]["new"])
    assert told["at the end: customer_centric"]["difference"] > 0.5


@claim("R5", "A strategy is for lasting relations, and not for acquisition.",
       "the scenario [`acquire_or_keep`](../how-to/simulate.md#scenarios-to-begin-with): keeping has more customers after two years; whether it earns more depends on what is done with those who were acquired")  # fmt: skip
def test_r5_acquiring_wins_more_and_keeping_keeps_more():
    runs = [
        simulate(evolve(scenario(f"acquire_or_keep/{name}"), replications=1))
        for name in ("acquire", "acquire_quietly", "keep")
    ]
    told = [run.relations().group_by("turn").agg(pl.col("crossed", "across").sum()).sort("turn") for run in runs]
    acquire, quiet, keep = (each["across"].to_list() for each in told)
    assert told[0]["crossed"][48] > 2 * told[2]["crossed"][48]
    assert keep[24] > acquire[24]
    assert keep[48] > max(quiet[48], 5 * acquire[48])
    earned = [(run.balance()["gained"] - run.balance()["spent"]).sum() for run in runs]
    assert earned[1] > earned[2] > earned[0], "the money depends on the letters, not on acquiring"


@claim("N4", "Garbage in, garbage out.",
       "rows that cannot be used are [rejected with a reason](../reference/cli.md#replay); the curve stands beside plain baselines on one's own outcomes")  # fmt: skip
def test_n4_what_cannot_be_used_is_told(tmp_path: Path):
    mapping = parse_mapping(
        '[log]\ncustomer = "who"\ntime = "when"\ntimezone = "UTC"\n[[rules]]\nwhen = { what = "help" }\n'
        'events = [{ event = "Exchanged" }]\n[[rules]]\nwhen = { what = "late" }\nevents = [{ event = "Complained" }]'
    )
    log = tmp_path / "log.csv"
    log.write_text(
        "who,when,what,stars\nann,2026-01-01,help,5\nbob,soon,help,4\nann,2026-01-02,late,1\n", encoding="utf-8"
    )
    done = replay_log(scan_log(log), mapping, CURVE, outcome="stars")
    assert [(reject.row, reject.reason) for reject in done.rejects] == [(2, "unreadable time")]
    assert {"last promise", "state"} <= {*done.outcomes.shares()["known_by"]}
