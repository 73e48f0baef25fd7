"""The curve as a statechart to be drawn: which arrows there are, what is written on them, and a customer's path.

The arrows are the rows that lead to another stage, and the limits between postures. Rows that change
counters alone are left out: they are in the rule table.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

from attrs import evolve, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Stage
from trustcurve.core.steps import Transition
from trustcurve.core.values import Value
from trustcurve.core.wording import condition_words
from trustcurve.machine.drawing.words import applies_words
from trustcurve.machine.guards import PLACED, holds_in, number, target_of

__all__ = ["EVERYONE", "FAINT", "STROKES", "Arrow", "Chart", "Hop", "Kind", "Label", "chart_of", "shown"]

EVERYONE = "on the curve"
"""The name of the superstate of all stages that are not apart."""

_SHOWN = 6
"""The most moves written on one arrow of a path. Source: our choice; more hide the picture."""

Kind = Literal["rise", "fall", "aside"]

STROKES: dict[Kind, str] = {"rise": "#0072B2", "fall": "#D55E00", "aside": "#666666"}
"""The colours of arrows. Source: Okabe & Ito (2008), whose palette people of every colour sight tell apart; falls are dashed, too."""

FAINT = "#C8C8C8"
"""The colour of what is only hinted at."""


@frozen(eq=False, repr=False)
class Label(Value):
    """What is written on an arrow: a signal (None: settling) and all conditions, in words."""

    signal: str | None
    when: tuple[str, ...]

    def __str__(self) -> str:
        guard = f"[{', '.join(self.when)}]" if self.when else ""
        return " ".join(filter(None, [self.signal, guard]))

    def covers(self, other: Label) -> bool:
        """Whether it says all that another one says: the same signal under fewer conditions."""
        return self.signal == other.signal and set(self.when) < set(other.when)


@frozen(eq=False, repr=False)
class Arrow(Value):
    """An arrow of the chart.

    Args:
        source: A leaf state, a stage, or ``EVERYONE``.
        target: A leaf state or a stage.
        labels: What is written on it, one label for each row.
        kind: "rise", "fall", or "aside" where it leads off the curve or back onto it.
        crosses: Whether it crosses the barrier upward.
    """

    source: str
    target: str
    labels: tuple[Label, ...]
    kind: Kind
    crosses: bool = False


@frozen(eq=False, repr=False)
class Hop(Value):
    """A customer's moves from one leaf state to another: each with its number, day and signal."""

    source: str
    target: str
    lines: tuple[str, ...]
    kind: Kind
    crosses: bool = False

    @property
    def covers(self) -> set[tuple[str, str]]:
        """The ends of the curve's arrows along which it goes."""
        sources = (self.source, self.source.partition(".")[0], EVERYONE)
        targets = (self.target, self.target.partition(".")[0])
        return {(source, target) for source in sources for target in targets}


@frozen(eq=False, repr=False)
class Chart(Value):
    """What is to be drawn: stages from low to high, arrows, and a path if there is one.

    ``start`` is the leaf state of a stranger, or the one in which the path begins; ``end`` the one in
    which it ends.
    """

    name: str
    stages: tuple[Stage, ...]
    start: str
    arrows: tuple[Arrow, ...]
    hops: tuple[Hop, ...] = ()
    end: str | None = None

    @property
    def ids(self) -> dict[str, str]:
        """A short id for each stage and leaf state: names may hold signs that mean something to a drawing program."""
        names = [EVERYONE, *(name for stage in self.stages for name in dict.fromkeys([stage.name, *stage.states]))]
        return {name: f"s{place}" for place, name in enumerate(dict.fromkeys(names))}

    @property
    def visited(self) -> frozenset[str]:
        """The leaf states of the path."""
        return frozenset(state for hop in self.hops for state in (hop.source, hop.target)) | {self.end or self.start}


def chart_of(curve: Curve, path: Iterable[Transition] | None = None) -> Chart:
    """Make the chart of a curve.

    Args:
        curve: The curve.
        path: A customer's moves in order, to be drawn over it.

    Examples:
        >>> from trustcurve import Curve
        >>> crossing = next(arrow for arrow in chart_of(Curve.default()).arrows if arrow.crosses)
        >>> list(map(str, crossing.labels))
        ['proposition [account clear]', 'promise_made [account clear]']
    """
    found = [*_signal_arrows(curve), *_settling_arrows(curve), *_posture_arrows(curve)]
    drawn = Chart(curve.name, curve.stages, curve.state(curve.start), tuple(_joined(_for_everyone(curve, found))))
    if path is None:
        return drawn
    moves = list(path)
    end = moves[-1].after if moves else drawn.start
    start = moves[0].before if moves else drawn.start
    return evolve(drawn, start=start, end=end, hops=tuple(_hops(moves)))


