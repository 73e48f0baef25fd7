"""The curve as a statechart to draw: its arrows, their labels, and a customer's path.

The arrows are the rules that lead to another stage, and the limits between postures. Rules that only change
counters are left out; they are in the rule table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal, final

from attrs import evolve, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.phrases import condition_words
from trustcurve.core.rules import Rule, Stage
from trustcurve.core.signals import ACCOUNT_LEVELS, COUNTERS, Account
from trustcurve.core.standing import Position
from trustcurve.core.steps import Transition
from trustcurve.core.values import Value
from trustcurve.errors import final_class
from trustcurve.machine.guards import PLACED, holds_in, target_of

__all__ = [
    "EVERYONE",
    "FAINT",
    "STROKES",
    "Arrow",
    "Chart",
    "Hop",
    "Kind",
    "Label",
    "applies_words",
    "chart_of",
    "shortened",
]

EVERYONE = "on the curve"
"""The name of the superstate of all stages that are not apart."""

_SHOWN = 6
"""The most transitions written on one arrow of a path. Source: our choice; more would cover the diagram."""

Kind = Literal["rise", "fall", "aside"]

STROKES: dict[Kind, str] = {"rise": "#0072B2", "fall": "#D55E00", "aside": "#666666"}
"""The colours of arrows. Source: the palette of Okabe & Ito (2008) for every kind of colour vision; falls are dashed, too."""

FAINT = "#C8C8C8"
"""The colour of the curve's own arrows beneath a path."""


@final
@frozen(eq=False, repr=False)
class Label(Value):
    """The label of an arrow: a signal (None: settling) and all conditions, in words."""

    signal: str | None
    when: tuple[str, ...]

    __init_subclass__ = final_class

    def __str__(self) -> str:
        guard = f"[{', '.join(self.when)}]" if self.when else ""
        return " ".join(filter(None, [self.signal, guard]))

    def covers(self, other: Label) -> bool:
        """Return whether it includes another label: the same signal under fewer conditions."""
        return self.signal == other.signal and set(self.when) < set(other.when)


@final
@frozen(eq=False, repr=False)
class Arrow(Value):
    """An arrow of the chart.

    Args:
        source: A leaf state, a stage, or ``EVERYONE``.
        target: A leaf state or a stage.
        labels: One label for each rule.
        kind: "rise", "fall", or "aside" where it leads off the curve or back onto it.
        crosses: Whether it crosses the barrier upward.
    """

    source: str
    target: str
    labels: tuple[Label, ...]
    kind: Kind
    crosses: bool = False

    __init_subclass__ = final_class


@final
@frozen(eq=False, repr=False)
class Hop(Value):
    """A customer's transitions from one leaf state to another: each with its number, day and signal."""

    source: str
    target: str
    lines: tuple[str, ...]
    kind: Kind
    crosses: bool = False

    __init_subclass__ = final_class

    @property
    def covers(self) -> set[tuple[str, str]]:
        """The ends of the curve's arrows that it follows."""
        sources = (self.source, self.source.partition(".")[0], EVERYONE)
        targets = (self.target, self.target.partition(".")[0])
        return {(source, target) for source in sources for target in targets}


@final
@frozen(eq=False, repr=False)
class Chart(Value):
    """A diagram as a value: stages from low to high, arrows, and a path if there is one.

    ``start`` is the leaf state in which the path begins, or without a path that of a stranger; ``end`` is
    the leaf state in which the path ends, or None.
    """

    name: str
    stages: tuple[Stage, ...]
    start: str
    arrows: tuple[Arrow, ...]
    hops: tuple[Hop, ...] = ()
    end: str | None = None

    __init_subclass__ = final_class

    @property
    def ids(self) -> dict[str, str]:
        """A short id for each stage and leaf state: names may have characters that are syntax for a drawing program."""
        names = [EVERYONE, *(name for stage in self.stages for name in dict.fromkeys([stage.name, *stage.states]))]
        return {name: f"s{place}" for place, name in enumerate(dict.fromkeys(names))}

    @property
    def visited(self) -> frozenset[str]:
        """The leaf states of the path."""
        return frozenset(state for hop in self.hops for state in (hop.source, hop.target)) | {self.end or self.start}


