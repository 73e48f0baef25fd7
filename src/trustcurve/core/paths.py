"""The shortest way from a position to a stage."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from trustcurve.core.errors import UnknownWordError, plain_word
from trustcurve.core.standing import Position, Reaction
from trustcurve.core.values import Value

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["Path", "path"]

_MOVES = {"company": ("company", "both"), "anyone": ("company", "customer", "both", "clock")}


@frozen(eq=False, repr=False)
class Path(Value):
    """Signals that lead somewhere, with their reactions; as text: "one major promise kept, two exchanges"."""

    reactions: tuple[Reaction, ...]
    says: str

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals in order."""
        return tuple(reaction.signal for reaction in self.reactions)

    def __len__(self) -> int:
        return len(self.reactions)

    def __str__(self) -> str:
        return self.says


def path(curve: Rulebook, position: Position, goal: str, *, by: Literal["company", "anyone"] = "anyone") -> Path | None:
    """Find the shortest signals that lead from a position to a stage.

    Args:
        curve: The curve.
        position: Where the way begins.
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


def _trace(curve: Rulebook, came: dict[Position, Reaction | None], end: Position) -> Path:
    reactions: list[Reaction] = []
    while (reaction := came[end]) is not None:
        reactions.append(reaction)
        end = reaction.before
    reactions.reverse()
    counts = {signal.name: signal.count for signal in curve.signal_rows}
    runs = [(name, sum(1 for _ in run)) for name, run in groupby(reaction.signal for reaction in reactions)]
    return Path(tuple(reactions), ", ".join(counts[name](n) for name, n in runs))
