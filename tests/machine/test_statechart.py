"""Two executions of the same rows must agree: transitions' machine, and ``react``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.core.strategies import LARGEST, SMALLEST, Numbers, parameters
from tests.core.test_own_curve import OURS
from trustcurve import Curve, Position
from trustcurve.core.parts import parts_of
from trustcurve.core.program import Program
from trustcurve.core.rulebook import Rulebook
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidPositionError, UnknownWordError
from trustcurve.machine import TrustMachine

DEFAULT = Curve.default()
MACHINE = TrustMachine(DEFAULT)


def disagreements(machine: TrustMachine, curve: Curve, positions: list[Position]) -> list[tuple[Position, str]]:
    """Return every position and signal after which the two stand elsewhere."""
    walker = machine.walker()
    found = []
    for position in positions:
        for signal in curve.signals:
            machine.place(walker, position)
            reaction = curve.react(position, signal)
            if (machine.send(walker, signal), walker.state) != (reaction.after, reaction.state_after):
                found.append((position, signal))
    return found


@pytest.mark.slow
def test_they_agree_on_every_signal_in_every_position() -> None:
    positions = list(DEFAULT.table().positions)
    assert len(positions) * len(DEFAULT.signals) == 524 * 16
    assert disagreements(MACHINE, DEFAULT, positions) == []


@given(st.lists(st.sampled_from(DEFAULT.signals), max_size=60))
def test_they_agree_on_whole_journeys(signals: list[str]) -> None:
    walker, position = MACHINE.walker(), DEFAULT.start
    for signal in signals:
        position = DEFAULT.react(position, signal).after
        assert MACHINE.send(walker, signal) == position
    MACHINE.remove_model(walker)


@pytest.mark.slow
@settings(max_examples=25)
@given(parameters(), st.randoms(use_true_random=False))
@example(SMALLEST, None)
@example(LARGEST, None)
def test_they_agree_with_any_parameters(numbers: Numbers, draw: Any) -> None:
    curve = Curve.default(**numbers)
    positions = list(curve.table().positions)
    some = positions[:: len(positions) // 20 + 1] if draw is None else draw.sample(positions, min(20, len(positions)))
    assert disagreements(TrustMachine(curve), curve, some) == []


@pytest.mark.slow
def test_they_agree_on_a_curve_of_ones_own() -> None:
    ours = parse_curve(OURS)
    machine = TrustMachine(ours)
    assert "loyal" in machine.get_nested_state_names()
    assert disagreements(machine, ours, list(ours.table().positions)[::3]) == []


def test_a_difference_of_one_number_is_found() -> None:
    other = Curve.default(hopeful_lost_at=6)
    assert disagreements(TrustMachine(other), DEFAULT, [Position("hopeful", 0, 0, 4, "clear")])


def test_the_machine_shares_nothing_with_react(monkeypatch: pytest.MonkeyPatch) -> None:
    walker = MACHINE.walker()
    for owner, name in ((Rulebook, "react"), (Rulebook, "_work_out"), (Program, "run"), (Program, "settle")):
        monkeypatch.setattr(owner, name, None)
    assert MACHINE.send(walker, "proposition") == Position("hopeful", 0, 0, 2, "due")
    assert MACHINE.send(walker, "broken_major") == Position("distrust", 0, 0, 4, "breach")
    assert walker.state == "distrust.competitive"


def test_it_is_a_machine_of_transitions() -> None:
    walker = MACHINE.walker()
    assert MACHINE.get_nested_state_names() == [
        "departed",
        *("distrust", "distrust.suspicious", "distrust.competitive", "distrust.adversarial"),
        *("hopeful", "customer_centric", "advocate"),
    ]
    assert set(DEFAULT.signals) <= set(MACHINE.get_triggers("hopeful"))
    assert walker.trigger("promise_made") is True
    assert walker.state == "hopeful"
    assert MACHINE.is_state("hopeful", walker)
    (opens, *_) = MACHINE.get_transitions("proposition", source="distrust.suspicious")
    assert (opens.dest, len(opens.conditions)) == ("hopeful", 1)


def test_postures_and_settling_follow_every_row() -> None:
    walker = MACHINE.walker(Position("advocate", 3, 4, 2, "breach"))
    assert MACHINE.send(walker, "broken_major") == Position("distrust", 0, 0, 4, "breach")
    assert walker.state == "distrust.competitive"


def test_words_and_positions_of_other_curves_raise() -> None:
    walker = MACHINE.walker()
    with pytest.raises(UnknownWordError, match="did you mean 'exchange'"):
        MACHINE.send(walker, "exchnge")
    with pytest.raises(UnknownWordError, match="stage"):
        MACHINE.walker(Position("loyal", 0, 0, 0, "clear"))
    with pytest.raises(InvalidPositionError):
        MACHINE.place(walker, Position("hopeful", 4, 0, 0, "clear"))
    assert walker.position == DEFAULT.start


def test_they_agree_on_every_test_and_effect_that_a_rule_can_have() -> None:
    """Every test and every effect that a row can have, on one small curve."""
    document = DEFAULT.to_plain()
    document["signals"]["nudge"] = {"by": "both"}
    document["rules"] += [
        row(
            "nudge.a",
            {"doubt": {"above": 1, "below": 3}, "kept": [0, 2]},
            {"at_least": {"doubt": 4, "stage": "hopeful"}},
        ),
        row("nudge.b", {"engaged": {"at_most": 1}, "posture": "competitive"}, {"add": {"account": 1, "stage": 1}}),
        row("nudge.c", {"outside": True, "felt_doubt": {"at_least": 8}}, {"add": {"stage": -1, "kept": 1}}),
        row("nudge.d", {}, {"add": {"doubt": "-one_sided_doubt"}, "set": {"account": "slip"}}),
    ]
    curve = Curve._from_parts(parts_of(document))
    assert disagreements(TrustMachine(curve), curve, list(curve.table().positions)[::7]) == []


def row(name: str, when: dict[str, object], effects: dict[str, object]) -> dict[str, object]:
    return {"name": name, "signal": "nudge", "when": when, **effects, "because": "to try it"}
