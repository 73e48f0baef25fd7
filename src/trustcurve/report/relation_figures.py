"""Figures of relations, of scenarios and of logs: who is kept of those who crossed the barrier, and what was given and asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from attrs import frozen
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from trustcurve.core.signals import EXCHANGED, RETAINED
from trustcurve.errors import InvalidValueError
from trustcurve.logs.relations import month_name, month_number
from trustcurve.report.canvas import FALL, INK, RISE, figure, note_no_customers, percent_axis, save, shortened, title

if TYPE_CHECKING:
    from trustcurve.logs import LogReplay
    from trustcurve.simulation import Run, Solution

__all__ = ["draw_log_relations", "draw_relations"]

_PANEL, _HIGH = 5.2, 3.7
_NUMBERS: Final = (*RETAINED, *EXCHANGED)

_Floats = NDArray[np.float64]


def draw_relations(path: str | PathLike[str], exact: Solution | None, run: Run | None = None) -> Path:
    """Draw who is kept of those who were ever across the barrier, in all and by cohort, and what is given and asked.

    Args:
        path: The file, a PNG.
        exact: The exact solution, if there is one: then that is drawn.
        run: A sample, if there is one: all of its replications together.

    Raises:
        InvalidValueError: There is neither.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import Scenario, solve
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario.single(Curve.default(), give, Environment({"complaint": 0.2}), turns=4)
        >>> with TemporaryDirectory() as folder:
        ...     draw_relations(Path(folder, "relations.png"), solve(one)).name
        'relations.png'
    """
    result = exact or run
    if result is None:
        raise InvalidValueError("exact", None, "must be a Solution, unless a Run is given")
    kind = "exact" if exact is not None else "sampled"
    relations, cohorts = result.relations(), result.cohorts()
    rows = []
    for segment in result.segments:
        found = relations.filter(segment=segment).group_by("cohort", "turn").agg(pl.col(*_NUMBERS).sum())
        sizes = cohorts.filter(segment=segment).group_by("cohort").agg(pl.col("customers").sum())
        made = found.join(sizes, on="cohort").select("cohort", "customers", *_NUMBERS, period="turn")
        name = shortened(segment) if len(result.segments) > 1 else ""
        rows.append((f"{name}, {kind}" if name else kind, _Relations.of(made)))
    return _draw(path, shortened(result.scenario.name), rows, ("turn", "came in turn"), str)


def draw_log_relations(path: str | PathLike[str], replay: LogReplay) -> Path:
    r"""Draw who is kept of those who were ever across the barrier, in all and by cohort, and what was given and asked.

    Args:
        path: The file, a PNG.
        replay: The replay of a log.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve import Curve
        >>> from trustcurve.logs import parse_mapping, replay_log, scan_log
        >>> rules = '[[rules]]\nwhen = { what = "advice" }\nevents = [{ event = "Exchanged" }]'
        >>> mapping = parse_mapping(f'[log]\ncustomer = "client"\ntime = "when"\ntimezone = "UTC"\n{rules}')
        >>> with TemporaryDirectory() as folder:
        ...     log = Path(folder, "log.csv")
        ...     _ = log.write_text("client,when,what\nann,2026-01-01,advice\n")
        ...     done = replay_log(scan_log(log), mapping, Curve.default())
        ...     draw_log_relations(Path(folder, "relations.png"), done).name
        'relations.png'
    """
    rows = [
        (
            month_number(each.cohort),
            month_number(each.month),
            *(getattr(each, name) for name in ("customers", *_NUMBERS)),
        )
        for each in replay.relations
    ]
    schema = dict.fromkeys(("cohort", "period", "customers", *_NUMBERS), pl.Int64)
    made = pl.DataFrame(rows, schema=schema, orient="row")
    return _draw(path, "relations by month", [("", _Relations.of(made))], ("month (UTC)", "came in"), month_name)


@frozen(eq=False)
class _Relations:
    """Relations as arrays.

    Args:
        cohorts: The period in which each cohort came.
        periods: Every period from the first to the last.
        customers: How many customers there are in each cohort.
        kept: How many crossed, are across and are engaged at the end of each period: (3, cohorts, periods).
        exchanged: What was given and asked in each period: (2, periods).
    """

    cohorts: NDArray[np.int64]
    periods: NDArray[np.int64]
    customers: _Floats
    kept: _Floats
    exchanged: _Floats

    @classmethod
    def of(cls, frame: pl.DataFrame) -> _Relations:
        """Lay out a table with ``cohort``, ``period``, ``customers`` and the numbers; where a period is missing, nothing changed."""
        cohorts = frame["cohort"].unique().sort()
        low, high = (int(frame["period"].min() or 0), int(frame["period"].max() or 0)) if len(frame) else (0, 0)  # type: ignore[arg-type]
        periods = pl.Series("period", range(low, high + 1), dtype=pl.Int64)
        every = pl.DataFrame({"cohort": cohorts.cast(pl.Int64)}).join(pl.DataFrame({"period": periods}), how="cross")
        known = frame.cast({"cohort": pl.Int64, "period": pl.Int64})
        full = every.join(known, on=["cohort", "period"], how="left", maintain_order="left")
        full = full.with_columns(pl.col("customers", *RETAINED).forward_fill().over("cohort")).fill_null(0)
        shape = (len(cohorts), len(periods))
        kept = np.stack([full[name].to_numpy().astype(float).reshape(shape) for name in RETAINED])
        exchanged = np.stack([full[name].to_numpy().astype(float).reshape(shape).sum(axis=0) for name in EXCHANGED])
        customers = full["customers"].to_numpy().astype(float).reshape(shape)
        return cls(cohorts.to_numpy(), periods.to_numpy(), customers.max(axis=1, initial=0), kept, exchanged)


def _draw(
    path: str | PathLike[str],
    name: str,
    rows: Sequence[tuple[str, _Relations]],
    words: tuple[str, str],
    label: Callable[[int], str],
) -> Path:
    """Draw a row of panels for each segment."""
    wide = 3 if any(len(its.cohorts) > 1 for _, its in rows) else 2
    with figure(_PANEL * wide, _HIGH * len(rows), f"{name}: who is kept, and what is given and asked") as made:
        for (segment, its), panels in zip(rows, made.subplots(len(rows), wide, squeeze=False), strict=True):
            plots = [_plot_kept, _plot_exchanged, *([_plot_cohorts] if wide > 2 else [])]  # noqa: PLR2004 - a third panel
            for plot, axes in zip(plots, panels, strict=True):
                if not its.customers.sum():
                    note_no_customers(axes)
                    continue
                heading = plot(axes, its, words)
                title(axes, f"{segment}: {heading}" if segment else heading, _PANEL)
                axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
                axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: label(int(value))))
                axes.set_xlabel(words[0])
            if len(panels) > 2 and its.customers.sum():  # noqa: PLR2004 - a third panel
                panels[2].yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
                panels[2].yaxis.set_major_formatter(FuncFormatter(lambda value, _: label(int(value))))
        return save(made, path)


def _marker(its: _Relations) -> str:
    """Return the marker of a line: a line of a single period would not be seen."""
    return "o" if len(its.periods) == 1 else ""


def _plot_kept(axes: Axes, its: _Relations, _: tuple[str, str]) -> str:
    """Plot the shares of all cohorts together."""
    crossed, across, engaged = its.kept.sum(axis=1)
    for counts, colour, words in ((across, RISE, "still across"), (engaged, "#009E73", "engaged")):
        share = np.divide(counts, crossed, out=np.full(len(crossed), np.nan), where=crossed > 0)
        last = "" if np.isnan(share[-1]) else f": {share[-1]:.1%}"
        axes.plot(its.periods, share, color=colour, linewidth=2.4, marker=_marker(its), label=f"{words}{last}")
    axes.set_ylim(0, 1.02)
    percent_axis(axes, "of those who were ever across")
    axes.legend(loc="best", frameon=False)
    return "who is kept"


def _plot_exchanged(axes: Axes, its: _Relations, _: tuple[str, str]) -> str:
    """Plot what is given and asked in each period, for each hundred customers who have come by then."""
    came = np.array([its.customers[its.cohorts <= period].sum() for period in its.periods])
    for number, (word, colour) in enumerate((("given", RISE), ("asked", FALL))):
        each = np.divide(its.exchanged[number] * 100, came, out=np.zeros(len(came)), where=came > 0)
        total = float(its.exchanged[number].sum()) / float(its.customers.sum())
        axes.plot(
            its.periods,
            each,
            color=colour,
            linewidth=2.4,
            marker=_marker(its),
            label=f"{word}: {total:,.2f} times a customer",
        )
    axes.set_ylim(0, max(axes.get_ylim()[1], 1))
    axes.set_ylabel("times, per 100 customers")
    axes.legend(loc="best", frameon=False)
    return "what is given and asked"


def _plot_cohorts(axes: Axes, its: _Relations, words: tuple[str, str]) -> str:
    """Plot the share that is still across, by cohort."""
    crossed, across, _ = its.kept
    first, last = int(its.cohorts[0]), int(its.cohorts[-1])
    share = np.full((last - first + 1, len(its.periods)), np.nan)  # a row for each period, also where nobody came
    share[its.cohorts - first] = np.divide(across, crossed, out=np.full(crossed.shape, np.nan), where=crossed > 0)
    edges, rows = np.append(its.periods, its.periods[-1] + 1) - 0.5, np.arange(first, last + 2) - 0.5
    drawn = axes.pcolormesh(edges, rows, share, cmap="Blues", vmin=0, vmax=1, rasterized=True)
    bar = axes.figure.colorbar(drawn, ax=axes, format=lambda value, _: f"{value:.0%}")
    bar.outline.set_visible(False)
    axes.set_ylabel(words[1], color=INK)
    return "who is still across, by cohort"
