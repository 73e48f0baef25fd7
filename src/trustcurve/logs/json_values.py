"""JSON values as texts, each exactly, and fields inside a text that is a JSON object."""

from __future__ import annotations

import json
from collections import Counter
from unicodedata import normalize

import polars as pl

from trustcurve.errors import shown

__all__ = ["JSON", "BrokenValueError", "field_text", "in_one_form", "inner_field"]


class BrokenValueError(Exception):
    """A JSON value that cannot be used, and why."""


class _Number(str):
    """A number in JSON, as it is written: a double would change it, or be the same as another's."""

    __slots__ = ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object; raise if it has a key twice, of which ``json`` would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise BrokenValueError(f"has key {shown(twice)} twice")
    return found


JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def in_one_form(fields: dict[str, object]) -> dict[str, object]:
    """Return an object with its keys in one Unicode form, as the columns of a log."""
    return (
        fields if all(map(str.isascii, fields)) else _unique([(normalize("NFC", key), fields[key]) for key in fields])
    )


def field_text(value: object) -> str | None:
    """Return a JSON value as text; nested values as JSON. NaN is an empty field, infinity cannot be used."""
    if value is None:
        return None
    if isinstance(value, _Number):
        if value.endswith("Infinity"):
            raise BrokenValueError(f"has {value}, which is not a number")
        return None if value == "NaN" else str(value)
    return value if isinstance(value, str) else _json_text(value)


def _json_text(value: object) -> str:
    """Return a value as JSON, numbers as they were written."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json_text(key)}: {_json_text(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json_text, value))}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def inner_field(column: str, keys: tuple[str, ...]) -> pl.Expr:
    """Return a field inside the JSON objects of a column of texts, as text; null where there is no such field.

    Args:
        column: The column.
        keys: The key in the object, the key in the object that is there, and so on, in Unicode form NFC.
    """

    def texts(values: pl.Series) -> pl.Series:
        return pl.Series([_inner_text(value, keys) for value in values], dtype=pl.String)

    return pl.col(column).map_batches(texts, return_dtype=pl.String, is_elementwise=True)


def _inner_text(text: str | None, keys: tuple[str, ...]) -> str | None:
    if text is None or not text.lstrip().startswith("{"):
        return None
    try:
        value: object = JSON.decode(text)
        for key in keys:
            value = in_one_form(value).get(key) if isinstance(value, dict) else None
        # Infinity stays a text: what reads it as a number says so, with the row.
        found = str(value) if isinstance(value, _Number) and value != "NaN" else field_text(value)
        (found or "").encode()  # raises for a lone surrogate
    except (ValueError, RecursionError, BrokenValueError):
        return None
    return found
