"""Pictures as files: of one scenario, and of two side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path

import polars as pl
from matplotlib.axes import Axes

from trustcurve.errors import InvalidValueError
from trustcurve.report.figures.flow import plot_flow
from trustcurve.report.figures.occupancy import plot_occupancy
from trustcurve.report.figures.times import plot_times
from trustcurve.report.style import figure, save, shortened, title
from trustcurve.simulation import Expected, Run, Scenario
from trustcurve.simulation.tallies.frames import per_customer

__all__ = ["Answer", "draw_all", "draw_flow", "draw_occupancy", "draw_side_by_side", "draw_times"]

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
