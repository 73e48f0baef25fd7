"""Two journeys side by side: the greatest simulation, and the shortest journeys that stand the wrong way round."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.dominance import never_higher, paradoxes
from tests.core.dominance import shortest_paradox as other_paradox
from tests.core.reading import GOODS, HARMS, SIGNALS
from tests.core.strategies import parameters
from tests.verification.changes import Change, changed, edit
from trustcurve import Curve, Position
from trustcurve.core.table import Table
from trustcurve.errors import UnknownWordError
from trustcurve.verification import CurveCounterexample, check, dominance, relational
from trustcurve.verification.simulation_relation import shortest_paradox

WRONG: dict[str, Change] = {
    "complaining relieves": lambda r: edit(r, "complaint.opens", add={"doubt": -1}),
    "leaving settles the account": lambda r: edit(r, "departure.leaves", set={"account": "clear"}),
    "buying engages": lambda r: edit(r, "purchase.owes", add={"engaged": 1}),
    "buying again pays what is due": lambda r: edit(r, "purchase.adds_nothing", set={"account": "clear"}),
    "a repair needs no proof": lambda r: edit(r, "repair.settles", set={"account": "clear"}),
    "a repair delights": lambda r: edit(r, "repair.settles", add={"doubt": -2}),
    "small talk heals while an account is open": lambda r: edit(r, "exchange.too_early", add={"doubt": -1}),
}


def least(table: Table, insert: tuple[str, ...], *, helps: bool, most: int = 30) -> int | None:
    """Search for the least number of signals of two journeys that stand the wrong way round: one signal a step."""
    columns = [table.signals.index(signal) for signal in insert]
    layer: set[tuple[int, int | None]] = {(0, None)}
    seen = set(layer)
    for depth in range(1, most):
        then: set[tuple[int, int | None]] = set()
        for without, with_it in layer:
            row = table.next[without]
            if with_it is None:
                then |= {(target, None) for target in row} | {(without, row[column]) for column in columns}
            else:
                then |= set(zip(row, table.next[with_it], strict=True))
        layer = then - seen
        seen |= layer
        for without, with_it in layer:
            gained = 0 if with_it is None else table.ranks[with_it] - table.ranks[without]
            if (gained if helps else -gained) > 0:
                return depth
        if not layer:
            return None
    raise AssertionError("deeper than expected")


def small_tables(size: int, signals: int) -> st.SearchStrategy[Table]:
    """Draw tables of a few positions that mean nothing."""
    leads = st.lists(
        st.lists(st.integers(0, size - 1), min_size=signals, max_size=signals), min_size=size, max_size=size
    )
    return st.builds(numbered, leads, st.lists(st.integers(0, 3), min_size=size, max_size=size))


def numbered(leads: list[list[int]], ranks: list[int]) -> Table:
    """Make a table, its positions numbered in the order of a breadth-first search."""
    order = [0]
    for at in order:
        order += [to for to in dict.fromkeys(leads[at]) if to not in order]
    positions = tuple(Position("hopeful", n, 0, 0, "clear") for n in range(len(order)))
    reactions: Any = [[SimpleNamespace(after=positions[order.index(to)]) for to in leads[old]] for old in order]
    signals = tuple("abcdef"[: len(leads[0])])
    return Table(positions, signals, ("w", "x", "y", "z"), reactions, tuple(ranks[old] for old in order))


@settings(max_examples=300)
@given(small_tables(8, 3), st.sets(st.sampled_from("abc"), min_size=1), st.sampled_from(["higher", "lower"]))
def test_the_shortest_two_journeys_are_shortest(table: Table, insert: set[str], never: str):
    helps = never == "higher"
    found = shortest_paradox(table, tuple(sorted(insert)), range(len(table)), helps=helps)
    best = least(table, tuple(insert), helps=helps)
    if found is None:
        assert best is None
        return
    before, inserted, after = found
    assert len(before) + 1 + len(after) == best
    assert inserted in insert
    assert stands_wrong(table, found, helps=helps)


def stands_wrong(table: Table, found: tuple[tuple[str, ...], str, tuple[str, ...]], *, helps: bool) -> bool:
    """Walk both journeys."""
    before, inserted, after = found

    def walk(signals: tuple[str, ...]) -> int:
        at = 0
        for signal in signals:
            at = table.next[at][table.signals.index(signal)]
        return table.ranks[at]

    gained = walk((*before, inserted, *after)) - walk((*before, *after))
    return gained > 0 if helps else gained < 0


@settings(max_examples=10)
@given(parameters())
def test_the_greatest_simulation_is_what_another_way_of_deciding_it_finds(numbers: dict[str, int]):
    table = Curve.default(**numbers).table()
    assert (never_higher(table) == dominance(table).T).all()


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refuted_with_a_shortest_pair(curve: Curve, name: str):
    wrong = changed(curve, WRONG[name])
    table = wrong.table()
    assert (never_higher(table) == dominance(table).T).all()
    signals = {signal for signal, _ in paradoxes(table, harms=HARMS, goods=GOODS)}
    asked = [relational([harm], never="higher", name=harm) for harm in HARMS]
    asked += [relational([good], never="lower", name=good) for good in GOODS]
    report = check(wrong, *asked)
    assert {verdict.name for verdict in report.refuted} == signals
    assert not report.unknown
    for verdict in report.refuted:
        witness = verdict.counterexample
        assert isinstance(witness, CurveCounterexample)
        assert witness.inserted == verdict.name
        assert len(witness) == least(table, (verdict.name,), helps=verdict.name in HARMS)


def test_of_a_right_curve_there_is_nothing_to_show(curve: Curve):
    table = curve.table()
    assert shortest_paradox(table, HARMS, range(len(table)), helps=True) is None
    assert shortest_paradox(table, GOODS, range(len(table)), helps=False) is None
    assert other_paradox(table, harms=HARMS, goods=GOODS) is None
    assert np.asarray(dominance(table)).diagonal().all()


def test_words_that_say_nothing_are_refused(curve: Curve):
    assert set(SIGNALS) == set(curve.signals)
    with pytest.raises(UnknownWordError, match="sideways"):
        relational(["complaint"], never="sideways")  # type: ignore[arg-type]


def test_signals_are_inserted_in_some_states_only(curve: Curve):
    table = curve.table()
    pitch = relational(["proposition"], never="higher", name="everywhere")
    closed = relational(
        ["proposition"], never="higher", at=["distrust.competitive", "distrust.adversarial"], name="closed"
    )
    open_to_it = relational(["proposition"], never="higher", at=["distrust"], name="all who distrust")
    everywhere, deaf, some = check(curve, pitch, closed, open_to_it)
    assert (bool(everywhere), bool(deaf), bool(some)) == (False, True, False)
    never_higher_than = dominance(table)
    column = table.signals.index("proposition")
    there = [number for number, each in enumerate(table.positions) if curve.state(each) in closed.at]
    assert all(never_higher_than[table.next[number][column], number] for number in there)
    witness = some.counterexample
    assert isinstance(witness, CurveCounterexample)
    assert witness.inserted == "proposition"
    with pytest.raises(UnknownWordError, match=r"at 'distrust\.angry' is unknown"):
        check(curve, relational(["proposition"], never="higher", at=["distrust.angry"]))
