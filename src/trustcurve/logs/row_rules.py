"""The rows of a log as a mapping reads them: customer, time, and the rule that matches."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from functools import reduce
from operator import mul
from typing import Any, Final
from unicodedata import normalize

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.errors import Finding, did_you_mean
from trustcurve.logs.columns import (
    cleaned,
    is_about_time,
    moment,
    naive_and_aware,
    short_text,
    template,
    time_columns,
    used_columns,
    with_moments,
)
from trustcurve.logs.conditions import fit
from trustcurve.logs.log_errors import InvalidMappingError
from trustcurve.logs.mapping import LogMapping, MappingRule
from trustcurve.logs.numbers import text, whole
from trustcurve.logs.opened_log import ROW, Log
from trustcurve.logs.row_problems import PROBLEM, Problems, first
from trustcurve.records import ONCE_PER, polars_types

__all__ = [
    "AT",
    "CUSTOMER",
    "RULE",
    "SEQUENCE",
    "Part",
    "RuledRows",
    "customer_names",
    "latest_rows",
    "ruled_rows",
    "seen_values",
]

AT, CUSTOMER, RULE, SEQUENCE = (f"trustcurve.{name}" for name in ("at", "customer", "rule", "sequence"))
"""The names of added columns; a log cannot have columns with this prefix."""

_SEEN, _SEEN_ID = (f"trustcurve.{name}" for name in ("seen", "seen_id"))
_HINTS = 5  # looking for similar names takes long, and most often one is behind all findings
_SEED = 20_260_101  # whatever it is, all parts must have the same
_MANY_WORDS: Final = 100_000
"""How many different fields, or combinations of fields, are looked at instead of all rows. Source: our choice."""

_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_AS_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,19}")
"""A whole number as Polars writes it."""


@frozen(eq=False)
class RuledRows:
    """The rows of a log with the rule that matches each.

    Args:
        rows: The columns that the mapping needs; customer, time, sequence, the number of the rule (null: none) and that of the
            problem (null: none; with one there is no rule).
        problems: The problems.
    """

    rows: pl.DataFrame
    problems: Problems


@frozen
class Part:
    """A part of a log: of ``many`` parts, into which customers fall by a hash of their names, the one with this number."""

    number: int
    many: int

    def has(self, customer: pl.Expr) -> pl.Expr:
        """Whether it has a customer; rows without one are in the first part."""
        return ((customer.hash(_SEED) % self.many) == self.number).fill_null(value=self.number == 0)


def ruled_rows(
    log: Log,
    mapping: LogMapping,
    customers: Collection[str] | None = None,
    *,
    part: Part | None = None,
    seen: pl.DataFrame | None = None,
) -> RuledRows:
    """Read a log, and find the rule that matches each row.

    Args:
        log: The opened log.
        mapping: The mapping.
        customers: Read only the rows of these customers; None: all. Nothing of a row depends on rows of other customers.
        part: Read only the rows of the customers of this part.
        seen: The values of rules with ``once_per`` that earlier rows have used: a table of ``ONCE_PER``.

    Raises:
        InvalidMappingError: The mapping names columns that the log does not have, or lacks a timezone that is needed.
        UnreadableLogError: A part of the log is damaged.
    """
    problems = Problems()
    with log.reading():
        read = _fitting_rows(log, mapping, customers)
        read = read if part is None else read.filter(part.has(template(mapping.customer)))
        rows = _dated(with_moments(read, mapping), mapping, problems).collect()
    return RuledRows(_ruled(rows, mapping, problems, seen), problems)


def customer_names(log: Log, mapping: LogMapping) -> pl.LazyFrame:
    """Return the ``customer`` of each row."""
    return _fitting_rows(log, mapping).select(template(mapping.customer).alias("customer"))


def latest_rows(log: Log, mapping: LogMapping, many: int) -> pl.DataFrame:
    """Return the latest rows: the ``customer`` of each, and ``latest``, an instant after which none of its events lies."""
    own = dict.fromkeys(event.at for rule in mapping.rules for event in rule.events if event.at is not None)
    latest = pl.max_horizontal([moment(mapping.time), *map(moment, own)]).alias("latest")
    with log.reading():
        rows = with_moments(_fitting_rows(log, mapping), mapping)
        # The customers' columns are read into texts afterwards, of the few rows that are left.
        last = rows.select(latest, *dict.fromkeys(mapping.customer.columns)).top_k(many, by="latest")
        return last.select(template(mapping.customer).alias("customer"), "latest").collect(engine="streaming")


def _fitting_rows(log: Log, mapping: LogMapping, customers: Collection[str] | None = None) -> pl.LazyFrame:
    """Return the columns of a log that a mapping needs, of all rows or those of some customers; raise if it does not fit."""
    if mapping.column_names != log.column_names:
        problem = "must be those of the log: open it by scan_log(path, columns=mapping.column_names)"
        raise InvalidMappingError((Finding(mapping.source, "[log]", "columns", problem),))
    needed = mapping.columns
    fitting = log.having(needed)
    rows, known = fitting.rows, fitting.columns
    schema = rows.collect_schema()
    missing = {column: place for column, place in needed.items() if column not in known}
    hints = {column: did_you_mean(column, known) for column in list(missing)[:_HINTS]}
    findings = [
        Finding(mapping.source, place, "", _missing(column, log, hints.get(column, "")))
        for column, place in missing.items()
    ]
    if findings:
        doubt = log.heading_problem(is_unknown=len(findings) == len(needed))
        findings += [] if doubt is None else [Finding(log.path, "", "", doubt)]
        raise InvalidMappingError(tuple(findings))
    used, emptied = used_columns(needed, schema, mapping), _emptied(needed, mapping)
    read = rows.select(ROW, *used).with_columns(emptied)
    needs_zone = next(_needs_zone(read, mapping), None) if mapping.timezone is None else None
    if needs_zone is not None:
        raise InvalidMappingError((Finding(mapping.source, "[log]", "timezone", f"is missing{needs_zone}"),))
    if customers is None:
        return cleaned(read, mapping.template_columns)
    read = rows.filter(_may_be(customers, mapping, schema)).select(ROW, *used).with_columns(emptied)
    return cleaned(read, mapping.template_columns).filter(template(mapping.customer).is_in(list(customers)))


def _may_be(customers: Collection[str], mapping: LogMapping, schema: pl.Schema) -> pl.Expr:
    """Whether a row, as it is in the log, may be of some customers.

    This is about the column itself where it can be: then the other columns of other rows are not read from Parquet, and not even
    this one where a part of the file has no such values.
    """
    column = _customer_column(mapping)
    if column is None:
        return pl.lit(value=True)
    whose, dtype = pl.col(column), schema[column]
    if dtype == pl.String:
        # Blanks may surround the name. Those before it are below "!" or beyond ASCII; those after it are below the last character.
        begins = whose.is_between(
            pl.lit(min(customers, default="")), pl.lit(max((f"{each}\U0010ffff" for each in customers), default=""))
        )
        return (begins | (whose < "!") | (whose >= "\x80")) & text(column).is_in(list(customers))
    if dtype in _WHOLE:
        numbers = [int(each) for each in customers if _AS_WHOLE.fullmatch(each)]
        return whose.is_in(pl.Series(numbers, dtype=pl.Int128).cast(dtype, strict=False).drop_nulls().implode())
    return pl.lit(value=True)


def _customer_column(mapping: LogMapping) -> str | None:
    """Return the column that alone is the customer, if there is one."""
    parts = mapping.customer.parts
    return parts[0][1] if len(parts) == 1 and parts[0][0] == "" else None


def _missing(column: str, log: Log, hint: str) -> str:
    if normalize("NFC", column) in log.repeated:
        return f"the log has column {column!r} twice; rename one of them"
    return f"the log has no column {column!r}{hint}"


def _emptied(needed: Iterable[str], mapping: LogMapping) -> list[pl.Expr]:
    """Return the columns with null where a field has a word that means "empty"."""
    if not mapping.empty:
        return []
    words = [word.strip() for word in mapping.empty]
    return [pl.when(~text(column).is_in(words)).then(pl.col(column)).alias(column) for column in needed]


def _needs_zone(rows: pl.LazyFrame, mapping: LogMapping) -> Iterator[str]:
    """Yield the reasons why a timezone is needed: times without one, and days in the mapping."""
    schema = rows.collect_schema()
    for column in time_columns(mapping):
        dtype = schema[column]
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            continue
        naive, _ = naive_and_aware(column, dtype, mapping.time_format(column))
        found = rows.filter(naive.is_not_null()).select(ROW, text(column).alias("time")).head(1).collect()
        if found.height:
            yield f", and column {column!r} has times without one (row {found[0, 0]}: {found[0, 1]})"
    for rule in mapping.rules:
        if any(event.due and event.due.end_of_day for event in rule.events):
            yield ": the end of a day depends on the timezone, and a rule has end_of_day"
    for whose, value in ((whose, value) for whose, condition in mapping.conditions for value in condition.values):
        if isinstance(value, date) and (not isinstance(value, datetime) or value.tzinfo is None):
            yield f": the instant of {value} depends on the timezone, and {whose} compares with it"


def _dated(rows: pl.LazyFrame, mapping: LogMapping, problems: Problems) -> pl.LazyFrame:
    """Add customer, time and sequence to each row, and the number of its problem, if any; then the time is null."""
    at, customer = moment(mapping.time), _customer(rows.collect_schema(), mapping)
    no_time = pl.lit(f"no time: column '{mapping.time}' is empty")
    odd_time = pl.format("unreadable time: column '{}' has '{}'", pl.lit(mapping.time), short_text(mapping.time))
    no_customer = pl.lit(f"no customer: {' or '.join(mapping.customer.columns)} is empty")
    found = [
        problems.when(customer.is_null(), no_customer),
        problems.when(at.is_null() & text(mapping.time).is_null(), no_time),
        problems.when(at.is_null(), odd_time),
    ]
    added = [customer.alias(CUSTOMER), at.alias(AT)]
    sequence = mapping.sequence
    if sequence is not None:
        odd = pl.format(
            "not a whole number of 64 signed bits: column '{}' has '{}'", pl.lit(sequence), short_text(sequence)
        )
        found.append(problems.when(text(sequence).is_not_null() & whole(sequence).is_null(), odd))
        added.append(whole(sequence).alias(SEQUENCE))
    dated = rows.with_columns(*added, first(found).alias(PROBLEM))
    return dated.with_columns(pl.when(pl.col(PROBLEM).is_null()).then(pl.col(AT)).alias(AT))


def _customer(schema: pl.Schema, mapping: LogMapping) -> pl.Expr:
    """Return the customers: texts, or the whole numbers of a column of them, which are faster."""
    column = _customer_column(mapping)
    return template(mapping.customer) if column is None or not schema[column].is_integer() else pl.col(column)


# --- rules -----------------------------------------------------------------------------------------


def _ruled(rows: pl.DataFrame, mapping: LogMapping, problems: Problems, seen: pl.DataFrame | None) -> pl.DataFrame:
    """Add the number of the rule that matches each row; null for rows with a problem.

    A row has a problem if a rule would match it but for a field that cannot be read.
    """
    words = _words(rows, mapping)
    if words is None:
        return _matched(rows.lazy(), mapping, problems, seen).collect()
    kinds, number = words
    free = kinds.with_columns(pl.lit(None, pl.Int16).alias(PROBLEM))
    matched = _matched(free.lazy(), mapping, problems, None).collect()
    odd = rows[PROBLEM].is_not_null().to_numpy()
    rule, problem = (matched[name].to_physical().fill_null(-1).to_numpy()[number] for name in (RULE, PROBLEM))
    if odd.any():
        rule, problem = np.where(odd, -1, rule), np.where(odd, rows[PROBLEM].fill_null(-1).to_numpy(), problem)
    found = rows.with_columns(pl.Series(RULE, rule), pl.Series(PROBLEM, problem))
    return found.with_columns(pl.when(pl.col(name) >= 0).then(pl.col(name)).alias(name) for name in (RULE, PROBLEM))


def _matched(rows: pl.LazyFrame, mapping: LogMapping, problems: Problems, seen: pl.DataFrame | None) -> pl.LazyFrame:
    if any(rule.once_per is not None for rule in mapping.rules):
        order = [AT, *([SEQUENCE] if mapping.sequence is not None else []), ROW]
        rows = rows.sort(order, nulls_last=True)
    rows = rows.with_columns(pl.lit(None, pl.Int16).alias(RULE))
    for place, rule in enumerate(mapping.rules):
        fits = fit(rule, mapping)
        free = pl.col(RULE).is_null() & pl.col(PROBLEM).is_null()
        takes, odd = free & fits.holds.fill_null(value=False), free & fits.holds.is_null()
        if rule.once_per is not None:
            rows = _with_seen(rows, rule, seen)
            takes, odd = _once(
                takes, odd, template(rule.once_per), None if mapping.id is None else template(mapping.id)
            )
        taken = pl.when(takes).then(pl.lit(place, pl.Int16)).otherwise(pl.col(RULE)).alias(RULE)
        if fits.problem is None:
            rows = rows.with_columns(taken)
        else:
            rows = rows.with_columns(taken, first([pl.col(PROBLEM), problems.when(odd, fits.problem)]).alias(PROBLEM))
    return rows.drop(_SEEN, _SEEN_ID, strict=False)


def _with_seen(rows: pl.LazyFrame, rule: MappingRule, seen: pl.DataFrame | None) -> pl.LazyFrame:
    """Add whether earlier rows have used the value of a row, and the id of the first of them."""
    assert rule.once_per is not None  # noqa: S101 - only such rules are asked
    rows = rows.drop(_SEEN, _SEEN_ID, strict=False)
    if seen is None or seen.is_empty():
        return rows.with_columns(pl.lit(value=False).alias(_SEEN), pl.lit(None, pl.String).alias(_SEEN_ID))
    mine = (
        seen.lazy()
        .filter(rule=rule.name)
        .select("customer", "value", pl.lit(value=True).alias(_SEEN), pl.col("id").alias(_SEEN_ID))
    )
    keys = [pl.col(CUSTOMER).cast(pl.String), template(rule.once_per)]
    joined = rows.join(mine, left_on=keys, right_on=["customer", "value"], how="left", maintain_order="left")
    return joined.with_columns(pl.col(_SEEN).fill_null(value=False))


def _once(takes: pl.Expr, odd: pl.Expr, key: pl.Expr, identity: pl.Expr | None) -> tuple[pl.Expr, pl.Expr]:
    """Return which rows a rule takes once for each value, and which of them have a problem: the first, and what repeats it."""
    so_far = takes.cast(pl.Int64).cum_sum().over(CUSTOMER, key)
    new = ~pl.col(_SEEN)
    firsts = takes & (((so_far == 1) & new) | key.is_null())
    odd &= ((so_far == 0) & new) | key.is_null()
    if identity is None:
        return firsts, odd
    first_id = pl.coalesce(pl.col(_SEEN_ID), pl.when(firsts).then(identity).max().over(CUSTOMER, key))
    return takes & (firsts | (identity == first_id).fill_null(value=False)), odd


def seen_values(rows: pl.DataFrame, mapping: LogMapping, until: datetime | None) -> pl.DataFrame:
    """Return the values of rules with ``once_per`` that rows have used up to an instant: a table of ``ONCE_PER``."""
    early = pl.col(AT).is_not_null() if until is None else pl.col(AT) <= until
    identity = pl.lit(None, pl.String) if mapping.id is None else template(mapping.id)
    parts = [pl.DataFrame(schema=polars_types(ONCE_PER))]
    for place, rule in enumerate(mapping.rules):
        if rule.once_per is not None:
            taken = rows.filter(early & (pl.col(RULE) == place)).select(
                pl.col(CUSTOMER).cast(pl.String).alias("customer"),
                pl.lit(rule.name).alias("rule"),
                template(rule.once_per).alias("value"),
                identity.alias("id"),
            )
            parts.append(taken.drop_nulls("value").unique(("customer", "value"), keep="first", maintain_order=True))
    return pl.concat(parts)


def _words(rows: pl.DataFrame, mapping: LogMapping) -> tuple[pl.DataFrame, Any] | None:
    """Return the combinations of fields that rules compare, and which of them each row has.

    None if they are too many, or a rule depends on more than the fields of a row: then all rows are looked at.
    """
    conditions = [condition for rule in mapping.rules for condition in rule.when]
    columns = list(dict.fromkeys(condition.column for condition in conditions))
    plain = all(rows.schema[column] in (pl.String, pl.Boolean) for column in columns)
    if not columns or not plain or not _by_fields_alone(mapping.rules):
        return None
    coded = [_coded(rows[column]) for column in columns]
    if reduce(mul, (len(words) + 1 for words, _ in coded), 1) > _MANY_WORDS:
        return None
    key, sizes = np.zeros(rows.height, np.int32), [len(words) + 1 for words, _ in coded]
    for size, (_, number) in zip(sizes, coded, strict=True):
        key = key * size + number
    combinations = np.arange(reduce(mul, sizes, 1))
    fields = {}
    for column, size, (words, _) in reversed(list(zip(columns, sizes, coded, strict=True))):
        fields[column] = pl.concat([words, pl.Series([None], dtype=words.dtype)]).gather(combinations % size)
        combinations = combinations // size
    return pl.DataFrame(fields), key


def _by_fields_alone(rules: Iterable[MappingRule]) -> bool:
    return not any(rule.once_per is not None or any(map(is_about_time, rule.when)) for rule in rules)


def _coded(fields: pl.Series) -> tuple[pl.Series, Any]:
    """Return the different fields of a column, and the number of each row's; that of nulls is the last."""
    coded = fields.cast(pl.String).cast(pl.Categorical)
    words = coded.unique().drop_nulls()
    number = words.to_physical().to_numpy().astype(np.int64)
    place = np.full(int(number.max(initial=-1)) + 2, len(words), np.int32)
    place[number] = np.arange(len(words))
    return words.cast(pl.String).cast(fields.dtype), place[coded.to_physical().fill_null(len(place) - 1).to_numpy()]
