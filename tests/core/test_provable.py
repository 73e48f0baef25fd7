"""What is provable about the default curve, proved by exhaustion: every reachable position, every signal."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings

from tests.core import reading
from tests.core.dominance import column, never_higher, paradoxes, shortest_paradox
from tests.core.reading import DEFAULTS, GOODS, HARMS, SIGNALS
from tests.core.strategies import LARGEST, SMALLEST, Numbers, parameters
from trustcurve import Curve, Position
from trustcurve.core.table import Table

OUTSIDE = ("departed", "distrust")
LADDER = ("distrust", "hopeful", "customer_centric", "advocate")


@pytest.fixture(scope="module")
def table(curve: Curve) -> Table:
    return curve.table()


def closure(table: Table, start: Iterable[Position], signals: Iterable[str]) -> set[Position]:
    """Return every position that these signals alone can lead to."""
    numbers = [table.signals.index(signal) for signal in signals]
    found = [table.number(position) for position in start]
    seen = set(found)
    for position in found:
        new = {table.next[position][number] for number in numbers} - seen
        seen |= new
        found += new
    return {table.positions[number] for number in seen}


# --- 1: no harm ever helps, no good ever hurts ----------------------------------------------------


def test_1_no_harm_ever_helps_and_no_good_ever_hurts(table: Table) -> None:
    assert paradoxes(table, harms=HARMS, goods=GOODS) == []


def test_1_a_search_for_the_shortest_counterexample_finds_none_either(table: Table) -> None:
    assert shortest_paradox(table, harms=HARMS, goods=GOODS) is None


def test_the_relation_behind_it_is_an_order_that_every_signal_keeps(table: Table) -> None:
    holds = never_higher(table)
    assert holds.diagonal().all()
    assert (holds | ~((holds.astype(int) @ holds.astype(int)) > 0)).all(), "transitive"
    ranks = np.asarray(table.ranks)
    assert (ranks[:, None] >= ranks[None, :])[holds].all()
    for signal in table.signals:
        to = column(table, signal)
        assert holds[to][:, to][holds].all()
    # It is neither trivial nor total: more doubt never stands higher, yet doubt and goodwill do not compare.
    hopeful, doubtful = Position("hopeful", 0, 1, 1, "clear"), Position("hopeful", 0, 1, 2, "clear")
    assert holds[table.number(hopeful), table.number(doubtful)]
    assert not holds[table.number(doubtful), table.number(hopeful)]
    generous = Position("hopeful", 0, 3, 3, "clear")
    assert not holds[table.number(hopeful), table.number(generous)]
    assert not holds[table.number(generous), table.number(hopeful)]


@pytest.mark.slow
@settings(max_examples=40)
@given(parameters())
@example(SMALLEST)
@example(LARGEST)
def test_1_and_7_hold_with_any_parameters(numbers: Numbers) -> None:
    table = Curve.default(**numbers).table()
    assert shortest_paradox(table, harms=HARMS, goods=GOODS) is None
    assert all(len(row) == len(SIGNALS) for row in table.next)


@settings(max_examples=20)
@given(parameters(kept_max=2, engaged_max=3, doubt_max=6))
def test_1_both_ways_of_deciding_it_agree_with_any_parameters(numbers: Numbers) -> None:
    assert paradoxes(Curve.default(**numbers).table(), harms=HARMS, goods=GOODS) == []


# --- 2 to 7 ---------------------------------------------------------------------------------------


def test_2_only_a_proposition_or_a_promise_crosses_the_barrier(table: Table) -> None:
    crossed = {
        reaction.signal
        for row in table.reactions
        for reaction in row
        if reaction.before.stage in OUTSIDE and reaction.after.stage not in OUTSIDE
    }
    assert crossed == {"proposition", "promise_made"}
    assert crossed == {reaction.signal for row in table.reactions for reaction in row if reaction.crosses}


def test_2_only_advocacy_makes_an_advocate(table: Table) -> None:
    made = {
        reaction.signal
        for row in table.reactions
        for reaction in row
        if reaction.before.stage != "advocate" and reaction.after.stage == "advocate"
    }
    assert made == {"advocacy"}


def test_3_no_signal_lifts_anyone_by_more_than_one_stage(table: Table) -> None:
    steps = {
        LADDER.index(reaction.after.stage) - LADDER.index(reaction.before.stage)
        for row in table.reactions
        for reaction in row
        if reaction.before.stage != "departed" and reaction.after.stage != "departed"
    }
    assert max(steps) == 1
    assert min(steps) == -3  # while one blow too many can cost them all
    left = {r.signal for row in table.reactions for r in row if r.before.stage == "departed" != r.after.stage}
    assert left == {"return"}
    back = {r.after.stage for row in table.reactions for r in row if r.before.stage == "departed"}
    assert back == {"departed", "distrust"}


def test_4_every_customer_can_still_become_an_advocate(table: Table) -> None:
    leads_there = np.asarray([position.stage == "advocate" for position in table.positions])
    leads = np.asarray(table.next)
    while not np.array_equal(wider := leads_there | leads_there[leads].any(axis=1), leads_there):
        leads_there = wider
    assert leads_there.all()


def test_5_taking_complaining_buying_and_waiting_never_leave_distrust(table: Table) -> None:
    distrusting = [position for position in table.positions if position.stage == "distrust"]
    signals = ("purchase", "company_one_sided", "customer_one_sided", "complaint", "silence", "advocacy")
    assert {position.stage for position in closure(table, distrusting, signals)} == {"distrust"}


@pytest.mark.parametrize("needed", ["exchange", "kept_major"])
def test_5_nobody_gets_far_without_exchanges_or_without_a_major_promise_kept(table: Table, needed: str) -> None:
    outside = [position for position in table.positions if position.stage in OUTSIDE]
    stages = {at.stage for at in closure(table, outside, [signal for signal in SIGNALS if signal != needed])}
    assert stages == {"departed", "distrust", "hopeful"}


@pytest.mark.parametrize("harm", HARMS)
def test_6_a_harm_and_its_repair_are_never_better_than_the_repair_alone(table: Table, harm: str) -> None:
    holds, repaired = never_higher(table), column(table, "repair")
    assert holds[repaired, repaired[column(table, harm)]].all()


def test_7_every_signal_is_defined_in_every_position_within_range(curve: Curve) -> None:
    tops = (range(DEFAULTS["kept_max"] + 1), range(DEFAULTS["engaged_max"] + 1), range(DEFAULTS["doubt_max"] + 1))
    stages = [stage.name for stage in curve.stages]
    for stage, kept, engaged, doubt, account in product(stages, *tops, reading.ACCOUNTS):
        for signal in curve.signals:
            after = curve.react(Position(stage, kept, engaged, doubt, account), signal).after
            assert after.stage in stages
            assert after.account in reading.ACCOUNTS
            assert after.kept in tops[0]
            assert after.engaged in tops[1]
            assert after.doubt in tops[2]
