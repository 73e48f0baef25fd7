"""Replay a whole log: map it to events and fold every customer."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.instants import instant
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Transition
from trustcurve.logs.columnar.fitting import check_signals
from trustcurve.logs.columnar.frames import Mapped, map_log
from trustcurve.logs.folding.customers import fates, rows_of
from trustcurve.logs.folding.fold import Fold, LogStep, Progress
from trustcurve.logs.folding.judging import UNREADABLE_OUTCOME, Judge, Rejected
from trustcurve.logs.folding.outcomes import Outcome
from trustcurve.logs.mappings.mapping import Mapping
from trustcurve.logs.sources.readers import Log

__all__ = ["Counts", "LogReplay", "Story", "replay_log", "tell_story"]


@frozen
class Counts:
    """How many rows the log has, what became of them, and how many events were applied.

    ``rows`` is the sum of ``used``, ``ignored``, ``duplicates``, ``later`` and ``rejected``. A row is
    ``later`` where everything it says happened after ``until``, and ``rejected`` where any of it
    could not be used.
    """

    rows: int
    used: int
    ignored: int
    duplicates: int
    later: int
    rejected: int
    events: int


@frozen(eq=False)
class LogReplay:
    """What became of a log.

    Args:
        curve: The curve.
        until: Up to when the clock ran, the same for every customer; None for a log of which nothing could be used.
        standings: Where each customer stands, in the order in which they first appear.
        moves: Every change of leaf state with the row behind it (None: the clock), in the order of the log.
        rejects: Rows that could not be used, in the order of their numbers.
        counts: What became of the rows.
        outcomes: The outcomes seen, with the state just before each.
        idle: Rules of the mapping that took no row: a misspelt word, perhaps, or a rule before them takes all.
    """

    curve: Curve
    until: datetime | None
    standings: dict[str, Standing]
    moves: tuple[tuple[int | None, Transition], ...]
    rejects: tuple[Rejected, ...]
    counts: Counts
    outcomes: tuple[Outcome, ...] = ()
    idle: tuple[str, ...] = ()


@frozen(eq=False)
class Story:
    """One customer of a log.

    Args:
        customer: Whose story it is.
        standing: Where the customer stands at the end; None where no event could be applied.
        steps: Every step with the row behind it.
        rejects: The customer's rows that could not be used, in the order of their numbers.
        counts: What became of the customer's rows.
    """

    customer: str
    standing: Standing | None
    steps: tuple[LogStep, ...]
    rejects: tuple[Rejected, ...]
    counts: Counts


def replay_log(
    log: Log,
    mapping: Mapping,
    curve: Curve,
    *,
    until: datetime | None = None,
    outcome: str | None = None,
    progress: Progress | None = None,
) -> LogReplay:
    r"""Map a log to events and fold every customer.

    Args:
        log: The opened log (``scan_log``).
        mapping: The mapping (``load_mapping``).
        curve: The curve.
        until: Up to when: later events are left out, and the clock runs to this instant for every
            customer. Without it: up to the last event of the whole log that could be used.
        outcome: A column with an outcome, to be told beside the state just before its row.
        progress: Called now and then with the number of events done and of all.

    Raises:
        InvalidMappingError: The mapping does not fit the log.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.logs import parse_mapping, scan_log
        >>> rules = '[[rules]]\nwhen = { what = "advice" }\nevents = [{ event = "Exchanged" }]'
        >>> mapping = parse_mapping(f'[log]\ncustomer = "client"\ntime = "when"\ntimezone = "UTC"\n{rules}')
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.csv")
        ...     _ = path.write_text("client,when,what\nann,2026-01-01,advice\nbob,soon,advice\n")
        ...     done = replay_log(scan_log(path), mapping, Curve.default())
        >>> done.standings["ann"].position.doubt
        1
        >>> [reject.detail for reject in done.rejects]
        ["unreadable time: column 'when' is no time: 'soon'"]
    """
    end = None if until is None else instant(until, "until")
    check_signals(mapping, curve)
    mapped = map_log(log, mapping, outcome)
    fold = Fold(Judge(curve, end, watched=outcome is not None))
    fold.run(mapped.events, progress)
    end = end or fold.last
    fold.finish(end)
    return _result(mapped, fold, end)


def tell_story(
    log: Log,
    mapping: Mapping,
    curve: Curve,
    customer: str,
    *,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> Story:
    r"""Map a log to events and fold one customer, keeping every step; for arguments see ``replay_log``.

    Raises:
        UnknownWordError: The log has no such customer; it knows the nearest ids.
        InvalidMappingError: The mapping does not fit the log.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.logs import parse_mapping, scan_log
        >>> rules = '[[rules]]\nwhen = { what = "order" }\nevents = [{ event = "Purchased" }]\n[[rules]]\nignore = true'
        >>> mapping = parse_mapping(f'[log]\ncustomer = "client"\ntime = "when"\ntimezone = "UTC"\n{rules}')
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.csv")
        ...     _ = path.write_text("client,when,what\nann,2026-01-01,order\nann,2026-01-02,visit\nbob,2026-03-01,visit\n")
        ...     story = tell_story(scan_log(path), mapping, Curve.default(), "ann")
        >>> for each in story.steps:
        ...     print(each.row, each.step.explain())
        1 2026-01-01 00:00 UTC  the customer buys
          stays distrust.suspicious
          because a sale is the beginning of a debt; nothing is hoped for, so no proof is owed
        >>> story.counts.used, story.counts.ignored
        (1, 1)
    """
    end = None if until is None else instant(until, "until")
    check_signals(mapping, curve)
    mapped = map_log(log, mapping)
    rows = rows_of(customer, log, mapping)
    fold = Fold(Judge(curve, end), follow=customer.__eq__)
    fold.run(mapped.about(customer), progress)
    fold.finish(end or _last_used(mapped, curve, fold.last))
    rejects = tuple(reject for reject in _rejects(mapped, fold) if reject.customer == customer)
    told, rejected = [each.row for each in fold.steps if each.row is not None], {reject.row for reject in rejects}
    became = fates(customer, rows, mapped.events, used=set(told), rejected=rejected, until=end)
    return Story(
        customer=customer,
        standing=fold.standings.get(customer),
        steps=tuple(fold.steps),
        rejects=rejects,
        counts=Counts(**became, events=len(told)),
    )


def _last_used(mapped: Mapped, curve: Curve, last: datetime | None) -> datetime | None:
    """Find the last event of the whole log that can be used: fold groups from the latest on, only as many as it takes."""
    for _, start, length, ends in mapped.groups().sort("last", descending=True, nulls_last=True).iter_rows():
        if ends is None or (last is not None and ends <= last):
            break
        fold = Fold(Judge(curve))
        fold.run(mapped.events.slice(start, length))
        last = max((each for each in (last, fold.last) if each is not None), default=None)
    return last


def _rejects(mapped: Mapped, fold: Fold) -> tuple[Rejected, ...]:
    rejects = [*(Rejected(*row) for row in mapped.rejects.iter_rows()), *fold.rejects]
    return tuple(sorted(rejects, key=lambda reject: reject.row))


def _result(mapped: Mapped, fold: Fold, end: datetime | None) -> LogReplay:
    rejects = _rejects(mapped, fold)
    rejected = len({reject.row for reject in rejects if reject.reason != UNREADABLE_OUTCOME})
    counts = Counts(
        rows=mapped.rows,
        used=mapped.rows - mapped.ignored - fold.duplicates - fold.later - rejected,
        ignored=mapped.ignored,
        duplicates=fold.duplicates,
        later=fold.later,
        rejected=rejected,
        events=fold.events,
    )
    return LogReplay(
        curve=fold.judge.curve,
        until=end,
        standings=fold.standings,
        moves=tuple(fold.moves),
        rejects=rejects,
        counts=counts,
        outcomes=tuple(fold.outcomes),
        idle=mapped.idle,
    )
