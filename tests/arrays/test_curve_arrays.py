"""The array step of a curve does what the curve's own reactions do, one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_own_curve import OURS
from trustcurve import Curve
from trustcurve.arrays.curve_arrays import ALWAYS, CROSSING, HEARD_CHANGES, NEVER, CurveArrays
from trustcurve.documents.curve_file import parse_curve

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
