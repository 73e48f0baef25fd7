"""The reader: converts plain data to attrs classes, and reports all problems at once.

cattrs converts plain data field by field and records where a conversion fails, but it coerces values instead of checking
them: so the hooks come first (``documents/hooks.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Generic, TypeVar

from attrs import define, field
from cattrs import Converter

from trustcurve.documents.forms import Problem
from trustcurve.documents.hooks import equip
from trustcurve.documents.plain_text import Path, check_limits, parse_toml, place
from trustcurve.documents.problems import explained, findings_of, worded
from trustcurve.errors import Finding, InvalidDocumentError, InvalidValueError, UnknownWordError

__all__ = ["Reading", "read_plain", "read_toml"]

T = TypeVar("T")


@define(eq=False, repr=False)
class Reading(Generic[T]):
    """The result of reading a document.

    Args:
        source: The name of the document in messages.
        document: Its plain data.
        error: The class of its errors.
        findings: The problems so far.
        form: The value, if the shape of the document is valid.
        paths: The path of each finding of this document, in order.
    """

    source: str
    document: Mapping[str, Any]
    error: type[InvalidDocumentError]
    findings: list[Finding] = field(factory=list)
    form: T | None = None
    paths: list[Path] = field(factory=list)
    _above: set[Path] = field(factory=set, init=False)  # the paths of findings, and those above them
    _at: set[Path] = field(factory=set, init=False)

    def wrong(self, path: Path, problem: Problem) -> None:
        """Add a finding."""
        text = worded(problem, len(self.findings))
        self.paths.append(path)
        self._above.update(path[:depth] for depth in range(len(path) + 1))
        self._at.add(path)
        self.findings.append(Finding(self.source, *place(self.document, path), text))

    def is_wrong(self, *path: str | int) -> bool:
        """Whether there is a finding at a path, below it or above it."""
        return path in self._above or any(path[:depth] in self._at for depth in range(len(path)))

    def get(self, *path: str | int) -> Any:
        """Return the plain value at a path; None if it is missing or invalid."""
        return None if self.is_wrong(*path) else self._plain(path)

    def keys(self, *path: str | int) -> tuple[str, ...]:
        """Return the keys of the table at a path, also those of invalid values; none if it is missing or no table."""
        node = self._plain(path)
        return tuple(map(str, node)) if isinstance(node, Mapping) else ()

    def _plain(self, path: Path) -> Any:
        node: Any = self.document
        for step in path:
            if isinstance(node, Mapping):
                node = node.get(step)
            else:
                node = node[step] if isinstance(node, list | tuple) and isinstance(step, int) else None
        return node

    def count(self, key: str) -> int:
        """Return the number of entries of a top-level array; 0 if it is not an array."""
        entries = self.document.get(key)
        return len(entries) if isinstance(entries, list | tuple) else 0

    @contextmanager
    def blaming(self, path: Path, keys: Mapping[str, str] | None = None) -> Iterator[None]:
        """Turn an error inside the block into a finding, at a path and the key of the error's argument."""
        try:
            yield
        except (InvalidValueError, UnknownWordError) as error:
            key = (keys or {}).get(error.argument, error.argument)
            self.wrong((*path, *key.split(".")) if key else path, explained(error))

    def right(self) -> T:
        """Return the value if the document is valid.

        Raises:
            InvalidDocumentError: There are findings.
        """
        if self.findings or self.form is None:
            raise self.error(tuple(self.findings))
        return self.form


def read_toml(text: str, form: type[T], source: str, error: type[InvalidDocumentError]) -> Reading[T]:
    """Read TOML as an attrs class; problems of single values become findings.

    Raises:
        InvalidDocumentError: The text is not TOML, or exceeds a limit; of the class ``error``.
    """
    return _read(parse_toml(text, source, error), form, source, error)


def read_plain(
    document: Mapping[str, Any], form: type[T], source: str, error: type[InvalidDocumentError]
) -> Reading[T]:
    """Read plain data in the shape of a document as an attrs class; for the result see ``read_toml``."""
    check_limits(document, source, error)
    return _read(document, form, source, error)


def _read(document: Mapping[str, Any], form: type[T], source: str, error: type[InvalidDocumentError]) -> Reading[T]:
    reading: Reading[T] = Reading(source, document, error)
    try:
        reading.form = _converter().structure(document, form)
    except Exception as wrong:  # noqa: BLE001 - every error that cattrs collects becomes a finding
        for path, problem in findings_of(wrong, "key"):
            reading.wrong(path, problem)
    return reading


@cache
def _converter() -> Converter:
    made = Converter(detailed_validation=True)
    equip(made, table="table", check=True)
    return made
