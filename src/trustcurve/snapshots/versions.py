"""Schema versions of snapshots, and upcasts from older to newer ones.

A change of any stored form increases ``VERSION`` by one and adds an upcast from the version before;
the tests keep golden files of every version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trustcurve.core.plain_form import GIVES_1
from trustcurve.core.signals import SILENCE
from trustcurve.snapshots.converter import in_json
from trustcurve.snapshots.snapshot_errors import MalformedSnapshotError, UnknownVersionError

__all__ = ["UPCASTS", "VERSION", "Upcast", "upcast"]

VERSION: Final = 2

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


def _to_2(data: dict[str, Any]) -> dict[str, Any]:
    """Write down what ended a silence in a curve of version 1, rename ``says``, and pair what came due with its reaction.

    Malformed parts stay as they are: the reader of version 2 reports them.
    """
    kind = data.get("kind")
    if kind == "step":
        return dict(_step_to_2(data))
    if kind == "journey":
        parts = {"steps": _step_to_2, "rejects": _reject_to_2}
        lists = {
            name: [to(each) for each in data[name]] for name, to in parts.items() if isinstance(data.get(name), list)
        }
        return {**data, **lists}
    document = data.get("document")
    if kind != "curve" or not isinstance(document, Mapping):
        return data
    new = dict(document)
    for key in ("counters", "parameters", "stages"):
        if key in document:
            new[key] = _described(document[key])
    if isinstance(document.get("signals"), Mapping):
        new["signals"] = {name: _signal_to_2(name, signal) for name, signal in document["signals"].items()}
    if isinstance(document.get("parameters"), Mapping):
        new["parameters"]["waiting_periods"] = 1
    return {**data, "document": new}


def _described(rows: Any) -> Any:
    """Rename ``says`` to ``description`` in each row of a table or a list, and in the postures of a stage."""
    if isinstance(rows, Mapping):
        return {name: _described_row(row) for name, row in rows.items()}
    return [_described_row(row) for row in rows] if isinstance(rows, list) else rows


def _described_row(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    renamed = {"description" if key == "says" else key: value for key, value in row.items()}
    return {**renamed, "postures": _described(row["postures"])} if "postures" in row else renamed


def _signal_to_2(name: str, signal: Any) -> Any:
    if not isinstance(signal, Mapping):
        return signal
    always = signal.get("ends_silence", False) is True or name in GIVES_1
    return {**signal, "ends_silence": "never" if name == SILENCE else "always" if always else "crossing"}


def _step_to_2(step: Any) -> Any:
    if not isinstance(step, Mapping):
        return step
    ticks, reactions = step.get("ticks"), step.get("reactions")
    if not isinstance(ticks, list) or not isinstance(reactions, list) or len(reactions) - len(ticks) not in (0, 1):
        return step
    due = [
        {**tick, "reaction": found} for tick, found in zip(ticks, reactions, strict=False) if isinstance(tick, Mapping)
    ]
    rest = {key: value for key, value in step.items() if key not in ("ticks", "reactions")}
    return {**rest, "due": due, "reaction": reactions[-1] if len(reactions) > len(ticks) else None}


def _reject_to_2(reject: Any) -> Any:
    error = reject.get("error") if isinstance(reject, Mapping) else None
    if not isinstance(error, Mapping) or error.get("error") != "OtherCustomerError":
        return reject
    return {**reject, "error": {**error, "error": "CustomerMismatchError"}}


UPCASTS: Final[Mapping[int, Upcast]] = {1: _to_2}
"""Migrations from version n (the key) to n + 1; each takes a whole snapshot and returns a new one."""


def upcast(data: Mapping[str, Any], upcasts: Mapping[int, Upcast] = UPCASTS, version: int = VERSION) -> dict[str, Any]:
    """Return a snapshot in the current version; the argument is not changed.

    Raises:
        MalformedSnapshotError: The snapshot is not a table, or has no version.
        UnknownVersionError: Its version is not from 1 to ``version``.
    """
    if not isinstance(data, Mapping):
        raise MalformedSnapshotError("$", f"must be an object, got {in_json(data)}")
    if "schema" not in data:
        raise MalformedSnapshotError("$.schema", "is missing")
    found = data["schema"]
    if type(found) is not int or not 1 <= found <= version:
        raise UnknownVersionError(found, version)
    current = dict(data)
    if found < version:
        current = _copied(data)  # a deep copy, so that no upcast can change the caller's data
    for step in range(found, version):
        current = {**upcasts[step](current), "schema": step + 1}
    return current


def _copied(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(value) for value in data] if isinstance(data, list) else data
