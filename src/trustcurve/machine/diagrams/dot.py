"""A chart as DOT, and through the program Graphviz as SVG and PNG.

Needs the extra ``draw`` (the package graphviz); SVG and PNG also need Graphviz itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap
from typing import Any, Literal

from trustcurve.core.rules import Stage
from trustcurve.core.values import checked_word
from trustcurve.errors import require
from trustcurve.machine.diagrams.chart import EVERYONE, FAINT, STROKES, Arrow, Chart, Hop, Kind, shortened
from trustcurve.machine.machine_errors import DrawingError, MissingProgramError

__all__ = ["dot_text", "render"]

_FORMATS = ("svg", "png")
_BARRIER = "barrier"
_BEGIN = "begin"
_WIDTH = 34  # of a line on an arrow, in characters
_FIRM = "\N{NO-BREAK SPACE}"

_STYLE: dict[Kind, dict[str, str]] = {
    "rise": {"color": STROKES["rise"], "fontcolor": "#00507D", "style": "solid"},
    "fall": {"color": STROKES["fall"], "fontcolor": "#8F3F00", "style": "dashed"},
    "aside": {"color": STROKES["aside"], "fontcolor": STROKES["aside"], "style": "solid"},
}
_FAINT = {"color": FAINT, "fontcolor": FAINT}


def dot_text(chart: Chart) -> str:
    """Return a chart as DOT.

    Raises:
        MissingExtraError: The package graphviz is not installed (extra ``draw``).

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.machine.diagrams import chart_of
        >>> dot_text(chart_of(Curve.default())).splitlines()[:2]
        ['// default', 'digraph curve {']
    """
    source: str = _graph(chart).source
    return source


def render(chart: Chart, format: Literal["svg", "png"]) -> bytes:  # noqa: A002 - its usual name
    """Return a chart as an SVG or PNG image.

    Raises:
        UnknownWordError: The format is not "svg" or "png".
        MissingExtraError: The package graphviz is not installed (extra ``draw``).
        MissingProgramError: Graphviz itself is not installed.
        DrawingError: Graphviz failed.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.machine.diagrams import chart_of
        >>> svg = render(chart_of(Curve.default()), "svg")  # doctest: +SKIP
    """
    format = checked_word("format", format, _FORMATS)  # type: ignore[assignment] # noqa: A001 - one of these
    graphviz = require("graphviz", "draw")
    graph = _graph(chart)
    if format == "png":
        graph.attr(dpi="144")
    try:
        drawn: bytes = graph.pipe(format=format)
    except graphviz.ExecutableNotFound:
        raise MissingProgramError("dot", "Graphviz", f"to draw {format}") from None
    except graphviz.CalledProcessError as error:
        raise DrawingError(format, str(error)) from None
    return drawn


def _graph(chart: Chart) -> Any:
    graph = require("graphviz", "draw").Digraph("curve", comment=_plain(chart.name))
    graph.attr(rankdir="BT", compound="true", nodesep="0.35", ranksep="0.55", fontname="Helvetica")
    graph.attr("node", shape="box", style="rounded,filled", fillcolor="white", fontname="Helvetica", margin="0.2,0.1")
    graph.attr("edge", fontname="Helvetica", fontsize="10", penwidth="1.4", arrowsize="0.8")
    with graph.subgraph(name=_frame(chart, EVERYONE)) as everyone:
        everyone.attr(label="", style="rounded", color="#BBBBBB", margin="16")
        for stage in chart.stages:
            if not stage.apart:
                _add_stage(everyone, stage, chart)
        everyone.node(
            _BARRIER, "the barrier", shape="box", style="filled", fillcolor="#222222", fontcolor="white", fontsize="11",
            width="4.2", height="0.22", fixedsize="true", margin="0",
        )  # fmt: skip
    for stage in chart.stages:
        if stage.apart:
            _add_stage(graph, stage, chart)
    walked = {pair for hop in chart.hops for pair in hop.covers}
    for arrow in chart.arrows:
        if (arrow.source, arrow.target) not in walked:
            _add_arrow(graph, chart, arrow)
    for hop in chart.hops:
        _add_hop(graph, chart, hop)
    return graph


def _add_stage(graph: Any, stage: Stage, chart: Chart) -> None:
    if not stage.postures:
        graph.node(chart.ids[stage.name], _plain(stage.name), **_look(stage.name, chart))
        _add_begin(graph, stage, chart)
        return
    with graph.subgraph(name=_frame(chart, stage.name)) as inner:
        inner.attr(
            label=_plain(stage.name),
            labeljust="l",
            style="rounded,filled",
            color="#888888",
            fillcolor="#F4F4F4",
            margin="14",
        )
        for posture, leaf in zip(reversed(stage.postures), stage.states, strict=True):
            inner.node(chart.ids[leaf], _plain(posture.name), **_look(leaf, chart))
        _add_begin(inner, stage, chart)


def _add_begin(graph: Any, stage: Stage, chart: Chart) -> None:
    if chart.start in stage.states:
        dot = {"shape": "circle", "style": "filled", "fillcolor": "black", "width": "0.16", "fixedsize": "true"}
        graph.node(_BEGIN, "", margin="0", **dot)
        graph.edge(_BEGIN, chart.ids[chart.start], arrowsize="0.6")


def _look(leaf: str, chart: Chart) -> dict[str, str]:
    if chart.end is None:
        return {}
    if leaf == chart.end:
        return {"penwidth": "2.6", "fillcolor": "#FFE9A8", "peripheries": "2"}
    return {"penwidth": "2.2"} if leaf in chart.visited else {"color": "#AAAAAA", "fontcolor": "#888888"}


def _add_arrow(graph: Any, chart: Chart, arrow: Arrow) -> None:
    style = _STYLE[arrow.kind]
    text = _text(map(str, arrow.labels))
    if chart.end is not None:  # beneath a path, the arrows of the curve are faint
        style, text = {**style, **_FAINT}, ""
    source, from_frame = _anchor(chart, arrow.source)
    target, to_frame = _anchor(chart, arrow.target)
    if arrow.crosses:
        _cross(graph, source, target, text, style)
    elif arrow.kind == "aside":  # the middle of such an arrow lies on a frame: its label stands beside the stage apart
        end, angle = ("headlabel", "-60") if from_frame else ("taillabel", "60")
        label = {end: text, "labeldistance": "2.6", "labelangle": angle}
        frames = {"ltail" if from_frame else "lhead": from_frame or to_frame or ""}
        graph.edge(source, target, **label, **frames, **style)
    else:
        _connect(graph, arrow.kind, (source, from_frame), (target, to_frame), label=text, **style)


def _add_hop(graph: Any, chart: Chart, hop: Hop) -> None:
    style, text = {**_STYLE[hop.kind], "penwidth": "2.6"}, _text(shortened(hop.lines))
    source, target = chart.ids[hop.source], chart.ids[hop.target]
    if hop.crosses:
        _cross(graph, source, target, text, style)
    else:
        _connect(graph, hop.kind, (source, None), (target, None), label=text, **style)


def _cross(graph: Any, source: str, target: str, text: str, style: dict[str, str]) -> None:
    graph.edge(source, _BARRIER, text, arrowhead="none", **style)
    graph.edge(_BARRIER, target, **style)


def _connect(graph: Any, kind: Kind, tail: tuple[str, str | None], head: tuple[str, str | None], **look: str) -> None:
    """Add an arrow; falls are added backwards: for the layout all arrows lead up, so states keep their order."""
    if kind == "fall":
        (tail, head), look = (head, tail), {**look, "dir": "back"}
    ends = {"ltail": tail[1], "lhead": head[1]}
    graph.edge(tail[0], head[0], **look, **{end: frame for end, frame in ends.items() if frame})


def _anchor(chart: Chart, place: str) -> tuple[str, str | None]:
    """Return the node and, if any, the frame at which an arrow ends."""
    if place == EVERYONE:
        lowest = next(stage for stage in chart.stages if not stage.apart)
        return chart.ids[lowest.states[0]], _frame(chart, EVERYONE)
    stage = next((stage for stage in chart.stages if stage.name == place and stage.postures), None)
    return (chart.ids[place], None) if stage is None else (chart.ids[stage.states[-1]], _frame(chart, place))


def _frame(chart: Chart, place: str) -> str:
    """Return the name of a frame: Graphviz draws one around subgraphs with such a name."""
    return f"cluster_{chart.ids[place]}"


def _plain(text: str) -> str:
    """Escape a text for DOT."""
    escaped: str = require("graphviz", "draw").escape(text)
    return escaped


def _text(lines: Iterable[str]) -> str:
    """Wrap long lines after a comma, and align them to the left."""
    whole = (re.sub(r"(?<![,;]) ", _FIRM, line) for line in lines)
    broken = [piece for line in whole for piece in wrap(line, _WIDTH, subsequent_indent=" " * 4)]
    return "".join(f" {_plain(piece.replace(_FIRM, ' '))}\\l" for piece in broken)
