"""Policies from TOML files: everything that is wrong is found at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, cast

from attrs import evolve

from trustcurve.core.curve import Curve
from trustcurve.core.errors import Finding, did_you_mean
from trustcurve.core.reader import Reader
from trustcurve.core.reading import read_tests
from trustcurve.core.signals import ACCOUNT_LEVELS, COUNTERS
from trustcurve.core.standing import Position
from trustcurve.policies.actions import ACTIONS, Action
from trustcurve.policies.decision_list import NUMBERS, WORDS, DecisionList, PolicyRule, matches
from trustcurve.policies.policy import OPEN_MAX, REMEMBERED_MAX, InvalidPolicyError, Policy
from trustcurve.policies.view import View

__all__ = ["idle_rows", "load_policy", "parse_policy"]

Groups = tuple[tuple[tuple[str, ...], list[View]], ...]

_HEAD = ("name", "says", "remember", "window", "promise_due")
_RULE = ("name", "when", "do", "because")


def load_policy(path: str | PathLike[str], curve: Curve | None = None) -> Policy:
    r"""Load a policy from a TOML file and check all of it.

    Args:
        path: The file.
        curve: The curve whose stages and states its words are held against; the default curve if left out.

    Raises:
        InvalidPolicyError: With all findings at once: each names file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "ask.toml")
        ...     characters = file.write_text('[policy]\nname = "ask"\n[[rules]]\ndo = "ask"')
        ...     load_policy(file).name
        'ask'
    """
    name = fspath(path)
    try:
        text = Path(name).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidPolicyError((Finding(name, "the file", "", f"is not UTF-8: {error}"),)) from None
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
    import tomllib  # noqa: PLC0415 - only reading needs it

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicyError((Finding(source, "TOML", "", str(error)),)) from None
    reader = Reader(source)
    whole = reader.table(document, "the file", ("policy", "rules"))
    if "policy" not in whole:
        reader.wrong("[policy]", "", "is missing")
    head = reader.table(whole.get("policy", {}), "[policy]", _HEAD)
    numbers = {
        key: _turns(reader, key, head[key], most)
        for key, most in (("remember", REMEMBERED_MAX), ("window", REMEMBERED_MAX), ("promise_due", 24))
        if key in head
    }
    curve = Curve.default() if curve is None else curve
    words = _known_words(curve)
    rules = tuple(
        _rule(reader, place, raw, words, numbers) for place, raw in reader.rows(whole.get("rules", []), "rules")
    )
    if not rules and not reader.findings:
        reader.wrong("[[rules]]", "", "there must be at least one rule")
    rows_are_right = not reader.findings
    name = reader.text("[policy]", "name", head) if "policy" in whole else ""
    says = reader.text("[policy]", "says", head, required=False)
    policy = Policy(name=name or "none", decide=DecisionList(rules), description=says, **numbers)
    for row, why in idle_rows(curve, policy) if rows_are_right else ():
        reader.wrong(f"[[rules]] {row}", "when", why)
    if reader.findings:
        raise InvalidPolicyError(tuple(reader.findings))
    return policy


def _known_words(curve: Curve) -> dict[str, tuple[str, ...]]:
    postures = tuple(posture.name for stage in curve.stages for posture in stage.postures)
    return {
        "stage": tuple(stage.name for stage in curve.stages),
        "state": curve.states,
        "posture": postures,
        "account": ACCOUNT_LEVELS,
        "last": ACTIONS,
    }


def _turns(reader: Reader, key: str, value: object, most: int) -> int:
    least = 1 if key == "promise_due" else 0
    if type(value) is int and least <= value <= most:
        return value
    reader.wrong("[policy]", key, f"must be a whole number of turns from {least} to {most}, not {value!r}")
    return most  # harmless: what is asked about the memory is not found wrong too


def _rule(
    reader: Reader, place: str, raw: object, words: Mapping[str, tuple[str, ...]], numbers: Mapping[str, int]
) -> PolicyRule:
    row = reader.table(raw, place, _RULE)
    guards = (*WORDS, "outside", *NUMBERS)
    when = reader.table(row.get("when", {}), f"{place} when", guards)
    conditions = [
        condition for part in guards if part in when for condition in read_tests(reader, place, part, when[part], WORDS)
    ]
    for condition in conditions:
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        for value in values:
            _check_value(reader, place, condition.part, value, words)
    for part, key in (("asks", "window"), ("last", "remember")):
        if part in when and not numbers.get(key, 0):
            reader.wrong(
                place, f"when.{part}", f"never holds: [policy] {key} says over how many turns the policy remembers"
            )
    do = row.get("do")
    if do not in ACTIONS:
        hint = did_you_mean(do, ACTIONS) or "; known: " + ", ".join(ACTIONS)
        reader.wrong(place, "do", f"must be an action, not {do!r}{hint}")
    because = reader.text(place, "because", row, required=False)
    name = reader.text(place, "name", row, required=False) or place.partition("] ")[2]
    return PolicyRule(name, tuple(conditions), cast("Action", do), because)


def _check_value(reader: Reader, place: str, part: str, value: Any, words: Mapping[str, tuple[str, ...]]) -> None:
    if part in words:
        if value not in words[part]:
            hint = did_you_mean(value, words[part]) or "; known: " + ", ".join(words[part])
            reader.wrong(place, f"when.{part}", f"unknown word {value!r}{hint}")
    elif part != "outside" and not isinstance(value, int):
        reader.wrong(place, f"when.{part}", f"must be a whole number, not {value!r}: a policy has no parameters")


def idle_rows(curve: Curve, policy: Policy) -> Iterator[tuple[str, str]]:
    """Find the rows of a policy that never decide, whatever a customer is like, and say why."""
    if not isinstance(policy.decide, DecisionList):
        return
    together = matches(policy.decide.rules, _views(curve, policy))
    first = {each & -each for each in together}
    for n, rule in enumerate(policy.decide.rules):
        bit = 1 << n
        if bit in first:
            continue
        why = "wherever it holds, a row before it holds too"
        if not any(each & bit for each in together):
            why = "what it asks for never holds together"
        yield rule.name, f"can never match: {why}"


def _views(curve: Curve, policy: Policy) -> Groups:
    """Answer with all that a policy made of rows can see, in groups of parts that are independent of each other."""
    rules = policy.decide.rules if isinstance(policy.decide, DecisionList) else ()
    positions = [_view(curve, position) for position in curve.table().positions]
    stranger = positions[0]
    numbers = {0, *(n + near for rule in rules for n in rule.numbers("quiet") for near in (-1, 0, 1))}
    return (
        (("stage", "posture", "state", "outside", "account", *COUNTERS, "felt_doubt"), positions),
        (("quiet",), [evolve(stranger, quiet=n) for n in numbers if n >= 0]),
        (("open",), [evolve(stranger, open=n) for n in range(OPEN_MAX + 1)]),
        (("asks",), [evolve(stranger, asks=n) for n in range(policy.window + 1)]),
        (
            ("last",),
            [stranger, *(evolve(stranger, last=(each,)) for each in ACTIONS[: policy.remember * len(ACTIONS)])],
        ),
    )


def _view(curve: Curve, at: Position) -> View:
    cells = curve.cells(at)
    outside = curve.stages[cells[0]].outside
    return View(
        at.stage, curve.state(at), outside, at.kept, at.engaged, at.doubt, cells[5], at.account,
        quiet=0, open=0, asks=0, last=(),
    )  # fmt: skip
