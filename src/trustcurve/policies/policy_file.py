"""Policy files: their form as attrs classes, and how a policy is made of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Annotated, Any, Literal

from attrs import define, evolve, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.rules import plain_conditions
from trustcurve.core.signals import WEIGHTS, Account, Weight
from trustcurve.documents.condition_forms import Bounds, Numbers, Words
from trustcurve.documents.forms import SOME, Problem, Text
from trustcurve.documents.plain_text import read_text
from trustcurve.documents.problems import unknown
from trustcurve.documents.reader import Reading, read_toml
from trustcurve.policies.actions import ACTIONS, PROMISE_DUE, WAIT, PromiseKind, acts_of
from trustcurve.policies.decision_list import (
    ANY_KIND,
    NUMBERS,
    POSITION_PARTS,
    WORDS,
    DecisionList,
    PolicyRule,
    matches,
)
from trustcurve.policies.policy import COST, OPEN_MAX, Policy
from trustcurve.policies.policy_errors import InvalidPolicyError
from trustcurve.policies.recall import CONTACT, HEARD, JOINING, WITHIN
from trustcurve.policies.view import OpenPromise, View

__all__ = ["PolicyFile", "idle_rows", "load_policy", "parse_policy"]

Groups = tuple[tuple[tuple[str, ...], list[View]], ...]

_GUARDS = (*WORDS, "outside", *NUMBERS)
_GROUPS = ("since", "times", "tries", "left", "constants")
_COUNTED = 24
"""Counters of a policy stop here."""

_LONG_AGO = 24  # more turns than a promise can be past its day

_ROWS_MAX = 500
"""The most rows of a policy. Source: our choice: each is compared with all before it, which takes a second for so many."""


@frozen
class _Times:
    """In how many turns something happened.

    Args:
        within: Of how many turns, counted back from now.
        at_least: In at least this many.
        at_most: In at most this many.
        above: In more than this many.
        below: In fewer than this many.
    """

    within: Annotated[int, WITHIN]
    at_least: int | None = None
    at_most: int | None = None
    above: int | None = None
    below: int | None = None


_Constant = str | int | Annotated[Bounds, SOME] | Annotated[tuple[str | int, ...], SOME]


@frozen
class _When:
    """What must hold for a row to decide: all of it.

    Args:
        stage: One of these stages.
        posture: One of these postures.
        state: One of these leaf states.
        account: One of these levels: what the company owes.
        last: One of these is what the company did at the latest run; "wait" is nothing.
        trend: Whether the customer's leaf state last rose or fell.
        promised: A promise of one of these kinds or weights is open.
        outside: Whether the customer stands before the barrier, or has left.
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: What repair alone cannot heal.
        felt_doubt: Doubt, and what the account adds to it.
        quiet: Turns since the customer last got something.
        open: How many promises are open.
        since: Whole turns since something last happened, by its word; 0: since the latest run.
        times: In how many of the last turns something happened, by its word.
        tries: How often the company did something since the customer last did anything, by its word.
        left: Turns left until the promise of a kind or weight falls due, the first if there are several; "any": of any kind.
        constants: What is known of the customer's segment.
    """

    stage: Words | None = None
    posture: Words | None = None
    state: Words | None = None
    account: Account | Annotated[tuple[Account, ...], SOME] | None = None
    last: Words | None = None
    trend: Literal["rise", "fall"] | None = None
    promised: Words | None = None
    outside: bool | None = None
    kept: Numbers | None = None
    engaged: Numbers | None = None
    doubt: Numbers | None = None
    felt_doubt: Numbers | None = None
    quiet: Numbers | None = None
    open: Numbers | None = None
    since: dict[str, Numbers] = field(factory=dict)
    times: dict[str, _Times] = field(factory=dict)
    tries: dict[str, Numbers] = field(factory=dict)
    left: dict[str, Numbers] = field(factory=dict)
    constants: dict[str, _Constant] = field(factory=dict)


@frozen
class _Row:
    """A row: when all conditions hold, do this; the first row that holds decides.

    Args:
        do: The company's action, or several in order.
        name: What the row is called; its number if left out.
        when: The conditions; a row without any always holds.
        because: Why, in words.
    """

    do: Words
    name: Text | None = None
    when: _When = field(factory=_When)
    because: str = ""


@frozen
class _Head:
    """What the policy is called, and when its promises fall due.

    Args:
        name: What it is called.
        description: What it is for, in words.
        promise_due: After how many turns a major or a minor promise falls due.
    """

    name: Text
    description: str = ""
    promise_due: Annotated[int, PROMISE_DUE] = 2


@frozen
class _Kind:
    """A kind of promise.

    Args:
        weight: How much it weighs.
        due: After how many turns it falls due.
    """

    weight: Weight = "major"
    due: Annotated[int, PROMISE_DUE] = 2


@frozen
class _OwnAction:
    """An action of one's own.

    Args:
        signal: The signal that it sends, one of the curve's own.
    """

    signal: str


@frozen
class PolicyFile:
    """A policy: rows of conditions and actions.

    Args:
        policy: The policy as a whole.
        rules: The rows, in order.
        promises: Kinds of promises, by name; "major" and "minor" need not be named.
        actions: Actions of one's own, by name.
        costs: What an action costs each time, by name.
        constants: What is known of a customer's segment, by name: every value that it can have.
    """

    policy: _Head
    rules: Annotated[tuple[_Row, ...], SOME]
    promises: dict[str, _Kind] = field(factory=dict)
    actions: dict[str, _OwnAction] = field(factory=dict)
    costs: dict[str, Annotated[float, COST]] = field(factory=dict)
    constants: dict[str, Annotated[tuple[str | int, ...], SOME]] = field(factory=dict)


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
    _Vocabulary(reading, curve).check()
    if reading.count("rules") > _ROWS_MAX:
        reading.wrong(("rules",), f"must have at most {_ROWS_MAX:,} rows, got {reading.count('rules'):,}")
    form = reading.right()
    head = form.policy
    policy = Policy(
        name=head.name,
        decide=DecisionList(tuple(_rule(reading, number, row) for number, row in enumerate(form.rules))),
        promise_due=head.promise_due,
        promises={name: PromiseKind(kind.weight, kind.due) for name, kind in form.promises.items()},
        signals={name: action.signal for name, action in form.actions.items()},
        costs=form.costs,
        constants=form.constants,
        description=head.description,
    )
    for number, why in idle_rows(curve, policy):
        reading.wrong(("rules", number, "when"), why)
    reading.right()
    return policy


def _rule(reading: Reading[PolicyFile], number: int, row: _Row) -> PolicyRule:
    when: dict[str, Any] = reading.get("rules", number, "when") or {}
    conditions = plain_conditions(when, _GUARDS)
    for group in _GROUPS:
        named = {f"{group}.{word}": asked for word, asked in (when.get(group) or {}).items()}
        if group == "times":
            named = {f"{part}.{asked['within']}": asked for part, asked in named.items()}
        conditions += plain_conditions(named, named)
    return PolicyRule(_row_name(row.name, number), conditions, row.do, row.because)


def _row_name(name: str | None, number: int) -> str:
    """Return what a row is called: by its name, or else by its number."""
    return name or f"number {number + 1}"


@define
class _Vocabulary:
    """The words that a policy file may use: those of the curve, and its own."""

    reading: Reading[PolicyFile]
    curve: Curve

    def check(self) -> None:
        """Check that the curve has the words that the rows ask about, and the policy the actions and kinds."""
        own = self.curve.own_signals
        kinds = (*WEIGHTS, *self._names("promises"))
        acts = (*acts_of({kind: PromiseKind() for kind in kinds}, dict.fromkeys(self._names("actions"), "")),)
        heard = (*HEARD, *own, *acts, CONTACT)
        keys = {
            "since": (*heard, JOINING),
            "times": heard,
            "tries": (*acts, CONTACT),
            "left": (*kinds, ANY_KIND),
            "constants": tuple(self._names("constants")),
        }
        words = {
            "stage": tuple(stage.name for stage in self.curve.stages),
            "state": self.curve.states,
            "posture": tuple(posture.name for stage in self.curve.stages for posture in stage.postures),
            "last": (WAIT, *acts),
            "promised": kinds,
        }
        names: set[str] = set()
        for number in range(self.reading.count("rules")):
            name = _row_name(self.reading.get("rules", number, "name"), number)
            if name in names:
                self.reading.wrong(("rules", number, "name"), "is the name of an earlier row")
            names.add(name)
            self._words(("rules", number, "do"), (WAIT, *acts))
            self._check_do(number)
            self._check_numbers(number)
            self._check_row(number, words, keys)
        self._check_tables(own, acts)

    def _check_row(self, number: int, words: Mapping[str, Sequence[str]], keys: Mapping[str, Sequence[str]]) -> None:
        """Check the words of a row's conditions: as values, and as keys."""
        for part, known in words.items():
            self._words(("rules", number, "when", part), known)
        for part, known in keys.items():
            path = ("rules", number, "when", part)
            for word in self._names(*path):
                if word not in known:
                    self.reading.wrong((*path, word), unknown(word, known))
        for name in self._names("rules", number, "when", "constants"):
            self._words(("rules", number, "when", "constants", name), self.reading.get("constants", name) or ())

    def _check_tables(self, own: Sequence[str], acts: Sequence[str]) -> None:
        """Check the tables beside the rows."""
        self._table("actions", lambda name: "is an action that every policy has" if name in ACTIONS else None)
        for name in self._names("actions"):
            self._words(("actions", name, "signal"), own)
        bad = "must be named without a colon, and not 'any'"
        self._table("promises", lambda name: bad if ":" in name or name in ("", ANY_KIND) else None)
        for weight in WEIGHTS:
            if self.reading.get("promises", weight, "weight") not in (None, weight):
                self.reading.wrong(("promises", weight, "weight"), "must be that of its name")
        for name in self._names("constants"):
            values = self.reading.get("constants", name)
            if isinstance(values, list) and len(set(map(str, values))) < len(values):
                self.reading.wrong(("constants", name), "must have each value once")
        self._table("costs", lambda name: None if name in acts else unknown(name, acts))

    def _check_do(self, number: int) -> None:
        """Check that a row does each of its actions once, and does not wait beside them."""
        do = self.reading.get("rules", number, "do")
        if isinstance(do, list) and (len(set(map(str, do))) < len(do) or (WAIT in do and len(do) > 1)):
            self.reading.wrong(("rules", number, "do"), "must have each action once, and 'wait' alone")

    def _check_numbers(self, number: int) -> None:
        """Check that a row counts no further than a policy can remember."""
        for part in ("since", "tries"):
            for word in self._names("rules", number, "when", part):
                path = ("rules", number, "when", part, word)
                asked = self.reading.get(*path)
                bounds = asked.values() if isinstance(asked, dict) else asked if isinstance(asked, list) else (asked,)
                if any(isinstance(bound, int) and not 0 <= bound < _COUNTED for bound in bounds):
                    self.reading.wrong(path, f"must be compared with numbers from 0 to {_COUNTED - 1}")

    def _names(self, *path: str | int) -> list[str]:
        return list(self.reading.keys(*path))

    def _table(self, table: str, problem: Callable[[str], Problem | None]) -> None:
        for name in self._names(table):
            found = problem(name)
            if found is not None:
                self.reading.wrong((table, name), found)

    def _words(self, path: tuple[str | int, ...], known: Sequence[Any]) -> None:
        asked = self.reading.get(*path)
        if asked is None or isinstance(asked, dict) or (not known and path[-2:-1] == ("constants",)):
            return
        for word in asked if isinstance(asked, list | tuple) else (asked,):
            if word not in known:
                self.reading.wrong(path, unknown(str(word), tuple(map(str, known))))


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
    groups: list[tuple[tuple[str, ...], list[View]]] = [(tuple(POSITION_PARTS), positions)]
    parts = DecisionList(rules).parts

    def near(part: str, at_least: int = 0) -> list[int]:
        numbers = {0, *(n + by for rule in rules for n in rule.numbers(part) for by in (-1, 0, 1))}
        return [n for n in sorted(numbers) if n >= at_least]

    groups.append((("quiet",), [evolve(stranger, quiet=n) for n in near("quiet")]))
    some = [OpenPromise("", "major", None)] * OPEN_MAX
    groups.append((("open",), [evolve(stranger, promises=tuple(some[:n])) for n in range(OPEN_MAX + 1)]))
    kinds = [OpenPromise(name, kind.weight, None) for name, kind in policy.kinds.items()]
    groups.append((("promised",), [stranger, *(evolve(stranger, promises=(each,)) for each in kinds)]))
    for part in sorted(parts):
        if part.startswith("left."):
            lefts = [each._replace(left=n) for each in kinds for n in near(part, -_LONG_AGO)]
            groups.append(((part,), [stranger, *(evolve(stranger, promises=(each,)) for each in lefts)]))
        if part.startswith("constants."):
            values = dict(policy.constants)[part.partition(".")[2]]
            views = [evolve(stranger, constants=((part.partition(".")[2], value),)) for value in values]
            groups.append(((part,), views))
    for recall in policy.recalls:
        views = [evolve(stranger, recalled=((recall, value),)) for value in recall.values]
        groups.append(((recall.part,), views))
    recalls = [
        recall
        for recall in policy.recalls
        if (recall.kind == "since" and recall.word in policy.acts) or recall.word == CONTACT
    ]
    if "last" in parts:
        nothing = {recall: recall.most for recall in recalls}
        lasts = [{**nothing, recall: 1} for recall in recalls if recall.word != CONTACT]
        done = [{recall: 1 if recall.word == CONTACT else value for recall, value in last.items()} for last in lasts]
        other = {recall: 1 if recall.word == CONTACT else value for recall, value in nothing.items()}
        views = [evolve(stranger, recalled=tuple(each.items())) for each in (nothing, other, *done)]
        groups.append((("last",), views))
    return tuple(groups)