def _signal_arrows(curve: Curve) -> list[Arrow]:
    """Make an arrow of each row that a signal can apply and that leads to another stage."""
    arrives = {(r.rule.name, r.state_before, r.after.stage) for row in curve.table().reactions for r in row}
    arrows = []
    for rule in curve.rules:
        for stage in curve.stages:
            target = target_of(curve, stage, rule.effects)
            leaves = [leaf for leaf in stage.states if (rule.name, leaf, target.name) in arrives]
            if target is not stage and leaves:
                label = Label(rule.signal, applies_words(curve, rule, leaves, target.name))
                sources = [stage.name] if len(leaves) == len(stage.states) else leaves
                arrows += [_arrow(curve, source, stage, target, label) for source in sources]
    return arrows


def _settling_arrows(curve: Curve) -> list[Arrow]:
    """Make an arrow of each settling row that leads to another stage."""
    used = {rule.name for row in curve.table().reactions for reaction in row for rule in reaction.settling}
    arrows = []
    for rule in curve.settling:
        when = tuple(condition_words(each, curve.number) for each in rule.when if each.part not in PLACED)
        for stage in curve.stages:
            target = target_of(curve, stage, rule.effects)
            leaves = [
                leaf
                for leaf in stage.states
                if all(holds_in(stage, leaf, each) for each in rule.when if each.part in PLACED)
            ]
            if rule.name in used and target is not stage:
                sources = [stage.name] if len(leaves) == len(stage.states) else leaves
                arrows += [_arrow(curve, source, stage, target, Label(None, when)) for source in sources]
    return arrows


def _posture_arrows(curve: Curve) -> list[Arrow]:
    """Make arrows between neighbouring postures: felt doubt alone leads from one to the other."""
    steps = {(r.state_before, r.state_after) for row in curve.table().reactions for r in row}
    arrows = []
    for stage in curve.stages:
        for mild, grim in pairwise(stage.postures):
            above = number(curve, grim.above or 0)
            low, high = f"{stage.name}.{grim.name}", f"{stage.name}.{mild.name}"
            ways: tuple[tuple[str, str, str, Kind], ...] = (
                (high, low, "above", "fall"),
                (low, high, "at most", "rise"),
            )
            for source, target, test, kind in ways:
                if (source, target) in steps:
                    arrows.append(Arrow(source, target, (Label(None, (f"felt doubt {test} {above}",)),), kind))
    return arrows


def _arrow(curve: Curve, source: str, stage: Stage, target: Stage, label: Label) -> Arrow:
    order = list(curve.stages)
    kind: Kind = "rise" if order.index(target) > order.index(stage) else "fall"
    if stage.apart or target.apart:
        kind = "aside"
    crosses = kind == "rise" and stage.outside and not target.outside
    return Arrow(source, target.name, (label,), kind, crosses)


def _for_everyone(curve: Curve, arrows: list[Arrow]) -> list[Arrow]:
    """Draw once what leads from every stage on the curve to the same place."""
    everyone = {stage.name for stage in curve.stages if not stage.apart}
    sources: dict[tuple[str, tuple[Label, ...]], set[str]] = {}
    for arrow in arrows:
        if arrow.source in everyone:
            sources.setdefault((arrow.target, arrow.labels), set()).add(arrow.source)
    shared = {key for key, names in sources.items() if names >= everyone - {key[0]} and len(everyone) > 1}
    kept, once = list[Arrow](), dict[tuple[str, tuple[Label, ...]], Arrow]()
    for arrow in arrows:
        key = (arrow.target, arrow.labels)
        if arrow.source in everyone and key in shared:
            once[key] = evolve(arrow, source=EVERYONE)
        else:
            kept.append(arrow)
    return [*kept, *once.values()]


def _joined(arrows: list[Arrow]) -> list[Arrow]:
    """Write on one arrow what leads from one place to another, and nothing that another label covers."""
    groups: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in arrows:
        groups.setdefault((arrow.source, arrow.target), []).append(arrow)
    joined = []
    for group in groups.values():
        labels = [label for arrow in group for label in arrow.labels]
        kept = tuple(label for label in labels if not any(other.covers(label) for other in labels))
        joined.append(evolve(group[0], labels=kept))
    return joined


def _hops(moves: list[Transition]) -> list[Hop]:
    """Gather a path's moves by where they lead: "3. 2026-03-06 broken_major"."""
    hops: dict[tuple[str, str], Hop] = {}
    for place, move in enumerate(moves, start=1):
        line = f"{place}. {move.at:%Y-%m-%d} {move.signal or 'migration'}"
        key = (move.before, move.after)
        kind: Kind = "rise" if move.change > 0 else "fall"
        before = hops.get(key)
        hops[key] = (
            Hop(*key, (line,), kind, move.reaction is not None and move.reaction.crosses)
            if before is None
            else evolve(before, lines=(*before.lines, line))
        )
    return list(hops.values())


def shown(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Shorten what is written on one arrow of a path: the first and the last few, and how many between."""
    if len(lines) <= _SHOWN:
        return lines
    half = _SHOWN // 2
    return (*lines[:half], f"... {len(lines) - 2 * half} more ...", *lines[-half:])
