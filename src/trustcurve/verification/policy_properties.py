"""Properties of policies out of the box; each says what it protects.

They are about the default curve's stages and signals. Source: our choice, from what the curve's own rules punish.
"""

from __future__ import annotations

from collections.abc import Hashable

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
    safety,
)
from trustcurve.verification.curve_properties import GOODS
from trustcurve.verification.monitor import VIOLATED, Monitor
from trustcurve.verification.property import LeadsTo, Possible, Recoverable, Safety
from trustcurve.verification.turn import Turn

__all__ = [
    "POLICY_PROPERTIES",
    "bounded_asks_while_distrusted",
    "can_make_advocates",
    "listens_more",
    "no_ask_on_open_account",
    "no_flapping",
    "nobody_forgotten",
    "only_deeds_lift",
    "promise_before_ask",
    "quiet_period",
    "recovery_comes_first",
    "repair_within",
    "stays_in_touch",
    "thanks_before_ask",
    "thanks_within",
    "way_back",
]

_TOP = "advocate"
_DEPARTED = "departed"
_OWED = ("slip", "breach")
_OPENING = ("proposition", "promise_made", "advocacy")
_LOWER = {
    "hopeful": ("distrust", "departed"),
    "customer_centric": ("distrust", "departed", "hopeful"),
    "advocate": ("distrust", "departed", "hopeful", "customer_centric"),
}
"""Which stages are lower than each stage beyond the barrier."""


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
only_deeds_lift: Safety = never(
    lambda turn: (
        any(turn.after.stage == high and turn.before.stage in lower for high, lower in _LOWER.items())
        and not any(signal in turn.signals for signal in (*GOODS, *_OPENING))
    ),
    name="only_deeds_lift",
    description="Nobody rises to a higher stage in a turn in which nothing reached them but promises that were moved or released, "
    "minor promises made, purchases, complaints and silence.",
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
