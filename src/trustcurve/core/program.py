"""Compiled rows of a curve: every part of a position is a small integer, every condition a set of integers.

Source of the form: our choice. All domains are finite, so a condition is a set of allowed values;
two curves that allow the same values are the same curve, whatever words they use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from trustcurve.core.rules import Condition, Counter, Effect, Number, Rule, Stage
from trustcurve.core.signals import ACCOUNT_LEVELS, ACCOUNT_WEIGHTS, COUNTERS, PARTS

__all__ = ["FELT", "LEAF", "Cells", "Program", "Row", "assemble"]

Cells = tuple[int, int, int, int, int]
"""Stage number, kept, engaged, doubt, account number."""

FELT = 5
LEAF = 6

_STAGE = PARTS.index("stage")
_DOUBT = PARTS.index("doubt")
_ACCOUNT = PARTS.index("account")


@frozen(eq=False, repr=False)
class Row:
    """A compiled rule: (cell, allowed values) pairs, (operation, cell, amount) triples."""

    rule: Rule
    tests: tuple[tuple[int, frozenset[int]], ...]
    effects: tuple[tuple[str, int, int], ...]


@frozen(eq=False, repr=False)
class Program:
    """The compiled curve: pure, and defined for every position within range.

    Args:
        tops: The highest values of the five cells.
        lowest: The lowest stage that "one stage down" may lead to.
        leaf_of: ``leaf_of[stage][felt]``: the rank of the leaf state.
        rows: The rows of each signal, in order.
        settling: The settling rows, in order.
    """

    tops: Cells
    lowest: int
    leaf_of: tuple[tuple[int, ...], ...]
    rows: dict[str, tuple[Row, ...]]
    settling: tuple[Row, ...]

    def widen(self, cells: Sequence[int]) -> list[int]:
        """Add felt doubt and leaf state to five cells."""
        felt = cells[_DOUBT] + ACCOUNT_WEIGHTS[cells[_ACCOUNT]]
        return [*cells, felt, self.leaf_of[cells[_STAGE]][felt]]

    def apply(self, row: Row, wide: list[int]) -> None:
        """Apply a row's effects to seven cells in place, clamp them, and compute the two derived ones."""
        tops = self.tops
        for op, cell, amount in row.effects:
            if op == "add":
                value, low = wide[cell] + amount, self.lowest if cell == _STAGE else 0
                if wide[cell] >= low:  # a stage apart stays where it is
                    wide[cell] = low if value < low else min(value, tops[cell])
            elif op == "set" or wide[cell] < amount:
                wide[cell] = amount
        wide[FELT] = felt = wide[_DOUBT] + ACCOUNT_WEIGHTS[wide[_ACCOUNT]]
        wide[LEAF] = self.leaf_of[wide[_STAGE]][felt]

    def settle(self, wide: list[int]) -> tuple[Rule, ...]:
        """Apply every settling row whose condition holds, in order; return those that changed something."""
        changed: list[Rule] = []
        for row in self.settling:
            for cell, allowed in row.tests:
                if wide[cell] not in allowed:
                    break
            else:
                before = wide[:]
                self.apply(row, wide)
                if wide != before:
                    changed.append(row.rule)
        return tuple(changed)

    def run(self, signal: str, wide: list[int]) -> tuple[Rule, tuple[Rule, ...]]:
        """Apply a signal to seven cells in place; return its row and the settling rows that changed something."""
        for row in self.rows[signal]:
            for cell, allowed in row.tests:
                if wide[cell] not in allowed:
                    break
            else:
                self.apply(row, wide)
                return row.rule, self.settle(wide)
        raise AssertionError(signal)  # the last row of every signal has no condition


