"""Records of JSON: one object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TextIO

import polars as pl

from trustcurve.logs.json_values import JSON, BrokenValueError, field_text, in_one_form
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


def _fields(line: str) -> dict[str, str | None] | str:
    try:
        value = JSON.decode(line)
        if not isinstance(value, dict):
            return "is not a JSON object"
        fields = {key: field_text(each) for key, each in in_one_form(value).items()}
        if "\\u" in line:  # only an escape can be a lone surrogate
            "".join((*fields, *(each or "" for each in fields.values()))).encode()
    except UnicodeEncodeError:
        return "has a lone surrogate, which is not a character"
    except RecursionError:
        return "is nested too deeply"
    except BrokenValueError as error:
        return str(error)
    except json.JSONDecodeError as error:
        return f"is not JSON: {error}"
    return fields


def _json_frame(name: str, rows: list[tuple[int, dict[str, str | None]]]) -> pl.DataFrame:
    columns = dict.fromkeys(key for _, fields in rows for key in fields)
    check_names(name, columns)
    schema = {ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame([{ROW: number, **fields} for number, fields in rows], schema=schema)
