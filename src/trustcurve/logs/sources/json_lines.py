"""Read JSON lines: each line an object, and every value its text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TextIO

import polars as pl

from trustcurve.logs.sources.log import ROW, Log, check_names, gather

__all__ = ["read_json_lines"]


def read_json_lines(name: str, file: TextIO) -> Log:
    """Read a file of JSON lines; its columns are all names that any object has."""
    return gather(name, _rows(file), partial(_frame, name))


def _rows(file: TextIO) -> Iterator[tuple[int, dict[str, str | None] | str]]:
    """Read one line after the other: its fields, or what is wrong with it; blank ones are none, but they are counted."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, _fields(line)


def _fields(line: str) -> dict[str, str | None] | str:
    try:
        value = json.loads(line)
        if not isinstance(value, dict):
            return "is no JSON object"
        fields = {key: _text(each) for key, each in value.items()}
        if "\\u" in line:  # only what is escaped can be no text
            "".join((*fields, *(each or "" for each in fields.values()))).encode()
    except UnicodeEncodeError:
        return "is no text: one half of a surrogate pair is no character"
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is no JSON: {error}"
    return fields


def _text(value: object) -> str | None:
    """Keep every JSON value as its text; nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _frame(name: str, rows: list[tuple[int, dict[str, str | None]]]) -> pl.DataFrame:
    columns = dict.fromkeys(key for _, fields in rows for key in fields)
    check_names(name, columns)
    schema = {ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame([{ROW: number, **fields} for number, fields in rows], schema=schema)
