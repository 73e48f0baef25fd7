"""Records of JSON: one object per line, and values inside objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import TextIO
from unicodedata import normalize

import polars as pl

from trustcurve.errors import shown
from trustcurve.logs.opened_log import ROW, Log, check_names, gather

__all__ = ["read_json_lines"]


def read_json_lines(name: str, file: TextIO) -> Log:
    """Read a file of JSON lines; its columns are the keys of all objects."""
    return gather(name, _json_rows(file), partial(_json_frame, name))


def _json_rows(file: TextIO) -> Iterator[tuple[int, dict[str, str | None] | str]]:
    """Yield each line: its fields, or its problem; blank lines are skipped but counted."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, _fields(line)


class _BrokenLineError(Exception):
    """A JSON line that cannot be used, and why."""


class _Number(str):
    """A number of a JSON line, as it is written: a double would change it, or be the same as another's."""

    __slots__ = ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object; raise if it has a key twice, of which ``json`` would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _BrokenLineError(f"has key {shown(twice)} twice")
    return found


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def _in_one_form(fields: dict[str, object]) -> dict[str, object]:
    """Return an object with its keys in one Unicode form, as the columns of a log."""
    return (
        fields if all(map(str.isascii, fields)) else _unique([(normalize("NFC", key), fields[key]) for key in fields])
    )


def _fields(line: str) -> dict[str, str | None] | str:
    try:
        value = _JSON.decode(line)
        if not isinstance(value, dict):
            return "is not a JSON object"
        fields = {key: _field(each) for key, each in _in_one_form(value).items()}
        if "\\u" in line:  # only an escape can be a lone surrogate
            "".join((*fields, *(each or "" for each in fields.values()))).encode()
    except UnicodeEncodeError:
        return "has a lone surrogate, which is not a character"
    except RecursionError:
        return "is nested too deeply"
    except _BrokenLineError as error:
        return str(error)
    except json.JSONDecodeError as error:
        return f"is not JSON: {error}"
    return fields


def _field(value: object) -> str | None:
    """Return a JSON value as text; nested values as JSON. NaN is an empty field, and infinity breaks the line."""
    if value is None:
        return None
    if isinstance(value, _Number):
        if value.endswith("Infinity"):
            raise _BrokenLineError(f"has {value}, which is not a number")
        return None if value == "NaN" else str(value)
    return value if isinstance(value, str) else _json_text(value)


def _json_text(value: object) -> str:
    """Return a value as JSON, numbers as they were written."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json_text(key)}: {_json_text(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json_text, value))}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _json_frame(name: str, rows: list[tuple[int, dict[str, str | None]]]) -> pl.DataFrame:
    columns = dict.fromkeys(key for _, fields in rows for key in fields)
    check_names(name, columns)
    schema = {ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame([{ROW: number, **fields} for number, fields in rows], schema=schema)
