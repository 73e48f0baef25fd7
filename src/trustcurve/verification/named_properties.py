"""Properties out of the box, of curves and of policies; each says what it protects.

Those of policies are about the default curve's stages (distrust, departed). Source: our choice, from what the curve's
own rules punish.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from inspect import signature

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Rule
from trustcurve.core.standing import Reaction
from trustcurve.errors import InvalidPositionError, InvalidValueError, UnknownWordError
from trustcurve.verification.arguments import check_whole
from trustcurve.verification.combinators import (
    always,
    at_least,
    at_most,
    before,
    leads_to,
    never,
    possible,
    recoverable_to,
    relational,
    safety,
)
from trustcurve.verification.monitor import VIOLATED, Monitor
from trustcurve.verification.property import CurveProperty, LeadsTo, Possible, Property, Recoverable, Relational, Safety
from trustcurve.verification.turn import Turn

__all__ = [
    "CURVE_PROPERTIES",
    "GOODS",
    "HARMS",
    "POLICY_PROPERTIES",
    "PROPERTY_NAMES",
    "advocate_is_earned",
    "bounded_asks_while_distrusted",
    "broken_never_helps",
    "can_make_advocates",
    "hysteresis",
    "kept_never_hurts",
    "listens_more",
    "no_ask_on_open_account",
    "no_credit_for_asking",
    "no_flapping",
    "no_good_hurts",
    "no_harm_helps",
    "no_stage_skipping",
    "nobody_forgotten",
    "promise_before_ask",
    "property_named",
    "quiet_period",
    "recoverable",
    "recovery_comes_first",
    "repair_within",
    "silence_never_promotes",
    "stays_in_touch",
    "thanks_before_ask",
    "thanks_within",
    "total_and_bounded",
    "way_back",
]

HARMS = (
    *("broken_minor", "broken_major", "company_one_sided", "complaint"),
    *("silence", "customer_one_sided", "purchase", "departure"),
)
"""The signals that must never help. Source: the curve's definition."""

GOODS = ("kept_minor", "kept_major", "exchange", "repair")
"""The signals that must never hurt. Source: the curve's definition."""

_TOP = "advocate"
_DEPARTED = "departed"
_OWED = ("slip", "breach")

# --- of curves --------------------------------------------------------------------------------------------


def _first(wrong: Callable[[Curve, Reaction], bool]) -> Callable[[Curve], tuple[str, ...] | None]:
    """Return a search for the nearest wrong reaction, which returns the signals that lead to it."""

    def counterexample(curve: Curve) -> tuple[str, ...] | None:
        for path, reaction in _reactions(curve):
            if wrong(curve, reaction):
                return (*path, reaction.signal)
        return None

    return counterexample


def _reactions(curve: Curve) -> Iterator[tuple[tuple[str, ...], Reaction]]:
    """Yield every reaction of the table, each with a shortest path to it; nearest first."""
    table = curve.table()
    paths: dict[int, tuple[str, ...]] = {0: ()}
    for number, row in enumerate(table.reactions):
        for reaction, target in zip(row, table.next[number], strict=True):
            yield paths[number], reaction
            paths.setdefault(target, (*paths[number], reaction.signal))


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
    paths: dict[int, tuple[str, ...]] = {0: ()}
    for number, row in enumerate(table.next):
        for signal, target in zip(table.signals, row, strict=True):
            paths.setdefault(target, (*paths[number], signal))
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
    counterexample=_first(lambda _, r: r.signal == "silence" and r.rose),
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

# --- of policies ------------------------------------------------------------------------------------------


def repair_within(n: int = 3) -> Safety | LeadsTo:
    """After a slip or a breach, the account is settled in at most n further turns: customers need not wait for amends."""
    check_whole("n", n, 0)
    return leads_to(
        _owed,
        lambda turn: turn.after.account not in _OWED,
        within=n,
        name=f"repair_within({n})",
        description=f"A slip or a breach is made good {'in the same turn' if n == 0 else f'within {_turns(n)}'}.",
    )


