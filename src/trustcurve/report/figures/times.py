"""How soon customers become advocates, and how soon they are lost: shares by age, with bands of confidence."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes

from trustcurve.core.curve import Curve
from trustcurve.report.style import FALL, INK, RISE, nobody, percent_axis, shown, step_axis
from trustcurve.simulation.unrolled.shape import LOST_NAME

__all__ = ["plot_times"]


def plot_times(axes: Axes, curve: Curve, sampled: pl.DataFrame | None, exact: pl.DataFrame | None) -> None:
    """Plot the share of one segment that has been at the highest stage, and that was lost, by age.

    Args:
        axes: Where to.
        curve: The curve.
        sampled: ``age``, ``stage``, ``share``, ``low``, ``high``.
        exact: ``age``, ``stage``, ``share``.
    """
    highest, drawn = curve.stages[-1].name, sampled if sampled is not None else exact
    if drawn is None or drawn.is_empty():
        nobody(axes)
        return
    top = 0.0
    for stage, colour, word in (
        (highest, RISE, f"has been {shown(highest)}"),
        (LOST_NAME, FALL, "was a customer, and was lost"),
    ):
        rows = drawn.filter(pl.col("stage") == stage).sort("age")
        ages, shares = rows["age"].to_numpy(), rows["share"].to_numpy()
        axes.plot(ages, shares, color=colour, linewidth=2.4, label=f"{word}: {shares[-1]:.1%}")
        top = max(top, float(shares.max()))
        if sampled is not None:
            low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
            axes.fill_between(ages, low, high, color=colour, alpha=0.16, linewidth=0)
            for bound in (low, high):
                axes.plot(ages, bound, color=colour, linewidth=0.7, linestyle=(0, (4, 2)))
            top = max(top, float(high.max()))
        if sampled is not None and exact is not None:
            known = exact.filter(pl.col("stage") == stage).sort("age")
            axes.plot(known["age"], known["share"], color=INK, linewidth=1, zorder=3)
            top = max(top, float(known["share"].to_numpy().max()))
    if sampled is not None and exact is not None:
        axes.plot([], [], color=INK, linewidth=1, label="exactly")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    axes.set_ylim(0, min(max(top * 1.05, 0.02), 1.02))
    percent_axis(axes, "share of customers")
    step_axis(axes, int(drawn["age"].to_numpy().max()), "steps since they came")
