"""A text file in blocks of whole lines: bytes for readers that take many lines at once, texts for those that take one."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Protocol

__all__ = ["BLOCK", "BOM", "TextBlocks"]

BLOCK = 2 << 20
"""The bytes of a block: many lines for one call, few beside the whole file. Source: measured, larger ones take longer."""

BOM = b"\xef\xbb\xbf"


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...


class TextBlocks:
    r"""The lines of a file in UTF-8, in blocks that end where a line ends, without the byte order mark.

    What is invalid is found in the order of the file: lines before an invalid byte can be taken first.

    Args:
        file: The file, opened for bytes.
        size: How many bytes are read at once.

    Examples:
        >>> from io import BytesIO
        >>> blocks = TextBlocks(BytesIO(b"one\ntwo\nthree"), 5)
        >>> blocks.take(), blocks.take()
        (b'one\n', b'two\n')
        >>> list(blocks.lines())
        ['three']
    """

    def __init__(self, file: _Bytes, size: int = BLOCK) -> None:
        self._file, self._size = file, size
        self._left = b""  # the beginning of a line
        self._given = StringIO()  # lines, of which some may not be taken
        self._invalid: UnicodeDecodeError | None = None
        self._is_first = True
        self.is_at_end = False

    def take(self, begun: bytes = b"") -> bytes:
        """Return ``begun``, which was taken before, with lines after it.

        As many bytes again are read at least: a record of many blocks is not joined to each of them.

        Raises:
            UnicodeDecodeError: The next line is not UTF-8.
        """
        given = self._given.read().encode()
        if given:
            return begun + given
        return begun + self._valid(self._read(max(self._size, len(begun))))

    def lines(self) -> Iterator[str]:
        r"""Yield the lines that are left, which end in ``\n``, ``\r`` or ``\r\n``; those not asked for can be taken later."""
        while block := self.take():
            self._given = StringIO(block.decode(), newline="")
            for line in self._given:  # noqa: UP028  # to delegate would close them with this iterator
                yield line

    def put_back(self, block: bytes) -> None:
        """Let lines that were taken last be taken again."""
        self._given = StringIO(block.decode() + self._given.read(), newline="")

    def _read(self, size: int) -> bytes:
        """Read up to the end of a line; return nothing at the end."""
        pieces, piece = [self._left], b"-"
        while piece and b"\n" not in piece:
            piece = self._file.read(size)
            pieces.append(piece)
        self.is_at_end = not piece
        end = piece.rfind(b"\n") + 1
        self._left = piece[end:]
        pieces[-1] = piece[:end]
        block = b"".join(pieces)
        if self._is_first and block:
            self._is_first, block = False, block.removeprefix(BOM)
        return block or (b"" if self.is_at_end else self._read(size))

    def _valid(self, block: bytes) -> bytes:
        if self._invalid is not None:
            raise self._invalid
        try:
            if not block.isascii():
                block.decode()
        except UnicodeDecodeError as error:
            end = block.rfind(b"\n", 0, error.start) + 1
            if not end:
                raise
            self._invalid = error
            return block[:end]
        return block
