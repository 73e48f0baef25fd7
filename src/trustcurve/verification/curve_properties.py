"""Properties of curves out of the box; each says what it protects."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Rule
from trustcurve.core.signals import ASK, SILENCE
from trustcurve.core.standing import Reaction
from trustcurve.core.table import Table
from trustcurve.errors import InvalidPositionError
from trustcurve.verification.combinators import relational
from trustcurve.verification.property import CurveProperty, Relational

__all__ = [
    "CURVE_PROPERTIES",
    "GOODS",
    "HARMS",
    "MORE_CURVE_PROPERTIES",
    "advocate_is_earned",
    "broken_never_helps",
    "closed_to_persuasion",
    "goods_in_any_order",
    "goodwill_pays_for_asks",
    "hysteresis",
    "kept_never_hurts",
    "no_credit_for_asking",
    "no_good_hurts",
    "no_harm_helps",
    "no_stage_outlives_silence",
    "no_stage_skipping",
    "recoverable",
    "silence_never_promotes",
    "total_and_bounded",
]

HARMS = (
    *("broken_minor", "broken_major", "company_one_sided", "complaint"),
    *("silence", "customer_one_sided", "purchase", "departure"),
)
"""The signals that must never help. Source: the curve's definition."""

GOODS = ("kept_minor", "kept_major", "exchange", "repair")
"""The signals that must never hurt. Source: the curve's definition."""

_TOP = "advocate"


def _first(wrong: Callable[[Curve, Reaction], bool]) -> Callable[[Curve], tuple[str, ...] | None]:
    """Return a search for the nearest wrong reaction, which returns the signals that lead to it."""

    def counterexample(curve: Curve) -> tuple[str, ...] | None:
        for path, reaction in _reactions(curve):
            if wrong(curve, reaction):
                return (*path, reaction.signal)
        return None

    return counterexample


def _paths(table: Table) -> dict[int, tuple[str, ...]]:
    """Return a shortest path to each position, nearest first."""
    paths: dict[int, tuple[str, ...]] = {0: ()}
    for number in range(len(table)):
        for signal, target in zip(table.signals, table.next[number], strict=True):
            paths.setdefault(target, (*paths[number], signal))
    return paths


def _reactions(curve: Curve) -> Iterator[tuple[tuple[str, ...], Reaction]]:
    """Yield every reaction of the table, each with a shortest path to it; nearest first."""
    table = curve.table()
    for number, path in _paths(table).items():
        yield from ((path, reaction) for reaction in table.reactions[number])


def _stages_risen(curve: Curve, reaction: Reaction) -> int:
    names = [stage.name for stage in curve.stages]
    apart = {stage.name for stage in curve.stages if stage.apart}
    if reaction.before.stage in apart or reaction.after.stage in apart:
        return 0
    return names.index(reaction.after.stage) - names.index(reaction.before.stage)


def _unbounded(curve: Curve, reaction: Reaction) -> bool:
    try:
        curve.felt_doubt(reaction.after)
    except InvalidPositionError:
        return True
    return False


def _no_gap(curve: Curve) -> tuple[str, ...] | None:
    """Return the signals of a rise with so much felt doubt that one more is a fall from the same stage."""
    rises: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    falls: dict[str, int] = {}
    for path, reaction in _reactions(curve):
        change, felt = _stages_risen(curve, reaction), curve.felt_doubt(reaction.after)
        if change > 0:
            rises.setdefault(reaction.after.stage, []).append((felt, (*path, reaction.signal)))
        elif change < 0 and not _sets_stage(reaction.rule) and any(map(_sets_stage, reaction.settling)):
            falls[reaction.before.stage] = min(felt, falls.get(reaction.before.stage, felt))
    found = [
        path for stage, risen in rises.items() for felt, path in risen if stage in falls and falls[stage] <= felt + 1
    ]
    return min(found, key=len, default=None)


def _sets_stage(rule: Rule) -> bool:
    return any(effect.part == "stage" for effect in rule.effects)


def _no_way_up(curve: Curve) -> tuple[str, ...] | None:
    """Return a shortest path into a position from which the highest stage cannot be reached."""
    table = curve.table()
    top = curve.stages[-1].name
    reaches = [position.stage == top for position in table.positions]
    changed = True
    while changed:
        changed = False
        for number, row in enumerate(table.next):
            if not reaches[number] and any(reaches[target] for target in row):
                reaches[number] = changed = True
    paths = _paths(table)
    return next((paths[number] for number, fine in enumerate(reaches) if not fine), None)


