"""The converter between stored forms and plain data: the reader of documents, with the types of snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from attrs import NOTHING
from cattrs.preconf.json import JsonConverter, make_converter

from trustcurve.core.instants import instant, instant_of_text
from trustcurve.documents.forms import Problem, Tagged, UnfitError
from trustcurve.documents.hooks import equip
from trustcurve.documents.plain_text import Path
from trustcurve.documents.problems import findings_of, named, worded
from trustcurve.errors import InvalidValueError
from trustcurve.snapshots.snapshot_errors import MalformedSnapshotError

__all__ = ["converter", "difference", "in_json", "malformed", "malformed_at"]


@cache
def converter() -> JsonConverter:
    """Return the converter."""
    made = make_converter(forbid_extra_keys=True, omit_if_default=True)
    equip(made, table="object", check=False)
    made.register_unstructure_hook(datetime, _write_time)
    made.register_unstructure_hook_factory(lambda hint: _tagged(hint) is not None, lambda hint: _write_tag(hint, made))
    made.register_structure_hook(datetime, _time)
    made.register_structure_hook(str, _text)
    made.register_structure_hook(int, _counter)
    return made


def in_json(value: object) -> str:
    """Return a short text for a JSON value."""
    return "missing" if value is NOTHING else named(value, "object")


def _tagged(hint: Any) -> Tagged | None:
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((each for each in extras if isinstance(each, Tagged)), None)


def _write_tag(hint: Any, made: JsonConverter) -> Callable[[Any], dict[str, Any]]:
    tag = _tagged(hint)
    assert tag is not None  # noqa: S101 - only called for such hints
    return lambda value: {**made.unstructure(value, type(value)), tag.tag: type(value).__name__}


def _write_time(value: datetime) -> str:
    return instant(value).isoformat().replace("+00:00", "Z")


def _time(value: object, _: object) -> datetime:
    try:
        return instant_of_text(value)
    except InvalidValueError as error:
        raise UnfitError(f"{error.rule}, got {in_json(value)}") from None


def _text(value: object, _: object) -> str:
    if type(value) is not str:
        raise UnfitError(f"must be a text, got {in_json(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UnfitError(f"must be a text without lone surrogates, got {value!a}") from None
    return value


def _counter(value: object, _: object) -> int:
    if type(value) is not int or value < 0:  # True is an int, too
        raise UnfitError(f"must be a whole number of at least 0, got {in_json(value)}")
    return value


def malformed(error: BaseException, path: str = "$") -> MalformedSnapshotError:
    """Convert an error to a MalformedSnapshotError; ``path`` is the path to the value."""
    return malformed_at((path, steps, problem) for steps, problem in findings_of(error, "field"))


def malformed_at(findings: Iterable[tuple[str, Path, Problem]]) -> MalformedSnapshotError:
    """Return the error for all problems, each with a path and the steps from there."""
    (first, problem), *others = (
        (path + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps), worded(found, number))
        for number, (path, steps, found) in enumerate(findings)
    )
    return MalformedSnapshotError(first, problem, tuple(f"{found} @ {where}" for where, found in others))


def difference(found: object, wanted: object, path: str) -> tuple[str, str, str]:
    """Return the path of the first difference of plain data, and the found and the wanted value in words."""
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        pairs = {key: (found.get(key, NOTHING), wanted.get(key, NOTHING)) for key in {**wanted, **found}}
        key, pair = next((key, pair) for key, pair in pairs.items() if pair[0] != pair[1])
        return difference(*pair, f"{path}.{key}")
    if isinstance(found, list) and isinstance(wanted, list):
        if len(found) != len(wanted):
            return path, f"an array of {len(found)}", f"an array of {len(wanted)}"
        index = next(index for index, each in enumerate(found) if each != wanted[index])
        return difference(found[index], wanted[index], f"{path}[{index}]")
    return path, in_json(found), in_json(wanted)
