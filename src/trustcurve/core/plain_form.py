"""Convert a curve to plain data in the shape of its file, and to the canonical form of its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from trustcurve.core.parts import CLOCK
from trustcurve.core.rules import Condition, Parameter, Rule, Stage
from trustcurve.core.signals import LEDGER_SIGNALS, PARTS

if TYPE_CHECKING:
    from trustcurve.core.parts import Parts
    from trustcurve.core.program import Program, Row

__all__ = ["GIVES_1", "canonical", "canonical_1", "plain_duration", "plain_parts"]


GIVES_1 = frozenset({"kept_major", "kept_minor", "exchange", "repair", "purchase", "advocacy", "return"})
"""The ledger's signals that always ended a silence in version 1; there the code, not the curve, defined them."""


def _without_blanks(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value not in (None, "", False, (), [], {})}


def plain_duration(value: timedelta) -> dict[str, int | float]:
    """Return a duration as a table of whole days and seconds."""
    seconds = value.seconds + value.microseconds / 1_000_000
    table: dict[str, int | float] = {"days": value.days}
    if seconds:
        table["seconds"] = seconds if value.microseconds else value.seconds
    return table


def _parameter(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter.value, timedelta):
        return plain_duration(parameter.value)
    bounds = {key: getattr(parameter, key) for key in ("at_least", "at_most", "above", "below")}
    given = {key: bound for key, bound in bounds.items() if bound is not None}
    return {"value": parameter.value, **given, **_without_blanks({"description": parameter.description})}


def _stage(stage: Stage) -> dict[str, Any]:
    postures = [
        {
            "name": p.name,
            **({} if p.above is None else {"above": p.above}),
            **_without_blanks({"description": p.description}),
        }
        for p in stage.postures
    ]
    flags = {"outside": stage.outside, "apart": stage.apart, "description": stage.description, "postures": postures}
    return {"name": stage.name, **_without_blanks(flags)}


def _when(conditions: tuple[Condition, ...]) -> dict[str, Any]:
    when: dict[str, Any] = {}
    for condition in conditions:
        if isinstance(condition.value, tuple):
            when[condition.part] = condition.value[0] if len(condition.value) == 1 else list(condition.value)
        else:
            when.setdefault(condition.part, {})[condition.test] = condition.value
    return when


def _rule(rule: Rule) -> dict[str, Any]:
    effects: dict[str, dict[str, Any]] = {"set": {}, "at_least": {}, "add": {}}
    for effect in rule.effects:
        effects[effect.op][effect.part] = effect.value
    head = {"name": rule.name, "signal": rule.signal, "when": _when(rule.when), **effects}
    return _without_blanks({**head, "because": rule.because, "source": rule.source})


def plain_parts(parts: Parts) -> dict[str, Any]:
    """Return the parts of a curve as plain data that ``parts_of`` converts back to equal parts."""
    return {
        "curve": {"name": parts.name, "start": dict(parts.start)},
        "counters": {c.name: {"max": c.max, **_without_blanks({"description": c.description})} for c in parts.counters},
        "parameters": {parameter.name: _parameter(parameter) for parameter in parts.parameters},
        "stages": [_stage(stage) for stage in parts.stages],
        "signals": {
            s.name: {"by": s.by, "one": s.one, "many": s.many, "ends_silence": s.ends_silence} for s in parts.signals
        },
        "rules": [_rule(rule) for rule in parts.rules],
        "settling": [_rule(rule) for rule in parts.settling],
    }


def _row(row: Row) -> list[object]:
    tests: dict[int, frozenset[int]] = {}
    for cell, allowed in row.tests:
        tests[cell] = tests.get(cell, allowed) & allowed
    return [sorted([cell, sorted(allowed)] for cell, allowed in tests.items()), sorted(map(list, row.effects))]


def _endings(parts: Parts, program: Program) -> dict[str, str]:
    """Return when each signal ends a silence; "crossing" becomes "never" if the signal cannot move a customer across the barrier."""
    stage = PARTS.index("stage")
    outside = {number for number, row in enumerate(parts.stages) if row.outside}

    def may_cross(row: Row) -> bool:
        begins = outside.intersection(*(allowed for cell, allowed in row.tests if cell == stage))
        moves = (
            amount > 0 if op == "add" else amount not in outside for op, cell, amount in row.effects if cell == stage
        )
        return bool(begins) and any(moves)

    settling = any(map(may_cross, program.settling))
    return {
        signal.name: "never"
        if signal.ends_silence == "crossing" and not settling and not any(map(may_cross, program.rows[signal.name]))
        else signal.ends_silence
        for signal in parts.signals
    }


def canonical(parts: Parts, program: Program, start: tuple[int, ...]) -> dict[str, Any]:
    """Return everything that can change an outcome, and nothing else.

    Names of rules and parameters, reasons and comments are left out, and conditions become the sets
    of values that they allow: rewording a curve keeps its fingerprint, so stored standings stay valid.
    """
    clock: dict[str, float] = {
        p.name: p.value / timedelta(microseconds=1) if isinstance(p.value, timedelta) else p.value
        for p in parts.parameters
        if p.name in CLOCK
    }
    return {
        "start": list(start),
        "tops": list(program.tops),
        "stages": [[stage.name, stage.outside, stage.apart] for stage in parts.stages],
        "states": [state for stage in parts.stages for state in stage.states],
        "leaves": [list(of_stage) for of_stage in program.leaf_of],
        "ends_silence": _endings(parts, program),
        "rows": {signal: [_row(row) for row in rows] for signal, rows in program.rows.items()},
        "settling": [_row(row) for row in program.settling],
        "clock": clock,
    }


def canonical_1(parts: Parts, program: Program, start: tuple[int, ...]) -> dict[str, Any] | None:
    """Return the canonical form of version 1, or None if version 1 could not express the curve.

    In version 1 the code defined which of the ledger's signals end a silence, and a promise with a date excused
    any number of quiet periods.
    """
    if any(
        (signal.ends_silence == "always") != (signal.name in GIVES_1)
        for signal in parts.signals
        if signal.name in LEDGER_SIGNALS
    ):
        return None
    form = canonical(parts, program, start)
    clock = form.pop("clock")
    own = [signal for signal in parts.signals if signal.name not in LEDGER_SIGNALS]
    return {
        **form,
        "ends_silence": sorted(signal.name for signal in own if signal.ends_silence == "always"),
        "durations": {name: clock[name] for name in ("grace", "silence_after")},
    }
