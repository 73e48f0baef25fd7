"""From plain data (a parsed TOML or JSON document) to the parts of a curve.

Everything that is wrong is found in one pass: each finding names file, table and key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

from attrs import define, field

from trustcurve.core.errors import did_you_mean
from trustcurve.core.reader import Reader
from trustcurve.core.rules import (
    TEST_WORDS,
    Condition,
    Counter,
    Effect,
    Number,
    Parameter,
    Posture,
    Rule,
    Signal,
    Stage,
    Test,
)
from trustcurve.core.signals import COUNTERS, LEDGER_SIGNALS, PARTS, SILENCE_ENDINGS, EndsSilence

__all__ = ["CLOCK", "DURATIONS", "Parts", "read_parts", "read_tests"]

DURATIONS = {
    "silence_after": "one whole quiet period: so long without anything of value, and silence counts",
    "grace": "how long after its due date a promise still counts as kept",
}
"""The durations of the ledger's clock, required in every curve, and what they are: in a file they are plain durations."""

CLOCK = {
    **DURATIONS,
    "waiting_periods": "how many quiet periods in a row an open promise with a date excuses",
}
"""All parameters of the ledger's clock, required in every curve."""

_BOUNDS = ("at_least", "at_most", "above", "below")
_GUARDS = ("stage", "posture", "outside", "account", *COUNTERS, "felt_doubt")
_WORDS = ("stage", "posture", "account")
_ROW = ("name", "when", "set", "add", "at_least", "because", "source")


