"""A chart as Mermaid text, which GitHub and many documentation sites draw themselves.

It is a flowchart rather than a ``stateDiagram``, which lets labels overlap, moves states out of their
frames, and has one style for all arrows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from trustcurve.core.rules import Stage
from trustcurve.machine.diagrams.chart import EVERYONE, FAINT, STROKES, Chart, Kind, shortened

__all__ = ["mermaid_text"]

_BARRIER = "the_barrier"


def mermaid_text(chart: Chart) -> str:
    """Return a chart as a Mermaid flowchart.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.machine.diagrams import chart_of
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
        "classDef barrier fill:#E69F00,stroke:#000000,color:#000000",
        "classDef begin fill:#888888,stroke:#888888",
    ]
    if chart.end is not None:
        lines.append("classDef last fill:#FFE9A8,stroke:#000000,stroke-width:3px,color:#000000")
        lines.append(f"class {chart.ids[chart.end]} last")
    return "\n".join(["flowchart BT", *(f"    {line}" for line in lines)]) + "\n"


def _stage(chart: Chart, stage: Stage) -> Iterator[str]:
    begin = ["begin(( )):::begin"] if chart.start in stage.states else []
    # An arrow from everywhere would cross the diagram: it becomes a line of text at its target.
    anywhere = [
        f"from anywhere: {label}"
        for arrow in chart.arrows
        if arrow.source == EVERYONE and arrow.target == stage.name and chart.end is None
        for label in arrow.labels
    ]
    text = "<br/>".join(map(_safe, [stage.name, *anywhere]))
    if not stage.postures:
        yield from (f'{chart.ids[stage.name]}("{text}")', *begin)
        return
    yield f'subgraph {chart.ids[stage.name]} ["{text}"]'
    for posture, leaf in zip(reversed(stage.postures), stage.states, strict=True):
        yield f'    {chart.ids[leaf]}("{_safe(posture.name)}")'
    yield from (f"    {line}" for line in begin)
    yield "end"


def _links(chart: Chart) -> Iterator[tuple[str, str | None]]:
    """Return the arrows, each with its colour; beneath a path the curve's own are faint."""
    yield f"begin --> {chart.ids[chart.start]}", None
    yield from ((f"{low} ~~~ {high}", None) for low, high in _spine(chart))
    walked = {pair for hop in chart.hops for pair in hop.covers}
    for arrow in chart.arrows:
        if arrow.source == EVERYONE or (arrow.source, arrow.target) in walked:
            continue
        ends = (chart.ids[arrow.source], chart.ids[arrow.target])
        faint = chart.end is not None
        for line in _link(arrow.kind, ends, () if faint else map(str, arrow.labels), crosses=arrow.crosses):
            yield line, FAINT if faint else STROKES[arrow.kind]
    for hop in chart.hops:
        ends = (chart.ids[hop.source], chart.ids[hop.target])
        for line in _link(hop.kind, ends, shortened(hop.lines), crosses=hop.crosses):
            yield line, STROKES[hop.kind]


def _spine(chart: Chart) -> Iterator[tuple[str, str]]:
    """Return the neighbours from low to high: invisible links between them keep stages in order."""
    ends = [(chart.ids[stage.states[0]], chart.ids[stage.states[-1]]) for stage in chart.stages]
    inside = next((place for place, stage in enumerate(chart.stages) if not stage.outside), len(ends))
    ends.insert(inside, (_BARRIER, _BARRIER))
    yield from ((low[1], high[0]) for low, high in pairwise(ends))


def _link(kind: Kind, ends: tuple[str, str], lines: Iterable[str], *, crosses: bool) -> Iterator[str]:
    source, target = ends
    text = "<br/>".join(map(_safe, lines))
    label = f'|"{text}"|' if text else ""
    if crosses:
        yield f"{source} ---{label} {_BARRIER}"
        yield f"{_BARRIER} --> {target}"
    else:
        yield f"{source} {'-.->' if kind == 'fall' else '-->'}{label} {target}"


def _safe(text: str) -> str:
    """Escape the characters that are syntax for Mermaid."""
    return re.sub(r"[^\w\s.,;:()\[\]'/+-]", lambda found: f"#{ord(found[0])};", text)
