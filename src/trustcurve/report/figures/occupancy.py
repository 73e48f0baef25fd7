"""Where customers stand over time: what was sampled as areas, and over it the exact answer as lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from numpy.typing import NDArray

from trustcurve.core.curve import Curve
from trustcurve.report.style import INK, colours_of, nobody, percent_axis, shown, step_axis

__all__ = ["plot_occupancy"]

_ROOM = 0.045
"""How far labels stay away from each other, as a part of the height."""


def plot_occupancy(
    axes: Axes, curve: Curve, sampled: pl.DataFrame | None, exact: pl.DataFrame | None, *, labels: bool = True
) -> None:
    """Plot the shares of one segment.

    Args:
        axes: Where to.
        curve: The curve.
        sampled: Its sampled shares: ``step``, ``state``, ``share``.
        exact: Its exact ones.
        labels: Whether to name the states at the right.
    """
    colours = colours_of(curve)
    drawn = sampled if sampled is not None else exact
    if drawn is None:
        return
    if drawn.is_empty():
        nobody(axes)
        return
    shares, steps = _shares(drawn, curve.states), drawn["step"].unique().sort().to_numpy()
    axes.stackplot(steps, shares, colors=[colours[state] for state in curve.states], linewidth=0)
    if exact is not None and sampled is not None:
        for bound in np.cumsum(_shares(exact, curve.states), axis=0)[:-1]:
            axes.plot(steps, bound, color="white", linewidth=2.2, alpha=0.7)
            axes.plot(steps, bound, color=INK, linewidth=0.9)
    axes.set_ylim(0, 1)
    percent_axis(axes, "share of customers")
    step_axis(axes, int(steps[-1]), "step")
    if labels:
        _label(axes, curve.states, colours, shares[:, -1])


def _shares(frame: pl.DataFrame, states: Sequence[str]) -> NDArray[np.float64]:
    """Lay shares out: a row for each state, from low to high, a column for each step."""
    wide = frame.pivot("step", index="state", values="share", sort_columns=False)
    order = pl.DataFrame({"state": states})
    return order.join(wide, on="state", how="left", maintain_order="left").drop("state").to_numpy()


def _label(axes: Axes, states: Sequence[str], colours: dict[str, str], last: NDArray[np.float64]) -> None:
    """Name the states at the right, each beside its area, but apart from each other."""
    middles = np.cumsum(last) - last / 2
    places: list[float] = []
    for middle in middles:
        places.append(max(float(middle), places[-1] + _ROOM if places else 0.0))
    over = max(places[-1] - (1 - _ROOM / 2), 0.0)
    for number in range(len(places) - 1, -1, -1):
        most = places[number + 1] - _ROOM if number + 1 < len(places) else places[number] - over
        places[number] = min(places[number], most)
    for state, place, share in zip(states, places, last, strict=True):
        for said, points, colour in (("■", 6, colours[state]), (f"{shown(state)} {share:.1%}", 20, INK)):
            axes.annotate(
                said, (1, place), (points, 0), "axes fraction", "offset points", color=colour, va="center",
                fontsize=11 if said == "■" else 9, annotation_clip=False,
            )  # fmt: skip
