"""Write files aside and rename them once all are complete: after an error or Ctrl-C, the old files are as they were."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Self

from attrs import field, frozen

from trustcurve.core.values import checked_path

__all__ = ["WholeFiles", "write_whole"]

_NUMBER = re.compile(r"\(os error (\d+)\)")
"""How Polars reports the number of an error of the operating system."""


@frozen(eq=False)
class WholeFiles:
    """Files that are written inside a block: at its end all of them get their names, and after an error none of them does.

    If the process is killed, each file is the old one or the new one; a hidden file may be left, whose name begins with
    ``.trustcurve-`` and ends in ``.part``.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "shares.txt")
        ...     with WholeFiles() as files, files.open(path) as file:
        ...         _ = file.write(b"0.5")
        ...         is_there = path.exists()
        ...     is_there, path.read_bytes()
        (False, b'0.5')
    """

    _parts: list[tuple[Path, Path]] = field(factory=list, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            for part, _target in self._parts:
                part.unlink(missing_ok=True)

    @contextmanager
    def open(self, path: str | PathLike[str]) -> Iterator[BinaryIO]:
        """Open a file to write it; what is a pipe or a device is written at once.

        Raises:
            InvalidValueError: The path is not one.
            OSError: The file cannot be written, for example because the disk is full; the error names the file.
        """
        named = Path(checked_path("path", path))
        try:
            if named.exists() and not named.is_file():
                with named.open("wb") as file:
                    yield file
                return
            target = Path(os.path.realpath(named))  # a link stays one
            part = target.with_name(f".trustcurve-{os.urandom(8).hex()}.part")
            if target.exists():
                target.open("r+b").close()  # raises now if the file is read-only
            self._parts.append((part, target))
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                part.chmod(target.stat().st_mode & 0o7777)
        except OSError as error:
            raise _of_file(error, named) from error

    def _finish(self) -> None:
        try:
            self._rename()
        except (KeyboardInterrupt, SystemExit):
            self._rename()  # the rest of them: the files of one call belong together
            raise

    def _rename(self) -> None:
        for part, target in self._parts:
            if part.exists():
                try:
                    part.replace(target)
                except OSError as error:
                    raise _of_file(error, target) from error


def write_whole(path: str | PathLike[str], content: bytes | str) -> Path:
    """Write a file, a text as UTF-8, and return its path; for errors see ``WholeFiles.open``.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_whole(Path(folder, "shares.txt"), "0.5").read_text()
        '0.5'
    """
    with WholeFiles() as files, files.open(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return Path(path)


def _of_file(error: OSError, path: Path) -> OSError:
    """Return an error of the operating system that names the file."""
    found = _NUMBER.search(str(error))
    number = int(found[1]) if error.errno is None and found is not None else error.errno
    if number is None:
        return OSError(f"{error}: {str(path)!r}")
    return OSError(number, os.strerror(number), str(path))
