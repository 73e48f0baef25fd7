"""Properties of curves, out of the box: each says in plain words what it protects."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Rule
from trustcurve.core.standing import Reaction
from trustcurve.verification.properties.combinators import relational
from trustcurve.verification.properties.kinds import CurveProperty, Relational

__all__ = [
    "CURVE_PROPERTIES",
    "GOODS",
    "HARMS",
    "advocate_is_earned",
    "broken_never_helps",
    "hysteresis",
    "kept_never_hurts",
    "no_credit_for_asking",
    "no_good_hurts",
    "no_harm_helps",
    "no_stage_skipping",
    "recoverable",
    "silence_never_promotes",
    "total_and_bounded",
]

HARMS = (
    *("broken_minor", "broken_major", "company_one_sided", "complaint"),
    *("silence", "customer_one_sided", "purchase", "departure"),
)
"""What must never help. Source: the curve's definition."""

GOODS = ("kept_minor", "kept_major", "exchange", "repair")
"""What must never hurt. Source: the curve's definition."""

TOP = "advocate"


def _first(wrong: Callable[[Curve, Reaction], bool]) -> Callable[[Curve], tuple[str, ...] | None]:
    """Find the first reaction that is wrong, with the signals that lead to it: shortest first."""

    def counterexample(curve: Curve) -> tuple[str, ...] | None:
        for way, reaction in _reactions(curve):
            if wrong(curve, reaction):
                return (*way, reaction.signal)
        return None

    return counterexample


def _reactions(curve: Curve) -> Iterator[tuple[tuple[str, ...], Reaction]]:
    """Answer with every reaction of the table, each with a shortest way to it; shortest first."""
    table = curve.table()
    ways: dict[int, tuple[str, ...]] = {0: ()}
    for number, row in enumerate(table.reactions):
        for reaction, target in zip(row, table.next[number], strict=True):
            yield ways[number], reaction
            ways.setdefault(target, (*ways[number], reaction.signal))


def _stages_risen(curve: Curve, reaction: Reaction) -> int:
    names = [stage.name for stage in curve.stages]
    apart = {stage.name for stage in curve.stages if stage.apart}
    if reaction.before.stage in apart or reaction.after.stage in apart:
        return 0
    return names.index(reaction.after.stage) - names.index(reaction.before.stage)


def _unbounded(curve: Curve, reaction: Reaction) -> bool:
    tops = dict(zip(("kept", "engaged", "doubt"), curve.program.tops[1:4], strict=True))
    return any(not 0 <= getattr(reaction.after, part) <= top for part, top in tops.items())


def _felt(curve: Curve, reaction: Reaction) -> tuple[int, int]:
    return curve.cells(reaction.before)[5], curve.cells(reaction.after)[5]


def _no_gap(curve: Curve) -> tuple[str, ...] | None:
    """Find a rise with so much felt doubt that the next bit of it is a fall from the same stage."""
    rises: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    falls: dict[str, int] = {}
    for way, reaction in _reactions(curve):
        change = _stages_risen(curve, reaction)
        if change > 0:
            rises.setdefault(reaction.after.stage, []).append((_felt(curve, reaction)[1], (*way, reaction.signal)))
        elif change < 0 and not _sets_stage(reaction.rule) and any(map(_sets_stage, reaction.settling)):
            felt = _felt(curve, reaction)[1]
            falls[reaction.before.stage] = min(felt, falls.get(reaction.before.stage, felt))
    shown = [
        way for stage, risen in rises.items() for felt, way in risen if stage in falls and falls[stage] <= felt + 1
    ]
    return min(shown, key=len, default=None)


def _sets_stage(rule: Rule) -> bool:
    return any(effect.part == "stage" for effect in rule.effects)


def _lost(curve: Curve) -> tuple[str, ...] | None:
    """Find a way into a position from which nobody becomes what stands highest."""
    table = curve.table()
    top = curve.stages[-1].name
    reaches = [position.stage == top for position in table.positions]
    changed = True
    while changed:
        changed = False
        for number, row in enumerate(table.next):
            if not reaches[number] and any(reaches[target] for target in row):
                reaches[number] = changed = True
    ways: dict[int, tuple[str, ...]] = {0: ()}
    for number, row in enumerate(table.next):
        for signal, target in zip(table.signals, row, strict=True):
            ways.setdefault(target, (*ways[number], signal))
    return next((ways[number] for number, fine in enumerate(reaches) if not fine), None)


total_and_bounded = CurveProperty(
    name="total_and_bounded",
    says="Every signal has an answer everywhere, and no counter leaves its range: nothing is ever undefined.",
    counterexample=_first(_unbounded),
)
no_stage_skipping = CurveProperty(
    name="no_stage_skipping",
    says="Nobody rises by more than one stage at once: trust is built step by step.",
    counterexample=_first(lambda curve, reaction: _stages_risen(curve, reaction) > 1),
)
no_harm_helps = relational(
    HARMS,
    never="higher",
    name="no_harm_helps",
    says="No harm, wherever it is put into a journey, ever makes a customer stand higher, then or later.",
)
no_good_hurts = relational(
    GOODS,
    never="lower",
    name="no_good_hurts",
    says="No good deed, wherever it is put into a journey, ever makes a customer stand lower, then or later.",
)
no_credit_for_asking = CurveProperty(
    name="no_credit_for_asking",
    says="Asking never earns anything: no rise, no goodwill, no kept promise, no less doubt.",
    counterexample=_first(
        lambda _, r: (
            r.signal == "company_one_sided"
            and (
                r.rose
                or r.after.engaged > r.before.engaged
                or r.after.kept > r.before.kept
                or r.after.doubt < r.before.doubt
            )
        )
    ),
)
kept_never_hurts = CurveProperty(
    name="kept_never_hurts",
    says="Keeping a promise never makes a customer fall.",
    counterexample=_first(lambda _, r: r.signal.startswith("kept_") and r.fell),
)
broken_never_helps = CurveProperty(
    name="broken_never_helps",
    says="Breaking a promise never makes a customer rise, and never lowers doubt.",
    counterexample=_first(lambda _, r: r.signal.startswith("broken_") and (r.rose or r.after.doubt < r.before.doubt)),
)
silence_never_promotes = CurveProperty(
    name="silence_never_promotes",
    says="Leaving customers alone never makes them rise.",
    counterexample=_first(lambda _, r: r.signal == "silence" and r.rose),
)
advocate_is_earned = CurveProperty(
    name="advocate_is_earned",
    says="Only customers who recommend, and who have seen promises kept, become advocates.",
    counterexample=_first(
        lambda _, r: r.before.stage != TOP == r.after.stage and (r.signal != "advocacy" or r.before.kept < 1)
    ),
)
recoverable = CurveProperty(
    name="recoverable",
    says="Whatever happened, there is a way back to the top: nobody is lost for good.",
    counterexample=_lost,
)
hysteresis = CurveProperty(
    name="hysteresis",
    says="The doubt with which customers rise into a stage and the doubt at which they fall from it lie apart: "
    "one small worry more does not undo a rise.",
    counterexample=_no_gap,
)

CURVE_PROPERTIES: tuple[CurveProperty | Relational, ...] = (
    *(total_and_bounded, no_stage_skipping, no_harm_helps, no_good_hurts, no_credit_for_asking, kept_never_hurts),
    *(broken_never_helps, silence_never_promotes, advocate_is_earned, recoverable, hysteresis),
)
"""What is asked of every curve."""
