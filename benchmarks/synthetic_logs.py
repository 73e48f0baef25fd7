"""Logs of many customers, made by chance and always alike, as Parquet, each with its mapping.

Alone, for other uses: ``python benchmarks/synthetic_logs.py --rows 1000000 --kind promises --out build/logs``.

A few customers have tens of thousands of events, most have about ten; they come and go within three years, and are silent for
months. 1 % of the rows come twice, and 0.5 % cannot be used.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

Kind = Literal["plain", "promises"]
Names = Literal["integer", "string"]
Ints = NDArray[Any]

EVENTS_EACH = 20
"""Rows for each customer, on average."""

_DAY = 24 * 60
_DAYS = 1_000
_SLICES = 24
_SLICE_ROWS = 1_000_000
_FIRST = 28_401_120  # 2024-01-01 in minutes since 1970
_TWICE, _CHANGED = 0.01, 0.02  # of all rows, and of these
_UNUSABLE = 0.005
_NEVER_MADE = 10**12

_SIGNALS: dict[str, tuple[float, str]] = {
    "exchange": (0.32, '{ event = "Exchanged" }'),
    "purchase": (0.20, '{ event = "Purchased" }'),
    "ask": (0.17, '{ event = "OneSided", by = "company" }'),
    "offer": (0.07, '{ event = "Proposed" }'),
    "complaint": (0.07, '{ event = "Complained" }'),
    "amends": (0.06, '{ event = "Repaired" }'),
    "recommendation": (0.05, '{ event = "Advocated" }'),
    "misuse": (0.02, '{ event = "OneSided", by = "customer" }'),
    "closed": (0.01, '{ event = "Departed" }'),
    "reopened": (0.02, '{ event = "Returned" }'),
    "visit": (0.01, ""),
}
"""Words of the log: how often each is drawn, and the event that it becomes."""

_MADE: dict[str, tuple[float, str]] = {
    "order": (0.30, '{ event = "PromiseMade", promise = "{order}", due = "due" }'),
    "callback": (0.15, '{ event = "PromiseMade", promise = "{order}", due = "due", weight = "minor" }'),
}
"""Words that make promises, drawn beside the signals above, which share the rest."""

_ENDS = {
    "delivered": '{ event = "PromiseKept", promise = "{order}" }',
    "lost": '{ event = "PromiseBroken", promise = "{order}" }',
    "moved": '{ event = "PromiseMoved", promise = "{order}", due = "due" }',
    "cancelled": '{ event = "PromiseReleased", promise = "{order}" }',
}
"""Words that come of promises later."""

WORDS = (*_SIGNALS, *_MADE, *_ENDS, "unheard of")
_DELIVERED, _LOST, _MOVED, _CANCELLED = (WORDS.index(word) for word in _ENDS)
_UNHEARD = len(WORDS) - 1

_FATES = np.cumsum([0.70, 0.08, 0.04, 0.05, 0.02])
"""How many promises are kept in time, kept late, broken, moved, released; of the rest nothing is heard."""

_ENDS_EACH = 0.93
"""Rows that come of a promise, on average."""


@frozen
class LogShape:
    """What a log looks like.

    Args:
        kind: "plain": signals alone; "promises": promises with dates, too.
        names: Whether customers and promises have numbers or texts as ids.
        in_order: Whether rows are sorted by time.
        row_ids: Whether rows have ids, so that repeated rows can be known.
    """

    kind: Kind = "plain"
    names: Names = "integer"
    in_order: bool = True
    row_ids: bool = True

    def __str__(self) -> str:
        return ", ".join(
            (
                self.kind,
                f"{self.names} ids" if self.row_ids else f"{self.names} ids, none of rows",
                "sorted" if self.in_order else "not sorted",
            )
        )

    @property
    def stem(self) -> str:
        """The name of its files."""
        return "-".join(
            (self.kind, self.names, "sorted" if self.in_order else "mixed", *(() if self.row_ids else ("bare",)))
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its mapping uses."""
        return (
            "customer",
            "time",
            "what",
            *(("id",) if self.row_ids else ()),
            *(("order", "due") if self.kind == "promises" else ()),
        )

    @property
    def mapping(self) -> str:
        """Its mapping, in TOML."""
        head = '[log]\ncustomer = "customer"\ntime = "time"\n' + ('id = "id"\n' if self.row_ids else "")
        becomes = {word: event for word, (_, event) in _SIGNALS.items()}
        if self.kind == "promises":
            becomes |= {word: event for word, (_, event) in _MADE.items()} | _ENDS
        return head + "".join(
            f'\n[[rules]]\nname = "{word}"\nwhen = {{ what = "{word}" }}\n'
            + (f"events = [{event}]\n" if event else "ignore = true\n")
            for word, event in becomes.items()
        )


