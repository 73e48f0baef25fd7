"""The records of a CSV file, beside those of Python's own reader."""

from __future__ import annotations

import csv
import io
import sys
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


ROWS = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6))


@given(ROWS, st.sampled_from(",;\t|"))
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
    """Yield records by Python's reader, in its strict mode for records of several lines, which must fit the heading."""
    source, width = Lines(lines), 0
    reader = csv.reader(source, delimiter=separator)
    while True:
        source.taken.clear()
        fields: list[str] | str | None = next(reader, None)
        if fields is None:
            return
        if len(source.taken) > 1:
            try:
                strict = list(csv.reader(source.taken, delimiter=separator, strict=True))
            except csv.Error:
                strict = []
            if len(strict) != 1 or len(strict[0]) != (width or len(strict[0])):
                source.again.extendleft(reversed(source.taken[1:]))
                fields = None
        width = width or len(fields or ())
        yield BROKEN if fields is None else fields


BROKEN = "broken"


@given(st.text(st.sampled_from('ab",,"\n\n\r;é'), max_size=60), st.sampled_from(",;"))
def test_whatever_is_written_is_read_as_by_python(text: str, separator: str) -> None:
    lines = lines_of(text)
    by_ours = [record for record in csv_records(lines, separator) if record]
    assert [BROKEN if isinstance(record, str) else record for record in by_ours] == [
        record for record in by_python(lines, separator) if record
    ]


def work(text: str) -> int:
    """Return how many calls it takes to read the records of a text."""
    lines, calls = lines_of(text), 0

    def count(_frame: object, event: str, _given: object) -> None:
        nonlocal calls
        calls += event.endswith("call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        records = list(csv_records(lines, ","))
    finally:
        sys.setprofile(before)
    assert records
    return calls


@pytest.mark.parametrize(
    "line",
    [
        'x,"a',
        'x"y,"z',
        'x","a',
        'x","',
        '"',
        '"""',
        'a,"b","c',
        '","',
        '"\n""\n""',
        'x,"a\nb,c\nb,c\nb,c',
    ],
)
@pytest.mark.parametrize("width", [2, 3, 1_000])
@pytest.mark.parametrize("last", ["", 'x"y\n', '"\n'], ids=["no end", "a wrong end", "an end"])
def test_wrong_quotes_take_work_in_proportion_to_the_file(line: str, width: int, last: str) -> None:
    heading = "h," * (width - 1) + "h\n"
    assert work(heading + f"{line}\n" * 2_000 + last) < 100 * 2_000 * (1 + line.count("\n"))


@pytest.mark.parametrize("text", ['x,""\n' * 20_000 + 'x,"a\n', 'h,h\nx,"' + '""' * 100_000 + "\n"])
def test_a_quote_that_is_open_at_the_end_of_a_long_file_costs_its_own_line(text: str) -> None:
    records = list(csv_records(lines_of(text), ","))
    assert len(records) == text.count("\n")
    assert records[-1] == OPEN_QUOTE


@pytest.mark.parametrize(
    ("lines", "records"),
    [
        (
            ['a,1,"oops', "b,1,x", 'c,1,",', "d,1,y"],
            ["opens a quote across 3 lines, which gives 4 fields, but the heading has 3", ["b", "1", "x"], OPEN_QUOTE, ["d", "1", "y"]],
        ),
        (['a,"x', 'y"', "b,1,x"], ["opens a quote across 2 lines, which gives 2 fields, but the heading has 3", ['y"'], ["b", "1", "x"]]),
        (['a,"x', 'y",z', "b,1,x"], [["a", "x\ny", "z"], ["b", "1", "x"]]),
    ],
)  # fmt: skip
def test_a_record_of_several_lines_must_have_the_fields_of_the_heading(
    lines: list[str], records: list[list[str] | str]
) -> None:
    assert list(csv_records(["h,h,h\n", *(f"{line}\n" for line in lines)], ","))[1:] == records
