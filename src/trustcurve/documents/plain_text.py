"""Read text and TOML within limits: a document that is too large is a finding, never a traceback or a hang."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any, Final

from trustcurve.core.values import checked_path
from trustcurve.errors import Finding, InvalidDocumentError, InvalidValueError, cut

__all__ = [
    "DEPTH_MAX",
    "DIGITS_MAX",
    "SNAPSHOT_MAX",
    "TEXT_MAX",
    "Path",
    "check_limits",
    "has_long_number",
    "is_too_deep",
    "parse_toml",
    "place",
    "read_text",
]


TEXT_MAX: Final = 1_000_000
"""The maximum size of a document, in bytes of a file or characters of a text. Source: our choice; the default curve has 17,000."""

SNAPSHOT_MAX: Final = 256_000_000
"""The maximum number of characters of a snapshot. Source: our choice; a journey of 100,000 events has a fifth of it."""

DEPTH_MAX: Final = 32
"""The maximum nesting of tables and arrays. Source: our choice; the deepest useful document has seven levels,
and Python's own limit depends on the caller."""

DIGITS_MAX: Final = 100
"""The maximum number of digits of a number. Source: our choice; a seed of 256 bits has 78, other numbers at most 10."""


Path = tuple[str | int, ...]
"""The path to a value in plain data: keys of tables and indexes of arrays."""

_NAME = 100  # characters of a name in a finding: many findings can be about one table
_TOO_DEEP = f"is nested more than {DEPTH_MAX} levels deep"
_TOO_LONG = f"a number has more than {DIGITS_MAX} digits"
_NESTED = (dict, list, tuple, Mapping)  # in this order: checking for an abstract class is slow
_SHOWABLE = 10**DIGITS_MAX
# TOML allows dotted keys of any length; parsing them takes time quadratic in their length. A key stands at the beginning of a
# line, or after a brace or a comma. Comment lines match without a key.
_DOTTED = re.compile(
    rf"""^[ \t]*+\#.*+|(?:^[ \t\[]*+|[{{,][ \t]*+)"""
    rf"""(?P<key>(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEPTH_MAX}}})""",
    re.MULTILINE,
)


def read_text(path: str | PathLike[str], error: type[InvalidDocumentError]) -> tuple[str, str]:
    """Read a file, with or without a byte order mark; return its text and its name.

    Raises:
        InvalidDocumentError: The file is too large or not UTF-8; of the class ``error``.
        InvalidValueError: The path is not one.
        OSError: The file cannot be opened.
    """
    name = checked_path("path", path)
    with open(name, "rb") as file:  # noqa: PTH123 - pathlib is slow to import
        data = file.read(TEXT_MAX + 1)
    if len(data) > TEXT_MAX:
        raise error((Finding(name, "", "", f"has more than {TEXT_MAX:,} bytes"),))
    try:
        return data.decode("utf-8-sig"), name
    except UnicodeDecodeError as wrong:
        raise error((Finding(name, "", "", f"is not UTF-8: {wrong.reason} at byte {wrong.start}"),)) from None


def parse_toml(text: str, source: str, error: type[InvalidDocumentError]) -> dict[str, Any]:
    """Parse TOML within the limits.

    Raises:
        InvalidDocumentError: The text is not TOML, or exceeds a limit; of the class ``error``.
    """
    import tomllib  # noqa: PLC0415 - slow to import

    if not isinstance(text, str):
        raise InvalidValueError("text", text, "must be a str")
    _check_source(source)
    if len(text) > TEXT_MAX:
        raise error((Finding(source, "", "", f"has more than {TEXT_MAX:,} characters"),))
    text = text.removeprefix("\ufeff")
    for found in _DOTTED.finditer(text):
        if found["key"]:
            raise error((Finding(source, _line(text, found.start("key")), "", _TOO_DEEP),))
    try:
        document = tomllib.loads(text, parse_float=_float)
    except tomllib.TOMLDecodeError as wrong:
        raise error((Finding(source, "TOML", "", str(wrong)),)) from None
    except RecursionError:
        raise error((Finding(source, "TOML", "", _TOO_DEEP),)) from None
    except ValueError:  # a number that is too long for Python
        long = re.search(rf"[0-9_.]{{{DIGITS_MAX},}}", text)
        raise error((Finding(source, _line(text, long.start() if long else 0), "", _TOO_LONG),)) from None
    check_limits(document, source, error)
    return document


