"""The definition of the default curve, read a second time: plain numbers and ifs, and nothing of the curve's own data.

What the rows of the curve's file say must agree with what this says, in every position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from trustcurve import Position

Account = Literal["clear", "due", "slip", "breach"]

CLEAR, DUE, SLIP, BREACH = range(4)
ACCOUNTS: tuple[Account, ...] = ("clear", "due", "slip", "breach")
WEIGHTS = (0, 0, 1, 2)
STAGES = ("departed", "distrust", "hopeful", "customer_centric", "advocate")
DEPARTED, DISTRUST, HOPEFUL, CUSTOMER_CENTRIC, ADVOCATE = range(5)

DEFAULTS = {
    "kept_max": 3,
    "engaged_max": 4,
    "doubt_max": 12,
    "initial_doubt": 2,
    "suspicious_max": 3,
    "competitive_max": 7,
    "one_sided_doubt": 2,
    "broken_minor_doubt": 1,
    "broken_major_doubt": 2,
    "minor_engaged_max": 2,
    "hopeful_lost_at": 5,
    "customer_centric_lost_at": 4,
    "advocate_lost_at": 3,
    "customer_centric_kept": 1,
    "customer_centric_engaged": 3,
    "customer_centric_doubt_max": 1,
    "advocate_kept": 3,
    "advocate_engaged": 3,
}

HARMS = (
    "broken_minor",
    "broken_major",
    "company_one_sided",
    "complaint",
    "silence",
    "customer_one_sided",
    "purchase",
    "departure",
)
GOODS = ("kept_minor", "kept_major", "exchange", "repair")
OTHERS = ("proposition", "promise_made", "advocacy", "return")
SIGNALS = (*HARMS, *GOODS, *OTHERS)


class Place(NamedTuple):
    """A position in numbers."""

    stage: int
    kept: int
    engaged: int
    doubt: int
    account: int

    @property
    def felt(self) -> int:
        """Felt doubt."""
        return self.doubt + WEIGHTS[self.account]

    @property
    def outside(self) -> bool:
        """Whether it lies before the barrier."""
        return self.stage in (DEPARTED, DISTRUST)

    def position(self) -> Position:
        """Write it in the words of the curve."""
        return Position(STAGES[self.stage], self.kept, self.engaged, self.doubt, ACCOUNTS[self.account])


def place(position: Position) -> Place:
    """Write a position in numbers."""
    stage, account = STAGES.index(position.stage), ACCOUNTS.index(position.account)
    return Place(stage, position.kept, position.engaged, position.doubt, account)


def rank(at: Place, numbers: Mapping[str, int]) -> int:
    """Return the place among the seven, 0 for departed."""
    if at.stage != DISTRUST:
        return 0 if at.stage == DEPARTED else at.stage + 2
    return 3 if at.felt <= numbers["suspicious_max"] else 2 if at.felt <= numbers["competitive_max"] else 1


def react(at: Place, signal: str, numbers: Mapping[str, int]) -> Place:
    """Return where a signal leads."""
    return settled(clamped(heard(at, signal, numbers), numbers), numbers)


def clamped(at: Place, numbers: Mapping[str, int]) -> Place:
    """Bring the counters back into their range."""
    kept = min(max(at.kept, 0), numbers["kept_max"])
    engaged = min(max(at.engaged, 0), numbers["engaged_max"])
    doubt = min(max(at.doubt, 0), numbers["doubt_max"])
    return Place(at.stage, kept, engaged, doubt, at.account)


def settled(at: Place, numbers: Mapping[str, int]) -> Place:
    """Let fall what cannot hold, forget what is outside, let rise what has grown."""
    stage, kept, engaged, doubt, account = at
    if stage == ADVOCATE and at.felt >= numbers["advocate_lost_at"]:
        stage = CUSTOMER_CENTRIC
    if stage == CUSTOMER_CENTRIC and at.felt >= numbers["customer_centric_lost_at"]:
        stage = HOPEFUL
    if stage == HOPEFUL and at.felt >= numbers["hopeful_lost_at"]:
        stage = DISTRUST
    if stage in (DEPARTED, DISTRUST):
        return Place(stage, 0, 0, doubt, CLEAR if account == DUE else account)
    grown = kept >= numbers["customer_centric_kept"] and engaged >= numbers["customer_centric_engaged"]
    if stage == HOPEFUL and grown and at.felt <= numbers["customer_centric_doubt_max"]:
        stage = CUSTOMER_CENTRIC
    return Place(stage, kept, engaged, doubt, account)


def heard(at: Place, signal: str, numbers: Mapping[str, int]) -> Place:
    """Apply the row of a signal, before clamping and settling."""
    if signal in ("proposition", "promise_made", "company_one_sided"):
        return asked(at, signal, numbers)
    if signal in ("advocacy", "purchase", "silence", "departure", "return"):
        return came_or_went(at, signal, numbers)
    if signal.startswith(("kept", "broken")):
        return delivered(at, signal, numbers)
    return talked(at, signal, numbers)


def talked(at: Place, signal: str, numbers: Mapping[str, int]) -> Place:
    """Apply what passes between the two sides."""
    if signal == "exchange" and at.account <= DUE:
        healed = at.doubt - (at.doubt <= numbers["competitive_max"])
        return at._replace(account=CLEAR, engaged=at.engaged + 1, doubt=healed)
    if signal == "repair" and at.account >= SLIP:
        return at._replace(account=DUE)
    if signal == "complaint":
        return at._replace(account=max(at.account, SLIP))
    if signal == "customer_one_sided":
        return at._replace(doubt=at.doubt + numbers["one_sided_doubt"])
    return at


def delivered(at: Place, signal: str, numbers: Mapping[str, int]) -> Place:
    """Apply what becomes of a promise."""
    stage, kept, engaged, doubt, account = at
    if signal == "kept_major":
        return Place(stage, kept + 1, engaged, doubt - 1, max(account - 1, CLEAR))
    if signal == "broken_minor":
        return Place(stage, kept, engaged, doubt + numbers["broken_minor_doubt"], max(account, SLIP))
    if signal == "broken_major":
        return Place(stage, 0, 0, doubt + numbers["broken_major_doubt"], BREACH)
    if account > DUE:
        return at
    return at._replace(engaged=engaged + (engaged < numbers["minor_engaged_max"]), account=CLEAR)


def asked(at: Place, signal: str, numbers: Mapping[str, int]) -> Place:
    """Apply what the company wants of the customer: a hope, or something for itself."""
    opens = at.stage == DISTRUST and at.felt <= numbers["suspicious_max"] and at.account == CLEAR
    if signal != "company_one_sided" and opens:
        return at._replace(stage=HOPEFUL, account=DUE)
    if signal == "promise_made":
        return at._replace(account=max(at.account, DUE))
    if signal == "proposition" and at.account == CLEAR and not at.outside:
        return at._replace(account=DUE)
    paid = at.account == CLEAR and at.engaged > 0
    repeated = signal == "proposition" and at.account == DUE
    doubt = at.doubt if paid or repeated else at.doubt + numbers["one_sided_doubt"]
    return at._replace(engaged=at.engaged - 1, doubt=doubt)


def came_or_went(at: Place, signal: str, numbers: Mapping[str, int]) -> Place:
    """Apply what customers do, and what silence does to them."""
    owes = at._replace(account=max(at.account, DUE))
    if signal == "advocacy":
        earned = at.kept >= numbers["advocate_kept"] and at.engaged >= numbers["advocate_engaged"] and at.felt == 0
        return owes._replace(stage=ADVOCATE) if at.stage == CUSTOMER_CENTRIC and earned else owes
    if signal == "purchase":
        return owes
    if signal == "departure":
        return at._replace(stage=DEPARTED)
    if signal == "return":
        returned = at._replace(stage=DISTRUST, doubt=max(at.doubt, numbers["initial_doubt"]))
        return returned if at.stage == DEPARTED else at
    left = at.engaged - (1 if at.account == CLEAR else 2)
    if at.outside or left >= 0:
        return at if at.outside else at._replace(engaged=left)
    return at._replace(stage=at.stage - 1, engaged=0)


def reachable(numbers: Mapping[str, int]) -> list[Place]:
    """Return all places that a stranger can reach, the start first."""
    found = [Place(DISTRUST, 0, 0, numbers["initial_doubt"], CLEAR)]
    seen = set(found)
    for at in found:
        for signal in SIGNALS:
            after = react(at, signal, numbers)
            if after not in seen:
                seen.add(after)
                found.append(after)
    return found