@define(eq=False, repr=False)
class Parts:
    """What a curve is made of, in the order of its file; ``start`` holds words and numbers by part."""

    name: str = ""
    start: Mapping[str, Number] = field(factory=dict)
    counters: tuple[Counter, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    stages: tuple[Stage, ...] = ()
    signals: tuple[Signal, ...] = ()
    rules: tuple[Rule, ...] = ()
    settling: tuple[Rule, ...] = ()


def _parameter(reader: Reader, name: str, raw: object) -> Parameter | None:
    table = "[parameters]"
    if name in DURATIONS:
        duration = reader.duration(table, name, raw)
        return None if duration is None else Parameter(name, duration, says=DURATIONS[name])
    row = raw if isinstance(raw, Mapping) else {"value": raw}
    row = reader.table(row, f"{table} {name}", ("value", *_BOUNDS, "says"))
    value = row.get("value")
    if not isinstance(value, int) or isinstance(value, bool):
        reader.wrong(table, name, f"must be a whole number, not {value!r}")
        return None
    bounds = {key: reader.number(f"{table} {name}", key, row[key]) for key in _BOUNDS if key in row}
    says = reader.text(f"{table} {name}", "says", row, required=False) or CLOCK.get(name, "")
    return Parameter(name, value, says=says, **bounds)


def _stage(reader: Reader, place: str, raw: object) -> Stage:
    row = reader.table(raw, place, ("name", "postures", "outside", "apart", "says"))
    postures = []
    for inner, posture in reader.rows(row.get("postures", []), "stages.postures"):
        plain = reader.table(posture, inner, ("name", "above", "says"))
        above = reader.number(inner, "above", plain["above"]) if "above" in plain else None
        postures.append(
            Posture(reader.text(inner, "name", plain), above, reader.text(inner, "says", plain, required=False))
        )
    return Stage(
        name=reader.text(place, "name", row),
        postures=tuple(postures),
        outside=reader.flag(place, "outside", row),
        apart=reader.flag(place, "apart", row),
        says=reader.text(place, "says", row, required=False),
    )


def _signal(reader: Reader, name: str, raw: object) -> Signal:
    place = f"[signals] {name}"
    row = reader.table(raw, place, ("by", "one", "many", "ends_silence"))
    by = row.get("by", "customer")
    sides = ("company", "customer", "both", "clock")
    if by not in sides:
        reader.wrong(place, "by", f"unknown word {by!r}{did_you_mean(by, sides) or '; known: ' + ', '.join(sides)}")
    side = cast("Literal['company', 'customer', 'both', 'clock']", by)
    one = reader.text(place, "one", row, required=False) or f"one {name}"
    many = reader.text(place, "many", row, required=False) or f"{{n}} times {name}"
    try:
        many.format(n=2)
    except (IndexError, KeyError, ValueError):
        reader.wrong(place, "many", f"{many!r} must have no braces but {{n}}, for the number")
    ends = row.get("ends_silence", None if name in LEDGER_SIGNALS else "crossing")
    if ends is None:
        reader.wrong(place, "ends_silence", f"is missing: must be one of {', '.join(SILENCE_ENDINGS)}")
    elif ends not in SILENCE_ENDINGS:
        reader.wrong(place, "ends_silence", f"must be one of {', '.join(SILENCE_ENDINGS)}, not {ends!r}")
    return Signal(name, side, one, many, cast("EndsSilence", ends))


def _conditions(reader: Reader, place: str, raw: object) -> tuple[Condition, ...]:
    when = reader.table(raw, f"{place} when", _GUARDS)
    # In one fixed order: a writer of TOML may put tables last.
    return tuple(c for part in _GUARDS if part in when for c in read_tests(reader, place, part, when[part]))


def read_tests(
    reader: Reader, place: str, part: str, value: object, words_of: Iterable[str] = _WORDS
) -> list[Condition]:
    """Read what is asked of one part: a flag, words, or numbers; ``words_of`` names the parts that hold words."""
    if part == "outside":
        return [Condition(part, "is", (reader.flag(place, "when.outside", {"when.outside": value}),))]
    if part in words_of:
        given = value if isinstance(value, list | tuple) else [value]
        words = tuple(word for word in given if isinstance(word, str))
        if words and len(words) == len(given):
            return [Condition(part, "is", words)]
        reader.wrong(place, f"when.{part}", f"must be a word or an array of words, not {value!r}")
        return []
    if isinstance(value, Mapping):
        tests = reader.table(value, f"{place} when.{part}", _BOUNDS)
        read = [(cast("Test", t), reader.number(place, f"when.{part}.{t}", tests[t])) for t in _BOUNDS if t in tests]
        return [Condition(part, test, n) for test, n in read if n is not None]
    numbers = value if isinstance(value, list | tuple) else [value]
    if not numbers:
        reader.wrong(place, f"when.{part}", "must be a number or an array of numbers, not an empty array")
    values = tuple(n for n in (reader.number(place, f"when.{part}", number) for number in numbers) if n is not None)
    return [Condition(part, "is", values)] if values else []


def _effects(reader: Reader, place: str, row: Mapping[str, Any]) -> tuple[Effect, ...]:
    effects: list[Effect] = []
    ops: tuple[Literal["set", "at_least", "add"], ...] = ("set", "at_least", "add")
    for op in ops:
        values = reader.table(row.get(op, {}), f"{place} {op}", PARTS)
        for part in (part for part in PARTS if part in values):
            amount = reader.number(place, f"{op}.{part}", values[part])
            if amount is not None:
                effects.append(Effect(op, part, amount))
    return tuple(effects)


def _rule(reader: Reader, place: str, raw: object, *, settling: bool) -> Rule:
    row = reader.table(raw, place, _ROW if settling else ("signal", *_ROW))
    return Rule(
        name=reader.text(place, "name", row),
        signal=None if settling else reader.text(place, "signal", row),
        when=_conditions(reader, place, row.get("when", {})),
        effects=_effects(reader, place, row),
        because=reader.text(place, "because", row),
        source=reader.text(place, "source", row, required=False),
    )


def read_parts(reader: Reader, document: Mapping[str, Any]) -> Parts:
    """Read a whole document; what is wrong is in ``reader.findings``."""
    tables = ("curve", "counters", "parameters", "stages", "signals", "rules", "settling")
    whole = reader.table(document, "the file", tables)
    for missing in (table for table in tables if table not in whole and table != "settling"):
        reader.wrong(missing, "", "is missing")
    head = reader.table(whole.get("curve", {}), "[curve]", ("name", "start"))
    start = reader.table(head.get("start", {}), "[curve] start", PARTS)
    bounds = reader.table(whole.get("counters", {}), "[counters]", COUNTERS)
    counters = []
    for name in COUNTERS:
        row = reader.table(bounds.get(name, {}), f"[counters] {name}", ("max", "says"))
        if "max" not in row:
            reader.wrong("[counters]", name, "has no max: a counter without bound would make the curve infinite")
        top = reader.number(f"[counters] {name}", "max", row.get("max", 1))
        counters.append(
            Counter(name, 1 if top is None else top, reader.text(f"[counters] {name}", "says", row, required=False))
        )
    parameters = [_parameter(reader, str(name), raw) for name, raw in _items(reader, whole, "parameters")]
    signals = [_signal(reader, str(name), raw) for name, raw in _items(reader, whole, "signals")]
    return Parts(
        name=reader.text("[curve]", "name", head),
        start={
            part: n
            for part in PARTS
            if part in start and (n := reader.number("[curve] start", part, start[part])) is not None
        },
        counters=tuple(counters),
        parameters=tuple(parameter for parameter in parameters if parameter is not None),
        stages=tuple(_stage(reader, place, raw) for place, raw in reader.rows(whole.get("stages", []), "stages")),
        signals=tuple(sorted(signals, key=_signal_order)),
        rules=tuple(
            _rule(reader, place, raw, settling=False) for place, raw in reader.rows(whole.get("rules", []), "rules")
        ),
        settling=tuple(
            _rule(reader, place, raw, settling=True)
            for place, raw in reader.rows(whole.get("settling", []), "settling")
        ),
    )


def _signal_order(signal: Signal) -> tuple[int, str]:
    """Order signals by themselves: the keys of a table have no order that could be relied on."""
    return (LEDGER_SIGNALS.index(signal.name) if signal.name in LEDGER_SIGNALS else len(LEDGER_SIGNALS), signal.name)


def _items(reader: Reader, whole: Mapping[str, Any], table: str) -> Iterable[tuple[object, object]]:
    value = whole.get(table, {})
    if not isinstance(value, Mapping):
        reader.wrong(f"[{table}]", "", "must be a table")
        return ()
    return value.items()


assert set(TEST_WORDS) == {"is", *_BOUNDS}  # noqa: S101 - every test has words
