"""How customers move between states: from where at the left to where at the right; falls have their own colour."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Line

from trustcurve.core.curve import Curve
from trustcurve.report.style import FALL, RISE, colours_of, shown

__all__ = ["plot_flow"]

_LEFT, _RIGHT, _BAR = 0.0, 1.0, 0.03
_GAP = 0.04
"""How much room is left between two states, as a part of all moves."""

_NAMED = 0.045
"""The least part of all moves for which a band is given its number."""

_SEEN = 0.002
"""The least part of all moves that can be seen: what is less is left out."""


def plot_flow(axes: Axes, curve: Curve, moves: pl.DataFrame) -> None:
    """Plot the moves of one segment.

    Args:
        axes: Where to.
        curve: The curve.
        moves: How often customers moved, each: ``before``, ``after``, ``change``, ``each`` (per customer).
    """
    axes.set_axis_off()
    total = float(moves["each"].sum())
    if not total:
        axes.text(0.5, 0.5, "nobody moved", ha="center", va="center")
        axes.set_xlim(-0.3, 1.3)
        return
    moves = moves.filter(pl.col("each") >= _SEEN * total)
    states = [state for state in curve.states if state in {*moves["before"], *moves["after"]}]
    room = _GAP * total
    sides = {side: _stacked(states, moves, side, room) for side in ("before", "after")}
    height = max(_height(sides[side], moves, side) for side in sides)
    _bars(axes, curve, states, moves, sides)
    rank = {state: number for number, state in enumerate(curve.states)}
    at = {side: dict(bottoms) for side, bottoms in sides.items()}
    ordered = sorted(moves.iter_rows(named=True), key=lambda row: (rank[row["before"]], rank[row["after"]]))
    arriving = sorted(ordered, key=lambda row: (rank[row["after"]], rank[row["before"]]))
    ends = {}
    for row in arriving:
        ends[row["before"], row["after"]] = at["after"][row["after"]]
        at["after"][row["after"]] += row["each"]
    for row in ordered:
        begin = at["before"][row["before"]]
        at["before"][row["before"]] += row["each"]
        _band(axes, begin, ends[row["before"], row["after"]], row, named=row["each"] >= _NAMED * total)
    axes.set_xlim(-0.42, 1.42)
    axes.set_ylim(-room, height + room)


def _stacked(states: Sequence[str], moves: pl.DataFrame, side: str, room: float) -> dict[str, float]:
    """Stack the states of a side, from low to high: the bottom of each."""
    bottoms, at = {}, 0.0
    for state in states:
        bottoms[state] = at
        at += float(moves.filter(pl.col(side) == state)["each"].sum()) + room
    return bottoms


def _height(bottoms: dict[str, float], moves: pl.DataFrame, side: str) -> float:
    return max(bottom + float(moves.filter(pl.col(side) == state)["each"].sum()) for state, bottom in bottoms.items())


def _bars(
    axes: Axes, curve: Curve, states: Sequence[str], moves: pl.DataFrame, sides: dict[str, dict[str, float]]
) -> None:
    """Draw a bar for each state at both sides, and name it."""
    colours = colours_of(curve)
    for side, x, align, beside in (("before", _LEFT - _BAR, "right", -0.02), ("after", _RIGHT, "left", _BAR + 0.02)):
        for state in states:
            size = float(moves.filter(pl.col(side) == state)["each"].sum())
            if not size:
                continue
            bottom = sides[side][state]
            axes.add_patch(Rectangle((x, bottom), _BAR, size, facecolor=colours[state], edgecolor="none"))
            axes.text(x + beside, bottom + size / 2, f"{shown(state)}  {size:.2f}", ha=align, va="center", fontsize=8)


def _band(axes: Axes, begin: float, end: float, row: dict[str, float], *, named: bool) -> None:
    """Draw a band from the left to the right, as thick as it is frequent."""
    thick, half = row["each"], (_LEFT + _RIGHT) / 2
    corners = [
        (_LEFT, begin), (half, begin), (half, end), (_RIGHT, end), (_RIGHT, end + thick), (half, end + thick),
        (half, begin + thick), (_LEFT, begin + thick), (_LEFT, begin),
    ]  # fmt: skip
    codes = [Line.MOVETO, *[Line.CURVE4] * 3, Line.LINETO, *[Line.CURVE4] * 3, Line.CLOSEPOLY]
    colour = FALL if row["change"] < 0 else RISE
    axes.add_patch(PathPatch(Line(corners, codes), facecolor=colour, edgecolor="white", linewidth=0.4, alpha=0.62))
    if named:
        axes.text(_LEFT + 0.012, begin + thick / 2, f"{thick:.2f}", ha="left", va="center", fontsize=7)
