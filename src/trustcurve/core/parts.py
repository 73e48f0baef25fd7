"""The parts of a curve, and how to make them from plain data in the shape of a curve file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from attrs import define, field

from trustcurve.core.rules import (
    Counter,
    Effect,
    Number,
    Parameter,
    Posture,
    Rule,
    Signal,
    Stage,
    plain_conditions,
)
from trustcurve.core.signals import COUNTERS, LEDGER_SIGNALS, PARTS

__all__ = ["CLOCK", "DURATIONS", "Parts", "parts_of"]

DURATIONS = {
    "silence_after": "the length of a quiet period: so long without anything of value is one silence",
    "grace": "how long after its due date a promise still counts as kept",
}
"""The durations of the ledger's clock, with descriptions; every curve needs them, and a file writes them as durations."""

CLOCK = {
    **DURATIONS,
    "waiting_periods": "how many quiet periods in a row an open promise with a due date excuses",
}
"""All parameters of the ledger's clock, with descriptions; every curve needs them."""

_GUARDS: Final = ("stage", "posture", "outside", "account", *COUNTERS, "felt_doubt")
_EFFECTS: Final[tuple[Literal["set", "at_least", "add"], ...]] = ("set", "at_least", "add")


@define(eq=False, repr=False)
class Parts:
    """The parts of a curve, in the order of its file; ``start`` maps each part of a position to a word or number."""

    name: str = ""
    start: Mapping[str, Number] = field(factory=dict)
    counters: tuple[Counter, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    stages: tuple[Stage, ...] = ()
    signals: tuple[Signal, ...] = ()
    rules: tuple[Rule, ...] = ()
    settling: tuple[Rule, ...] = ()


def parts_of(document: Mapping[str, Any]) -> Parts:
    """Make the parts of a curve from plain data.

    The shape of the data is not checked here: tests check the default curve, and ``trustcurve.documents`` any other.
    """
    head, counters = document["curve"], document["counters"]
    signals = [_signal(name, row) for name, row in document["signals"].items()]
    return Parts(
        name=head["name"],
        start={part: head["start"][part] for part in PARTS},
        counters=tuple(
            Counter(name, counters[name]["max"], counters[name].get("description", "")) for name in COUNTERS
        ),
        parameters=tuple(_parameter(name, row) for name, row in document["parameters"].items()),
        stages=tuple(map(_stage, document["stages"])),
        signals=tuple(sorted(signals, key=_signal_order)),
        rules=tuple(map(_rule, document["rules"])),
        settling=tuple(map(_rule, document.get("settling", ()))),
    )


def _parameter(name: str, plain: Any) -> Parameter:
    if name in DURATIONS:
        value = timedelta(**plain) if isinstance(plain, Mapping) else timedelta(days=plain)
        return Parameter(name, value, description=DURATIONS[name])
    row = plain if isinstance(plain, Mapping) else {"value": plain}
    return Parameter(name, **{"description": CLOCK.get(name, ""), **row})


def _stage(row: Mapping[str, Any]) -> Stage:
    return Stage(**{**row, "postures": tuple(Posture(**posture) for posture in row.get("postures", ()))})


def _signal(name: str, row: Mapping[str, Any]) -> Signal:
    return Signal(
        name=name,
        by=row.get("by", "customer"),
        one=row.get("one") or f"one {name}",
        many=row.get("many") or f"{{n}} times {name}",
        ends_silence=row.get("ends_silence", "crossing"),
    )


def _rule(row: Mapping[str, Any]) -> Rule:
    effects = [(op, row.get(op, {})) for op in _EFFECTS]
    return Rule(
        name=row["name"],
        signal=row.get("signal"),
        when=plain_conditions(row.get("when", {}), _GUARDS),
        effects=tuple(Effect(op, part, values[part]) for op, values in effects for part in PARTS if part in values),
        because=row["because"],
        source=row.get("source", ""),
    )


def _signal_order(signal: Signal) -> tuple[int, str]:
    """Order the ledger's signals first, then others by name: the keys of a table have no reliable order."""
    return (LEDGER_SIGNALS.index(signal.name) if signal.name in LEDGER_SIGNALS else len(LEDGER_SIGNALS), signal.name)
