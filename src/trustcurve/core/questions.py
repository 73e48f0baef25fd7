"""Questions to a curve: why a row did not apply, and the shortest way to a stage."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from trustcurve.core.program import FELT
from trustcurve.core.rules import TEST_WORDS, Condition, Rule
from trustcurve.core.standing import Position, Reaction, Standing, position_of
from trustcurve.core.values import Value
from trustcurve.errors import UnknownWordError, plain_word

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook
    from trustcurve.core.standing import Position

__all__ = ["Failure", "Refusal", "SignalPath", "path", "refusals"]


@frozen(eq=False, repr=False)
class Failure(Value):
    """One condition that did not hold: ``part``, the value it ``saw``, what it ``wanted``, and that in words."""

    part: str
    saw: str | int | bool
    wanted: str
    says: str

    def __str__(self) -> str:
        return self.says


@frozen(eq=False, repr=False)
class Refusal(Value):
    """A row that did not apply.

    Args:
        rule: The row.
        failures: The conditions that failed; empty where ``outranked_by`` is given.
        outranked_by: The earlier row that applied instead, where all conditions held.
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
    """Explain for every row of a signal that did not apply why it did not.

    Returns:
        One refusal for each row of the signal but the one that applied, in the order of the rows.

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
    wide = curve.cells(position)
    found: list[Refusal] = []
    for row in curve.program.rows[signal]:
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
        saw: str | int | bool = getattr(position, part)
    elif part == "posture":
        saw = curve.state(position).partition(".")[2] or "none"
    elif part == "outside":
        outside = not values[0]
        wanted = "before the barrier" if values[0] else "across the barrier"
        return Failure(part, outside, wanted, f"{curve.state(position)} is not {wanted}")
    else:
        saw = felt if part == "felt_doubt" else getattr(position, part)
        numbers = [curve.assembler.number(value) for value in values]
        wanted = TEST_WORDS[test] + " or ".join(map(str, numbers))
        needs = numbers[0] + (test == "above")
        says = f"{part} {saw} of {needs}" if test in ("at_least", "above") else f"{part} {saw}, not {wanted}"
        return Failure(part, saw, wanted, says.replace("_", " "))
    wanted = " or ".join(map(str, values))
    return Failure(part, saw, wanted, f"{part} {saw}, not {wanted}")


_MOVES = {"company": ("company", "both"), "anyone": ("company", "customer", "both", "clock")}


@frozen(eq=False, repr=False)
class SignalPath(Value):
    """Signals that lead somewhere, with their reactions; as text: "one major promise kept, two exchanges"."""

    reactions: tuple[Reaction, ...]
    says: str

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals in order."""
        return tuple(reaction.signal for reaction in self.reactions)

    def __len__(self) -> int:
        return len(self.reactions)

    def __repr__(self) -> str:
        return f"<SignalPath: {self.says or 'nothing to do'}>"

    def __str__(self) -> str:
        return self.says


def path(
    curve: Rulebook, where: Position | Standing, goal: str, *, by: Literal["company", "anyone"] = "anyone"
) -> SignalPath | None:
    """Find the shortest signals that lead from a position to a stage.

    Args:
        curve: The curve.
        where: The position, or the standing, from which to go.
        goal: A stage ("hopeful") or a leaf state ("distrust.suspicious").
        by: "company": only what the company can do or start, exchanges included; "anyone": any signal.

    Returns:
        The path, empty where the position is there already, or None where no way leads there. Among
        paths of the same length, the one whose signals come first in ``curve.signals``: better
        deeds first, a curve's own signals last.

    Raises:
        UnknownWordError: ``goal`` or ``by`` is unknown.

    Examples:
        >>> from trustcurve import Curve
        >>> curve = Curve.default()
        >>> str(curve.path(curve.start, "customer_centric", by="company"))
        'one hopeful proposition, one major promise kept, three exchanges'
    """
    stages = [stage.name for stage in curve.stages]
    goal, by = plain_word(goal), plain_word(by)  # type: ignore[assignment] # a text stays a text
    if goal not in stages and goal not in curve.states:
        raise UnknownWordError("goal", goal, tuple(dict.fromkeys([*stages, *curve.states])))
    if by not in _MOVES:
        raise UnknownWordError("by", by, tuple(_MOVES))
    signals = [signal.name for signal in curve.signal_rows if signal.by in _MOVES[by]]
    position = position_of(where)
    curve.cells(position)
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
    return SignalPath(tuple(reactions), ", ".join(counts[name](n) for name, n in runs))
