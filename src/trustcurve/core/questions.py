"""Questions about a curve: why a row did not apply, and the shortest path to a stage."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from trustcurve.core.program import FELT
from trustcurve.core.rules import TEST_WORDS, Condition, Rule
from trustcurve.core.standing import Position, Reaction, Standing, position_of
from trustcurve.core.values import Value, checked_word

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook
    from trustcurve.core.standing import Position

__all__ = ["Failure", "Refusal", "SignalPath", "path", "refusals"]


@frozen(eq=False, repr=False)
class Failure(Value):
    """A condition that did not hold.

    Args:
        part: The part of the position that it tests.
        actual: The value of that part.
        wanted: The values for which the condition holds.
        description: The failure in words.
    """

    part: str
    actual: str | int | bool
    wanted: str
    description: str

    def __str__(self) -> str:
        return self.description


@frozen(eq=False, repr=False)
class Refusal(Value):
    """A row that did not apply.

    Args:
        rule: The row.
        failures: The conditions that failed; empty if ``outranked_by`` is given.
        outranked_by: The earlier row that applied instead, if all conditions held.
    """

    rule: Rule
    failures: tuple[Failure, ...]
    outranked_by: Rule | None = None

    def __repr__(self) -> str:
        return f"<Refusal {self}>"

    def __str__(self) -> str:
        why = ", ".join(map(str, self.failures)) or f"{self.outranked_by.name if self.outranked_by else ''} came first"
        return f"{self.rule.name}: {why}"


def refusals(curve: Rulebook, where: Position | Standing, signal: str) -> tuple[Refusal, ...]:
    """Return why each other row of a signal did not apply.

    Returns:
        One refusal for each row of the signal except the one that applied, in the order of the rows.

    Raises:
        UnknownWordError: A word is not of this curve.
        InvalidPositionError: A counter is out of its range.

    Examples:
        >>> from trustcurve import Curve, Position
        >>> curve = Curve.default()
        >>> for refusal in curve.refusals(Position("customer_centric", 3, 2, 0, "clear"), "advocacy"):
        ...     print(refusal)
        advocacy.begins: engaged 2 of 3
        advocacy.begins_in_debt: engaged 2 of 3
        advocacy.adds_nothing: advocacy.favours came first
    """
    position = position_of(where)
    applied = curve.react(position, signal).rule
    wide = curve._cells(position)
    found: list[Refusal] = []
    for row in curve._program.rows[signal]:
        if row.rule is applied:
            continue
        failed = [
            _failure(curve, position, wide[FELT], condition)
            for condition, (cell, allowed) in zip(row.rule.when, row.tests, strict=True)
            if wide[cell] not in allowed
        ]
        found.append(Refusal(row.rule, tuple(failed), None if failed else applied))
    return tuple(found)


def _failure(curve: Rulebook, position: Position, felt: int, condition: Condition) -> Failure:
    part, test = condition.part, condition.test
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if part in ("stage", "account"):
        actual: str | int | bool = getattr(position, part)
    elif part == "posture":
        actual = curve.state(position).partition(".")[2] or "none"
    elif part == "outside":
        outside = not values[0]
        wanted = "before the barrier" if values[0] else "across the barrier"
        return Failure(part, outside, wanted, f"{curve.state(position)} is not {wanted}")
    else:
        actual = felt if part == "felt_doubt" else getattr(position, part)
        numbers = [curve._assembler.number(value) for value in values]
        wanted = TEST_WORDS[test] + " or ".join(map(str, numbers))
        needs = numbers[0] + (test == "above")
        words = f"{part} {actual} of {needs}" if test in ("at_least", "above") else f"{part} {actual}, not {wanted}"
        return Failure(part, actual, wanted, words.replace("_", " "))
    wanted = " or ".join(map(str, values))
    return Failure(part, actual, wanted, f"{part} {actual}, not {wanted}")


_MOVES = {"company": ("company", "both"), "anyone": ("company", "customer", "both", "clock")}


@frozen(eq=False, repr=False)
class SignalPath(Value):
    """A sequence of signals with their reactions; as text: "one major promise kept, two exchanges"."""

    reactions: tuple[Reaction, ...]
    description: str

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals in order."""
        return tuple(reaction.signal for reaction in self.reactions)

    def __len__(self) -> int:
        return len(self.reactions)

    def __repr__(self) -> str:
        return f"<SignalPath: {self.description}>"

    def __str__(self) -> str:
        return self.description


def path(
    curve: Rulebook, where: Position | Standing, goal: str, *, by: Literal["company", "anyone"] = "anyone"
) -> SignalPath | None:
    """Find the shortest sequence of signals that leads from a position to a stage.

    Args:
        curve: The curve.
        where: The position or standing to start from.
        goal: A stage ("hopeful") or a leaf state ("distrust.suspicious").
        by: "company": only signals that the company can send or start, including exchanges; "anyone": any signal.

    Returns:
        The path; empty if the goal is already reached, None if it cannot be reached. Of several paths of
        the same length, the one whose signals come first in ``curve.signals``: the better signals
        first, a curve's own signals last.

    Raises:
        UnknownWordError: ``goal`` or ``by`` is unknown.

    Examples:
        >>> from trustcurve import Curve
        >>> curve = Curve.default()
        >>> str(curve.path(curve.start, "customer_centric", by="company"))
        'one hopeful proposition, one major promise kept, three exchanges'
    """
    goal = checked_word("goal", goal, curve.stages_and_states)
    movers = _MOVES[checked_word("by", by, tuple(_MOVES))]
    signals = [signal.name for signal in curve.signal_rows if signal.by in movers]
    position = position_of(where)
    curve._cells(position)
    came: dict[Position, Reaction | None] = {position: None}
    for place in (queue := [position]):
        if goal in (place.stage, curve.state(place)):
            return _trace(curve, came, place)
        for signal in signals:
            reaction = curve.react(place, signal)
            if reaction.after not in came:
                came[reaction.after] = reaction
                queue.append(reaction.after)
    return None


def _trace(curve: Rulebook, came: dict[Position, Reaction | None], end: Position) -> SignalPath:
    reactions: list[Reaction] = []
    while (reaction := came[end]) is not None:
        reactions.append(reaction)
        end = reaction.before
    reactions.reverse()
    counts = {signal.name: signal.count for signal in curve.signal_rows}
    runs = [(name, sum(1 for _ in run)) for name, run in groupby(reaction.signal for reaction in reactions)]
    return SignalPath(tuple(reactions), ", ".join(counts[name](n) for name, n in runs) or "nothing to do")
