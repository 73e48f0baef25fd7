"""The records of a CSV file, beside those of Python's own reader."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustcurve.logs.csv_records import OPEN_QUOTE, csv_records

CELLS = st.text(st.sampled_from('ab",;\n\r \x00é'), max_size=6)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as a file gives them that was opened with ``newline=""``."""
    return list(io.StringIO(text, newline=""))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6), st.sampled_from(",;\t|"))
def test_what_was_written_is_read(rows: list[list[str]], separator: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    assert list(csv_records(lines_of(text.getvalue()), separator)) == rows


class Lines:
    """Lines that Python's reader takes one by one; the last ones can be taken again."""

    def __init__(self, lines: list[str]) -> None:
        # Another blank line is harmless; if a quote is open, it becomes part of the last record.
        self.lines = chain(lines, ("\n",))
        self.again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.taken.append(self.again.popleft() if self.again else next(self.lines))
        return self.taken[-1]


def by_python(lines: list[str], separator: str) -> Iterator[list[str] | str]:
    """Yield records by Python's reader, in its strict mode for records of several lines."""
    source = Lines(lines)
    reader = csv.reader(source, delimiter=separator)
    while True:
        source.taken.clear()
        fields: list[str] | str | None = next(reader, None)
        if fields is None:
            return
        if len(source.taken) > 1:
            try:
                whole = len(list(csv.reader(source.taken, delimiter=separator, strict=True))) == 1
            except csv.Error:
                whole = False
            if not whole:
                source.again.extendleft(reversed(source.taken[1:]))
                fields = OPEN_QUOTE
        yield fields


@given(st.text(st.sampled_from('ab",,"\n\n\r;é'), max_size=60), st.sampled_from(",;"))
def test_whatever_is_written_is_read_as_by_python(text: str, separator: str) -> None:
    lines = lines_of(text)
    by_ours = [record for record in csv_records(lines, separator) if record]
    assert by_ours == [record for record in by_python(lines, separator) if record]


@pytest.mark.parametrize("text", ['x,"a\n' * 20_000, 'x,""\n' * 20_000 + 'x,"a\n', 'x,"' + '""' * 100_000 + "\n"])
def test_wrong_quotes_take_time_in_proportion_to_the_file(text: str) -> None:
    records = list(csv_records(lines_of(text), ","))
    assert len(records) == text.count("\n")
    assert records[-1] == OPEN_QUOTE