total_and_bounded = CurveProperty(
    name="total_and_bounded",
    description="Every signal is defined in every position, and no counter leaves its range.",
    counterexample=_first(_unbounded),
)
no_stage_skipping = CurveProperty(
    name="no_stage_skipping",
    description="No signal lifts a customer by more than one stage: trust is built step by step.",
    counterexample=_first(lambda curve, reaction: _stages_risen(curve, reaction) > 1),
)
no_harm_helps = relational(
    HARMS,
    never="higher",
    name="no_harm_helps",
    description="One more harm, anywhere in a journey, never makes the customer stand higher, then or later.",
)
no_good_hurts = relational(
    GOODS,
    never="lower",
    name="no_good_hurts",
    description="One more good deed, anywhere in a journey, never makes the customer stand lower, then or later.",
)
no_credit_for_asking = CurveProperty(
    name="no_credit_for_asking",
    description="Asking never earns anything: no rise, no goodwill, no kept promise, no less doubt.",
    counterexample=_first(
        lambda _, r: (
            r.signal == ASK
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
    description="Keeping a promise never makes a customer fall.",
    counterexample=_first(lambda _, r: r.signal.startswith("kept_") and r.fell),
)
broken_never_helps = CurveProperty(
    name="broken_never_helps",
    description="Breaking a promise never makes a customer rise, and never lowers doubt.",
    counterexample=_first(lambda _, r: r.signal.startswith("broken_") and (r.rose or r.after.doubt < r.before.doubt)),
)
silence_never_promotes = CurveProperty(
    name="silence_never_promotes",
    description="Leaving customers alone never makes them rise.",
    counterexample=_first(lambda _, r: r.signal == SILENCE and r.rose),
)
advocate_is_earned = CurveProperty(
    name="advocate_is_earned",
    description="Only customers who recommend, and who have seen promises kept, become advocates.",
    counterexample=_first(
        lambda curve, r: (
            curve.rank(r.before) < curve.rank(r.after)
            and r.after.stage == _TOP
            and (r.signal != "advocacy" or r.before.kept < 1)
        )
    ),
)
recoverable = CurveProperty(
    name="recoverable",
    description="From every position there is a path back to the highest stage: no customer is lost for good.",
    counterexample=_no_way_up,
)
hysteresis = CurveProperty(
    name="hysteresis",
    description="The doubt at which customers rise into a stage and the doubt at which they fall from it lie apart: "
    "one more doubt does not undo a rise.",
    counterexample=_no_gap,
)

CURVE_PROPERTIES: tuple[CurveProperty | Relational, ...] = (
    *(total_and_bounded, no_stage_skipping, no_harm_helps, no_good_hurts, no_credit_for_asking, kept_never_hurts),
    *(broken_never_helps, silence_never_promotes, advocate_is_earned, recoverable, hysteresis),
)
"""The properties that ``check`` decides of a curve by default."""


def _outlives_silence(curve: Curve) -> tuple[str, ...] | None:
    """Return a path to a position beyond the barrier, and silences that never end there."""
    table = curve.table()
    column = table.signals.index(SILENCE)
    for start, path in _paths(table).items():
        number, seen = start, list[int]()
        while number not in seen and not curve.stage(table.positions[number]).outside:
            seen.append(number)
            number = table.next[number][column]
        if number in seen:
            return (*path, *[SILENCE] * len(seen))
    return None


def _unpaid(curve: Curve, reaction: Reaction) -> bool:
    before, after = reaction.before, reaction.after
    had_goodwill = curve.is_engaged(before) and before.account == "clear"
    pays = after.engaged < before.engaged and after.doubt <= before.doubt and not reaction.fell
    return reaction.signal == ASK and had_goodwill and not pays


def _order_matters(curve: Curve) -> tuple[str, ...] | None:
    """Return a path to a position without a failure to make good, and two goods whose order decides the stage."""
    table = curve.table()
    columns = {signal: table.signals.index(signal) for signal in ("kept_major", "exchange")}
    for number, path in _paths(table).items():
        if table.positions[number].account in {"slip", "breach"}:
            continue
        ends = {}
        for one, other in ("kept_major", "exchange"), ("exchange", "kept_major"):
            end = table.next[table.next[number][columns[one]]][columns[other]]
            ends[one, other] = table.positions[end].stage
        if len(set(ends.values())) > 1:
            return (*path, *next(iter(ends)))
    return None


no_stage_outlives_silence = CurveProperty(
    name="no_stage_outlives_silence",
    description="A customer who is left alone for long enough is back before the barrier: trust is about the future of the relation.",
    counterexample=_outlives_silence,
)
goodwill_pays_for_asks = CurveProperty(
    name="goodwill_pays_for_asks",
    description="Beyond the barrier, where nothing is owed, goodwill pays for an ask: some of it is spent, and there is no doubt and no fall.",
    counterexample=_first(_unpaid),
)
goods_in_any_order = CurveProperty(
    name="goods_in_any_order",
    description="Where no amends are owed, a kept promise and an exchange lead to the same stage, whichever comes first.",
    counterexample=_order_matters,
)
closed_to_persuasion = relational(
    ["proposition"],
    never="higher",
    at=["distrust.competitive", "distrust.adversarial"],
    name="closed_to_persuasion",
    description="One more pitch to customers who compete or fight never makes them stand higher, then or later.",
)

MORE_CURVE_PROPERTIES: tuple[CurveProperty | Relational, ...] = (
    no_stage_outlives_silence,
    goodwill_pays_for_asks,
    goods_in_any_order,
    closed_to_persuasion,
)
"""Properties of curves that are decided only if they are named: a curve can be sound without them, or without their states."""
