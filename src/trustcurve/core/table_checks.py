"""Checks that need the unrolled table of a curve: rows that never apply, stages that are never entered.

These are errors. An unused parameter, or a row called "falls" that lifts a customer, is legal but probably a
mistake: those are doubts.
"""

from __future__ import annotations

from collections.abc import Iterator

from trustcurve.core.checks import Notes
from trustcurve.core.program import LEAF
from trustcurve.core.rulebook import Rulebook
from trustcurve.core.table import Table
from trustcurve.errors import Finding

__all__ = ["check_table", "warnings_of"]


def check_table(notes: Notes, curve: Rulebook, table: Table) -> None:
    """Find rows that never apply, including settling rows, and stages that are never entered."""
    wide = list(curve._cells(curve.start))
    calm = wide[:]
    curve._program.settle(calm)
    if calm != wide:
        state = curve.states[calm[LEAF]]
        notes.wrong("[curve]", "start", f"is not settled: the settling rows would move it to {state}")
    applied = {reaction.rule.name for row in table.reactions for reaction in row}
    for rule in curve.rules:
        if rule.name not in applied:
            problem = f"can never match: in all {len(table)} positions an earlier row applies"
            notes.wrong(f"[[rules]] {rule.name}", "when", problem)
    settled = {rule.name for row in table.reactions for reaction in row for rule in reaction.settling}
    for rule in curve.settling:
        if rule.name not in settled:
            problem = f"can never match: it changes nothing after any signal in all {len(table)} positions"
            notes.wrong(f"[[settling]] {rule.name}", "when", problem)
    entered = {position.stage for position in table.positions}
    for stage in curve.stages:
        if stage.name not in entered:
            notes.wrong(f"[[stages]] {stage.name}", "name", "no signal leads to this stage")


def warnings_of(curve: Rulebook, table: Table, source: str) -> tuple[Finding, ...]:
    """Return what is legal but probably a mistake: unused parameters, and rows called "falls" that lift a customer."""
    used = _used(curve)
    unused = [
        Finding(source, "[parameters]", parameter.name, "is not used: no row, counter, stage or start names it")
        for parameter in curve.parameter_rows
        if parameter.name not in used
    ]
    lifting = [
        Finding(
            source, f"[[settling]] {name}", "name", 'ends in "falls", but the row lifts a customer to a higher state'
        )
        for name in _lifting(curve, table)
    ]
    return (*unused, *lifting)


def _used(curve: Rulebook) -> set[str]:
    """Return the names of the parameters that the curve or its clock uses."""
    numbers: set[object] = {"silence_after", "grace", "waiting_periods"}
    numbers.update(value for _, value in curve._start_words)
    numbers.update(counter.max for counter in curve.counters)
    numbers.update(posture.above for stage in curve.stages for posture in stage.postures)
    for rule in (*curve.rules, *curve.settling):
        for condition in rule.when:
            numbers.update(condition.value if isinstance(condition.value, tuple) else (condition.value,))
        numbers.update(effect.value for effect in rule.effects)
    return {number.removeprefix("-") for number in numbers if isinstance(number, str)}


def _lifting(curve: Rulebook, table: Table) -> Iterator[str]:
    """Find settling rows called "falls" that lift a customer, after any signal in any position."""
    program = curve._program
    falling = {row.rule.name: row for row in program.settling if row.rule.name.endswith("falls")}
    if not falling:
        return
    lifted: set[str] = set()
    for reaction in (reaction for row in table.reactions for reaction in row):
        if falling.keys() - lifted and falling.keys() & {rule.name for rule in reaction.settling}:
            wide = list(curve._cells(reaction.before))
            program.apply(next(row for row in program.rows[reaction.signal] if row.rule == reaction.rule), wide)
            for row in program.settling:
                if all(wide[cell] in allowed for cell, allowed in row.tests):
                    before = wide[LEAF]
                    program.apply(row, wide)
                    if wide[LEAF] > before and row.rule.name in falling:
                        lifted.add(row.rule.name)
    yield from (name for name in falling if name in lifted)