def write_log(shape: LogShape, rows: int, folder: Path, seed: int = 1) -> tuple[Path, Path]:
    """Write a log and its mapping, slice by slice, so that memory stays small.

    Args:
        shape: What it looks like.
        rows: The number of its rows, about.
        folder: Where to write them.
        seed: Where chance begins.

    Returns:
        The files of the log and of the mapping.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log, mapping = folder / f"{shape.stem}.parquet", folder / f"{shape.stem}.toml"
    mapping.write_text(shape.mapping, encoding="utf-8")
    draws, parts = np.random.default_rng(seed), []
    for number, rows_of_slice in enumerate(_slices(shape, rows, draws)):
        frame = _named(rows_of_slice, shape)
        if not shape.in_order:
            frame = frame.sample(fraction=1, shuffle=True, seed=number)
        parts.append(folder / f"{shape.stem}.{number}.part")
        frame.write_parquet(parts[-1], compression="snappy")
    order = range(len(parts)) if shape.in_order else draws.permutation(len(parts))
    pl.scan_parquet([parts[number] for number in order]).sink_parquet(log, row_group_size=500_000, compression="zstd")
    for part in parts:
        part.unlink()
    return log, mapping


# --- slices of time ---------------------------------------------------------------------------------------------------


def _slices(shape: LogShape, rows: int, draws: np.random.Generator) -> Iterator[pl.DataFrame]:
    """Yield the rows of one slice of time after the other, with numbers for all words and names."""
    slices = max(_SLICES, rows // _SLICE_ROWS)
    edges = np.linspace(0, _DAYS * _DAY, slices + 1).astype(np.int64)
    crowd = _Crowd(max(rows // EVENTS_EACH, 1), draws)
    later, written, orders = _frame(*np.zeros((5, 0), np.int64)), 0, 0
    made_share = sum(share for share, _ in _MADE.values()) if shape.kind == "promises" else 0
    grown = 1 + made_share * _ENDS_EACH  # by what comes of promises
    unusable = _UNUSABLE * grown / (1 - made_share)  # of the signals
    each = 1.006 * rows / slices * (1 - _TWICE) / grown  # a little more, for what is cut off
    for begin, end in pairwise(edges.tolist()):
        count = round(each)
        made = round(count * made_share)
        signals = _signals(crowd.drawn(count - made, begin, end), begin, end, draws)
        signals = _spoiled(signals, unusable, 3 if made_share else 2, draws)
        promises, ends = _promises(crowd.drawn(made, begin, end), begin, end, orders, draws)
        orders += made
        later = pl.concat([later, ends])
        found = pl.concat([signals, promises, later.filter(pl.col("minute") < end)])
        later = later.filter(pl.col("minute") >= end)
        found = found.sort("minute", maintain_order=True).with_columns(id=written + np.arange(len(found)))
        found = _with_repeats(found, end, draws).head(rows - written)
        written += len(found)
        yield found


class _Crowd:
    """The customers: how much each does, and from when to when; every fifth is away for half a year to two years."""

    def __init__(self, customers: int, draws: np.random.Generator) -> None:
        self.draws = draws
        self.weights = draws.permutation(((np.arange(customers) + 0.5) / customers) ** (-2 / 3))
        self.begins = np.maximum(draws.uniform(-0.5, 0.9, customers), 0) * _DAYS * _DAY
        self.ends = self.begins + (0.1 + draws.exponential(0.5, customers)) * _DAYS * _DAY
        self.leaves = draws.uniform(0, 0.8, customers) * _DAYS * _DAY
        away = np.where(draws.random(customers) < 0.2, draws.uniform(0.2, 0.75, customers), 0)
        self.comes_back = self.leaves + away * _DAYS * _DAY

    def drawn(self, count: int, begin: int, end: int) -> Ints:
        """Draw customers who are there in a slice of time."""
        here = (self.begins < end) & (self.ends > begin) & ~((self.leaves <= begin) & (self.comes_back >= end))
        upto = np.cumsum(np.where(here, self.weights, 0))
        found: Ints = np.searchsorted(upto, self.draws.random(count) * upto[-1], side="right")
        return np.minimum(found, len(upto) - 1)


def _frame(customer: Ints, minute: Ints, word: Ints, order: Ints, due: Ints) -> pl.DataFrame:
    """Make rows; an order or a due date of -1 stands for none."""
    return pl.DataFrame(
        {"customer": customer, "minute": minute, "word": word, "order": order, "due": due},
        schema=dict.fromkeys(("customer", "minute", "word", "order", "due"), pl.Int64),
    )


def _drawn_words(words: dict[str, tuple[float, str]], count: int, draws: np.random.Generator) -> Ints:
    shares = np.cumsum([share for share, _ in words.values()])
    found = np.searchsorted(shares, draws.random(count) * shares[-1], side="right")
    numbers = np.array([WORDS.index(word) for word in words])
    chosen: Ints = numbers[np.minimum(found, len(numbers) - 1)]
    return chosen


def _signals(customer: Ints, begin: int, end: int, draws: np.random.Generator) -> pl.DataFrame:
    count = len(customer)
    none = np.full(count, -1)
    return _frame(customer, draws.integers(begin, end, count), _drawn_words(_SIGNALS, count, draws), none, none)


def _spoiled(signals: pl.DataFrame, share: float, ways: int, draws: np.random.Generator) -> pl.DataFrame:
    """Spoil a share of rows: without a time (an order of -2 marks them), with an unknown word, or with an unknown promise."""
    why = np.where(draws.random(len(signals)) < share, draws.integers(0, ways, len(signals)), -1)
    word, order = signals["word"].to_numpy(), signals["order"].to_numpy()
    return signals.with_columns(
        word=np.select([why == 1, why == 2], [_UNHEARD, _DELIVERED], word),
        order=np.select([why == 0, why == 2], [-2, _NEVER_MADE + np.arange(len(why))], order),
    )


def _promises(
    customer: Ints, begin: int, end: int, first: int, draws: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw promises, and what comes of them."""
    count = len(customer)
    minute, order = draws.integers(begin, end, count), first + np.arange(count)
    lasts = (1 + draws.exponential(9, count)).astype(np.int64) * _DAY
    due = np.where(draws.random(count) < 0.05, -1, minute + lasts)
    made = _frame(customer, minute, _drawn_words(_MADE, count, draws), order, due)
    in_time = minute + 1 + (draws.random(count) * (lasts - 1)).astype(np.int64)
    fate = np.searchsorted(_FATES, draws.random(count), side="right")
    late = minute + lasts + 1 + (draws.exponential(10, count) * _DAY).astype(np.int64)
    none, moved_to = np.full(count, -1), minute + lasts + 7 * _DAY
    again = in_time + 1 + (draws.random(count) * (moved_to - in_time - 1)).astype(np.int64)
    parts = [
        (fate == 0, in_time, _DELIVERED, none),
        (fate == 1, late, _DELIVERED, none),
        (fate == 2, in_time, _LOST, none),
        (fate == 3, in_time, _MOVED, moved_to),
        ((fate == 3) & (draws.random(count) < 0.8), again, _DELIVERED, none),
        (fate == 4, in_time, _CANCELLED, none),
    ]
    ends = [
        _frame(customer[mine], at[mine], np.full(mine.sum(), word), order[mine], dates[mine])
        for mine, at, word, dates in parts
    ]
    return made, pl.concat(ends)


