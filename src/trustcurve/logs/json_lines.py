"""JSON lines as logs: one object per line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from io import StringIO
from itertools import chain

import polars as pl
from attrs import define, field

from trustcurve.logs.json_records import array_log, json_fields, json_frame
from trustcurve.logs.json_shapes import LINE, Shape
from trustcurve.logs.opened_log import ROW, Log, Part, batches, check_names, gather
from trustcurve.logs.text_blocks import BOM, TextBlocks

__all__ = ["read_json_lines"]

_Block = tuple[pl.DataFrame, bytes, int]

_ARRAY = re.compile(r"\s*\[\s*({|$)")

# Lines of new shapes are looked for in each block, a few times, so that a log in which every line has another
# shape is not searched for each of them.
_TRIES = 4
_MOST_SHAPES = 32
_OFTEN = 0.02
"""A shape is used if it has such a share of the lines of a block."""


def read_json_lines(name: str, blocks: TextBlocks) -> Log:
    """Read a file of JSON lines, or of one array as programs write it; its columns are the keys of all objects."""
    before: list[str] = []
    for line in blocks.lines():
        before.append(line)
        if line.strip():
            break
    if before and _ARRAY.match(before[-1]):
        return array_log(name, "".join((*before, *blocks.lines())))
    blocks.put_back("".join(before).encode())
    return gather(name, (), _Lines(name).parts(blocks))


@define
class _Lines:
    """The lines of a file, and the shapes that were found among them."""

    name: str
    shapes: list[Shape] = field(factory=list)

    def parts(self, blocks: TextBlocks) -> Iterator[Part]:
        """Yield the rows: of known shapes together, all others one by one. Blank lines are skipped but counted."""
        numbered = _numbered(blocks)
        for first in numbered:  # from which shapes are learned, before several blocks are read at once
            yield from self._of_block(*first)
            break
        for parts in _in_threads(self._of_block, numbered):
            yield from parts

    def _of_block(self, lines: pl.DataFrame, block: bytes, first: int) -> list[Part]:
        frames, left = self._by_shape(lines)
        seen = [(frame.item(0, ROW), frame.columns) for frame in frames]
        known: set[str] = set()
        texts = list(StringIO(block.decode(), newline="")) if left else []

        def singly() -> Iterator[tuple[int, dict[str, str | None] | str]]:
            for number in left:
                text = texts[number - first]
                if text.strip():
                    fields = json_fields(text)
                    if isinstance(fields, dict) and not fields.keys() <= known:
                        known.update(fields)
                        seen.append((number, list(fields)))
                    yield number, fields

        parts = list(batches(singly(), partial(json_frame, self.name)))
        if not frames:
            return parts
        frames += [part.frame for part in parts]
        rows = pl.concat(frames, how="diagonal")
        if len(frames) > 1:
            columns = dict.fromkeys(chain((ROW,), *(columns for _, columns in sorted(seen))))
            rows = rows.select(*columns).sort(ROW)
        return [Part(rows, tuple(chain.from_iterable(part.broken for part in parts)))]

    def _by_shape(self, left: pl.DataFrame) -> tuple[list[pl.DataFrame], list[int]]:
        """Return the lines of each shape, as columns, and the numbers of all others."""
        frames: list[pl.DataFrame] = []
        often = _OFTEN * left.height
        for shape in tuple(self.shapes):  # other threads may find more: they are read alike by any
            found, left = shape.split(left)
            frames.append(found)
        singles: list[int] = []
        for _ in range(_TRIES):
            if left.is_empty() or len(self.shapes) == _MOST_SHAPES:
                break
            new = self._learned(left.item(0, LINE))
            found, others = new.split(left) if new is not None else (left.clear(), left)
            if new is not None and found.height > often:
                self.shapes.append(new)
                frames.append(found)
                left = others
            else:
                singles.append(left.item(0, ROW))
                left = left.slice(1)
        return [frame for frame in frames if frame.height], sorted((*singles, *left[ROW]))

    def _learned(self, line: str) -> Shape | None:
        fields = json_fields(line)
        if isinstance(fields, str):
            return None
        check_names(self.name, fields)
        return Shape.of(line)


def _numbered(blocks: TextBlocks) -> Iterator[_Block]:
    """Yield the lines of each block with their numbers, the block, and the number of its first line."""
    first = 1
    while block := blocks.take():
        lines = _column(block)
        numbers = pl.int_range(first, first + lines.len(), dtype=pl.UInt32, eager=True).alias(ROW)
        yield pl.DataFrame([numbers, lines]).drop_nulls(LINE), block, first
        first += lines.len()


def _in_threads(
    read: Callable[[pl.DataFrame, bytes, int], list[Part]], blocks: Iterator[_Block]
) -> Iterator[list[Part]]:
    """Yield what is read of each block, in order; an expression of Polars runs in one thread, so blocks are read side by side."""
    many = pl.thread_pool_size()
    with ThreadPoolExecutor(many) as pool:
        running: deque[Future[list[Part]]] = deque()
        try:
            for block in blocks:
                running.append(pool.submit(read, *block))
                if len(running) > many:
                    yield running.popleft().result()
        except UnicodeDecodeError:
            for each in running:
                each.result()  # raises what is wrong before
            raise
        for each in running:
            yield each.result()


def _column(block: bytes) -> pl.Series:
    """Return the lines of a block, with or without their ends; blank ones can be null."""
    ends_oddly = b"\r" in block and block.count(b"\r") != block.count(b"\r\n")
    if ends_oddly or b"\1" in block or block.startswith(BOM):  # which Polars takes for the mark of a file
        return pl.Series(LINE, list(StringIO(block.decode(), newline="")), pl.String)
    return pl.read_csv(block, has_header=False, separator="\1", quote_char=None, schema={LINE: pl.String})[LINE]
