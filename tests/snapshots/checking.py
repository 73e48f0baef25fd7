"""What the tests of schemas and refusals share: a validator that knows times, and ways to spoil a snapshot."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.snapshots.values import golden_curve, values
from trustcurve import Curve
from trustcurve.snapshots import SnapshotError, from_dict, json_schema, to_dict

Data = dict[str, Any]
Spoil = Callable[[Data], object]

_FORMATS = FormatChecker(formats=())
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@_FORMATS.checks("date-time", raises=ValueError)
def is_time(value: object) -> bool:
    """Check RFC 3339, as the format "date-time" wants it; jsonschema itself needs another package for that."""
    if not isinstance(value, str):
        return True
    return bool(_RFC_3339.fullmatch(value)) and datetime.fromisoformat(value.upper()) is not None


def schema_name(name: str) -> str:
    """Return the name of the schema of a golden snapshot: "event_PromiseMade" is an event."""
    kind = name.partition("_")[0]
    return "curve-snapshot" if kind == "curve" else kind


@cache
def validator(name: str) -> Draft202012Validator:
    """Make a validator that checks formats."""
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=_FORMATS)


@cache
def _whole(name: str) -> Data:
    if name == "curve":
        return to_dict(golden_curve())
    _, value, curve = values()[name]
    return to_dict(value, curve=curve)


def stored(name: str) -> Data:
    """Return a fresh golden snapshot as plain data."""
    return copy.deepcopy(_whole(name))


def read_as(name: str) -> tuple[type[Any], Curve | None]:
    """Return the class and the curve to read it with."""
    if name == "curve":
        return Curve, None
    cls, _, curve = values()[name]
    return cls, curve


def put(path: str, value: object) -> Spoil:
    """Spoil a snapshot: set a field, given as in messages without the ``$.``."""

    def spoil(data: Data) -> None:
        holder, key = _walk(data, path)
        holder[key] = value

    return spoil


def drop(path: str) -> Spoil:
    """Spoil a snapshot: leave a field out."""

    def spoil(data: Data) -> None:
        holder, key = _walk(data, path)
        del holder[key]

    return spoil


def spoiled(name: str, *spoils: Spoil) -> Data:
    """Return a golden snapshot that is spoiled."""
    data = stored(name)
    for spoil in spoils:
        spoil(data)
    return data


def refuse(name: str, *spoils: Spoil) -> SnapshotError:
    """Read a spoiled snapshot, and return the error, and see that the data stayed as they were."""
    data = spoiled(name, *spoils)
    before = copy.deepcopy(data)
    cls, curve = read_as(name)
    with pytest.raises(SnapshotError) as caught:
        from_dict(cls, data, curve=curve)
    assert data == before
    return caught.value


def _walk(data: Any, path: str) -> tuple[Any, str | int]:
    keys = [int(number) if number else word for word, number in re.findall(r"([A-Za-z_]+)|\[(\d+)\]", path)]
    for key in keys[:-1]:
        data = data[key]
    return data, keys[-1]
