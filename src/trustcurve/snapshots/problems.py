"""What is wrong with plain data: in words of the snapshot, at the path to the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from reprlib import Repr

from attrs import NOTHING, define, fields
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from trustcurve.core.errors import InvalidPositionError, InvalidValueError, UnknownWordError, did_you_mean
from trustcurve.snapshots.errors import MalformedSnapshotError

__all__ = ["UnfitError", "difference", "malformed", "named"]

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_WORDS: tuple[tuple[object, str], ...] = ((None, "null"), (True, "true"), (False, "false"), (NOTHING, "missing"))


@define(slots=False, repr=False)
class UnfitError(Exception):
    """A value does not fit where it stands: ``problem``, and the ``field`` inside it that is to blame, if one is.

    It never leaves the snapshots: where a value stands is known further out, and ``malformed`` puts both together.
    """

    problem: str
    field: str = ""

    def __str__(self) -> str:
        return self.problem


def named(value: object) -> str:
    """Name a value in words of JSON, and briefly: it can be of any size. ``NOTHING`` is missing."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return next((word for known, word in _WORDS if value is known), None) or _SHORT.repr(value)


def malformed(error: BaseException, path: str = "$") -> MalformedSnapshotError:
    """Tell an error as a malformed snapshot; ``path`` leads to the value that it is about."""
    (first, problem), *others = _findings(error, path)
    return MalformedSnapshotError(first, problem, tuple(f"{says} @ {where}" for where, says in others))


def _findings(error: BaseException, path: str) -> Iterator[tuple[str, str]]:
    """Answer with each path and what is wrong there.

    This is the walk of cattrs' own ``transform_error``, which however answers with one line for all
    unknown fields of an object, and with the path as a part of the line.
    """
    if not isinstance(error, ClassValidationError | IterableValidationError):
        yield from _told(error, path)
        return
    placed, whole = error.group_exceptions()
    for inner, note in placed:
        step = f"[{note.index}]" if isinstance(note, IterableValidationNote) else f".{note.name}"
        yield from _findings(inner, path + step)
    for inner in whole:
        yield from _told(inner, path)


def _told(error: BaseException, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(error, ForbiddenExtraKeysError):
        known = [field.name for field in fields(error.cl)]
        for name in sorted(map(str, error.extra_fields)):
            yield f"{path}.{name}", f"is no known field{did_you_mean(name, known)}"
    elif isinstance(error, KeyError):
        yield path, "is missing"
    else:
        field = _field(error)
        yield f"{path}.{field}" if field else path, str(error)


def _field(error: BaseException) -> str:
    """Name the field that an error blames: errors of the core call it by their argument's name."""
    if isinstance(error, UnfitError):
        return error.field
    if isinstance(error, InvalidValueError | UnknownWordError):
        return error.argument
    return error.part if isinstance(error, InvalidPositionError) else ""


def difference(found: object, wanted: object, path: str) -> tuple[str, str, str]:
    """Find the first place where plain data differ: its path, and what is and what should be there, in words."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        pairs = {key: (found.get(key, NOTHING), wanted.get(key, NOTHING)) for key in {**wanted, **found}}
        key, pair = next((key, pair) for key, pair in pairs.items() if pair[0] != pair[1])
        return difference(*pair, f"{path}.{key}")
    if isinstance(found, list) and isinstance(wanted, list):
        if len(found) != len(wanted):
            return path, f"a list of {len(found)}", f"a list of {len(wanted)}"
        index = next(index for index, each in enumerate(found) if each != wanted[index])
        return difference(found[index], wanted[index], f"{path}[{index}]")
    return path, named(found), named(wanted)