def no_flapping(window: int = 6, changes: int = 4) -> Safety:
    """In any ``window`` turns in a row, a customer's stage changes at most ``changes`` times."""
    check_whole("window", window, 1)
    check_whole("changes", changes, 0)
    return at_most(
        changes,
        lambda turn: turn.changed and "departure" not in turn.moves and "return" not in turn.moves,
        per=window,
        name=f"no_flapping({window}, {changes})",
        description=f"In {window} turns a customer's stage changes {_times(changes)}; leaving and coming back do not count.",
    )


def bounded_asks_while_distrusted(n: int = 1) -> Safety:
    """While a customer distrusts, the company asks at most ``n`` times."""
    check_whole("n", n, 0)
    return at_most(
        n,
        _asks,
        while_=lambda turn: turn.met.stage == "distrust",
        name=f"bounded_asks_while_distrusted({n})",
        description=f"A customer who distrusts is asked {_times(n)}.",
    )


def quiet_period(k: int = 3, window: int = 4) -> Safety:
    """In any ``window`` turns in a row, the company acts in at most ``k``."""
    check_whole("k", k, 0)
    check_whole("window", window, 1)
    return at_most(
        k,
        _acts,
        per=window,
        name=f"quiet_period({k}, {window})",
        description=f"The company acts in at most {k} of {window} turns in a row.",
    )


def stays_in_touch(n: int = 6) -> Safety:
    """In any ``n`` turns in a row in which a customer has not left, the company acts at least once."""
    check_whole("n", n, 1)
    return at_least(
        1,
        _acts,
        per=n,
        while_=lambda turn: turn.after.stage != _DEPARTED,
        name=f"stays_in_touch({n})",
        description=f"A customer who has not left hears from the company in any {_turns(n)} in a row.",
    )


def thanks_within(n: int = 2) -> Safety | LeadsTo:
    """An advocate who recommends the company gets something of value in at most ``n`` further turns, or is none any more."""
    check_whole("n", n, 0)
    return leads_to(
        lambda turn: "advocacy" in turn.moves and turn.met.stage == _TOP,
        lambda turn: any(signal in turn.signals for signal in GOODS) or turn.after.stage != _TOP,
        within=n,
        name=f"thanks_within({n})",
        description=f"An advocate who recommends is thanked {'in the same turn' if n == 0 else f'within {_turns(n)}'}.",
    )


def listens_more(window: int = 4) -> Safety:
    """In any ``window`` turns in a row, the company pitches or asks in no more turns than it gives, or the customer speaks."""
    check_whole("window", window, 1)
    mask = (1 << window) - 1

    def step(state: tuple[int, int, int], turn: Turn) -> Hashable:
        said, heard, turns = state
        said, heard = ((bits << 1 | now) & mask for bits, now in ((said, _says(turn)), (heard, _gives_or_hears(turn))))
        turns = min(turns + 1, window)
        return VIOLATED if turns == window and said.bit_count() > heard.bit_count() else (said, heard, turns)

    return safety(
        Monitor((0, 0, 0), step),
        name=f"listens_more({window})",
        description=f"In any {_turns(window)} in a row, the company says no more than it gives and hears.",
    )


def _says(turn: Turn) -> bool:
    return "propose" in turn.actions or _asks(turn)


def _gives_or_hears(turn: Turn) -> bool:
    gives = any(signal in turn.signals for signal in GOODS)
    return gives or any(move in turn.moves for move in ("complaint", "advocacy", "purchase", "return"))


def _acts(turn: Turn) -> bool:
    return bool(turn.actions)


def _asks(turn: Turn) -> bool:
    return "ask" in turn.actions


def _at_the_top(turn: Turn) -> bool:
    return turn.after.stage == _TOP


def _owed(turn: Turn) -> bool:
    return turn.met.account in _OWED


def _times(n: int) -> str:
    return ("never", "at most once", "at most twice")[n] if n <= 2 else f"at most {n} times"  # noqa: PLR2004 - words end there


def _turns(n: int) -> str:
    return "a turn" if n == 1 else f"{n} turns"


