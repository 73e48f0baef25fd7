"""Move a standing to another curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from trustcurve.core.signals import COUNTERS
from trustcurve.core.standing import Position, Standing, check_standing
from trustcurve.core.steps import Migration
from trustcurve.errors import InvalidValueError

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["migrate"]


def migrate(curve: Rulebook, standing: Standing, *, from_curve: Rulebook) -> Migration:
    """Move a standing to this curve: to the nearest position that is reachable from its start.

    That is the same position, if it is reachable. Otherwise it is the same stage (or the nearest lower one that
    both curves have, so that no customer gains trust by the change) with the counters clamped and this curve's
    settling rows applied; and if that is not reachable, the nearest position by stage, account, doubt, kept
    and engaged, in that order, with more doubt in a tie. Promises and times are kept. Source of the order: our
    choice; what is owed and doubted weighs more than what was earned. If there is a log, replay it instead:
    that loses nothing.

    Raises:
        InvalidValueError: An argument is not a standing or not a curve.
        UnknownWordError: The standing does not belong to ``from_curve``.
        InvalidPositionError: A counter is out of the range of ``from_curve``.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Position, Standing
        >>> now = datetime(2026, 1, 1, tzinfo=UTC)
        >>> ann = Standing("ann", now, Position("hopeful", 0, 4, 0, "clear"), (), now)
        >>> Curve.default(engaged_max=3).migrate(ann, from_curve=Curve.default()).changes
        ('engaged 4 became 3',)
    """
    check_standing(standing)
    if not hasattr(from_curve, "react"):
        raise InvalidValueError("from_curve", from_curve, "must be the Curve that the standing belongs to")
    old_state = from_curve.state(standing.position)
    position = standing.position
    table = curve.table()  # type: ignore[attr-defined]
    if position not in table.numbers:
        wanted = _settled(curve, evolve(position, stage=_stage(curve, from_curve, position.stage)))
        near = min(table.positions, key=lambda known: _distance(curve._cells(wanted), curve._cells(known)))
        position = wanted if wanted in table.numbers else near
    changes = [
        f"{part} {old} became {new}"
        for part in ("stage", *COUNTERS, "account")
        if (old := getattr(standing.position, part)) != (new := getattr(position, part))
    ]
    state = curve.state(position)
    if state != old_state and position.stage == standing.position.stage:
        changes.append(f"{old_state} is {state} on this curve")
    moved = Standing.of(standing.customer, position, standing.as_of_us, standing.quiet_since_us, standing.book)
    ranks = {known: rank for rank, known in enumerate(curve.states)}
    change = ranks[state] - ranks[old_state] if old_state in ranks else 0
    return Migration(moved, tuple(changes), old_state, state, change)


def _stage(curve: Rulebook, from_curve: Rulebook, stage: str) -> str:
    here = {row.name: row.apart for row in curve.stages}
    if stage in here:
        return stage
    names = [row.name for row in from_curve.stages]
    lower = names[: names.index(stage)]
    # A stage apart is not a lower place on the curve: a renamed stage must not make a customer leave.
    return next((name for name in reversed(lower) if not here.get(name, True)), curve.start.stage)


def _settled(curve: Rulebook, position: Position) -> Position:
    tops = dict(zip(COUNTERS, curve._program.tops[1:4], strict=True))
    clamped = evolve(position, **{part: min(getattr(position, part), top) for part, top in tops.items()})
    wide = list(curve._cells(clamped))
    curve._program.settle(wide)
    return curve._position(wide)


def _distance(want: tuple[int, ...], have: tuple[int, ...]) -> tuple[int, ...]:
    stage, kept, engaged, doubt, account = (abs(a - b) for a, b in zip(want[:5], have[:5], strict=True))
    return (stage, account, doubt, kept, engaged, -have[4], -have[3], have[1], have[2])
