"""Properties of policies, out of the box: each says in plain words what it protects.

They speak of the default curve's stages (distrust, departed). Source: our choice, from what the curve's
own rules punish.
"""

from __future__ import annotations

from trustcurve.verification.properties.combinators import always, at_most, leads_to, never, possible, recoverable_to
from trustcurve.verification.properties.kinds import LeadsTo, Possible, Recoverable, Safety
from trustcurve.verification.unrolling.automaton import Turn

__all__ = [
    "POLICY_PROPERTIES",
    "bounded_asks_while_distrusted",
    "can_make_advocates",
    "no_ask_on_open_account",
    "no_flapping",
    "nobody_forgotten",
    "quiet_period",
    "recovery_comes_first",
    "repair_within",
    "way_back",
]

OWED = ("slip", "breach")


def _times(n: int) -> str:
    return ("never", "at most once", "at most twice")[n] if n <= 2 else f"at most {n} times"  # noqa: PLR2004 - words end there


def _turns(n: int) -> str:
    return "a turn" if n == 1 else f"{n} turns"


def repair_within(n: int) -> Safety | LeadsTo:
    """After a slip or a breach, the account is settled in at most n further turns: customers need not wait for amends."""
    return leads_to(
        lambda turn: turn.met.account in OWED,
        lambda turn: turn.after.account not in OWED,
        within=n,
        name=f"repair_within({n})",
        says=f"What went wrong is made good {'in the same turn' if n == 0 else f'within {_turns(n)}'}.",
    )


def no_flapping(window: int, changes: int) -> Safety:
    """In so many turns in a row, a customer's stage changes in at most so many of them: no to and fro."""
    return at_most(
        changes,
        lambda turn: turn.changed and "departed" not in (turn.before.stage, turn.after.stage),
        per=window,
        name=f"no_flapping({window}, {changes})",
        says=f"In {window} turns a customer's stage changes {_times(changes)}; leaving and coming back are not counted.",
    )


def bounded_asks_while_distrusted(n: int) -> Safety:
    """While a customer distrusts, the company asks at most n times: it does not dig itself in."""
    return at_most(
        n,
        _asks,
        while_=lambda turn: turn.met.stage == "distrust",
        name=f"bounded_asks_while_distrusted({n})",
        says=f"A customer who distrusts is asked {_times(n)}.",
    )


def quiet_period(k: int, window: int) -> Safety:
    """In so many turns in a row the company makes itself heard in at most k: it does not pester."""
    return at_most(
        k,
        lambda turn: turn.action != "wait",
        per=window,
        name=f"quiet_period({k}, {window})",
        says=f"The company makes itself heard in at most {k} of {window} turns in a row.",
    )


def _asks(turn: Turn) -> bool:
    return turn.action == "ask"


def _at_the_top(turn: Turn) -> bool:
    return turn.after.stage == "advocate"


def _owed(turn: Turn) -> bool:
    return turn.met.account in OWED


no_ask_on_open_account: Safety = never(
    _asks,
    when=lambda turn: turn.met.account != "clear",
    name="no_ask_on_open_account",
    says="The company never asks while it owes the customer something.",
)
recovery_comes_first: Safety = always(
    lambda turn: turn.action in ("repair", "wait"),
    when=_owed,
    name="recovery_comes_first",
    says="While amends are owed, the company makes good before it does anything else.",
)
nobody_forgotten: Safety | LeadsTo = leads_to(
    lambda turn: turn.after.stage != "departed",
    lambda turn: turn.action != "wait" or turn.after.stage == "departed",
    name="nobody_forgotten",
    says="No customer who is still there is left alone for ever.",
)

can_make_advocates: Possible = possible(
    _at_the_top,
    name="can_make_advocates",
    says="Some customer can become an advocate under this policy.",
)
way_back: Recoverable = recoverable_to(
    _at_the_top,
    name="way_back",
    says="Whatever happened, a customer can still become an advocate under this policy.",
)

POLICY_PROPERTIES: tuple[Safety | LeadsTo, ...] = (
    *(recovery_comes_first, repair_within(3), no_ask_on_open_account, bounded_asks_while_distrusted(1)),
    *(quiet_period(3, 4), no_flapping(6, 4), nobody_forgotten),
)
"""What is asked of every policy, if nothing else is. Source of the numbers: our choice; ask with your own."""
