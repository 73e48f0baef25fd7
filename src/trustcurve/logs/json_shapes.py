r"""Lines of JSON with the same keys in the same order, read together by regular expressions.

Readers of JSON lines cannot be used: they write numbers anew (``1.10`` becomes ``1.1``), keep the last of two equal keys, and
do not say which line is broken. Programs write most lines of a log in few shapes, so each shape is compiled into an expression
that matches valid lines alone, with a group for each value, as it is written. Polars runs it about as fast as it parses JSON.
Lines that match no expression are left to the reader of single lines, with which this one must agree.
"""

from __future__ import annotations

import json
import re
from unicodedata import normalize

import polars as pl
from attrs import frozen

__all__ = ["LINE", "Shape"]

LINE = "line"
"""The column of the lines."""

_AT_ONCE = 13
"""The values of one expression: with more than 16 groups in all, the engine of Polars takes a way that is far slower."""

_MOST_VALUES = 256

_BLANKS = r"[ \t]*"
_PLAIN = r'[^"\\\x00-\x1f]'
_ESCAPE = r'\\(?:["\\/bfnrt]|u(?:[0-9a-ce-fA-CE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))'  # but no half of a pair
_SCALAR = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false"
_IN_QUOTES = rf"(?:{_PLAIN}|{_ESCAPE})*"
_TEXT = rf'(?:"({_IN_QUOTES})"|null)'
_NUMBER = rf"(?:({_SCALAR})|null|NaN)"
_ANY = rf'(?:("{_IN_QUOTES}"|{_SCALAR})|null|NaN)'  # where the first line has null
_INNER_VALUE = rf'("{_PLAIN}*"|{_SCALAR}|null|NaN)'
_KEY = re.compile(f"{_PLAIN}*")


@frozen(eq=False)
class Shape:
    r"""The keys of a line, and of the objects in it, in their order, and which of its values are texts.

    Args:
        columns: The keys, in Unicode form NFC.
        patterns: The expressions; each matches what the one before has left, from the beginning.
        texts: How the text of each column is made of the groups.
        nested: The columns that are objects or arrays.

    Examples:
        >>> shape = Shape.of('{"a": 1, "b": {"c": "x"}}')
        >>> lines = pl.DataFrame({LINE: ['{"a":1.10,"b":{"c":null}}', '{"a": 1}', '{"a":null, "b":{"c":"y"}}']})
        >>> found, others = shape.split(lines)
        >>> found.rows(), others.rows()
        ([('1.10', '{"c": null}'), (None, '{"c": "y"}')], [('{"a": 1}',)])
    """

    columns: tuple[str, ...]
    patterns: tuple[str, ...]
    texts: tuple[pl.Expr, ...]
    nested: frozenset[str]

    @classmethod
    def of(cls, line: str) -> Shape | None:
        """Return the shape of a line that is a valid object; None if such lines must be read one by one."""
        value = json.loads(line)
        columns = tuple(normalize("NFC", key) for key in value)
        if not columns or not _is_plain(value):
            return None
        parts = _Parts()
        texts = [parts.column(key, each, is_first=not place) for place, (key, each) in enumerate(value.items())]
        if not 0 < parts.values <= _MOST_VALUES:
            return None
        nested = (column for column, each in zip(columns, value.values(), strict=True) if isinstance(each, dict | list))
        return cls(columns, parts.patterns(), tuple(texts), frozenset(nested))

    def split(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the fields of the lines of this shape, and the other lines.

        Args:
            lines: A column ``LINE``; others are kept.
        """
        rest, groups = lines[LINE], list[pl.Series]()
        for pattern in self.patterns:
            *found, rest = rest.str.extract_groups(pattern).struct.unnest().get_columns()
            groups += found
        is_matched = rest.is_not_null()
        values = pl.DataFrame([group.alias(str(number)) for number, group in enumerate(groups)])
        fields = values.select(text.alias(column) for column, text in zip(self.columns, self.texts, strict=True))
        if lines[LINE].str.contains("\\", literal=True).any():  # nested values have no escapes
            fields = fields.with_columns(_unescaped(fields[each]) for each in self.columns if each not in self.nested)
        rows = pl.concat([lines.drop(LINE), fields], how="horizontal")
        return (rows, lines.clear()) if is_matched.all() else (rows.filter(is_matched), lines.filter(~is_matched))


class _Parts:
    """The expressions of a line, made from the left to the right."""

    def __init__(self) -> None:
        self._parts: list[list[str]] = [[]]
        self.values = 0

    def column(self, key: str, value: object, *, is_first: bool) -> pl.Expr:
        """Add a key and its value; return the value's text."""
        self._add(r"\{" if is_first else ",")
        self._add(_quoted(key))
        self._add(":")
        if not isinstance(value, dict | list):
            return self._scalar(value)
        pieces: list[pl.Expr] = []
        self._nested(value, pieces)
        return pl.concat_str(pieces)

    def patterns(self) -> tuple[str, ...]:
        """Return the expressions; the last group of each is what is left to match."""
        *others, last = [_BLANKS + _BLANKS.join(tokens) for tokens in self._parts]
        return (*(rf"\A{each}((?s:.*))\z" for each in others), rf"\A{last}{_BLANKS}\}}[ \t\r\n]*()\z")

    def _add(self, token: str) -> None:
        """Add a token; if the part is full, the last one in it: after a number it says that the number has ended."""
        self._parts[-1].append(token)
        if self.values == _AT_ONCE * len(self._parts):
            self._parts.append([])

    def _value(self, token: str) -> pl.Expr:
        self._parts[-1].append(token)
        self.values += 1
        return pl.col(str(self.values - 1))

    def _scalar(self, value: object) -> pl.Expr:
        if isinstance(value, int | float):  # or true or false
            return self._value(_NUMBER)
        if isinstance(value, str):
            return self._value(_TEXT)
        return self._value(_ANY).str.strip_prefix('"').str.strip_suffix('"')

    def _nested(self, value: object, pieces: list[pl.Expr]) -> None:
        """Add a value inside of another; ``pieces`` are what its text is made of."""
        if not isinstance(value, dict | list):
            pieces.append(self._value(_INNER_VALUE))
            return
        begin, end = "{}" if isinstance(value, dict) else "[]"
        items = value.items() if isinstance(value, dict) else ((None, each) for each in value)
        self._add(rf"\{begin}")
        text = begin
        for place, (key, each) in enumerate(items):
            if place:
                self._add(",")
                text = ", "
            if key is not None:
                self._add(_quoted(key))
                self._add(":")
                text += f'"{key}": '
            pieces.append(pl.lit(text))
            self._nested(each, pieces)
            text = ""
        self._add(rf"\{end}")
        pieces.append(pl.lit(text + end))


def _is_plain(value: object) -> bool:
    """Whether all keys are written without escapes."""
    if isinstance(value, dict):
        return all(_KEY.fullmatch(key) and _is_plain(each) for key, each in value.items())
    return not isinstance(value, list) or all(map(_is_plain, value))


def _quoted(key: str) -> str:
    return f'"{pl.escape_regex(key)}"'


def _unescaped(texts: pl.Series) -> pl.Series:
    """Return texts without the escapes of JSON."""
    places = texts.str.contains("\\", literal=True).arg_true()
    if places.is_empty():
        return texts
    return texts.clone().scatter(places, json.loads('["' + '","'.join(texts.gather(places)) + '"]'))
