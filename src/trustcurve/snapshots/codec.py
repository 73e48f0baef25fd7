"""Write snapshots and read them back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import NOTHING

from trustcurve.core.curve import Curve, make_curve
from trustcurve.core.events import Event
from trustcurve.core.journey import Journey
from trustcurve.core.parts import parts_of
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.documents.curve_file import CurveFile
from trustcurve.documents.plain_text import SNAPSHOT_MAX
from trustcurve.documents.reader import read_plain
from trustcurve.errors import InvalidCurveError, InvalidValueError, UnknownWordError
from trustcurve.policies.memory import Memory
from trustcurve.snapshots.converter import converter, in_json, malformed, malformed_at
from trustcurve.snapshots.restoration import restore
from trustcurve.snapshots.snapshot_errors import MalformedSnapshotError, OtherCurveError
from trustcurve.snapshots.stored import AnyEvent, CurveForm, JourneyForm, MemoryForm, StandingForm, StepForm
from trustcurve.snapshots.versions import VERSION, upcast

__all__ = ["from_dict", "from_json", "parse_json", "to_dict", "to_json"]


T = TypeVar("T")

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_KINDS: dict[type, tuple[str, Any]] = {
    Standing: ("standing", StandingForm),
    Event: ("event", AnyEvent),
    Step: ("step", StepForm),
    Journey: ("journey", JourneyForm),
    Curve: ("curve", CurveForm),
    Memory: ("memory", MemoryForm),
}


def to_dict(value: Standing | Event | Step | Journey | Curve | Memory, *, curve: Curve | None = None) -> dict[str, Any]:
    """Return a value as plain data: dicts, lists, texts, numbers, true and false.

    Args:
        value: A standing, event, step, journey, curve, or a policy's memory.
        curve: The curve of a standing, step or journey; the snapshot contains its fingerprint.

    Raises:
        InvalidValueError: The value is something else, or the curve is missing.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Exchanged
        >>> to_dict(Exchanged(at=datetime(2026, 1, 1, tzinfo=UTC)))
        {'schema': 2, 'kind': 'event', 'at': '2026-01-01T00:00:00Z', 'event': 'Exchanged'}
    """
    base = _base(type(value), value)
    kind, form = _KINDS[base]
    head: dict[str, Any] = {"schema": VERSION, "kind": kind}
    if isinstance(value, Curve):
        return {**head, "curve": value.fingerprint, "document": value.to_plain()}
    if isinstance(value, Memory):
        return {**head, **converter().unstructure(MemoryForm.of(value), form)}
    if base is not Event:
        head["curve"] = _needed(curve, kind).fingerprint
    stored: object = value
    if isinstance(value, Standing):
        stored = StandingForm.of(value)
    elif isinstance(value, Step):
        stored = StepForm.of(value)
    elif isinstance(value, Journey):
        stored = JourneyForm.of(value)
    return {**head, **converter().unstructure(stored, form)}


def from_dict(cls: type[T], data: Mapping[str, Any], *, curve: Curve | None = None) -> T:
    """Read a value from plain data of any known version.

    Args:
        cls: The class of the value: ``Standing``, ``Event`` (or an event class), ``Step``, ``Journey``, ``Curve`` or ``Memory``.
        data: The result of ``to_dict``, of this or an earlier version.
        curve: The curve of a standing, step or journey.

    Raises:
        UnknownVersionError: The schema version is unknown.
        OtherCurveError: The value was made on another curve.
        MalformedSnapshotError: A field is missing, unknown or invalid; the error names it and the problem.
        InvalidValueError: ``cls`` is something else, or the curve is missing.

    Examples:
        >>> from trustcurve import Event
        >>> stored = {"schema": 1, "kind": "event", "at": "2026-01-01T00:00:00Z", "event": "Exchanged"}
        >>> type(from_dict(Event, stored)).__name__
        'Exchanged'
    """
    try:
        return _read(cls, data, curve)  # type: ignore[no-any-return]
    except RecursionError:
        raise _too_deep() from None


def to_json(value: Standing | Event | Step | Journey | Curve | Memory, *, curve: Curve | None = None) -> str:
    """Return a value as compact JSON; for arguments and errors see ``to_dict``.

    Examples:
        >>> from datetime import UTC, datetime
        >>> curve = Curve.default()
        >>> len(to_json(curve.begin("ann", datetime(2026, 1, 1, tzinfo=UTC)), curve=curve)) < 400
        True
    """
    return _ENCODER.encode(to_dict(value, curve=curve))


def from_json(cls: type[T], text: str | bytes, *, curve: Curve | None = None) -> T:
    """Read a value from JSON; for arguments and errors see ``from_dict``.

    Examples:
        >>> from datetime import UTC, datetime
        >>> curve = Curve.default()
        >>> ann = curve.begin("ann", datetime(2026, 1, 1, tzinfo=UTC))
        >>> from_json(Standing, to_json(ann, curve=curve), curve=curve) == ann
        True
    """
    return from_dict(cls, parse_json(text), curve=curve)


def parse_json(text: str | bytes) -> Any:
    """Return the plain data of a JSON text, within the limits of snapshots.

    Raises:
        MalformedSnapshotError: The text is not JSON, or exceeds a limit; or an object has a field twice.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise InvalidValueError("text", text, "must be JSON as str or bytes")
    if len(text) > SNAPSHOT_MAX:
        raise MalformedSnapshotError("$", f"has more than {SNAPSHOT_MAX:,} characters")
    try:
        # Bytes may have a byte order mark, and so may a text that was decoded from them.
        plain = text.removeprefix("\ufeff") if isinstance(text, str) else text
        return json.loads(plain, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise MalformedSnapshotError("$", f"is not JSON: {error}") from None
    except UnicodeDecodeError as error:
        raise MalformedSnapshotError("$", f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except ValueError as error:  # a duplicate key, or a number that is too long for Python
        problem = str(error) if isinstance(error, _DuplicateKeyError) else "a number has too many digits"
        raise MalformedSnapshotError("$", problem) from None
    except RecursionError:
        raise _too_deep() from None


class _DuplicateKeyError(ValueError):
    """An object has a field twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise if it has a field twice, where ``json`` would take the last one."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        raise _DuplicateKeyError(f"field {in_json(twice)} is given twice")
    return made


def _too_deep() -> MalformedSnapshotError:
    return MalformedSnapshotError("$", "is nested too deeply for a snapshot")


def _base(cls: type, value: object) -> type:
    for base in _KINDS:
        if isinstance(cls, type) and issubclass(cls, base):
            return base
    raise InvalidValueError("value", value, "must be a Standing, an event, a Step, a Journey, a Curve or a Memory")


def _needed(curve: Curve | None, kind: str) -> Curve:
    if not isinstance(curve, Curve):
        raise InvalidValueError("curve", curve, f"must be the Curve of the {kind}")
    return curve


def _read(cls: type, data: Mapping[str, Any], curve: Curve | None) -> Any:
    base = _base(cls, cls)
    kind, form = _KINDS[base]
    body = upcast(data)
    version = data["schema"]
    del body["schema"]
    found = body.pop("kind", NOTHING)
    if not isinstance(found, str) or found != kind:
        raise MalformedSnapshotError("$.kind", f"must be {kind!r}, got {in_json(found)}")
    if base is Event:
        event = _structure(body, form)
        if not isinstance(event, cls):
            raise MalformedSnapshotError("$.event", f"must be {cls.__name__!r}, got {type(event).__name__!r}")
        return event
    if base is Memory:
        try:
            return _structure(body, form).value()
        except (InvalidValueError, UnknownWordError) as error:
            raise malformed(error, "$.recalled") from None
    fingerprint = body.pop("curve", NOTHING)
    if not isinstance(fingerprint, str):
        raise MalformedSnapshotError("$.curve", f"must be the fingerprint of a curve, got {in_json(fingerprint)}")
    if base is Curve:
        return _same_curve(fingerprint, _read_curve(_structure(body, form).document), version)
    on = _same_curve(fingerprint, _needed(curve, kind), version)
    if version == 1 and base is not Standing:
        on = on.waiting_without_limit()  # with the clock of version 1, to get the same result again
    return restore(_structure(body, form), on)


def _same_curve(fingerprint: str, curve: Curve, version: int) -> Curve:
    known = curve.fingerprint_1 if version == 1 else curve.fingerprint
    if fingerprint != known:
        raise OtherCurveError(known or curve.fingerprint, fingerprint)
    return curve


def _structure(body: dict[str, Any], form: Any) -> Any:
    try:
        return converter().structure(body, form)
    except Exception as error:  # noqa: BLE001 - every error that cattrs collects becomes one error
        raise malformed(error) from None


def _read_curve(document: Mapping[str, Any]) -> Curve:
    try:
        reading = read_plain(document, CurveFile, "$.document", InvalidCurveError)
        if reading.findings:
            problems = (finding.problem for finding in reading.findings)
            raise malformed_at(("$.document", *each) for each in zip(reading.paths, problems, strict=True))
        return make_curve(parts_of(document), "$.document")
    except InvalidCurveError as error:
        first, *others = error.findings
        path = f"$.document {first.table} {first.key}".strip()
        raise MalformedSnapshotError(path, first.problem, tuple(map(str, others))) from None
