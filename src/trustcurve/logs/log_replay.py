"""Replay a whole log: map its rows to events, replay them, and count the fates of rows and events."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Literal, final, get_args

import polars as pl
from attrs import field, frozen

from trustcurve.batch.frame_replay import FrameReplay
from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey, extended
from trustcurve.core.replay import FATES, EventCounts, EventFate, History, LoggedTransition, Observation, Replay
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.core.values import checked_name, checked_word
from trustcurve.errors import InvalidValueError, UnknownWordError, final_class
from trustcurve.logs.identities import Identities
from trustcurve.logs.log_counters import LogCounters, log_warnings
from trustcurve.logs.log_run import LogRun, Progress, last_applied
from trustcurve.logs.log_sums import LogSums
from trustcurve.logs.mapping import LogMapping
from trustcurve.logs.memory_size import parts_of, read_memory
from trustcurve.logs.opened_log import Log
from trustcurve.logs.outcomes import Outcomes, outcome_warnings
from trustcurve.logs.row_rules import Part, customer_names
from trustcurve.logs.spilled_tables import SpilledTables
from trustcurve.logs.until import far_until, nearly_all
from trustcurve.records import PromiseRecord, RejectRecord, RelationRecord

__all__ = [
    "ENGINES",
    "CustomerReplay",
    "Engine",
    "LogCounts",
    "LogJourneys",
    "LogReplay",
    "Progress",
    "replay_customer",
    "replay_journeys",
    "replay_log",
]

Engine = Literal["columns", "pure"]
"""How customers are replayed."""

ENGINES: tuple[Engine, ...] = get_args(Engine)


@frozen(eq=False, repr=False)
class LogCounts(EventCounts):
    """The number of rows and of events of a log, by fate.

    Args:
        rows: All rows.
        used: Rows that gave events, applied or not.
        ignored: Rows that a rule ignores, or of which it makes no event because every ``at`` is empty.
        broken: Rows that could not be mapped.
    """

    rows: int = field(kw_only=True)
    used: int = field(kw_only=True)
    ignored: int = field(kw_only=True)
    broken: int = field(kw_only=True)


@frozen(eq=False, slots=False)
class LogReplay:
    """The result of replaying a log: as tables, and on request as objects, which take more time and memory.

    Args:
        curve: The curve.
        tables: The standings, observed standings and transitions as Polars frames.
        rejects: What could not be used, in the order of the rows: broken rows, rejected events, conflicts, and outcomes
            that cannot be read.
        counts: The number of rows and of events, by fate.
        outcomes: The outcomes, each with what was known just before it.
        once_per: The values of rules with ``once_per`` that rows have used, in this run and the earlier ones.
        relations: Of the customers who came in each month, how many crossed the barrier and are kept, month by month, and
            what was given to them and asked of them.
        promises: What became of promises, by the rule that made them.
        skipped: The names of rules whose events are skipped because their promise is not open, each with their number.
        nearly_all_by: The instant up to which 99 % of the events lie; None if no event was applied.
        unmatched_rules: Rules of the mapping that matched no row: perhaps a word is misspelled, or an earlier rule
            matches all rows.
        warnings: Warnings about misleading results, in sentences.
    """

    curve: Curve
    tables: FrameReplay | SpilledTables
    rejects: tuple[RejectRecord, ...]
    counts: LogCounts
    outcomes: Outcomes
    once_per: pl.DataFrame
    relations: tuple[RelationRecord, ...] = ()
    promises: tuple[PromiseRecord, ...] = ()
    skipped: tuple[tuple[str, int], ...] = ()
    nearly_all_by: datetime | None = None
    unmatched_rules: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def until(self) -> datetime | None:
        """The instant at which all customers are observed; None if no event was applied."""
        return self.tables.until

    @property
    def identities(self) -> Identities:
        """What rows have used, in this run and the earlier ones, for a run that goes on from ``tables.standings``."""
        return Identities(self.tables.identities, self.once_per)

    @cached_property
    def _objects(self) -> Replay:
        return self.tables.replay()

    @property
    def standings(self) -> dict[str, Standing]:
        """The standing of each customer at their last event, in the order of first appearance."""
        return self._objects.standings

    @property
    def transitions(self) -> tuple[LoggedTransition, ...]:
        """Every transition up to that event with the row that caused it (None: the clock), by time and customer."""
        return self._objects.transitions

    @property
    def at_until(self) -> Observation:
        """All customers, observed at one instant: ``until``, ``standings``, ``transitions``."""
        return self._objects.at_until


@frozen(eq=False)
class CustomerReplay:
    """The result of replaying one customer of a log.

    Args:
        history: The fate of each event.
        observation: The step from the last event to ``until``; None if ``until`` is not later, or no event was applied.
        rejects: The customer's rows and events that could not be used, in the order of the rows.
        counts: The number of the customer's rows and events, by fate.
    """

    history: History
    observation: Step | None
    rejects: tuple[RejectRecord, ...]
    counts: LogCounts

    @property
    def customer(self) -> str:
        """The customer's id."""
        return self.history.customer

    @property
    def applied(self) -> tuple[EventFate, ...]:
        """The applied events, each with its step and its row."""
        return tuple(each for each in self.history.fates if each.step is not None)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step, including the observation at ``until``."""
        return (*self.history.steps, *((self.observation,) if self.observation is not None else ()))

    @property
    def standing(self) -> Standing | None:
        """The standing at the last event; None if no event was applied."""
        return self.history.standing

    @property
    def observed(self) -> Standing | None:
        """The standing as of ``until``; None if no event was applied."""
        return self.history.standing if self.observation is None else self.observation.after


def replay_log(
    log: Log,
    mapping: LogMapping,
    curve: Curve,
    *,
    until: datetime | None = None,
    outcome: str | Sequence[str] | None = None,
    outcome_at: str | None = None,
    standings: pl.DataFrame | None = None,
    identities: Identities | None = None,
    memory: int | str | None = None,
    resumable: bool = False,
    progress: Progress | None = None,
    engine: Engine = "columns",
) -> LogReplay:
    r"""Map a log to events and replay every customer.

    Args:
        log: The opened log (``scan_log``).
        mapping: The mapping (``load_mapping``).
        curve: The curve.
        until: Leave out later events, and observe all customers at this instant. If None: the time of the last
            applied event of the whole log.
        outcome: Outcomes to compare with what was known just before them: names of the mapping's outcomes, or columns of
            the log (numbers, or true and false). If None: all outcomes of the mapping.
        outcome_at: The column with the time of the outcomes that are columns of the log; if None, the log's time.
        standings: The standings of an earlier run to go on from (``LogReplay.tables.standings``); customers without one begin
            at their first applied event. Events before a customer's standing are rejected; relations are not counted.
        identities: What the earlier run used (``LogReplay.identities``); needed if events with ids go on from standings.
        memory: About how much memory to take, in bytes or as a text such as "2GB": a log that needs more is replayed part by
            part, and ``tables`` wait in temporary files, those of one part after those of another.
        resumable: With ``memory``, whether to keep the identities that a later run must know.
        progress: A function that is called regularly with the number of events done and of all.
        engine: "columns": by columns where the columns decide, which is fast; "pure": one event after the other. The results
            are equal.

    Raises:
        InvalidMappingError: The mapping does not fit the log.
        InvalidValueError: An argument has another type, or ``outcome_at`` is given without such an outcome.
        UnknownWordError: There is no such engine.

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
        ["unreadable time: column 'when' has 'soon'"]
    """
    columns = checked_word("engine", engine, ENGINES) == "columns"
    if memory is not None and not columns:
        raise InvalidValueError("memory", memory, "needs the engine 'columns': the other one keeps the whole log")
    many = 1 if memory is None else parts_of(log, read_memory(memory))
    made = partial(
        LogRun.of,
        log,
        mapping,
        curve,
        until,
        progress,
        outcome=outcome,
        outcome_at=outcome_at,
        standings=standings,
        identities=identities,
    )
    if many > 1:
        at_least = until or last_applied(log, mapping, curve, standings=standings, identities=identities)
        tables = SpilledTables(keeps_identities=resumable)
        sums, counters = _in_parts(made, many, tables, at_least, continued=standings is not None)
        return _result(mapping, curve, tables, sums, counters, identities, until)
    run = made()
    counters, sums = LogCounters.of(run.mapped, mapping, curve, continued=standings is not None), LogSums(coarse=False)
    done = run.by_columns(counters) if columns else run.one_by_one(counters)
    sums.add(run, done)
    return _result(mapping, curve, done, sums, counters, identities, until)


def _in_parts(
    made: Callable[..., LogRun], many: int, tables: SpilledTables, at_least: datetime | None, *, continued: bool
) -> tuple[LogSums, LogCounters]:
    """Replay a log part by part; the tables of each part go into files."""
    sums, counters = LogSums(coarse=True), None
    for number in range(many):
        run = made(part=Part(number, many))
        if counters is None:
            counters = LogCounters.of(run.mapped, run.outcomes.mapping, run.curve, continued=continued)
        counters.promises.turn_to(run.mapped.events)
        done = run.by_columns(counters, at_least)
        sums.add(run, done)
        tables.add(done)
        del run, done
    assert counters is not None  # noqa: S101 - there is a part
    return sums, counters


def _result(  # noqa: PLR0917 - what a replay consists of
    mapping: LogMapping,
    curve: Curve,
    done: FrameReplay | SpilledTables,
    sums: LogSums,
    counters: LogCounters,
    identities: Identities | None,
    until: datetime | None,
) -> LogReplay:
    times = sums.times(done.until)
    far = far_until(times, done.until, curve.silence_after) if until is None else None
    return LogReplay(
        curve=curve,
        tables=done,
        rejects=tuple(sorted(sums.rejects, key=_by_row)),
        counts=_counts(sums.rows, sums.ignored, sums.broken, done.counts),
        once_per=sums.once_per(identities),
        relations=tuple(counters.relations.records()),
        promises=counters.promises.records(),
        skipped=counters.promises.skipped(),
        nearly_all_by=nearly_all(times, done.until),
        outcomes=sums.outcomes(done.until),
        unmatched_rules=sums.unmatched,
        warnings=(
            *([] if far is None else [far]),
            *map(_nobody, sums.nobody),
            *outcome_warnings(sums.collector.mapping),
            *log_warnings(mapping, curve, counters, done.counts),
        ),
    )


def replay_customer(
    log: Log,
    mapping: LogMapping,
    curve: Curve,
    customer: str,
    *,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> CustomerReplay:
    r"""Map a log to events and replay one customer, keeping every step; for arguments see ``replay_log``.

    Raises:
        UnknownWordError: The log has no such customer; the error has the most similar ids.
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
        ...     ann = replay_customer(scan_log(path), mapping, Curve.default(), "ann")
        >>> for each in ann.applied:
        ...     print(each.logged.row, each.step.explain())
        1 2026-01-01 00:00 UTC  the customer buys
          stays distrust.suspicious
          because a sale is the start of a debt; nothing is hoped for, so no proof is owed
        >>> ann.counts.used, ann.counts.ignored
        (1, 1)
    """
    customer = checked_name("customer", customer)
    run = LogRun.of(log, mapping, curve, until, progress, customers=[customer])
    if not run.mapped.rows:
        raise UnknownWordError("customer", customer, _near(customer, log, mapping))
    done = next(run.histories(), History(customer, None, None, (), {}))
    rejects = [
        *run.rejects,
        *(RejectRecord.of(each) for each in done.fates if each.fate in ("rejected", "conflict")),
    ]
    end = run.until or last_applied(log, mapping, curve)
    return CustomerReplay(
        history=done,
        observation=_observe(curve, done, end),
        rejects=tuple(sorted(rejects, key=_by_row)),
        counts=_counts(run.mapped.rows, len(run.mapped.ignored), len(run.broken), EventCounts.of(done.fates)),
    )


@final
@frozen(repr=False)
class LogJourneys(Sequence[Journey]):
    """The journeys of a log's customers, and what could not be used.

    Args:
        journeys: The journeys, in the order in which the customers first appear.
        rejects: The rows and events that could not be used, by row.
    """

    journeys: tuple[Journey, ...]
    rejects: tuple[RejectRecord, ...]

    __init_subclass__ = final_class

    def __getitem__(self, place: Any) -> Any:
        return self.journeys[place]

    def __len__(self) -> int:
        return len(self.journeys)

    def __repr__(self) -> str:
        return f"<LogJourneys of {len(self)} customers, {len(self.rejects)} rejects>"


def replay_journeys(
    log: Log, mapping: LogMapping, curve: Curve, *, until: datetime | None = None, progress: Progress | None = None
) -> LogJourneys:
    r"""Map a log to events and return the journey of every customer; for arguments see ``replay_log``.

    All steps are kept in memory, about a kilobyte for each event. A journey ends with the observation at ``until``.
    Customers without an applied event are left out.

    Returns:
        The journeys, in the order in which the customers first appear, with the rejects beside them.

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
        ...     _ = path.write_text("client,when,what\nann,2026-01-01,advice\nbob,2026-01-02,advice\n")
        ...     journeys = replay_journeys(scan_log(path), mapping, Curve.default())
        >>> [(journey.customer, len(journey.steps)) for journey in journeys]
        [('ann', 2), ('bob', 1)]
    """
    run = LogRun.of(log, mapping, curve, until, progress)
    histories = [(each.start, each) for each in run.histories()]
    end = run.until or max((each.standing.as_of for _, each in histories if each.standing is not None), default=None)
    journeys = [
        extended(Journey(start), each, _observe(curve, each, end)) for start, each in histories if start is not None
    ]
    return LogJourneys(tuple(journeys), tuple(sorted(run.rejects, key=_by_row)))


def _nobody(counted: tuple[str, int]) -> str:
    name, events = counted
    return (
        f"a customer is named {name!r} ({events:,} event{'' if events == 1 else 's'}): if that means that nobody is known, "
        f'say so in [log] of the mapping, empty = ["{name}"]'
    )


def _by_row(reject: RejectRecord) -> int:
    return reject.row or 0


def _counts(rows: int, ignored: int, broken: int, events: EventCounts) -> LogCounts:
    used = rows - ignored - broken
    by_fate = {fate: getattr(events, fate) for fate in FATES}
    return LogCounts(**by_fate, rows=rows, used=used, ignored=ignored, broken=broken)


def _observe(curve: Curve, done: History, end: datetime | None) -> Step | None:
    if end is None or done.standing is None or done.standing.as_of >= end:
        return None
    return curve.observe(done.standing, end)


def _near(customer: str, log: Log, mapping: LogMapping) -> tuple[str, ...]:
    """Return the most similar ids; a log can have millions, so only those with the same beginning or end are compared."""
    half, whose = len(customer) // 2, pl.col("customer")
    alike = whose.str.starts_with(customer[:half]) | whose.str.ends_with(customer[-half:])
    with log.reading():
        named = customer_names(log, mapping).filter(alike).unique().sort("customer")
        known = named.collect()["customer"].to_list()
    # Most often it is the beginning of an id: numbers become "17850.0" where a column has missing values.
    longer = [each for each in known if customer and each.startswith(customer)]
    return tuple(longer[:1] or difflib.get_close_matches(customer, known))