def chart_of(curve: Curve, path: Iterable[Transition] | None = None) -> Chart:
    """Return the chart of a curve.

    Args:
        curve: The curve.
        path: A customer's transitions in order, such as ``journey.transitions``, to draw over the curve.

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
    transitions = list(path)
    end = transitions[-1].after if transitions else drawn.start
    start = transitions[0].before if transitions else drawn.start
    return evolve(drawn, start=start, end=end, hops=tuple(_hops(transitions)))


def _signal_arrows(curve: Curve) -> list[Arrow]:
    """Return an arrow for each rule that can apply and that leads to another stage."""
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
    """Return an arrow for each settling rule that leads to another stage."""
    used = {rule.name for row in curve.table().reactions for reaction in row for rule in reaction.settling}
    arrows = []
    for rule in curve.settling:
        when = tuple(condition_words(each, curve.value_of) for each in rule.when if each.part not in PLACED)
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
    """Return the arrows between neighbouring postures, which felt doubt alone decides."""
    steps = {(r.state_before, r.state_after) for row in curve.table().reactions for r in row}
    arrows = []
    for stage in curve.stages:
        for mild, grim in pairwise(stage.postures):
            above = curve.value_of(grim.above or 0)
            low, high = f"{stage.name}.{grim.name}", f"{stage.name}.{mild.name}"
            ways: tuple[tuple[str, str, str, Kind], ...] = (
                (high, low, "above", "fall"),
                (low, high, "at most", "rise"),
            )
            for source, target, test, kind in ways:
                if (source, target) in steps:
                    arrows.append(Arrow(source, target, (Label(None, (f"felt doubt {test} {above}",)),), kind))
    return arrows


def applies_words(curve: Curve, rule: Rule, leaves: Sequence[str], target: str) -> tuple[str, ...]:
    """Return when a rule applies in some leaf states, in words for each condition.

    Args:
        curve: The curve.
        rule: The rule.
        leaves: The leaf states.
        target: The stage to which it leads; earlier rules that lead there, too, do not count.

    Returns:
        Its conditions, without those on the leaf state. If it has none: what earlier rules leave over,
        which is nothing if it always applies there. The last one is "unless an earlier rule applies" if an earlier
        rule takes part of what its own conditions allow.
    """
    own = [condition_words(condition, curve.value_of) for condition in rule.when if condition.part not in PLACED]
    if not own:
        return _left_over(curve, rule, leaves)
    there = (position for position in curve.table().positions if curve.state(position) in leaves)
    shadowed = any(_is_outranked(curve, rule, position, target) for position in there)
    return (*own, "unless an earlier rule applies") if shadowed else tuple(own)


def _is_outranked(curve: Curve, rule: Rule, position: Position, target: str) -> bool:
    """Return whether a rule's conditions hold in a position, but an earlier rule applies and leads elsewhere."""
    if curve.react(position, str(rule.signal)).after.stage == target:
        return False
    return any(each.rule is rule and each.outranked_by for each in curve.refusals(position, str(rule.signal)))


def _left_over(curve: Curve, rule: Rule, leaves: Sequence[str]) -> tuple[str, ...]:
    """Return which values of the account and of one counter earlier rules leave over; "otherwise" if it is more complex."""
    earlier = [row for row in curve.rules[: curve.rules.index(rule)] if row.signal == rule.signal]
    asked = {c.part for row in earlier for c in row.when if c.part not in PLACED}
    there = [position for position in curve.table().positions if curve.state(position) in leaves]
    applied = [curve.react(position, str(rule.signal)).rule is rule for position in there]
    if all(applied):
        return ()
    counters = [part for part in COUNTERS if part in asked]
    if len(counters) != 1 or "felt_doubt" in asked:
        return ("otherwise",)
    part, some = counters[0], there[applied.index(True)]
    top = next(curve.value_of(counter.max) for counter in curve.counters if counter.name == part)
    groups: dict[tuple[int, ...], list[str]] = {}
    for level in ACCOUNT_LEVELS:
        left = [
            value
            for value in range(top + 1)
            if curve.react(_other(some, level, part, value), str(rule.signal)).rule is rule
        ]
        groups.setdefault(tuple(left), []).append(level)
    words = [(f"{part} {_range_words(values, top)}", levels) for values, levels in groups.items() if values]
    if len(groups) == 1:
        return (words[0][0],)
    return ("; or ".join(f"account {_account_words(levels)}, {numbers}" for numbers, levels in words),)


def _other(position: Position, account: Account, part: str, value: int) -> Position:
    changes: dict[str, Any] = {part: value}
    return evolve(position, account=account, **changes)


def _account_words(levels: list[str]) -> str:
    clear, *others = ACCOUNT_LEVELS
    return f"not {clear}" if levels == others else " or ".join(levels)


def _range_words(values: Sequence[int], top: int) -> str:
    """Return a set of numbers in words: "0", "at most 1", "at least 3", "1 or 3"."""
    low, high, known = min(values), max(values), sorted(values)
    if known == list(range(low, high + 1)) and low < high:
        if low == 0:
            return f"at most {high}"
        if high == top:
            return f"at least {low}"
    return " or ".join(map(str, known))


def _arrow(curve: Curve, source: str, stage: Stage, target: Stage, label: Label) -> Arrow:
    order = list(curve.stages)
    kind: Kind = "rise" if order.index(target) > order.index(stage) else "fall"
    if stage.apart or target.apart:
        kind = "aside"
    crosses = kind == "rise" and stage.outside and not target.outside
    return Arrow(source, target.name, (label,), kind, crosses)


def _for_everyone(curve: Curve, arrows: list[Arrow]) -> list[Arrow]:
    """Replace arrows that lead from every stage on the curve to the same place by one."""
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
    """Join the arrows between the same two places, without labels that another label covers."""
    groups: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in arrows:
        groups.setdefault((arrow.source, arrow.target), []).append(arrow)
    joined = []
    for group in groups.values():
        labels = [label for arrow in group for label in arrow.labels]
        kept = tuple(label for label in labels if not any(other.covers(label) for other in labels))
        joined.append(evolve(group[0], labels=kept))
    return joined


def _hops(transitions: list[Transition]) -> list[Hop]:
    """Group a path's transitions by their ends, each as "3. 2026-03-06 broken_major"."""
    hops: dict[tuple[str, str], Hop] = {}
    for number, each in enumerate(transitions, start=1):
        line = f"{number}. {each.at:%Y-%m-%d} {each.signal or 'migration'}"
        key = (each.before, each.after)
        kind: Kind = "rise" if each.change > 0 else "fall"
        before = hops.get(key)
        hops[key] = (
            Hop(*key, (line,), kind, each.reaction is not None and each.reaction.crosses)
            if before is None
            else evolve(before, lines=(*before.lines, line))
        )
    return list(hops.values())


def shortened(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first and the last few lines of an arrow of a path, and how many are between them."""
    if len(lines) <= _SHOWN:
        return lines
    half = _SHOWN // 2
    return (*lines[:half], f"... {len(lines) - 2 * half} more ...", *lines[-half:])
