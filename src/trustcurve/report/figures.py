"""Figures of scenarios as PNG files: where customers stand, how they move between states, and how soon they reach a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Line
from numpy.typing import NDArray

from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_path
from trustcurve.errors import InvalidValueError
from trustcurve.report.canvas import (
    FALL,
    INK,
    RISE,
    figure,
    note_no_customers,
    percent_axis,
    save,
    shortened,
    shown,
    state_colours,
    title,
    turn_axis,
)
from trustcurve.report.relation_figures import draw_relations
from trustcurve.simulation import Run, Scenario, Solution
from trustcurve.simulation.chain_structure import LOST_NAME
from trustcurve.simulation.result_tables import per_customer
from trustcurve.simulation.segment import BROUGHT

__all__ = ["Results", "draw_all", "draw_flow", "draw_occupancy", "draw_side_by_side", "draw_times"]

Results = tuple[Solution | None, Run | None]
"""The results of a scenario: its exact solution, a sample, or both."""

_WIDE, _HIGH = 9.0, 4.2


def draw_all(folder: str | PathLike[str], scenarios: Sequence[tuple[str, Solution | None, Run | None]]) -> list[Path]:
    """Draw all figures of one scenario or of two.

    Args:
        folder: The folder, which is made if it is missing.
        scenarios: The name and the results of each scenario.

    Returns:
        The files.

    Raises:
        InvalidValueError: A scenario has no result.
        OSError: A file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import solve
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario.single(Curve.default(), give, Environment({"complaint": 0.2}), turns=4)
        >>> with TemporaryDirectory() as folder:
        ...     [path.name for path in draw_all(folder, [("give", solve(one), None)])]
        ['occupancy.png', 'flow.png', 'times.png', 'relations.png']
    """
    target = Path(checked_path("folder", folder))
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for side, (_, exact, run) in zip(("old_", "new_") if len(scenarios) > 1 else ("",), scenarios, strict=True):
        for name, draw in (
            ("occupancy", draw_occupancy),
            ("flow", draw_flow),
            ("times", draw_times),
            ("relations", draw_relations),
        ):
            written.append(draw(target / f"{side}{name}.png", exact, run))
    if len(scenarios) > 1:
        (_, old, old_run), (_, new, new_run) = scenarios
        written.append(draw_side_by_side(target / "side_by_side.png", (old, old_run), (new, new_run)))
    return written


def draw_occupancy(path: str | PathLike[str], exact: Solution | None, run: Run | None = None) -> Path:
    """Draw where customers stand over time: the sample as areas, the exact solution as lines over them.

    Args:
        path: The file, a PNG.
        exact: The exact solution, if there is one; without a sample it is drawn as areas.
        run: A sample, if there is one.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import solve
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario.single(Curve.default(), give, Environment({"complaint": 0.2}), turns=4)
        >>> with TemporaryDirectory() as folder:
        ...     draw_occupancy(Path(folder, "here.png"), solve(one)).stat().st_size > 1000
        True
    """
    curve = _scenario(exact, run).curve

    def plot(axes: Axes, segment: str) -> None:
        _plot_occupancy(axes, curve, *(_occupancy(result, segment) for result in (run, exact)))

    return _draw(path, exact, run, _where(exact, run), plot)


def draw_flow(path: str | PathLike[str], exact: Solution | None, run: Run | None = None) -> Path:
    """Draw how customers move between states, with falls in a colour of their own; from the exact solution, if there is one.

    Args:
        path: The file, a PNG.
        exact: The exact solution, if there is one.
        run: A sample, if there is one.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import solve
        >>> ask = policy("ask")(lambda view: "ask")
        >>> one = Scenario.single(Curve.default(), ask, Environment({"complaint": 0.2}), turns=4)
        >>> with TemporaryDirectory() as folder:
        ...     draw_flow(Path(folder, "flow.png"), solve(one)).name
        'flow.png'
    """
    result = _result(exact, run)
    transitions = per_customer(result.transitions(), result.cohorts(), ["before", "after", "change"])

    def plot(axes: Axes, segment: str) -> None:
        _plot_flow(axes, result.scenario.curve, transitions.filter(segment=segment))

    caption = "transitions per customer, from left to right (orange: falls)"
    return _draw(path, exact, None if exact else run, caption, plot)


def draw_times(path: str | PathLike[str], exact: Solution | None, run: Run | None = None) -> Path:
    """Draw how soon customers become advocates, and how soon they are lost, with 95 % confidence bands.

    Args:
        path: The file, a PNG.
        exact: The exact solution, if there is one.
        run: A sample, if there is one; without one there are no bands.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import simulate
        >>> ask = policy("ask")(lambda view: "ask")
        >>> one = Scenario.single(Curve.default(), ask, Environment({"complaint": 0.2}), turns=4, customers=3)
        >>> with TemporaryDirectory() as folder:
        ...     draw_times(Path(folder, "times.png"), None, simulate(one)).name
        'times.png'
    """
    curve = _scenario(exact, run).curve

    def plot(axes: Axes, segment: str) -> None:
        sampled, exactly = (
            None if result is None else result.stages().filter(segment=segment) for result in (run, exact)
        )
        _plot_times(axes, curve, sampled, exactly)

    return _draw(path, exact, run, "how soon they become advocates, and how soon they are lost", plot)


def draw_side_by_side(path: str | PathLike[str], old: Results, new: Results) -> Path:
    """Draw where customers stand over time in two scenarios, side by side.

    Args:
        path: The file, a PNG.
        old: The results of a scenario.
        new: The results of another one with the same segments.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import solve
        >>> ask = policy("ask")(lambda view: "ask")
        >>> one = Scenario.single(Curve.default(), ask, Environment({"complaint": 0.2}), turns=4)
        >>> with TemporaryDirectory() as folder:
        ...     draw_side_by_side(Path(folder, "two.png"), (solve(one), None), (solve(one), None)).name
        'two.png'
    """
    segments = [name for name in _result(*old).segments if name in _result(*new).segments]
    with figure(_WIDE * 1.5, _HIGH * len(segments), _where(*old).capitalize()) as made:
        grid = made.subplots(len(segments), 2, squeeze=False)
        for row, segment in zip(grid, segments, strict=True):
            for axes, (exact, run) in zip(row, (old, new), strict=True):
                scenario = _scenario(exact, run)
                _plot_occupancy(axes, scenario.curve, *(_occupancy(result, segment) for result in (run, exact)))
                title(axes, _panel_title(scenario, segment, (exact, run), with_name=True), _WIDE * 0.6)
        return save(made, path)


def _draw(
    path: str | PathLike[str], exact: Solution | None, run: Run | None, caption: str, plot: Callable[[Axes, str], None]
) -> Path:
    """Draw a panel for each segment, one below the other."""
    scenario = _scenario(exact, run)
    segments = _result(exact, run).segments
    with figure(_WIDE, _HIGH * len(segments), f"{shortened(scenario.name)}: {caption}") as made:
        for axes, segment in zip(made.subplots(len(segments), 1, squeeze=False).ravel(), segments, strict=True):
            plot(axes, segment)
            title(axes, _panel_title(scenario, segment, (exact, run), with_name=False), _WIDE)
        return save(made, path)


def _where(exact: Solution | None, run: Run | None) -> str:
    both = exact is not None and run is not None
    return "where customers stand" + (" (areas: sampled; lines: exact)" if both else "")


def _panel_title(scenario: Scenario, segment: str, results: Results, *, with_name: bool) -> str:
    """Return the scenario or segment of a panel, and how its numbers were made."""
    parts = [shortened(scenario.name)] if with_name else []
    parts += [shortened(segment)] if len(_result(*results).segments) > 1 else []
    run = results[1]
    if run is None:
        return ", ".join([*parts, "exact"])
    first = run.cohorts().filter(segment=segment, cohort=0)
    size = 0 if first.is_empty() else int(first["customers"][0])
    newcomers = " and newcomers" if any(scenario.arrivals_per_turn) else ""
    parts.append(
        "newcomers" if segment.endswith(BROUGHT) else f"{size:,} customer{'' if size == 1 else 's'}{newcomers}"
    )
    times = len(run.completed)
    parts.append(f"{times} replication{'' if times == 1 else 's'}")
    return ", ".join(parts)


def _scenario(exact: Solution | None, run: Run | None) -> Scenario:
    return _result(exact, run).scenario


def _result(exact: Solution | None, run: Run | None) -> Solution | Run:
    """Return the exact solution, or the sample if there is none.

    Raises:
        InvalidValueError: There is neither.
    """
    result = exact or run
    if result is None:
        raise InvalidValueError("exact", None, "must be a Solution, unless a Run is given")
    return result


def _occupancy(result: Solution | Run | None, segment: str) -> pl.DataFrame | None:
    return None if result is None else result.occupancy().filter(segment=segment)


# --- where customers stand -----------------------------------------------------------------------

_ROOM = 0.045
"""The least distance between two labels, as a part of the height."""


def _plot_occupancy(axes: Axes, curve: Curve, sampled: pl.DataFrame | None, exact: pl.DataFrame | None) -> None:
    """Plot the shares of one segment: ``turn``, ``state``, ``share``."""
    colours = state_colours(curve)
    drawn = sampled if sampled is not None else exact
    if drawn is None:
        return
    if drawn.is_empty():
        note_no_customers(axes)
        return
    shares, turns = _shares(drawn, curve.states), drawn["turn"].unique().sort().to_numpy()
    axes.stackplot(turns, shares, colors=[colours[state] for state in curve.states], linewidth=0)
    if exact is not None and sampled is not None:
        for bound in np.cumsum(_shares(exact, curve.states), axis=0)[:-1]:
            axes.plot(turns, bound, color="white", linewidth=2.2, alpha=0.7)
            axes.plot(turns, bound, color=INK, linewidth=0.9)
    axes.set_ylim(0, 1)
    percent_axis(axes, "share of customers")
    turn_axis(axes, int(turns[-1]), "turn")
    _label_states(axes, curve.states, colours, shares[:, -1])


def _shares(frame: pl.DataFrame, states: Sequence[str]) -> NDArray[np.float64]:
    """Return an array with a row for each state, from low to high, and a column for each turn."""
    wide = frame.pivot("turn", index="state", values="share", sort_columns=False)
    order = pl.DataFrame({"state": states})
    return order.join(wide, on="state", how="left", maintain_order="left").drop("state").to_numpy()


def _label_states(axes: Axes, states: Sequence[str], colours: dict[str, str], last: NDArray[np.float64]) -> None:
    """Label the states at the right, each next to its area, without overlaps."""
    middles = np.cumsum(last) - last / 2
    places: list[float] = []
    for middle in middles:
        places.append(max(float(middle), places[-1] + _ROOM if places else 0.0))
    over = max(places[-1] - (1 - _ROOM / 2), 0.0)
    for number in range(len(places) - 1, -1, -1):
        most = places[number + 1] - _ROOM if number + 1 < len(places) else places[number] - over
        places[number] = min(places[number], most)
    for state, place, share in zip(states, places, last, strict=True):
        for label, points, colour in (("■", 6, colours[state]), (f"{shown(state)} {share:.1%}", 20, INK)):
            axes.annotate(
                label, (1, place), (points, 0), "axes fraction", "offset points", color=colour, va="center",
                fontsize=11 if label == "■" else 9, annotation_clip=False,
            )  # fmt: skip


# --- how they move between states ----------------------------------------------------------------

_LEFT, _RIGHT, _BAR = 0.0, 1.0, 0.03
_GAP = 0.04
"""The space between two states, as a part of all transitions."""

_NAMED = 0.045
"""The least part of all transitions for which a band is labelled with its number."""

_SEEN = 0.002
"""The least part of all transitions that is visible; smaller ones are left out."""


def _plot_flow(axes: Axes, curve: Curve, transitions: pl.DataFrame) -> None:
    """Plot the transitions of one segment: ``before``, ``after``, ``change``, ``each`` (per customer)."""
    axes.set_axis_off()
    total = float(transitions["each"].sum())
    if not total:
        axes.text(0.5, 0.5, "no transitions", ha="center", va="center")
        axes.set_xlim(-0.3, 1.3)
        return
    transitions = transitions.filter(pl.col("each") >= _SEEN * total)
    states = [state for state in curve.states if state in {*transitions["before"], *transitions["after"]}]
    room = _GAP * total
    sides = {side: _stacked(states, transitions, side, room) for side in ("before", "after")}
    height = max(_height(sides[side], transitions, side) for side in sides)
    _bars(axes, curve, states, transitions, sides)
    rank = {state: number for number, state in enumerate(curve.states)}
    at = {side: dict(bottoms) for side, bottoms in sides.items()}
    ordered = sorted(transitions.iter_rows(named=True), key=lambda row: (rank[row["before"]], rank[row["after"]]))
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


def _stacked(states: Sequence[str], transitions: pl.DataFrame, side: str, room: float) -> dict[str, float]:
    """Stack the states of a side, from low to high, and return the bottom of each."""
    bottoms, at = {}, 0.0
    for state in states:
        bottoms[state] = at
        at += float(transitions.filter(pl.col(side) == state)["each"].sum()) + room
    return bottoms


def _height(bottoms: dict[str, float], transitions: pl.DataFrame, side: str) -> float:
    return max(
        bottom + float(transitions.filter(pl.col(side) == state)["each"].sum()) for state, bottom in bottoms.items()
    )


def _bars(
    axes: Axes, curve: Curve, states: Sequence[str], transitions: pl.DataFrame, sides: dict[str, dict[str, float]]
) -> None:
    """Draw a bar for each state at both sides, and label it."""
    colours = state_colours(curve)
    for side, x, align, beside in (("before", _LEFT - _BAR, "right", -0.02), ("after", _RIGHT, "left", _BAR + 0.02)):
        for state in states:
            size = float(transitions.filter(pl.col(side) == state)["each"].sum())
            if not size:
                continue
            bottom = sides[side][state]
            axes.add_patch(Rectangle((x, bottom), _BAR, size, facecolor=colours[state], edgecolor="none"))
            axes.text(x + beside, bottom + size / 2, f"{shown(state)}  {size:.2f}", ha=align, va="center", fontsize=8)


def _band(axes: Axes, begin: float, end: float, row: dict[str, float], *, named: bool) -> None:
    """Draw a band from the left to the right, as thick as the transition is frequent."""
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


# --- how soon they reach a stage -----------------------------------------------------------------


def _plot_times(axes: Axes, curve: Curve, sampled: pl.DataFrame | None, exact: pl.DataFrame | None) -> None:
    """Plot the share of one segment that has been at the highest stage, and the share that was lost, by age."""
    highest, drawn = curve.stages[-1].name, sampled if sampled is not None else exact
    if drawn is None or drawn.is_empty():
        note_no_customers(axes)
        return
    top = 0.0
    for stage, colour, words in (
        (highest, RISE, f"has been {shown(highest)}"),
        (LOST_NAME, FALL, "was a customer, and was lost"),
    ):
        rows = drawn.filter(pl.col("stage") == stage).sort("age")
        ages, shares = rows["age"].to_numpy(), rows["share"].to_numpy()
        label, top = f"{words}: {shares[-1]:.1%}", max(top, float(shares.max()))
        if sampled is not None:
            low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
            label += f"\n({low[-1]:.1%} to {high[-1]:.1%})"
            axes.fill_between(ages, low, high, color=colour, alpha=0.16, linewidth=0)
            for bound in (low, high):
                axes.plot(ages, bound, color=colour, linewidth=0.7, linestyle=(0, (4, 2)))
            top = max(top, float(high.max()))
        axes.plot(ages, shares, color=colour, linewidth=2.4, label=label)
        if sampled is not None and exact is not None:
            known = exact.filter(pl.col("stage") == stage).sort("age")
            axes.plot(known["age"], known["share"], color=INK, linewidth=1, zorder=3)
            top = max(top, float(known["share"].to_numpy().max()))
    if sampled is not None and exact is not None:
        axes.plot([], [], color=INK, linewidth=1, label="exact")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    axes.set_ylim(0, min(max(top * 1.05, 0.02), 1.02))
    percent_axis(axes, "share of customers")
    turn_axis(axes, int(drawn["age"].to_numpy().max()), "turns since they came")
