"""Records of JSON, one by one, and files of one array of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial

import polars as pl

from trustcurve.logs.json_values import JSON, BrokenValueError, field_text, in_one_form
from trustcurve.logs.log_errors import UnreadableLogError
from trustcurve.logs.opened_log import ROW, Log, batches, check_names, gather
from trustcurve.logs.text_blocks import TextBlocks

__all__ = ["array_log", "json_fields", "json_frame", "read_json_array"]

_BLANK = re.compile(r"[ \t\r\n]*")
_ENTRY = json.JSONDecoder(parse_float=str, parse_int=str)  # only where an entry ends is asked of it


def read_json_array(name: str, blocks: TextBlocks) -> Log:
    """Read a file of one array of objects; its columns are the keys of all objects."""
    text = "".join(blocks.lines())
    if not text.lstrip().startswith("["):
        raise UnreadableLogError(
            name, "it must be one array of objects; if each line is one, let its name end in .jsonl"
        )
    return array_log(name, text)


def array_log(name: str, text: str) -> Log:
    """Return the log of a text that begins an array."""
    return gather(name, (), batches(_entries(name, text), partial(json_frame, name)))


def _entries(name: str, text: str) -> Iterator[tuple[int, dict[str, str | None] | str]]:
    """Yield each entry of an array: its fields, or its problem; raise where the array itself is broken."""
    place, number = _after_blanks(text, text.index("[") + 1), 0
    more = not text.startswith("]", place)
    while more:
        number += 1
        try:
            _, end = _ENTRY.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise UnreadableLogError(name, f"entry {number} of its array is not JSON: {error}") from None
        except RecursionError:
            raise UnreadableLogError(name, f"entry {number} of its array is nested too deeply") from None
        yield number, json_fields(text[place:end])
        place = _after_blanks(text, end)
        more = text.startswith(",", place)
        if more:
            place = _after_blanks(text, place + 1)
    if not text.startswith("]", place):
        raise UnreadableLogError(name, f"its array is cut short, or lacks a comma, after entry {number}")
    if text[place + 1 :].strip():
        raise UnreadableLogError(name, "it goes on after its array")


def _after_blanks(text: str, place: int) -> int:
    return _BLANK.match(text, place).end()  # type: ignore[union-attr]  # it matches everywhere


def json_fields(line: str) -> dict[str, str | None] | str:
    """Return the fields of an object as texts, or the problem of a text that cannot be used."""
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


def json_frame(name: str, rows: list[tuple[int, dict[str, str | None]]]) -> pl.DataFrame:
    """Return a batch of rows as columns: the keys of all of them."""
    columns = dict.fromkeys(key for _, fields in rows for key in fields)
    check_names(name, columns)
    schema = {ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame([{ROW: number, **fields} for number, fields in rows], schema=schema)
