"""From rows to events, columnar: which rule takes each row, what it makes of it, and what cannot be used."""

from __future__ import annotations

import polars as pl
from attrs import NOTHING, evolve, fields_dict, frozen

from trustcurve.logs.columnar.fitting import fitting_rows
from trustcurve.logs.columnar.order import GROUP, ORDER, in_order
from trustcurve.logs.columnar.rows import AT, CUSTOMER, ID, OUTCOME, PROBLEM, RULE, TIE, VALUE, dated, ruled
from trustcurve.logs.columns import INSTANT, due_time, moment, template, text, with_moments
from trustcurve.logs.mappings.mapping import KINDS, EventTemplate, Mapping
from trustcurve.logs.sources.readers import ROW, Log

__all__ = ["DUE", "EVENT_TEXTS", "KIND", "Mapped", "map_log"]

EVENT_TEXTS = ("promise", "weight", "by", "signal", "channel", "note")
KIND, DUE = "trustcurve.kind", "trustcurve.due"
_MARK_ORDER = -1


@frozen(eq=False)
class Mapped:
    """A mapped log.

    Args:
        events: A row for each event, in the order in which they are to be applied (see ``in_order``).
            Columns: place, row, customer, at, id, tie, order, kind, due, promise, weight, by, signal,
            channel, note, outcome, value, group, several; all but the texts of events with the prefix
            "trustcurve.". A row without kind marks where an outcome was seen.
        rejects: Rows that could not be used: row, customer, reason, detail.
        rows: How many rows the log has, broken lines included.
        ignored: How many rows the mapping knows to mean nothing.
        idle: Rules of the mapping that took no row.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame
    rows: int
    ignored: int
    idle: tuple[str, ...] = ()

    def groups(self) -> pl.DataFrame:
        """Answer with the groups of customers who bear on each other, in the order of ``events``.

        Returns:
            Columns: group; ``start`` and ``length`` of its part of ``events``; ``last``, the time of its last event.
        """
        seen = self.events.with_row_index("start").group_by(GROUP, maintain_order=True)
        last = pl.col(AT).filter(pl.col(KIND).is_not_null()).max().alias("last")
        return seen.agg(pl.col("start").first(), pl.len().alias("length"), last).rename({GROUP: "group"})

    def about(self, customer: str) -> pl.DataFrame:
        """Answer with the events that can bear on a customer."""
        return self.events.filter(
            pl.col(GROUP).is_in(self.events.filter(pl.col(CUSTOMER) == customer)[GROUP].implode())
        )


def map_log(log: Log, mapping: Mapping, outcome: str | None = None) -> Mapped:
    """Map a log to events.

    Args:
        log: The opened log.
        mapping: The mapping.
        outcome: A column with an outcome (a number, or true and false), to be told beside the states.

    Raises:
        InvalidMappingError: The mapping does not fit the log (see ``fitting_rows``).
    """
    read = with_moments(fitting_rows(log, mapping, outcome), mapping)
    rows = ruled(dated(read, mapping, outcome), mapping).collect()
    ignoring = pl.col(RULE).is_in([number for number, rule in enumerate(mapping.rules) if rule.ignore])
    made = [
        _made(rows.lazy().filter(pl.col(RULE) == number), mapping, place, event)
        for number, rule in enumerate(mapping.rules)
        for place, event in enumerate(rule.events)
    ]
    marks = [_marks(rows.lazy(), mapping)] if outcome is not None else []
    events = pl.concat([_nothing().lazy(), *made, *marks], how="diagonal_relaxed").collect()
    odd = events.filter(pl.col(PROBLEM).is_not_null())
    # A row is used as a whole or not at all: one event that cannot be made takes the others along.
    events = events.filter(~pl.col(ROW).is_in(odd[ROW].unique().implode()) | pl.col(KIND).is_null())
    return Mapped(
        events=in_order(events.drop(PROBLEM)),
        rejects=_rejects(log, mapping, rows, odd),
        rows=rows.height + len(log.broken),
        ignored=rows.filter(ignoring & pl.col(PROBLEM).is_null()).height,
        idle=_idle(rows, mapping),
    )


def _idle(rows: pl.DataFrame, mapping: Mapping) -> tuple[str, ...]:
    taken = set(rows[RULE].unique())
    return tuple(rule.name for number, rule in enumerate(mapping.rules) if number not in taken)


def _made(rows: pl.LazyFrame, mapping: Mapping, place: int, event: EventTemplate) -> pl.LazyFrame:
    """Make one event of every row that its rule takes."""
    chosen, at, due = rows.filter(pl.col(PROBLEM).is_null()), pl.col(AT), pl.lit(None, INSTANT)
    known = fields_dict(KINDS[event.kind])
    problems: list[pl.Expr] = []
    if event.at is not None:
        chosen, at = chosen.filter(text(event.at).is_not_null()), moment(event.at)
        problems.append(_unread(event.at))
    if event.due is not None:
        start = at if event.due.column is None else moment(event.due.column)
        due = due_time(evolve(event.due, column=None), start, None, mapping)
        problems += _odd_due(event, start, due, needed=known["due"].default is NOTHING)
    for key, made_of in event.texts:
        if known[key].default is NOTHING:
            says = pl.lit(f"empty field: {event.kind} needs a {key}, and {made_of.text!r} is empty")
            problems.append(pl.when(template(made_of).is_null()).then(says))
    return chosen.select(
        ROW, CUSTOMER, at.alias(AT), _id(mapping), TIE, pl.lit(place, pl.Int32).alias(ORDER),
        pl.lit(event.kind).alias(KIND), due.alias(DUE), *(template(made_of).alias(key) for key, made_of in event.texts),
        pl.coalesce([*problems, pl.lit(None, pl.String)]).alias(PROBLEM),
    )  # fmt: skip


def _id(mapping: Mapping) -> pl.Expr:
    return (pl.lit(None, pl.String) if mapping.id is None else template(mapping.id)).alias(ID)


def _unread(column: str) -> pl.Expr:
    says = pl.format("unreadable time: column '{}' is no time: '{}'", pl.lit(column), text(column))
    return pl.when(text(column).is_not_null() & moment(column).is_null()).then(says)


def _odd_due(event: EventTemplate, start: pl.Expr, due: pl.Expr, *, needed: bool) -> list[pl.Expr]:
    """Say what is wrong with a due date: unreadable, beyond the calendar, or empty where the event needs one."""
    column = event.due.column if event.due else None
    far = pl.lit(f"unreadable time: {event.kind} would be due beyond the years 1 to 9999")
    odd: list[pl.Expr] = [pl.when(start.is_not_null() & due.is_null()).then(far)]
    if column is not None:
        odd.append(_unread(column))
        empty = pl.lit(f"empty field: {event.kind} needs a due, and column '{column}' is empty")
        odd += [pl.when(text(column).is_null()).then(empty)] if needed else []
    return odd


def _marks(rows: pl.LazyFrame, mapping: Mapping) -> pl.LazyFrame:
    """Mark where outcomes were seen: before the events of the same row."""
    seen = rows.filter(pl.col(OUTCOME).is_not_null() & pl.col(AT).is_not_null())
    return seen.select(ROW, CUSTOMER, AT, _id(mapping), TIE, pl.lit(_MARK_ORDER, pl.Int32).alias(ORDER), OUTCOME, VALUE)


def _nothing() -> pl.DataFrame:
    """Make an empty frame of events, so that the columns are there whatever the mapping makes."""
    return pl.DataFrame(
        schema={
            ROW: pl.UInt32, CUSTOMER: pl.String, AT: INSTANT, ID: pl.String, TIE: pl.Float64, ORDER: pl.Int32,
            KIND: pl.String, DUE: INSTANT, **dict.fromkeys(EVENT_TEXTS, pl.String),
            OUTCOME: pl.String, VALUE: pl.Float64, PROBLEM: pl.String,
        }
    )  # fmt: skip


def _rejects(log: Log, mapping: Mapping, rows: pl.DataFrame, odd: pl.DataFrame) -> pl.DataFrame:
    """Gather the rows that cannot be used: what is wrong with each, and where."""
    words = dict.fromkeys(c.column for rule in mapping.rules for c in rule.when if c.test in ("is", "not"))
    shown = [
        pl.format("{}={}", pl.lit(column), pl.coalesce(text(column), pl.lit("(empty)"))) for column in list(words)[:4]
    ]
    unmatched = rows.filter(pl.col(RULE).is_null() & pl.col(PROBLEM).is_null())
    problems = pl.concat(
        [
            rows.filter(pl.col(PROBLEM).is_not_null()).select(ROW, CUSTOMER, PROBLEM),
            odd.select(ROW, CUSTOMER, PROBLEM).unique(ROW, keep="first"),
            unmatched.select(
                ROW, CUSTOMER, pl.concat_str(pl.lit("no rule matches: "), pl.concat_str(shown or [pl.lit("")], separator=", ")).alias(PROBLEM)
            ),
            pl.DataFrame(
                {ROW: [row for row, _ in log.broken], PROBLEM: [f"broken line: {says}" for _, says in log.broken]},
                schema={ROW: pl.UInt32, PROBLEM: pl.String},
            ).with_columns(pl.lit(None, pl.String).alias(CUSTOMER)).select(ROW, CUSTOMER, PROBLEM),
        ]
    )  # fmt: skip
    reason = pl.col(PROBLEM).str.split_exact(": ", 1).struct.field("field_0")
    return problems.sort(ROW).select(
        pl.col(ROW).alias("row"),
        pl.col(CUSTOMER).alias("customer"),
        reason.alias("reason"),
        pl.col(PROBLEM).alias("detail"),
    )
