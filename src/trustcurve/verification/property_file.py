"""Property files: their form as attrs classes, and how properties are made of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import fsum, inf
from os import PathLike
from typing import Annotated, Any, Final, Literal

from attrs import field, fields, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_word
from trustcurve.documents.forms import SOME, Keyed, Text, ValueRule, between, key_of, whole
from trustcurve.documents.plain_text import Path, read_text
from trustcurve.documents.problems import unknown
from trustcurve.documents.reader import Reading, read_toml
from trustcurve.errors import InvalidDocumentError, InvalidValueError
from trustcurve.policies.actions import MOVES
from trustcurve.policies.policy import Policy
from trustcurve.verification.combinators import (
    always,
    assuming,
    at_least,
    at_most,
    before,
    leads_to,
    never,
    possible,
    recoverable_to,
    until,
)
from trustcurve.verification.expectations import expected_total, expected_turns, probability
from trustcurve.verification.predicate_form import PredicateReader, PredicateTable, tables_in
from trustcurve.verification.property import Property
from trustcurve.verification.turn import Turn

__all__ = ["InvalidPropertiesError", "PropertyFile", "load_properties", "parse_properties"]

_PROPERTIES_MAX = 500
"""The most properties of a file. Source: our choice: deciding each takes seconds."""

_TABLES_MAX = 5_000
"""The most tables of conditions in a file. Source: our choice: each is compared with all positions, which takes seconds for so many."""


class InvalidPropertiesError(InvalidDocumentError):
    """A file does not contain valid properties: ``findings``, all of them at once."""


_Predicate = Annotated[PredicateTable, SOME]
_MEAN = ValueRule(
    lambda value: not isinstance(value, bool) and isinstance(value, int | float) and value >= 1,
    "must be a number of turns of at least 1",
    {"minimum": 1},
)
_NUMBER = ValueRule(lambda value: not isinstance(value, bool) and value == value, "must be a number")  # noqa: PLR0124 - nan is none


@frozen(kw_only=True)
class _Property:
    """What every property has.

    Args:
        name: Its name in reports.
        description: What it protects.
        assuming: The name of an assumption of the file: only journeys that keep it count.
    """

    name: Text
    description: str = ""
    assuming: Text | None = None


@frozen(kw_only=True)
class _Always(_Property):
    """Something holds in every turn.

    Args:
        always: What holds in every turn.
        when: Only turns of which this holds count.
    """

    always: _Predicate
    when: _Predicate | None = None


@frozen(kw_only=True)
class _Never(_Property):
    """Something holds in no turn.

    Args:
        never: What holds in no turn.
        when: Only turns of which this holds count.
    """

    never: _Predicate
    when: _Predicate | None = None


@frozen(kw_only=True)
class _Count(_Property):
    """Something holds in a limited number of turns.

    Args:
        count: What is counted: the turns of which this holds.
        at_most: The most turns.
        per: Count in so many turns in a row; in the whole journey if left out.
        while_: Count only while this holds; a turn in which it does not starts the count again.
    """

    count: _Predicate
    at_most: Annotated[int, whole(0, unit="turns")]
    per: Annotated[int, whole(1, unit="turns")] | None = None
    while_: _Predicate | None = None


@frozen(kw_only=True)
class _Recurs(_Property):
    """Something comes again and again.

    Args:
        recurs: What is counted: the turns of which this holds.
        at_least: The least number of turns.
        per: Of how many turns in a row.
        while_: Count only while this holds; a turn in which it does not starts the count again.
    """

    recurs: _Predicate
    at_least: Annotated[int, whole(1, unit="turns")]
    per: Annotated[int, whole(1, unit="turns")]
    while_: _Predicate | None = None


@frozen(kw_only=True)
class _Before(_Property):
    """One thing comes before another, or in the same turn.

    Args:
        first: What must come first.
        then: What must not come before it.
    """

    first: _Predicate
    then: _Predicate


@frozen(kw_only=True)
class _Until(_Property):
    """Something holds until another thing comes.

    Args:
        until: What comes.
        holds: What holds in every turn before.
        weak: Whether it may also never come.
        fair: What is assumed of the environment: nothing, or that it makes every possible move.
    """

    until: _Predicate
    holds: _Predicate
    weak: bool = False
    fair: Literal["nothing", "moves"] | None = None


@frozen(kw_only=True)
class _LeadsTo(_Property):
    """One thing is followed by another.

    Args:
        after: What calls for something.
        comes: What must come, in the same turn or later.
        unless: What lifts the obligation if it comes first.
        within: In how many further turns at most; some day if left out.
        fair: What is assumed of the environment where ``within`` is left out: nothing, or that it makes every possible move.
    """

    after: _Predicate
    comes: _Predicate
    unless: _Predicate | None = None
    within: Annotated[int, whole(0, unit="turns")] | None = None
    fair: Literal["nothing", "moves"] | None = None


@frozen(kw_only=True)
class _Possible(_Property):
    """Something can happen.

    Args:
        possible: What holds in a turn of some journey.
    """

    possible: _Predicate


@frozen(kw_only=True)
class _RecoverableTo(_Property):
    """Something can still happen, whatever has happened.

    Args:
        recoverable_to: What can still hold in a later turn.
    """

    recoverable_to: _Predicate


@frozen(kw_only=True)
class _Probability(_Property):
    """The probability of something lies within bounds.

    Args:
        probability: What may come.
        within: In how many turns; some day if left out.
        at_least: The lower bound of the probability.
        at_most: The upper bound of the probability.
    """

    probability: _Predicate
    within: Annotated[int, whole(1, unit="turns")] | None = None
    at_least: Annotated[float, between(0, 1)] = 0.0
    at_most: Annotated[float, between(0, 1)] = 1.0


@frozen(kw_only=True)
class _ExpectedTurns(_Property):
    """The mean number of turns up to something, that turn included, is limited.

    Args:
        expected_turns: What must come.
        at_most: The largest mean.
    """

    expected_turns: _Predicate
    at_most: Annotated[float, _MEAN]


@frozen(kw_only=True)
class _ExpectedTotal(_Property):
    """The mean total of something lies within bounds.

    Args:
        expected_total: What is added up: "cost", what the policy says that its actions cost; "balance", the gains less that
            cost; or the turns in which this holds.
        gains: For "balance": what a move or an action brings the company each time, for example { purchase = 30.0 }.
        within: In how many turns at most.
        goal: Up to which turn, that one included.
        at_least: The lower bound of the mean.
        at_most: The upper bound of the mean.
    """

    expected_total: Literal["cost", "balance"] | _Predicate
    gains: dict[str, Annotated[float, _NUMBER]] = field(factory=dict)
    within: Annotated[int, whole(1, unit="turns")] | None = None
    goal: _Predicate | None = None
    at_least: Annotated[float, _NUMBER] = -inf
    at_most: Annotated[float, _NUMBER] = inf


_KINDS: Final[dict[str, tuple[type, Callable[..., Property], tuple[str, ...]]]] = {
    "always": (_Always, always, ("always",)),
    "never": (_Never, never, ("never",)),
    "count": (_Count, at_most, ("at_most", "count")),
    "recurs": (_Recurs, at_least, ("at_least", "recurs")),
    "first": (_Before, before, ("first", "then")),
    "until": (_Until, until, ("holds", "until")),
    "after": (_LeadsTo, leads_to, ("after", "comes")),
    "possible": (_Possible, possible, ("possible",)),
    "recoverable_to": (_RecoverableTo, recoverable_to, ("recoverable_to",)),
    "probability": (_Probability, probability, ("probability",)),
    "expected_turns": (_ExpectedTurns, expected_turns, ("expected_turns",)),
    "expected_total": (_ExpectedTotal, expected_total, ("expected_total",)),
}
"""For the key that says the kind of a property: its form, its combinator, and the keys of the positional arguments."""


_Keyed = Annotated[_Property, Keyed({key: form for key, (form, *_) in _KINDS.items()})]
_TABLES: Final = ("assumptions", "properties")


@frozen
class PropertyFile:
    """Properties of policies: what must hold for every customer.

    Args:
        properties: The properties, in order.
        assumptions: What properties can assume; it is not checked itself.
    """

    properties: Annotated[tuple[_Keyed, ...], SOME]
    assumptions: tuple[_Keyed, ...] = ()


def load_properties(
    path: str | PathLike[str], curve: Curve | None = None, *, policy: Policy | None = None
) -> tuple[Property, ...]:
    r"""Load the properties in a TOML file and check all of it.

    Args:
        path: The file.
        curve: The curve whose stages, states and signals they name; the default curve if left out.
        policy: The policy whose actions they name. If left out, they may name the actions of every policy, and actions about
            any kind of promises, such as "promise_parcel"; deciding one for a policy without this action is an
            ``UnknownWordError``.

    Raises:
        InvalidPropertiesError: The file is not valid; all findings at once, each with file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "manners.toml")
        ...     characters = file.write_text('[[properties]]\nname = "no asks"\nnever = { actions = "ask" }')
        ...     load_properties(file)
        (<Safety no asks>,)
    """
    text, name = read_text(path, InvalidPropertiesError)
    return parse_properties(text, name, curve, policy=policy)


def parse_properties(
    text: str, source: str = "the properties", curve: Curve | None = None, *, policy: Policy | None = None
) -> tuple[Property, ...]:
    r"""Read properties from TOML; for errors see ``load_properties``.

    Args:
        text: The document.
        source: The name of the document in messages.
        curve: The curve whose stages, states and signals they name; the default curve if left out.
        policy: The policy whose actions they name; see ``load_properties``.

    Examples:
        >>> from trustcurve.policies import parse_policy
        >>> from trustcurve.verification import check
        >>> thanked = parse_properties('''
        ... [[properties]]
        ... name = "favours are thanked"
        ... after = { moves = "advocacy" }
        ... comes = { actions = "exchange" }
        ... within = 0
        ... ''')
        >>> giving = parse_policy('rules = [{ do = "exchange" }]\n[policy]\nname = "giving"')
        >>> print(check(Curve.default(), *thanked, policy=giving))
        PROVED  favours are thanked
    """
    reading = read_toml(text, PropertyFile, source, InvalidPropertiesError)
    curve = Curve.default() if curve is None else curve
    predicates = PredicateReader(curve, policy)
    _check(reading, predicates)
    form = reading.right()
    assumed: dict[str, Property] = {}
    made: dict[str, list[Property]] = {table: [] for table in _TABLES}
    for table in _TABLES:
        for number, each in enumerate(getattr(form, table)):
            with reading.blaming((table, number), _KEYS):
                found = _property(reading.document[table][number], each, predicates)
                if each.assuming is not None:
                    found = assuming(assumed[each.assuming], found, name=each.name)
                made[table].append(found)
                if table == "assumptions":
                    assumed[each.name] = found
        reading.right()
    return tuple(made["properties"])


_KEYS = {
    "at_least, at_most": "at_most",
    "n": "at_most",
    "assumption": "assuming",
    "prop": "assuming",
    "within, goal": "within",
}
"""The keys of a file for the arguments of combinators."""


def _property(plain: dict[str, Any], form: Any, predicates: PredicateReader) -> Property:
    """Make a property by its combinator."""
    key = next(key for key in _KINDS if key in plain)
    _, combinator, positional = _KINDS[key]
    given = {each.name: getattr(form, each.name) for each in fields(type(form)) if each.name != "assuming"}
    given = {name: value for name, value in given.items() if value is not None}
    keys = {each.name: key_of(each) for each in fields(type(form))}
    tables = {name: plain[keys[name]] for name, value in given.items() if isinstance(value, PredicateTable)}
    given |= predicates.predicates_of(tables)
    gains = given.pop("gains", {})
    if given.get("expected_total") == "balance":
        given["expected_total"] = _balance(predicates, gains)
    elif gains:
        raise InvalidValueError("gains", gains, 'must be left out unless expected_total is "balance"')
    elif given.get("expected_total") == "cost":
        given["expected_total"] = _costs(predicates.policy)
    return combinator(*[given.pop(name) for name in positional], **given)


def _costs(policy: Policy | None) -> Callable[[Turn], float]:
    """Return what the actions of a turn cost."""
    if policy is None:
        rule = "must be of a policy: give it with load_properties(path, policy=...)"
        raise InvalidValueError("expected_total", "cost", rule)
    if not policy.costs:
        raise InvalidValueError("expected_total", "cost", "must be of a policy with costs")
    return lambda turn: policy.cost(turn.actions)


def _balance(predicates: PredicateReader, gains: Mapping[str, float]) -> Callable[[Turn], float]:
    """Return what a turn brings less what it costs."""
    policy = predicates.policy
    if policy is None:
        rule = "must be of a policy: give it with load_properties(path, policy=...)"
        raise InvalidValueError("expected_total", "balance", rule)
    if not gains:
        raise InvalidValueError("gains", gains, "must say what a move or an action brings")
    words = (*MOVES, *predicates.curve.own_signals, *policy.acts)
    for word in gains:
        checked_word("gains", word, words)
    done = tuple((word, gain) for word, gain in gains.items() if word in policy.acts)
    happened = tuple((word, gain) for word, gain in gains.items() if word not in policy.acts)

    def balance(turn: Turn) -> float:
        brought = [gain for word, gain in happened if word in turn.moves]
        return fsum((*brought, *(gain for word, gain in done if word in turn.actions), -policy.cost(turn.actions)))

    return balance


# --- checks ----------------------------------------------------------------------------------------


def _check(reading: Reading[PropertyFile], predicates: PredicateReader) -> None:
    """Check what values mean: words, conditions that never hold, and names; nothing where there are too many."""
    count, paths = sum(map(reading.count, _TABLES)), list(_tables(reading))
    if count > _PROPERTIES_MAX:
        reading.wrong(("properties",), f"must have at most {_PROPERTIES_MAX:,} properties, got {count:,}")
    elif len(paths) > _TABLES_MAX:
        rule = f"must have at most {_TABLES_MAX:,} tables of conditions, got {len(paths):,}"
        reading.wrong(("properties",), rule)
    else:
        for path in paths:
            for where, problem in predicates.problems_of(path, reading.get):
                reading.wrong(where, problem)
        _check_keys(reading)


def _tables(reading: Reading[PropertyFile]) -> Iterator[Path]:
    """Yield the path of every table of conditions."""
    keys = dict.fromkeys(key_of(each) for form, *_ in _KINDS.values() for each in fields(form))
    for table in _TABLES:
        entries = reading.document.get(table)
        for number, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
            for key in keys if isinstance(entry, Mapping) else ():
                yield from tables_in(entry.get(key), (table, number, key))


def _check_keys(reading: Reading[PropertyFile]) -> None:
    """Check that no two have the same name, that assumptions are there, and that fairness is assumed only where it matters."""
    names: set[str] = set()
    assumptions: dict[str, None] = {}
    for path in ((table, number) for table in _TABLES for number in range(reading.count(table))):
        name, assumed = reading.get(*path, "name"), reading.get(*path, "assuming")
        if isinstance(assumed, str) and assumed not in assumptions:
            reading.wrong((*path, "assuming"), unknown(assumed, tuple(assumptions)))
        if isinstance(name, str):
            if name in names:
                reading.wrong((*path, "name"), "is the name of an earlier property")
            names.add(name)
            assumptions |= {name: None} if path[0] == "assumptions" else {}
        if reading.get(*path, "fair") is not None and reading.get(*path, "within") is not None:
            reading.wrong(
                (*path, "fair"), "must be left out where within is given: it is about journeys that never end"
            )
