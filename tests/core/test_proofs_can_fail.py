"""The proofs can fail: curves that are wrong on purpose are refuted, and a journey shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.dominance import column, never_higher, paradoxes, shortest_paradox
from tests.core.reading import GOODS, HARMS
from trustcurve import Curve
from trustcurve.documents.curve_file import read_curve

Change = Callable[[dict[str, dict[str, Any]]], None]


def rows(rules: dict[str, dict[str, Any]], name: str, **parts: dict[str, Any]) -> None:
    """Change a row of the curve."""
    for part, values in parts.items():
        rules[name][part] = {**rules[name].get(part, {}), **values}


def no_reset(rules: dict[str, dict[str, Any]]) -> None:
    rows(rules, "return.starts_low", set={"doubt": "initial_doubt"})
    del rules["return.starts_low"]["at_least"]


def slip_for_breach(rules: dict[str, dict[str, Any]]) -> None:
    rows(rules, "broken_minor.slips", set={"account": "slip"})
    del rules["broken_minor.slips"]["at_least"]


REFUTED: dict[str, tuple[Change, set[str]]] = {
    "complaining relieves": (lambda r: rows(r, "complaint.opens", add={"doubt": -1}), {"complaint"}),
    "customers who come back are strangers again": (no_reset, {"departure"}),
    "leaving settles the account": (lambda r: rows(r, "departure.leaves", set={"account": "clear"}), {"departure"}),
    "buying engages": (lambda r: rows(r, "purchase.owes", add={"engaged": 1}), {"purchase"}),
    "buying again pays what is due": (
        lambda r: rows(r, "purchase.adds_nothing", set={"account": "clear"}),
        {"purchase", "complaint", "kept_major", "broken_minor", "kept_minor", "exchange", "repair"},
    ),
    "a small failure covers a serious one": (slip_for_breach, {"broken_minor"}),
    "a repair needs no proof": (
        lambda r: rows(r, "repair.settles", set={"account": "clear"}),
        {"complaint", "broken_minor", "kept_major", "repair"},
    ),
    "a repair delights": (
        lambda r: rows(r, "repair.settles", add={"doubt": -2}),
        {"broken_major", "broken_minor", "complaint", "kept_major", "repair"},
    ),
    "small talk heals while an account is open": (
        lambda r: rows(r, "exchange.too_early", add={"doubt": -1}),
        {"broken_major", "broken_minor", "complaint", "kept_major", "repair"},
    ),
}


def changed(curve: Curve, change: Change) -> Curve:
    document = curve.to_plain()
    change({row["name"]: row for row in document["rules"]})
    return read_curve(document)


@pytest.mark.parametrize("name", REFUTED)
def test_1_is_refuted_where_a_curve_is_wrong(curve: Curve, name: str) -> None:
    change, signals = REFUTED[name]
    wrong = changed(curve, change)
    found = paradoxes(wrong.table(), harms=HARMS, goods=GOODS)
    assert {signal for signal, _ in found} == signals
    # The other way of deciding it finds the same, and a journey that shows it to anyone.
    shown = shortest_paradox(wrong.table(), harms=HARMS, goods=GOODS)
    assert shown is not None
    assert (shown.inserted, shown.position) in found
    without, with_it = shown.position, wrong.react(shown.position, shown.inserted).after
    for signal in shown.signals:
        without, with_it = wrong.react(without, signal).after, wrong.react(with_it, signal).after
    gained = wrong.rank(with_it) - wrong.rank(without)
    assert gained > 0 if shown.inserted in HARMS else gained < 0


def test_6_is_refuted_where_a_repair_delights(curve: Curve) -> None:
    table = changed(curve, REFUTED["a repair delights"][0]).table()
    holds, repaired = never_higher(table), column(table, "repair")
    better = {harm for harm in HARMS if not holds[repaired, repaired[column(table, harm)]].all()}
    assert "broken_minor" in better


def test_1_leaves_room_for_another_opinion(curve: Curve) -> None:
    def silence_wears_evenly(rules: dict[str, dict[str, Any]]) -> None:
        rows(rules, "silence.wears_double", when={"engaged": {"at_least": 1}}, add={"engaged": -1})

    def any_promise_reopens(rules: dict[str, dict[str, Any]]) -> None:
        rows(rules, "promise_made.adds_nothing", set={"account": "due"})

    def small_talk_settles(rules: dict[str, dict[str, Any]]) -> None:
        rows(rules, "exchange.too_early", set={"account": "clear"})

    for opinion in (silence_wears_evenly, any_promise_reopens, small_talk_settles):
        other = changed(curve, opinion)
        assert other.fingerprint != curve.fingerprint
        assert paradoxes(other.table(), harms=HARMS, goods=GOODS) == []
        assert shortest_paradox(other.table(), harms=HARMS, goods=GOODS) is None
