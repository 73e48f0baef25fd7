"""Where customers stand over time: what was sampled as areas, and over it the exact answer as lines."""

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
from trustcurve.core.errors import InvalidValueError
from trustcurve.report.canvas import (
    FALL,
    INK,
    RISE,
    colours_of,
    figure,
    nobody,
    percent_axis,
    save,
    shortened,
    shown,
    step_axis,
    title,
)
from trustcurve.simulation import Expected, Run, Scenario
from trustcurve.simulation.chain_structure import LOST_NAME
from trustcurve.simulation.result_tables import per_customer

__all__ = [
    "Answer",
    "draw_all",
    "draw_flow",
    "draw_occupancy",
    "draw_side_by_side",
    "draw_times",
    "plot_flow",
    "plot_occupancy",
    "plot_times",
]


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


Answer = tuple[Expected | None, Run | None]
"""What is known of a scenario: exactly, by a sample, or both."""

_WIDE, _HIGH = 9.0, 4.2


def draw_all(folder: str | PathLike[str], answers: Sequence[tuple[str, Expected | None, Run | None]]) -> list[Path]:
    """Draw every picture of one scenario or of two.

    Args:
        folder: Where to; it is made where it is missing.
        answers: The name of each scenario, and what is known of it.

    Returns:
        The files.

    Raises:
        OSError: A file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import Segment, expect_scenario
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario(segments=Segment(policy=give, environment=Environment({"complaint": 0.2})), steps=4)
        >>> with TemporaryDirectory() as folder:
        ...     [path.name for path in draw_all(folder, [("give", expect_scenario(one), None)])]
        ['occupancy.png', 'flow.png', 'times.png']
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for side, (_, exact, run) in zip(("old_", "new_") if len(answers) > 1 else ("",), answers, strict=True):
        for name, draw in (("occupancy", draw_occupancy), ("flow", draw_flow), ("times", draw_times)):
            written.append(draw(target / f"{side}{name}.png", exact, run))
    if len(answers) > 1:
        (_, old, old_run), (_, new, new_run) = answers
        written.append(draw_side_by_side(target / "side_by_side.png", (old, old_run), (new, new_run)))
    return written


def draw_occupancy(path: str | PathLike[str], exact: Expected | None, run: Run | None = None) -> Path:
    """Draw where customers stand over time: what was sampled as areas, the exact answer as lines over it.

    Args:
        path: The file, a PNG.
        exact: The exact answer, if there is one; alone, it is drawn as areas.
        run: A sample, if there is one.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import Segment, expect_scenario
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario(segments=Segment(policy=give, environment=Environment({"complaint": 0.2})), steps=4)
        >>> with TemporaryDirectory() as folder:
        ...     draw_occupancy(Path(folder, "here.png"), expect_scenario(one)).stat().st_size > 1000
        True
    """

    def plot(axes: Axes, segment: str) -> None:
        sampled = None if run is None else run.occupancy().filter(segment=segment)
        plot_occupancy(
            axes,
            _scenario(exact, run).curve,
            sampled,
            None if exact is None else exact.occupancy.filter(segment=segment),
        )

    return _draw(path, exact, run, _where(exact, run), plot)


def draw_flow(path: str | PathLike[str], exact: Expected | None, run: Run | None = None) -> Path:
    """Draw how customers move between states, falls in their own colour; exactly, where that is known.

    Args:
        path: The file, a PNG.
        exact: The exact answer, if there is one.
        run: A sample, if there is one.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import Segment, expect_scenario
        >>> ask = policy("ask")(lambda view: "ask")
        >>> one = Scenario(segments=Segment(policy=ask, environment=Environment({"complaint": 0.2})), steps=4)
        >>> with TemporaryDirectory() as folder:
        ...     draw_flow(Path(folder, "flow.png"), expect_scenario(one)).name
        'flow.png'
    """
    answer = _known(exact, run)
    moves = per_customer(answer.frame("moves"), answer.frame("cohorts"), ["before", "after", "change"])

    def plot(axes: Axes, segment: str) -> None:
        plot_flow(axes, _scenario(exact, run).curve, moves.filter(segment=segment))

    return _draw(path, exact, None if exact else run, "moves per customer, from left to right (orange: falls)", plot)


def draw_times(path: str | PathLike[str], exact: Expected | None, run: Run | None = None) -> Path:
    """Draw how soon customers become advocates, and how soon they are lost, with bands of 95 % confidence.

    Args:
        path: The file, a PNG.
        exact: The exact answer, if there is one.
        run: A sample, if there is one; without one there are no bands.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import Segment, simulate_scenario
        >>> ask = policy("ask")(lambda view: "ask")
        >>> one = Scenario(segments=Segment(policy=ask, environment=Environment({"complaint": 0.2})), steps=4, customers=3)
        >>> with TemporaryDirectory() as folder:
        ...     draw_times(Path(folder, "times.png"), None, simulate_scenario(one)).name
        'times.png'
    """

    def plot(axes: Axes, segment: str) -> None:
        plot_times(
            axes,
            _scenario(exact, run).curve,
            None if run is None else run.stages().filter(segment=segment),
            None if exact is None else _reached(exact).filter(segment=segment),
        )

    return _draw(path, exact, run, "how soon they recommend, and how soon they are lost", plot)


def draw_side_by_side(path: str | PathLike[str], old: Answer, new: Answer) -> Path:
    """Draw where customers stand over time in two scenarios side by side.

    Args:
        path: The file, a PNG.
        old: What is known of a scenario.
        new: What is known of another one with the same segments.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation import Segment, expect_scenario
        >>> ask = policy("ask")(lambda view: "ask")
        >>> one = Scenario(segments=Segment(policy=ask, environment=Environment({"complaint": 0.2})), steps=4)
        >>> with TemporaryDirectory() as folder:
        ...     draw_side_by_side(Path(folder, "two.png"), (expect_scenario(one), None), (expect_scenario(one), None)).name
        'two.png'
    """
    segments = [segment.name for segment in _scenario(*old).segments]
    with figure(_WIDE * 1.5, _HIGH * len(segments), _where(*old).capitalize()) as made:
        grid = made.subplots(len(segments), 2, squeeze=False)
        for row, segment in zip(grid, segments, strict=True):
            for axes, (exact, run) in zip(row, (old, new), strict=True):
                scenario = _scenario(exact, run)
                sampled = None if run is None else run.occupancy().filter(segment=segment)
                exactly = None if exact is None else exact.occupancy.filter(segment=segment)
                plot_occupancy(axes, scenario.curve, sampled, exactly)
                title(axes, _said(scenario, segment, run, with_name=True), _WIDE * 0.6)
        return save(made, Path(path))


def _where(exact: Expected | None, run: Run | None) -> str:
    both = exact is not None and run is not None
    return "where customers stand" + (" (areas: sampled; lines: exactly)" if both else "")


def _draw(
    path: str | PathLike[str], exact: Expected | None, run: Run | None, says: str, plot: Callable[[Axes, str], None]
) -> Path:
    """Draw a panel for each segment, one below the other."""
    scenario = _scenario(exact, run)
    segments = [segment.name for segment in scenario.segments]
    with figure(_WIDE, _HIGH * len(segments), f"{shortened(scenario.name)}: {says}") as made:
        for axes, segment in zip(made.subplots(len(segments), 1, squeeze=False).ravel(), segments, strict=True):
            plot(axes, segment)
            title(axes, _said(scenario, segment, run, with_name=False), _WIDE)
        return save(made, Path(path))


def _said(scenario: Scenario, segment: str, run: Run | None, *, with_name: bool) -> str:
    """Say whose picture it is, and how it was made."""
    said = [shortened(scenario.name)] if with_name else []
    said += [shortened(segment)] if len(scenario.segments) > 1 else []
    if run is None:
        return ", ".join([*said, "exactly"])
    place = [each.name for each in scenario.segments].index(segment)
    size = run.plan.sizes[0][place]
    said.append(f"{size:,} customer{'' if size == 1 else 's'}" + (" and newcomers" if any(scenario.planned) else ""))
    times = len(run.replications)
    said.append("sampled once" if times == 1 else f"sampled {times} times")
    return ", ".join(said)


def _scenario(exact: Expected | None, run: Run | None) -> Scenario:
    return _known(exact, run).scenario


def _known(exact: Expected | None, run: Run | None) -> Expected | Run:
    """Answer with what is known, exactly if it can be.

    Raises:
        InvalidValueError: Nothing is known.
    """
    known = exact or run
    if known is None:
        raise InvalidValueError("exact", None, "give an exact answer, a run, or both")
    return known


def _reached(exact: Expected) -> pl.DataFrame:
    """Answer with the exact shares that have been at a stage, by age."""
    frame = exact.frame("reached").rename({"goal": "stage"}).filter(pl.col("observed") > 0)
    return frame.select("segment", "age", "stage", share=pl.col("reached") / pl.col("observed"))
