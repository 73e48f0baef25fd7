"""What became of promises, as flat records: one for each rule that made some."""

from __future__ import annotations

from attrs import frozen

from trustcurve.records.schema import Schema, columns_of

__all__ = ["PROMISES", "PromiseRecord"]


@frozen
class PromiseRecord:
    """What became of the promises that a rule of the mapping made.

    Each promise that was made is kept, broken, late, released, open or overdue in the end. A promise that is kept or broken
    without being made (with a weight of its own) counts for the rule of that event.

    Args:
        rule: The name of the rule; None for promises that were made before the log.
        made: How many were made.
        kept: How many were kept in time.
        broken: How many were broken by an event, in time.
        broke_by_date: How many broke because their date passed. They are late, released or overdue in the end.
        late: How many of these were kept or broken by an event later, which sends no signal.
        moved: How often one was moved to another date.
        released: How many were released, in time or later.
        open: How many are open as of ``until``.
        overdue: How many are overdue as of ``until``.
    """

    rule: str | None
    made: int = 0
    kept: int = 0
    broken: int = 0
    broke_by_date: int = 0
    late: int = 0
    moved: int = 0
    released: int = 0
    open: int = 0
    overdue: int = 0


PROMISES = Schema("promises", columns_of(PromiseRecord))
