"""Policy files: their form as attrs classes, and how a policy is made of one."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Annotated

from attrs import evolve, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.rules import plain_conditions
from trustcurve.core.signals import Account
from trustcurve.documents.forms import SOME, Text
from trustcurve.documents.plain_text import read_text
from trustcurve.documents.problems import unknown
from trustcurve.documents.reader import Reading, read_toml
from trustcurve.policies.actions import ACTIONS, Action
from trustcurve.policies.decision_list import NUMBERS, POSITION_PARTS, WORDS, DecisionList, PolicyRule, matches
from trustcurve.policies.policy import DUE, OPEN_MAX, REMEMBERED, InvalidPolicyError, Policy
from trustcurve.policies.view import View

__all__ = ["PolicyFile", "idle_rows", "load_policy", "parse_policy"]

Groups = tuple[tuple[tuple[str, ...], list[View]], ...]

_GUARDS = (*WORDS, "outside", *NUMBERS)
_MEMORY = {"asks": "window", "last": "remember"}

_ROWS_MAX = 500
"""The most rows of a policy. Source: our choice: each is compared with all before it, which takes a second for so many."""


@frozen
class _Bounds:
    """Bounds of a number.

    Args:
        at_least: It must be at least this.
        at_most: It must be at most this.
        above: It must be above this.
        below: It must be below this.
    """

    at_least: int | None = None
    at_most: int | None = None
    above: int | None = None
    below: int | None = None


_Words = str | Annotated[tuple[str, ...], SOME]
_Number = int | Annotated[tuple[int, ...], SOME] | _Bounds


@frozen
class _When:
    """What must hold for a row to decide: all of it.

    Args:
        stage: One of these stages.
        posture: One of these postures.
        state: One of these leaf states.
        account: One of these levels: what the company owes.
        last: One of these was the company's latest action.
        outside: Whether the customer stands before the barrier, or has left.
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: What repair alone cannot heal.
        felt_doubt: Doubt, and what the account adds to it.
        quiet: Turns since the customer last got something.
        open: How many promises are open.
        asks: How many asks the company made in the last turns, as many as ``window`` says.
    """

    stage: _Words | None = None
    posture: _Words | None = None
    state: _Words | None = None
    account: Account | Annotated[tuple[Account, ...], SOME] | None = None
    last: Action | Annotated[tuple[Action, ...], SOME] | None = None
    outside: bool | None = None
    kept: _Number | None = None
    engaged: _Number | None = None
    doubt: _Number | None = None
    felt_doubt: _Number | None = None
    quiet: _Number | None = None
    open: _Number | None = None
    asks: _Number | None = None


@frozen
class _Row:
    """A row: when all conditions hold, do this; the first row that holds decides.

    Args:
        do: The company's action.
        name: What the row is called; its number if left out.
        when: The conditions; a row without any always holds.
        because: Why, in words.
    """

    do: Action
    name: Text | None = None
    when: _When = field(factory=_When)
    because: str = ""


@frozen
class _Head:
    """What the policy is called, and how far its memory reaches.

    Args:
        name: What it is called.
        description: What it is for, in words.
        remember: How many of its own last actions it sees.
        window: Over how many last turns it counts its asks.
        promise_due: After how many turns a promise that it makes falls due.
    """

    name: Text
    description: str = ""
    remember: Annotated[int, REMEMBERED] = 0
    window: Annotated[int, REMEMBERED] = 0
    promise_due: Annotated[int, DUE] = 2


@frozen
class PolicyFile:
    """A policy: rows of conditions and an action.

    Args:
        policy: The policy as a whole.
        rules: The rows, in order.
    """

    policy: _Head
    rules: Annotated[tuple[_Row, ...], SOME]


def load_policy(path: str | PathLike[str], curve: Curve | None = None) -> Policy:
    r"""Load a policy from a TOML file and check all of it.

    Args:
        path: The file.
        curve: The curve whose stages and states it speaks of; the default curve if left out.

    Raises:
        InvalidPolicyError: With all findings at once: each names file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "ask.toml")
        ...     characters = file.write_text('[policy]\nname = "ask"\n[[rules]]\ndo = "ask"')
        ...     load_policy(file).name
        'ask'
    """
    text, name = read_text(path, InvalidPolicyError)
    return parse_policy(text, name, curve)


def parse_policy(text: str, source: str = "the policy", curve: Curve | None = None) -> Policy:
    """Read a policy from TOML; for arguments and errors see ``load_policy``.

    Examples:
        >>> patient = parse_policy('''
        ... [policy]
        ... name = "repair, or wait"
        ... [[rules]]
        ... when = { account = ["slip", "breach"] }
        ... do = "repair"
        ... ''')
        >>> patient.name
        'repair, or wait'
    """
    reading = read_toml(text, PolicyFile, source, InvalidPolicyError)
    curve = Curve.default() if curve is None else curve
    _check_words(reading, curve)
    if reading.count("rules") > _ROWS_MAX:
        reading.wrong(("rules",), f"must have at most {_ROWS_MAX:,} rows, got {reading.count('rules'):,}")
    form = reading.right()
    head = form.policy
    policy = Policy(
        name=head.name,
        decide=DecisionList(tuple(_rule(reading, number, row) for number, row in enumerate(form.rules))),
        remember=head.remember,
        window=head.window,
        promise_due=head.promise_due,
        description=head.description,
    )
    for number, why in idle_rows(curve, policy):
        reading.wrong(("rules", number, "when"), why)
    reading.right()
    return policy


def _rule(reading: Reading[PolicyFile], number: int, row: _Row) -> PolicyRule:
    conditions = plain_conditions(reading.get("rules", number, "when") or {}, _GUARDS)
    return PolicyRule(row.name or f"number {number + 1}", conditions, row.do, row.because)


def _check_words(reading: Reading[PolicyFile], curve: Curve) -> None:
    """Check that the curve has the words that the rows ask about, and the policy the memory."""
    words = {
        "stage": tuple(stage.name for stage in curve.stages),
        "state": curve.states,
        "posture": tuple(posture.name for stage in curve.stages for posture in stage.postures),
    }
    for number in range(reading.count("rules")):
        for part, known in words.items():
            path = ("rules", number, "when", part)
            asked = reading.get(*path) or ()
            for word in (asked,) if isinstance(asked, str) else asked:
                if word not in known:
                    reading.wrong(path, unknown(word, known))
        for part, key in _MEMORY.items():
            path = ("rules", number, "when", part)
            if (
                reading.get(*path) is not None
                and not reading.is_wrong("policy", key)
                and not reading.get("policy", key)
            ):
                reading.wrong(path, f"never holds: {key} in [policy] must say how many turns the policy remembers")


def idle_rows(curve: Curve, policy: Policy) -> Iterator[tuple[int, str]]:
    """Find the rows of a policy, by number from 0, that never decide, whatever a customer is like; and why."""
    if not isinstance(policy.decide, DecisionList):
        return
    together = matches(policy.decide.rules, _views(curve, policy))
    first = {each & -each for each in together}
    for n in range(len(policy.decide.rules)):
        bit = 1 << n
        if bit in first:
            continue
        why = "wherever it holds, a row before it holds too"
        if not any(each & bit for each in together):
            why = "what it asks for never holds together"
        yield n, f"can never match: {why}"


def _views(curve: Curve, policy: Policy) -> Groups:
    """Return all that a policy made of rows can see, in groups of parts that are independent of each other."""
    rules = policy.decide.rules if isinstance(policy.decide, DecisionList) else ()
    positions = [View.at(curve, position) for position in curve.table().positions]
    stranger = positions[0]
    numbers = {0, *(n + near for rule in rules for n in rule.numbers("quiet") for near in (-1, 0, 1))}
    return (
        (tuple(POSITION_PARTS), positions),
        (("quiet",), [evolve(stranger, quiet=n) for n in numbers if n >= 0]),
        (("open",), [evolve(stranger, open=n) for n in range(OPEN_MAX + 1)]),
        (("asks",), [evolve(stranger, asks=n) for n in range(policy.window + 1)]),
        (
            ("last",),
            [stranger, *(evolve(stranger, last=(each,)) for each in ACTIONS[: policy.remember * len(ACTIONS)])],
        ),
    )
