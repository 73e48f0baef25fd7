"""Write the event log of an invented parcel shop: some thousand customers over two years.

    python examples/parcelshop/make_log.py --out parcelshop.csv [--customers 3000] [--seed 7] [--start 2024-01-01]

The same seed gives the same bytes on every Python from 3.11 on. The world is in ``world.py`` and
what happens in it in ``shop.py``; this file writes it down, and makes about one row in 300 dirty, as
logs are. How many rows of which dirt it wrote it says on standard error.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from shop import Customer
from world import DAYS, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COLUMNS = (
    "row", "time", "customer", "event", "order", "promised_on", "carrier",
    "campaign", "ticket", "amount", "rating", "channel", "comment",
)  # fmt: skip

EVERY = 2100  # each kind of dirt hits one row in so many, and at least one
TYPOS = {
    "order": "ordr",
    "delivered": "delivred",
    "campaign": "Campaign!",
    "consult": "konsult",
    "complaint": "compliant",
}
NO_TIMES = ("2024-02-30 10:15:00", "31.12.2024 9:15", "yesterday", "0000-00-00 00:00:00", "")
NO_RATINGS = ("five", "4 stars", "n/a", "***")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, make, write, and say what was made."""
    parser = argparse.ArgumentParser(description="Write the event log of an invented parcel shop.")
    parser.add_argument("--out", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("--customers", type=int, default=3000, help="how many (default: 3000)")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another world (default: 7)")
    parser.add_argument(
        "--start", type=date.fromisoformat, default=date(2024, 1, 1), help="first day (default: 2024-01-01)"
    )
    options = parser.parse_args(arguments)
    if options.customers < 1:
        parser.error("--customers must be at least 1")
    rows = make_rows(options.customers, options.seed, options.start)
    lines, dirt = soil(rows, Random(f"{options.seed}/dirt").random)  # noqa: S311 - an invented world, not a secret
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(lines)
    report(options, len(lines), dirt)
    return 0


def make_rows(customers: int, seed: int, start: date) -> list[Row]:
    """Let every customer live two years, and return all rows by time, numbered."""
    lived = [row for number in range(1, customers + 1) for row in Customer(number, seed, start).run()]
    lived.sort(key=lambda row: row["time"])  # a customer's own rows never share a second
    return [{"row": f"R{number:06d}", **row} for number, row in enumerate(lived, start=1)]


# --- dirt -------------------------------------------------------------------------------------------


def soil(rows: Sequence[Row], random: Callable[[], float]) -> tuple[list[list[str]], Counter[str]]:
    """Make some rows dirty.

    Most dirt is a failed line: it stays in the log, and the same row comes once more, right, as the
    next line. So nothing that happened is missing, and a reader that skips what it cannot use gets
    the clean log. Only bad ratings are lost.

    Returns:
        The lines of the file, and how many of them have which dirt.
    """
    spots = choose(rows, random)
    lines: list[list[str]] = []
    held: list[tuple[int, list[str]]] = []  # lines that come later than they should, and where
    for place, row in enumerate(rows):
        lines += [line for due, line in held if due <= place]
        held = [(due, line) for due, line in held if due > place]
        line, dirt = [row.get(column, "") for column in COLUMNS], spots.get(place)
        if dirt in FAILURES:
            lines.append(FAILURES[dirt](row, random))
        if dirt == "rating that is not a number":
            line[COLUMNS.index("rating")] = one_of(NO_RATINGS, random)
        if dirt == "duplicate":
            held.append((place + 1 + int(40 * random()), line))
        if dirt == "out of order":
            held.append((place + 20 + int(300 * random()), line))
        else:
            lines.append(line)
    return lines + [line for _, line in held], Counter(spots.values())


def choose(rows: Sequence[Row], random: Callable[[], float]) -> dict[int, str]:
    """Choose which rows get which dirt; no row gets two kinds."""
    spots: dict[int, str] = {}
    for dirt, events in DIRT.items():
        fit = [place for place, row in enumerate(rows) if place not in spots and (not events or row["event"] in events)]
        wanted = 1 if dirt == "ragged line" else max(1, len(rows) // EVERY)
        for _ in range(min(wanted, len(fit))):
            spots[fit.pop(int(len(fit) * random()))] = dirt
    return spots


def one_of(texts: Sequence[str], random: Callable[[], float]) -> str:
    """Draw a text."""
    return texts[int(len(texts) * random())]


def spoil(row: Row, **columns: str) -> list[str]:
    """Write a row with other values in some columns."""
    return [{**row, **columns}.get(column, "") for column in COLUMNS]


FAILURES: dict[str | None, Callable[[Row, Callable[[], float]], list[str]]] = {
    "bad time": lambda row, random: spoil(row, time=one_of(NO_TIMES, random)),
    "no customer": lambda row, _: spoil(row, customer=""),
    "unknown event": lambda row, _: spoil(row, event=TYPOS[row["event"]]),
    "unknown order": lambda row, _: spoil(row, order=f"{row['order']}9"),
    "ragged line": lambda row, _: [*spoil(row), "one field too many"],
}
DIRT: dict[str, tuple[str, ...]] = {  # the events it hits; none named: all
    "ragged line": ("complaint",),
    "unknown order": ("delivered",),
    "rating that is not a number": ("rated",),
    "unknown event": tuple(TYPOS),
    "duplicate": ("consult", "campaign", "order", "coupon", "delivered", "complaint", "recommended"),
    "bad time": (),
    "no customer": (),
    "out of order": (),
}


def report(options: argparse.Namespace, lines: int, dirt: Counter[str]) -> None:
    """Say on standard error what was written."""
    last = options.start.toordinal() + DAYS - 1
    say = [
        f"{options.out}: {lines:,} rows, {options.customers:,} customers, {options.start} to {date.fromordinal(last)}",
        f"dirty on purpose: {dirt.total()} rows (one in {lines // max(1, dirt.total())})",
        *(f"  {count:5d}  {name}" for name, count in sorted(dirt.items(), key=lambda item: (-item[1], item[0]))),
    ]
    sys.stderr.write("\n".join(say) + "\n")


if __name__ == "__main__":
    sys.exit(main())
