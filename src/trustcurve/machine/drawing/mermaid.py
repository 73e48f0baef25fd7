"""A chart as Mermaid text, which GitHub and many documentation sites draw by themselves.

It is a flowchart, and no ``stateDiagram``: that one lays labels over each other, takes states out of
their frames, and cannot tell rises from falls by their strokes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from trustcurve.core.rules import Stage
from trustcurve.machine.drawing.chart import EVERYONE, STROKES, Chart, Kind, shown

__all__ = ["mermaid_text"]

_BARRIER = "the_barrier"


def mermaid_text(chart: Chart) -> str:
    """Write a chart as a Mermaid flowchart.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.machine.drawing import chart_of
        >>> mermaid_text(chart_of(Curve.default())).splitlines()[0]
        'flowchart BT'
    """
    links = list(_links(chart))
    lines = [line for stage in chart.stages for line in _stage(chart, stage)]
    lines += [f'{_BARRIER}["the barrier"]:::barrier', *(line for line, _ in links)]
    for color in dict.fromkeys(color for _, color in links if color):
        numbers = ",".join(str(number) for number, (_, each) in enumerate(links) if each == color)
        lines.append(f"linkStyle {numbers} stroke:{color}")
    lines += [
        "classDef barrier fill:#222222,stroke:#222222,color:#FFFFFF",
        "classDef begin fill:#000000,stroke:#000000",
    ]
    if chart.end is not None:
        lines.append("classDef last fill:#FFE9A8,stroke:#000000,stroke-width:3px,color:#000000")
        lines.append(f"class {_id(chart.end)} last")
    return "\n".join(["flowchart BT", *(f"    {line}" for line in lines)]) + "\n"


def _stage(chart: Chart, stage: Stage) -> Iterator[str]:
    begin = ["begin(( )):::begin"] if chart.start in stage.states else []
    # An arrow from everywhere would cross the picture: it is written where it leads.
    anywhere = [
        f"from anywhere: {label}"
        for arrow in chart.arrows
        if arrow.source == EVERYONE and arrow.target == stage.name and chart.end is None
        for label in arrow.labels
    ]
    text = "<br/>".join(map(_safe, [stage.name, *anywhere]))
    if not stage.postures:
        yield from (f'{_id(stage.name)}("{text}")', *begin)
        return
    yield f'subgraph {_id(stage.name)} ["{text}"]'
    for posture, leaf in zip(reversed(stage.postures), stage.states, strict=True):
        yield f'    {_id(leaf)}("{_safe(posture.name)}")'
    yield from (f"    {line}" for line in begin)
    yield "end"


def _links(chart: Chart) -> Iterator[tuple[str, str | None]]:
    """Write the arrows, each with its colour; under a path the curve's own are left out."""
    yield f"begin --> {_id(chart.start)}", None
    if chart.end is not None:
        yield from ((f"{low} ~~~ {high}", None) for low, high in pairwise(_spine(chart)))
        for hop in chart.hops:
            yield from _link(hop.kind, hop.source, hop.target, shown(hop.lines), crosses=hop.crosses)
        return
    for arrow in chart.arrows:
        if arrow.source != EVERYONE:
            yield from _link(arrow.kind, arrow.source, arrow.target, map(str, arrow.labels), crosses=arrow.crosses)


def _spine(chart: Chart) -> Iterator[str]:
    """Answer with everything from low to high: invisible links along it keep it in order."""
    before = True
    for stage in chart.stages:
        if before and not stage.outside:
            yield _BARRIER
        before = stage.outside
        yield from map(_id, stage.states)


def _link(kind: Kind, source: str, target: str, lines: Iterable[str], *, crosses: bool) -> Iterator[tuple[str, str]]:
    text, color = "<br/>".join(map(_safe, lines)), STROKES[kind]
    if crosses:
        yield f'{_id(source)} ---|"{text}"| {_BARRIER}', color
        yield f"{_BARRIER} --> {_id(target)}", color
    else:
        yield f'{_id(source)} {"-.->" if kind == "fall" else "-->"}|"{text}"| {_id(target)}', color


def _id(name: str) -> str:
    """Make an id that Mermaid takes: word characters, and none of its own words ("end")."""
    return "s_" + re.sub(r"\W", "_", name)


def _safe(text: str) -> str:
    """Write signs that mean something to Mermaid as the codes that it draws as these signs."""
    return text.replace("#", "#35;").replace('"', "#quot;")