no_ask_on_open_account: Safety = never(
    _asks,
    when=lambda turn: turn.met.account != "clear",
    name="no_ask_on_open_account",
    description="The company never asks while it owes the customer something.",
)
recovery_comes_first: Safety = always(
    lambda turn: not turn.actions - {"repair"},
    when=_owed,
    name="recovery_comes_first",
    description="While amends are owed, the company makes good before it does anything else.",
)
nobody_forgotten: Safety | LeadsTo = leads_to(
    lambda turn: turn.after.stage != _DEPARTED,
    lambda turn: bool(turn.actions) or turn.after.stage == _DEPARTED,
    name="nobody_forgotten",
    description="No customer who has not left is left alone forever.",
)
thanks_before_ask: Safety = never(
    _asks,
    when=lambda turn: turn.met.stage == _TOP and turn.met.account == "due",
    name="thanks_before_ask",
    description="The company asks nothing of an advocate whom it owes thanks.",
)
can_make_advocates: Possible = possible(
    _at_the_top,
    name="can_make_advocates",
    description="Some customer can become an advocate under this policy.",
)
promise_before_ask: Safety = before(
    lambda turn: "kept_major" in turn.signals or "kept_minor" in turn.signals,
    _asks,
    name="promise_before_ask",
    description="The company asks for nothing before it has kept a promise.",
)
way_back: Recoverable = recoverable_to(
    _at_the_top,
    name="way_back",
    description="Whatever has happened, a customer can still become an advocate under this policy.",
)

POLICY_PROPERTIES: tuple[Safety | LeadsTo, ...] = (
    *(recovery_comes_first, repair_within(), no_ask_on_open_account, bounded_asks_while_distrusted()),
    *(quiet_period(), no_flapping(), nobody_forgotten),
)
"""The properties that ``check`` decides of a policy by default. Source of the numbers: our choice; call them with yours."""

# --- by name ----------------------------------------------------------------------------------------------

_DIGITS = 10

_FACTORIES: dict[str, Callable[..., Property]] = {
    made.__name__: made
    for made in (
        repair_within,
        no_flapping,
        bounded_asks_while_distrusted,
        quiet_period,
        stays_in_touch,
        thanks_within,
        listens_more,
    )
}
_VALUES: dict[str, Property] = {
    each.name: each
    for each in (
        *CURVE_PROPERTIES,
        no_ask_on_open_account,
        recovery_comes_first,
        nobody_forgotten,
        can_make_advocates,
        promise_before_ask,
        thanks_before_ask,
        way_back,
    )
}
PROPERTY_NAMES: tuple[str, ...] = (
    *_VALUES,
    *(f"{name}({', '.join(signature(made).parameters)})" for name, made in _FACTORIES.items()),
)
"""The named properties as ``property_named`` and the command line accept them; the numbers may be left out."""


def property_named(text: str) -> Property:
    """Return a named property: "no_harm_helps", "repair_within", "repair_within(3)", "quiet_period(3, 4)".

    Raises:
        UnknownWordError: There is no property of this name.
        InvalidValueError: There are too many numbers, or too few.

    Examples:
        >>> property_named("repair_within(3)").description
        'A slip or a breach is made good within 3 turns.'
    """
    name, _, numbers = text.strip().partition("(")
    listed = [each.strip() for each in numbers.removesuffix(")").split(",")] if numbers.strip(" )") else []
    if name in _VALUES and not listed:
        return _VALUES[name]
    if name not in _FACTORIES or (numbers and not numbers.endswith(")")):
        raise UnknownWordError("property", text, PROPERTY_NAMES)
    if not all(each.isascii() and each.isdecimal() and len(each) <= _DIGITS for each in listed):
        raise InvalidValueError(
            "property",
            text,
            f"must have whole numbers between its brackets, of at least 0 and at most {_DIGITS} digits",
        )
    given = [int(each) for each in listed]
    wanted = list(signature(_FACTORIES[name]).parameters)
    if given and len(given) != len(wanted):
        raise InvalidValueError(
            "property",
            text,
            f"must have the arguments {', '.join(wanted)}; for example {name}({', '.join('3' for _ in wanted)})",
        )
    return _FACTORIES[name](*given)