def check_limits(document: Mapping[str, Any], source: str, error: type[InvalidDocumentError]) -> None:
    """Check the nesting of plain data and the length of their numbers.

    Raises:
        InvalidDocumentError: The data exceed a limit; of the class ``error``.
    """
    _check_source(source)
    if is_too_deep(document):
        raise error((Finding(source, "", "", _TOO_DEEP),))
    long_ones = [Finding(source, *place(document, path), _TOO_LONG) for path in _long_numbers(document, ())]
    if long_ones:
        raise error(tuple(long_ones))


def _check_source(source: object) -> None:
    if not isinstance(source, str):
        raise InvalidValueError("source", source, "must be a str, the name of the document in messages")


def place(document: object, path: Path) -> tuple[str, str]:
    """Return the table and key of a path, as they are written in TOML.

    Examples:
        >>> place({"rules": [{"name": "pitch", "when": {}}]}, ("rules", 0, "when", "stage"))
        ('[[rules]] pitch', 'when.stage')
        >>> place({"policy": {}}, ("policy", "name"))
        ('[policy]', 'name')
    """
    table, keys, node = "", [""][:0], document
    for depth, step in enumerate(path):
        if isinstance(step, str):
            node = node.get(step) if isinstance(node, Mapping) else None
            key = cut(step, _NAME)
            keys.append(key if re.fullmatch(r"[\w-]+", key) else f"{key!r}")
            if depth == 0 and isinstance(node, Mapping):
                table, keys = f"[{key}]", []
            continue
        node = node[step] if isinstance(node, list | tuple) else None
        if depth == 1 or isinstance(node, Mapping):  # a word in an array of words needs no index
            name = node.get("name") if isinstance(node, Mapping) else None
            inner = ".".join(keys)
            table = f"{table} {inner}" if table else f"[[{inner}]]"
            called = cut(name, _NAME).strip() if isinstance(name, str) else ""
            table, keys = f"{table} {called or f'number {step + 1}'}", []
    return (f"[[{keys[0]}]]", "") if len(path) == 1 and isinstance(node, list) else (table, ".".join(keys))


def is_too_deep(data: object) -> bool:
    """Whether plain data are nested more than ``DEPTH_MAX`` levels deep; works without recursion."""
    level: list[Any] = [data] if isinstance(data, _NESTED) else []
    for _ in range(DEPTH_MAX):
        inside = (
            inner
            for each in level
            for inner in (each if isinstance(each, list | tuple) else each.values())
            if isinstance(inner, _NESTED)
        )
        level = list({id(each): each for each in inside}.values())  # visit shared values once
        if not level:
            return False
    return True


def has_long_number(value: object) -> bool:
    """Whether a value is a whole number with more than ``DIGITS_MAX`` digits."""
    return isinstance(value, int) and not -_SHOWABLE < value < _SHOWABLE


def _float(digits: str) -> float:
    if len(digits) > DIGITS_MAX:
        raise ValueError(digits)
    return float(digits)


def _line(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}"


def _long_numbers(value: object, path: Path) -> Iterator[Path]:
    """Yield the paths of whole numbers that are too long; hexadecimal ones can have any length."""
    if isinstance(value, (dict, Mapping)):
        for key, each in value.items():
            yield from _long_numbers(each, (*path, key))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _long_numbers(each, (*path, number))
    elif has_long_number(value):
        yield path
