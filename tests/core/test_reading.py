"""Two readings of one definition: the curve's file, and tests/core/reading.py. They must agree everywhere."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import example, given, settings

from tests.core import reading
from tests.core.reading import ACCOUNTS, CLEAR, DEFAULTS, DISTRUST, SIGNALS, STAGES, Place
from tests.core.strategies import LARGEST, SMALLEST, Numbers, parameters
from trustcurve import Curve

EVERYWHERE = [
    Place(*cells) for cells in product(range(len(STAGES)), range(4), range(5), range(13), range(len(ACCOUNTS)))
]

# Goodwill outside is forgotten at once, so nobody stands there with any. Only of such positions the two
# readings differ: the definition would let that goodwill pay for a pitch, the file needs no row for it.
NOBODY_PAYS = {
    at
    for at in EVERYWHERE
    if at.outside and at.engaged and at.account == CLEAR and at.doubt < DEFAULTS["doubt_max"]
    if at.stage != DISTRUST or at.felt > DEFAULTS["suspicious_max"]
}


def test_the_parameters_are_those_of_the_definition(curve: Curve) -> None:
    numbers = {name: value for name, value in curve.parameters.items() if isinstance(value, int)}
    assert numbers == {**DEFAULTS, "waiting_periods": 1}
    assert curve.parameters["silence_after"].days == 90
    assert not curve.parameters["grace"]


def test_the_signals_are_those_of_the_definition(curve: Curve) -> None:
    assert sorted(curve.signals) == sorted(SIGNALS)
    assert len(curve.signals) == 16


def test_positions_in_words_and_in_numbers() -> None:
    assert len(EVERYWHERE) == 5 * 4 * 5 * 13 * 4
    assert all(reading.place(at.position()) == at for at in EVERYWHERE)


@pytest.mark.parametrize("signal", SIGNALS)
def test_both_readings_agree_in_every_position_within_range(curve: Curve, signal: str) -> None:
    differ = {
        at
        for at in EVERYWHERE
        if curve.react(at.position(), signal).after != reading.react(at, signal, DEFAULTS).position()
    }
    assert differ == (NOBODY_PAYS if signal == "proposition" else set())


def test_both_readings_agree_on_states_and_ranks_in_every_position(curve: Curve) -> None:
    for at in EVERYWHERE:
        position, place = at.position(), reading.rank(at, DEFAULTS)
        assert curve.rank(position) == place
        assert (
            curve.state(position)
            == (
                "departed",
                "distrust.adversarial",
                "distrust.competitive",
                "distrust.suspicious",
                "hopeful",
                "customer_centric",
                "advocate",
            )[place]
        )


def test_a_stranger_reaches_524_positions(curve: Curve) -> None:
    found = reading.reachable(DEFAULTS)
    assert {at.position() for at in found} == set(curve.table().positions)
    assert Counter(position.stage for position in curve.table().positions) == {
        "distrust": 37,
        "hopeful": 245,
        "customer_centric": 165,
        "advocate": 40,
        "departed": 37,
    }


@pytest.mark.slow
@settings(max_examples=25)
@given(parameters())
@example(SMALLEST)
@example(LARGEST)
def test_both_readings_agree_with_any_parameters(numbers: Numbers) -> None:
    table = Curve.default(**numbers).table()
    found = reading.reachable(numbers)
    assert {at.position() for at in found} == set(table.positions)
    for position, reactions, rank in zip(table.positions, table.reactions, table.ranks, strict=True):
        at = reading.place(position)
        assert rank == reading.rank(at, numbers)
        for reaction in reactions:
            assert reaction.after == reading.react(at, reaction.signal, numbers).position()
