"""The canvas of all figures: style, colours, axes, and files that are the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from textwrap import fill
from typing import Any, Final
from warnings import catch_warnings, filterwarnings

from matplotlib import colormaps, style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_path
from trustcurve.records.whole_files import WholeFiles

__all__ = [
    "FALL",
    "INK",
    "RISE",
    "figure",
    "note_no_customers",
    "percent_axis",
    "save",
    "shortened",
    "shown",
    "state_colours",
    "title",
    "turn_axis",
    "wrapped",
]


RISE: Final = "#0072B2"
FALL: Final = "#D55E00"
INK: Final = "#222222"
"""Colours. Source: the palette of Okabe and Ito, for readers with colour blindness; the same as in the statechart."""

_STYLE: Final[Any] = {
    "axes.edgecolor": "#888888",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
_STYLES: Final[Any] = ["default", _STYLE]
"""First matplotlib's own: settings of the user's, such as TeX or a dark background, would change or break a figure."""

_DPI: Final = 120
_BOLD_AN_INCH: Final = 9
_PLAIN_AN_INCH: Final = 13
"""How many letters of a title fit on an inch."""

_NAME: Final = 48
"""The most letters of a name that are shown. Source: our choice; two names with their details fit on two lines."""


@contextmanager
def figure(wide: float, high: float, title: str) -> Iterator[Figure]:
    """Make a figure of some inches, without a window and without changing matplotlib's settings."""
    with style.context(_STYLES):
        made = Figure(figsize=(wide, high), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(made)
        made.suptitle(wrapped(title, wide * _BOLD_AN_INCH), x=0.01, ha="left", fontsize=13, fontweight="bold")
        yield made


def shortened(name: str, most: int = _NAME) -> str:
    """Shorten a name that is too long to be shown."""
    return name if len(name) <= most else name[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def shown(state: str) -> str:
    """Return the label of a leaf state: its name without that of its stage, which is clear from its place."""
    return shortened(state.rpartition(".")[2].replace("_", "-"), _NAME // 2)


def wrapped(title: str, letters: float) -> str:
    """Break a title into lines."""
    return fill(title, max(int(letters), _NAME // 2))


def title(axes: Axes, text: str, inches: float) -> None:
    """Set the title of a panel of some inches."""
    axes.set_title(wrapped(text, inches * _PLAIN_AN_INCH))


def note_no_customers(axes: Axes) -> None:
    """Note on the axes that there are no customers to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no customers", ha="center", va="center", transform=axes.transAxes)


def save(made: Figure, path: str | PathLike[str]) -> Path:
    """Write a PNG file; the same figure gives the same bytes."""
    target = Path(checked_path("path", path))
    with style.context(_STYLES), catch_warnings():
        filterwarnings("ignore", "Glyph .* missing")  # the glyph is drawn as a box, which shows that as well
        with WholeFiles() as files, files.open(target) as file:
            made.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
    return target


def state_colours(curve: Curve) -> dict[str, str]:
    """Return a colour for each leaf state: orange before the barrier, blue beyond it, grey apart."""
    apart = [state for stage in curve.stages if stage.apart for state in stage.states]
    before = [state for stage in curve.stages if stage.outside and not stage.apart for state in stage.states]
    beyond = [state for state in curve.states if state not in apart and state not in before]
    reds, blues = colormaps["Oranges"], colormaps["Blues"]
    colours = dict.fromkeys(apart, "#B8B8B8")
    colours |= {state: to_hex(reds(0.85 - 0.55 * n / max(len(before) - 1, 1))) for n, state in enumerate(before)}
    return colours | {state: to_hex(blues(0.3 + 0.6 * n / max(len(beyond) - 1, 1))) for n, state in enumerate(beyond)}


def percent_axis(axes: Axes, label: str) -> None:
    """Label the vertical axis in percent."""
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel(label)


def turn_axis(axes: Axes, turns: int, label: str) -> None:
    """Label the horizontal axis in turns."""
    axes.set_xlim(0, max(turns, 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(label)
