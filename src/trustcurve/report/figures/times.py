"""How soon customers become advocates, and how soon they are lost: shares by age, with bands of confidence."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes

from trustcurve.core.curve import Curve
from trustcurve.report.style import FALL, INK, RISE, percent_axis, step_axis

__all__ = ["plot_times"]


def plot_times(axes: Axes, curve: Curve, sampled: pl.DataFrame | None, exact: pl.DataFrame | None) -> None:
    """Plot the share of one segment that has been at the highest stage, and that was lost, by age.

    Args:
        axes: Where to.
        curve: The curve.
        sampled: ``age``, ``stage``, ``share``, ``low``, ``high``.
        exact: ``age``, ``stage``, ``share``.
    """
    highest, most, top, steps = curve.stages[-1].name, 0.0, 0.0, 1
    for stage, colour, word in (
        (highest, RISE, f"has been {highest.replace('_', '-')}"),
        ("lost", FALL, "was a customer, and was lost"),
    ):
        for frame, line in ((sampled, False), (exact, True)):
            if frame is None:
                continue
            rows = frame.filter(pl.col("stage") == stage).sort("age")
            if rows.is_empty():
                continue
            ages, shares = rows["age"].to_numpy(), rows["share"].to_numpy()
            steps, most = int(ages[-1]), max(most, float(rows["share"].to_numpy().max()))
            if line:
                axes.plot(ages, shares, color=INK if sampled is not None else colour, linewidth=1, zorder=3)
            else:
                low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
                top = max(top, float(high.max()))
                axes.fill_between(ages, low, high, color=colour, alpha=0.25, linewidth=0)
                axes.plot(ages, shares, color=colour, linewidth=2.4)
            if frame is (sampled if sampled is not None else exact):
                axes.plot([], [], color=colour, linewidth=2.4, label=f"{word}: {shares[-1]:.1%}")
    if sampled is not None and exact is not None:
        axes.plot([], [], color=INK, linewidth=1, label="exactly")
    if not axes.lines:
        axes.text(0.5, 0.5, "nobody is here", ha="center", va="center", transform=axes.transAxes)
        return
    axes.legend(loc="upper left", framealpha=0.85, edgecolor="none")
    axes.set_ylim(0, min(max(most * 1.35, top * 1.05, 0.02), 1.02))
    percent_axis(axes, "share of customers")
    step_axis(axes, steps, "steps since they came")