def _with_repeats(found: pl.DataFrame, end: int, draws: np.random.Generator) -> pl.DataFrame:
    """Repeat some rows, a few of them with another time: the same ids with other content."""
    repeated = found[np.flatnonzero(draws.random(len(found)) < _TWICE / (1 - _TWICE))]
    changed = np.where(draws.random(len(repeated)) < _CHANGED, 3, 0)
    repeated = repeated.with_columns(pl.min_horizontal(pl.col("minute") + changed, end - 1).alias("minute"))
    return pl.concat([found, repeated]).sort("minute", maintain_order=True)


# --- names ------------------------------------------------------------------------------------------------------------


def _named(found: pl.DataFrame, shape: LogShape) -> pl.DataFrame:
    """Give rows the columns that a reader sees."""
    times = {
        name: pl.when(there).then((pl.col(name) + _FIRST) * 60_000_000).cast(pl.Datetime("us", "UTC"))
        for name, there in (("minute", pl.col("order") != -2), ("due", pl.col("due") >= 0))
    }
    words = pl.Series(WORDS)
    customer, order = pl.col("customer") + 100_000, pl.when(pl.col("order") >= 0).then(pl.col("order"))
    if shape.names == "string":
        customer = pl.lit("C-") + customer.cast(pl.String).str.zfill(9)
        order = pl.lit("order ") + order.cast(pl.String)
    return found.select(
        customer.alias("customer"),
        times["minute"].alias("time"),
        pl.Series("what", words.gather(found["word"])),
        *((pl.col("id"),) if shape.row_ids else ()),
        *((order.alias("order"), times["due"].alias("due")) if shape.kind == "promises" else ()),
        (pl.col("id") * 7919 % 10_007 / 100).alias("amount"),  # not used by the mapping
    )


def main() -> None:
    """Write a log that the command line describes."""
    parser = argparse.ArgumentParser(description="Write a synthetic log and its mapping.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=get_args(Kind), default="promises")
    parser.add_argument("--names", choices=get_args(Names), default="integer")
    parser.add_argument("--mixed", action="store_true", help="rows are not sorted by time")
    parser.add_argument("--bare", action="store_true", help="rows have no ids")
    parser.add_argument("--out", type=Path, default=Path("build/logs"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    shape = LogShape(given.kind, given.names, in_order=not given.mixed, row_ids=not given.bare)
    print(*write_log(shape, given.rows, given.out, given.seed), sep="\n")


if __name__ == "__main__":
    main()
