"""Blocks of CSV whose records are clean, read by Polars.

Polars says nothing of fields that are missing or of quotes in wrong places. So a block is looked through first: NumPy finds
its separators, line ends and quotes, which takes less time than to read it. A block in which they are as a writer of CSV
puts them is read by Polars; every other is left to the reader of single records, with which this one must agree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.logs.opened_log import ROW
from trustcurve.logs.text_blocks import BOM

__all__ = ["CleanBlock", "clean_block"]

_LF, _CR, _QUOTE = b'\n\r"'

_WINDOW = 1 << 16

_Bytes = NDArray[np.uint8]
_Integers = NDArray[np.int64]


@frozen(eq=False)
class CleanBlock:
    """The records of a block, all read alike by Polars and by the reader of single records.

    Args:
        records: The records with as many fields as the heading.
        places: Their places among all records, from 0.
        broken: The places of the other records, each with its number of fields.
        rest: The beginning of a record that ends in a later block.
        quoted: Whether there are quotes.
    """

    records: bytes
    places: NDArray[np.uint32]
    broken: tuple[tuple[int, int], ...]
    rest: bytes
    quoted: bool

    def frame(self, separator: str, heading: list[str], read: list[int], first: int) -> pl.DataFrame:
        """Return the records as columns of texts.

        Args:
            separator: The character between fields.
            heading: The names of all columns.
            read: The places of the columns to return.
            first: The number of the first record.
        """
        names = [f"column_{place}" for place in range(1, len(heading) + 1)]  # as Polars would name them
        rows = pl.Series(ROW, self.places + np.uint32(first))
        if not (self.records and read):
            return pl.DataFrame([rows], schema={ROW: pl.UInt32}).with_columns(
                pl.lit("").alias(heading[place]) for place in read
            )
        fields = pl.read_csv(
            self.records,
            has_header=False,
            separator=separator,
            quote_char='"' if self.quoted else None,
            schema=dict.fromkeys(names, pl.String),
            columns=[names[place] for place in read],
        )
        # Polars returns empty fields as null; no field is missing here.
        filled = fields.select(pl.col(names[place]).fill_null("").alias(heading[place]) for place in read)
        return filled.select(rows, *filled.columns)


def clean_block(block: bytes, separator: str, width: int, *, is_last: bool) -> CleanBlock | None:
    r"""Look through whole lines, the first of which begins a record.

    In a clean block a quote opens where a field begins, and is closed where the field ends; a carriage return outside quotes
    comes before a newline. Then a newline outside quotes ends a record, and each separator outside quotes a field.

    Args:
        block: The lines.
        separator: The character between fields.
        width: How many fields a record must have.
        is_last: Whether no line follows.

    Returns:
        None if the block is not clean, or if a record of several lines has too many or too few fields.

    Examples:
        >>> found = clean_block(b'a,"b,c"\nd\n"e","f\n', ",", 2, is_last=False)
        >>> found.records, found.broken, found.rest
        (b'a,"b,c"\n', ((1, 1),), b'"e","f\n')
    """
    if b"\0" in block or block.startswith(BOM):  # which Polars takes for the mark of a file
        return None
    if is_last and not block.endswith(b"\n"):
        block += b"\n"
    data, quoted = np.frombuffer(block, np.uint8), b'"' in block
    found = _records(data, ord(separator), quoted=quoted, returns=b"\r" in block)
    if found is None or (is_last and found.is_open):
        return None
    stops, fields = found.stops, found.fields
    cut = int(stops[-1]) if stops.size else 0
    lengths = np.diff(stops, prepend=0)
    is_blank = (lengths == 1) | ((lengths == 2) & (data[stops - lengths] == _CR))  # noqa: PLR2004  # a line end alone
    fits = (fields == width) & ~is_blank
    odd = ~fits & ~is_blank
    if found.is_joined and odd.any():
        return None
    places = np.cumsum(~is_blank) - 1
    return CleanBlock(
        records=block[:cut] if fits.all() else data[:cut][np.repeat(fits, lengths)].tobytes(),
        places=places[fits].astype(np.uint32),
        broken=tuple(zip(places[odd].tolist(), fields[odd].tolist(), strict=True)),
        rest=block[cut:],
        quoted=quoted,
    )


class _Records(NamedTuple):
    """Where each record stops, and its number of fields; whether a quote is open at the end, and whether one has several lines."""

    stops: _Integers
    fields: _Integers
    is_open: bool
    is_joined: bool


def _records(data: _Bytes, separator: int, *, quoted: bool, returns: bool) -> _Records | None:
    """Find the records; None if quotes or carriage returns are in wrong places."""
    places = _places(data, [separator, _LF, *([_QUOTE] if quoted else ()), *([_CR] if returns else ())])
    kinds = data[places]
    line_ends, is_open = places[:0], False
    if quoted:
        is_quote = kinds == _QUOTE
        is_inside = (np.cumsum(is_quote, dtype=np.uint8) & 1).view(np.bool_)
        if not _are_right(data, places[is_quote], separator):
            return None
        is_open = bool(is_inside[-1])
        line_ends = places[is_inside & ((kinds == _LF) | (kinds == _CR))]
        outside = ~(is_quote | is_inside)
        places, kinds = places[outside], kinds[outside]
    if returns:
        is_return = kinds == _CR
        after = places[is_return] + 1
        if not (after < data.size).all() or not (data[after] == _LF).all():
            return None
        places, kinds = places[~is_return], kinds[~is_return]
    (ends,) = np.nonzero(kinds == _LF)
    stops = places[ends] + 1
    is_joined = bool(line_ends.size and stops.size and line_ends[0] < stops[-1])
    return _Records(stops, np.diff(ends, prepend=-1), is_open, is_joined)


def _places(data: _Bytes, marks: list[int]) -> _Integers:
    """Return where the marks are. Windows as small as the processor's cache take half the time."""
    found: list[_Integers] = []
    for start in range(0, data.size, _WINDOW):
        window = data[start : start + _WINDOW]
        marked = window == marks[0]
        for mark in marks[1:]:
            marked |= window == mark
        found.append(np.flatnonzero(marked) + start)
    return np.concatenate(found)


def _are_right(data: _Bytes, quotes: _Integers, separator: int) -> bool:
    """Whether every second quote opens where a field begins, and the others close where one ends; doubled ones do both."""
    opening, closing = quotes[::2], quotes[1::2]
    before, after = data[opening[opening > 0] - 1], data[closing[closing < data.size - 1] + 1]
    return bool(np.isin(before, [separator, _LF, _QUOTE]).all() and np.isin(after, [separator, _LF, _CR, _QUOTE]).all())