@frozen(eq=False, repr=False)
class Assembler:
    """Converts words to numbers; the words are already checked."""

    stages: tuple[Stage, ...]
    numbers: Mapping[str, int]
    counters: tuple[Counter, ...]

    def number(self, value: Number) -> int:
        """Return a number, or the value of the parameter that holds it; ``-name`` negates it."""
        if isinstance(value, int):
            return value
        return -self.numbers[value[1:]] if value.startswith("-") else self.numbers[value]

    @property
    def states(self) -> tuple[str, ...]:
        """The leaf states in rank order."""
        return tuple(state for stage in self.stages for state in stage.states)

    def tops(self) -> Cells:
        """Return the highest value of each cell."""
        kept, engaged, doubt = (self.number(counter.max) for counter in self.counters)
        return (len(self.stages) - 1, kept, engaged, doubt, len(ACCOUNT_LEVELS) - 1)

    def leaves(self) -> tuple[tuple[int, ...], ...]:
        """Return the rank of the leaf state, by stage and felt doubt."""
        felts = range(self.tops()[_DOUBT] + max(ACCOUNT_WEIGHTS) + 1)
        rank = {state: place for place, state in enumerate(self.states)}

        def leaf(stage: Stage, felt: int) -> str:
            held = [p for p in stage.postures if p.above is None or felt > self.number(p.above)]
            return f"{stage.name}.{held[-1].name}" if held else stage.name

        return tuple(tuple(rank[leaf(stage, felt)] for felt in felts) for stage in self.stages)

    def domain(self, part: str) -> range:
        """Return all values of a counter or of felt doubt."""
        tops = self.tops()
        return (
            range(tops[_DOUBT] + max(ACCOUNT_WEIGHTS) + 1)
            if part == "felt_doubt"
            else range(tops[PARTS.index(part)] + 1)
        )

    def test(self, condition: Condition) -> tuple[int, frozenset[int]]:
        """Compile a condition into a cell and its allowed values."""
        part, test = condition.part, condition.test
        values = frozenset(condition.value if isinstance(condition.value, tuple) else (condition.value,))
        if part == "stage":
            return _STAGE, frozenset(i for i, stage in enumerate(self.stages) if stage.name in values)
        if part == "outside":
            return _STAGE, frozenset(i for i, stage in enumerate(self.stages) if stage.outside in values)
        if part == "posture":
            return LEAF, frozenset(i for i, state in enumerate(self.states) if state.partition(".")[2] in values)
        if part == "account":
            return _ACCOUNT, frozenset(ACCOUNT_LEVELS.index(str(value)) for value in values)
        cell = FELT if part == "felt_doubt" else PARTS.index(part)
        numbers = {self.number(value) for value in values}
        bound = min(numbers)
        holds = {
            "is": lambda n: n in numbers,
            "at_least": lambda n: n >= bound,
            "at_most": lambda n: n <= bound,
            "above": lambda n: n > bound,
            "below": lambda n: n < bound,
        }[test]
        return cell, frozenset(filter(holds, self.domain(part)))

    def effect(self, effect: Effect) -> tuple[str, int, int]:
        """Compile an effect into an operation, a cell and an amount."""
        cell, value = PARTS.index(effect.part), effect.value
        if effect.op != "add" and effect.part == "stage":
            return effect.op, cell, [stage.name for stage in self.stages].index(str(value))
        if effect.op != "add" and effect.part == "account":
            return effect.op, cell, ACCOUNT_LEVELS.index(str(value))
        return effect.op, cell, self.number(value)

    def row(self, rule: Rule) -> Row:
        """Compile a rule."""
        return Row(rule, tuple(map(self.test, rule.when)), tuple(map(self.effect, rule.effects)))


def assemble(assembler: Assembler, signals: Sequence[str], rules: Sequence[Rule], settling: Sequence[Rule]) -> Program:
    """Compile the rows of a curve whose words are already checked."""
    rows: dict[str, list[Row]] = {signal: [] for signal in signals}
    for rule in rules:
        rows[str(rule.signal)].append(assembler.row(rule))
    return Program(
        tops=assembler.tops(),
        lowest=min(i for i, stage in enumerate(assembler.stages) if not stage.apart),
        leaf_of=assembler.leaves(),
        rows={signal: tuple(of_signal) for signal, of_signal in rows.items()},
        settling=tuple(map(assembler.row, settling)),
    )


assert PARTS[1:4] == COUNTERS  # noqa: S101 - the cells of the counters
