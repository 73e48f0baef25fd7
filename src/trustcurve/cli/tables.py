"""Tables for every width: with lines where there is room, without them where there is less, or as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from attrs import frozen
from rich.box import HEAVY_HEAD, Box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

__all__ = ["Column", "Row", "as_blocks", "as_table"]

_PROSE = 22
"""A column of prose that is narrower than this reads badly."""

Row = tuple[str, ...]


@frozen
class Column:
    """A column: its heading, and whether it holds names, numbers or prose. Prose alone may be broken."""

    heading: str
    kind: Literal["name", "number", "prose"] = "prose"


def as_table(columns: Sequence[Column], groups: Sequence[Sequence[Row]], width: int) -> Table | None:
    """Lay a table out, or answer with None where it cannot be read in this width."""
    rows = [row for group in groups for row in group]
    cells = [[column.heading, *(row[place] for row in rows)] for place, column in enumerate(columns)]
    natural = [max(map(cell_len, column)) for column in cells]
    least = [_least(column, words) for column, words in zip(columns, cells, strict=True)]
    n = len(columns)
    ways: tuple[tuple[Box | None, int, int], ...] = ((HEAVY_HEAD, 1, 3 * n + 1), (None, 2, 2 * n - 2), (None, 1, n - 1))
    for box, gap, lines in ways:
        for widths in (natural, least):
            if sum(widths) + lines <= width:
                return _table(columns, groups, box, gap, widths)
    return None


def _least(column: Column, words: Sequence[str]) -> int:
    """Find the least width in which a column can be read."""
    if column.kind == "prose":
        return min(max(map(cell_len, words)), _PROSE)
    heading = max(map(cell_len, column.heading.split())) if column.kind == "number" else cell_len(column.heading)
    return max(heading, *map(cell_len, words[1:]), 0)


def _table(
    columns: Sequence[Column], groups: Sequence[Sequence[Row]], box: Box | None, gap: int, widths: Sequence[int]
) -> Table:
    padding = (0, gap) if box else (0, gap, 0, 0)
    table = Table(box=box, padding=padding, pad_edge=box is not None)
    for column, wide in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.heading),
            width=None if column.kind == "prose" else wide,
            justify="right" if column.kind == "number" else "left",
            overflow="fold",
        )
    for group in groups:
        for row in group:
            table.add_row(*map(Text, row))
        table.add_section()
    return table


def as_blocks(columns: Sequence[Column], groups: Sequence[Sequence[Row]]) -> Iterator[tuple[str, list[str]]]:
    """Tell rows one after the other: the name of each, and below it its numbers and its prose."""
    head = next((place for place, column in enumerate(columns) if column.kind == "name"), 0)
    for row in (row for group in groups for row in group):
        said = [
            (column.kind, f"{column.heading}: {cell}")
            for place, (column, cell) in enumerate(zip(columns, row, strict=True))
            if cell and place != head
        ]
        numbers = ", ".join(words for kind, words in said if kind == "number")
        yield row[head], [*([numbers] if numbers else []), *(words for kind, words in said if kind != "number")]
