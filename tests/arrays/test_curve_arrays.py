"""The array step of a curve does what the curve's own reactions do, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_own_curve import OURS
from trustcurve import Curve
from trustcurve.arrays import CurveArrays
from trustcurve.arrays.curve_arrays import ALWAYS, CROSSING, HEARD_CHANGES, NEVER
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidValueError

CURVES = {"default": Curve.default(), "of one's own": parse_curve(OURS)}


@pytest.mark.parametrize("name", CURVES)
def test_signals_move_all_positions_as_the_curve_does(name: str) -> None:
    curve = CURVES[name]
    arrays, positions = CurveArrays.of(curve), curve.table().positions
    every = np.arange(len(positions))

    @given(st.lists(st.tuples(st.sampled_from(curve.signals), st.sampled_from((NEVER, ALWAYS, CROSSING))), max_size=4))
    def agree(sent: list[tuple[str, int]]) -> None:
        shape = (len(every), len(sent))
        signals = np.broadcast_to(np.array([[arrays.columns[signal] for signal, _ in sent]], int), shape)
        ends = np.broadcast_to(np.array([[end for _, end in sent]], int), shape)
        after, ended, idle = arrays.react(every, signals, ends)
        heard = arrays.changes(every, signals)
        for number, position in enumerate(positions):
            at, came, ends_here, idles = position, list[str](), False, False
            for signal, end in sent:
                reaction = curve.react(at, signal)
                ends_here |= end == ALWAYS or (end == CROSSING and reaction.crosses)
                idles |= signal == "silence" and reaction.after == at
                came += ["silence"] if signal == "silence" and reaction.after != at else []
                came += ["rise"] if reaction.change > 0 else ["fall"] if reaction.change < 0 else []
                at = reaction.after
            assert positions[after[number]] == at
            assert (ended[number], idle[number]) == (ends_here, idles)
            told = HEARD_CHANGES[heard[number]]
            assert set(told) == set(came)
            assert [word for word in told if word != "silence"][-1:] == [word for word in came if word != "silence"][
                -1:
            ]

    agree()


@pytest.mark.parametrize("name", CURVES)
def test_every_signal_in_every_position_is_as_on_the_curve(name: str) -> None:
    curve = CURVES[name]
    arrays, here = CurveArrays.of(curve), np.arange(len(curve.table()))
    assert arrays.positions == curve.table().positions
    assert [arrays.states[rank] for rank in arrays.ranks] == [curve.state(position) for position in arrays.positions]
    for signal, column in arrays.columns.items():
        after = arrays.react_many(here, np.full(len(here), column))
        assert after.dtype == np.int32
        for number, position in enumerate(arrays.positions):
            reaction = curve.react(position, signal)
            ends = {"never": False, "always": True, "crossing": reaction.crosses}[curve.ends_silence[signal]]
            assert arrays.positions[after[number]] == reaction.after
            assert (arrays.crosses[number, column], arrays.ends_silence[number, column]) == (reaction.crosses, ends)
    same = arrays.react_many(here, np.full(len(here), arrays.no_signal))
    assert same.tolist() == here.tolist()
    assert not arrays.ends_silence[:, arrays.no_signal].any()


@pytest.mark.parametrize("name", CURVES)
def test_silences_in_a_row_are_powers_of_one(name: str) -> None:
    arrays = CurveArrays.of(CURVES[name])
    positions = np.arange(len(arrays.positions))
    for row in arrays.silences:
        assert row.tolist() == positions.tolist()
        positions = arrays.react_many(positions, np.full(len(positions), arrays.columns["silence"]))
    assert arrays.settles
    assert positions.tolist() == arrays.silences[-1].tolist()


@pytest.mark.parametrize("numbers", [[], (), np.array([], np.float64), np.array([0, 255], np.uint8), [0], range(3)])
def test_whole_numbers_of_every_kind_are_numbers(numbers: Any) -> None:
    arrays = CurveArrays.of(Curve.default())
    found = arrays.react_many(numbers, [0] * len(numbers))
    assert found.tolist() == [arrays.next[number, 0] for number in np.asarray(numbers, int)]


@pytest.mark.parametrize(
    ("positions", "signals", "words"),
    [
        ([524], [0], "positions[0] must be at most 523, because there are 524 positions, and not below 0, got 524"),
        ([0, -1], [0, 0], "positions[1] must be at most 523, because there are 524 positions, and not below 0, got -1"),
        ([0], [17], "signals[0] must be at most 16, because there are 17 signals, and not below 0, got 17"),
        ([0], [2**64 - 1], f"signals[0] must be at most 16, because there are 17 signals, and not below 0, got {2**64 - 1}"),
        ([0, 0], [0], "signals must be as many as there are positions, 2, got 1"),
        ([[0]], [0], "positions must be an array of one dimension, not of this shape, got (1, 1)"),
        (0, 0, "positions must be an array of one dimension, not of this shape, got ()"),
        ([0.0], [0], "positions must be an array of whole numbers, not of this type, got 'float64'"),
        ([True], [0], "positions must be an array of whole numbers, not of this type, got 'bool'"),
        ([0], ["exchange"], "signals must be an array of whole numbers, not of this type, got '<U8'"),
        ([0], None, "signals must be an array of one dimension, not of this shape, got ()"),
        ([[0], [0, 1]], [0], "positions must be an array of one dimension, got [[0], [0, 1]]"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_the_curve_is_an_error(positions: Any, signals: Any, words: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        CurveArrays.of(Curve.default()).react_many(positions, signals)
    assert str(caught.value) == words


def test_the_arrays_of_a_curve_cannot_be_changed() -> None:
    arrays = CurveArrays.of(Curve.default())
    for array in (arrays.next, arrays.crosses, arrays.ends_silence, arrays.ranks, arrays.silences):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert CurveArrays.of(Curve.default()) is arrays
    with pytest.raises(InvalidValueError, match="must be a Curve"):
        CurveArrays.of("default")  # type: ignore[arg-type]
