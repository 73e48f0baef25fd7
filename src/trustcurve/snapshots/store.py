"""Write snapshots and read them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from cattrs import transform_error

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidCurveError, InvalidValueError, TrustcurveError
from trustcurve.core.events import Event
from trustcurve.core.journeys import Journey, Reject
from trustcurve.core.standing import Reaction, Standing
from trustcurve.core.steps import Step
from trustcurve.snapshots.errors import MalformedSnapshotError, OtherCurveError
from trustcurve.snapshots.forms import AnyEvent, JourneyForm, ReactionForm, RejectForm, StepForm, converter
from trustcurve.snapshots.versions import VERSION, migrate

__all__ = ["from_dict", "from_json", "to_dict", "to_json"]

T = TypeVar("T")

_KINDS: dict[type, tuple[str, Any]] = {
    Standing: ("standing", Standing),
    Event: ("event", AnyEvent),
    Step: ("step", StepForm),
    Journey: ("journey", JourneyForm),
    Curve: ("curve", dict),
}


def to_dict(value: Standing | Event | Step | Journey | Curve, *, curve: Curve | None = None) -> dict[str, Any]:
    """Write a value as plain data: only dicts, lists, texts, numbers, true and false.

    Args:
        value: A standing, event, step, journey or curve.
        curve: The curve on which it was made: needed for standings, steps and journeys, whose
            snapshots carry its fingerprint.

    Raises:
        InvalidValueError: It is something else, or the curve is missing.
    """
    base = _base(type(value), value)
    kind, form = _KINDS[base]
    head: dict[str, Any] = {"schema": VERSION, "kind": kind}
    if isinstance(value, Curve):
        return {**head, "curve": value.fingerprint, "document": value.to_plain()}
    if base is not Event:
        head["curve"] = _needed(curve, kind).fingerprint
    stored = (
        _step_form(value) if isinstance(value, Step) else _journey_form(value) if isinstance(value, Journey) else value
    )
    return {**head, **converter().unstructure(stored, form)}


def from_dict(cls: type[T], data: Mapping[str, Any], *, curve: Curve | None = None) -> T:
    """Read a value from plain data of any known version.

    Args:
        cls: What it must be: ``Standing``, ``Event`` (or one kind of event), ``Step``, ``Journey``, ``Curve``.
        data: What ``to_dict`` wrote, now or in an earlier version.
        curve: The curve on which to read it; needed for standings, steps and journeys.

    Raises:
        UnknownVersionError: Its schema version is unknown.
        OtherCurveError: It was made on another curve.
        MalformedSnapshotError: A field is missing, unknown or wrong; says which and why.
        InvalidValueError: ``cls`` is something else, or the curve is missing.
    """
    base = _base(cls, cls)
    kind, form = _KINDS[base]
    body = migrate(data)
    body.pop("schema")
    if (found := body.pop("kind", None)) != kind:
        raise MalformedSnapshotError("$.kind", f"must be {kind!r}, not {found!r}")
    value: Any
    if base is Curve:
        value = _read_curve(body)
    elif base is Event:
        value = _structure(body, form)
        if not isinstance(value, cls):
            raise MalformedSnapshotError("$.event", f"must be {cls.__name__!r}, not {type(value).__name__!r}")
    else:
        on = _needed(curve, kind)
        _same_curve(body.pop("curve", None), on)
        value = _restore(_structure(body, form), on)
    return value  # type: ignore[no-any-return]


def to_json(value: Standing | Event | Step | Journey | Curve, *, curve: Curve | None = None) -> str:
    """Write a value as compact JSON; for arguments and errors see ``to_dict``."""
    return json.dumps(to_dict(value, curve=curve), ensure_ascii=False, separators=(",", ":"))


def from_json(cls: type[T], text: str | bytes, *, curve: Curve | None = None) -> T:
    """Read a value from JSON; for arguments and errors see ``from_dict``."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise MalformedSnapshotError("$", f"is no JSON: {error}") from None
    return from_dict(cls, data, curve=curve)


def _base(cls: type, value: object) -> type:
    for base in _KINDS:
        if isinstance(cls, type) and issubclass(cls, base):
            return base
    raise InvalidValueError("value", value, "must be a Standing, an event, a Step, a Journey or a Curve")


def _needed(curve: Curve | None, kind: str) -> Curve:
    if not isinstance(curve, Curve):
        raise InvalidValueError("curve", curve, f"a {kind} stands on a curve: give it with curve=")
    return curve


def _same_curve(found: object, curve: Curve) -> None:
    if not isinstance(found, str):
        raise MalformedSnapshotError("$.curve", "must be the fingerprint of a curve")
    if found != curve.fingerprint:
        raise OtherCurveError(curve.fingerprint, found)


def _structure(body: dict[str, Any], form: Any) -> Any:
    if form is AnyEvent and not isinstance(body.get("event"), str):
        raise MalformedSnapshotError("$.event", "must be the name of a kind of event")
    try:
        return converter().structure(body, form)
    except KeyError as error:
        raise MalformedSnapshotError("$.event", f"unknown kind of event {error.args[0]!r}") from None
    except Exception as error:  # noqa: BLE001 - whatever cattrs found becomes one named error
        found = transform_error(error, format_exception=_say)
        places = [line.rpartition(" @ ") for line in found]
        raise MalformedSnapshotError(places[0][2] or "$", places[0][0], tuple(found[1:])) from None


def _say(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return f"required field {error.args[0]!r} is missing, or its word is unknown"
    return str(error)


def _read_curve(body: dict[str, Any]) -> Curve:
    document = body.get("document")
    if not isinstance(document, Mapping):
        raise MalformedSnapshotError("$.document", "must be an object")
    try:
        curve = Curve.from_plain(document, "$.document")
    except InvalidCurveError as error:
        first, *others = error.findings
        path = f"$.document {first.table} {first.key}".strip()
        raise MalformedSnapshotError(path, first.says, tuple(map(str, others))) from None
    _same_curve(body.get("curve"), curve)
    return curve


def _restore(value: Any, curve: Curve, path: str = "$") -> Any:
    if isinstance(value, Standing):
        return _standing(value, curve, path)
    if isinstance(value, StepForm):
        return _step(value, curve, path)
    steps = tuple(_step(step, curve, f"{path}.steps[{i}]") for i, step in enumerate(value.steps))
    rejects = tuple(Reject(reject.event, reject.error) for reject in value.rejects)
    return Journey(_standing(value.start, curve, f"{path}.start"), steps, value.duplicates, rejects, value.later)


def _standing(standing: Standing, curve: Curve, path: str) -> Standing:
    try:
        curve.cells(standing.position)
    except TrustcurveError as error:
        raise MalformedSnapshotError(f"{path}.position", str(error)) from None
    if standing.quiet_since > standing.as_of:
        raise MalformedSnapshotError(f"{path}.quiet_since", "lies after as_of")
    if not standing.customer:
        raise MalformedSnapshotError(f"{path}.customer", "must not be empty")
    ids = [promise.id for promise in standing.promises]
    if ids != sorted(set(ids)):
        raise MalformedSnapshotError(f"{path}.promises", "must be ordered by id, each id once")
    return standing


def _step(form: StepForm, curve: Curve, path: str) -> Step:
    reactions = tuple(_reaction(each, curve, f"{path}.reactions[{i}]") for i, each in enumerate(form.reactions))
    before, after = _standing(form.before, curve, f"{path}.before"), _standing(form.after, curve, f"{path}.after")
    return Step(before, form.event, reactions, after, form.ticks)


def _reaction(form: ReactionForm, curve: Curve, path: str) -> Reaction:
    try:
        reaction = curve.react(form.before, form.signal)
    except TrustcurveError as error:
        raise MalformedSnapshotError(path, str(error)) from None
    if (reaction.rule.name, reaction.after) != (form.rule, form.after):
        raise MalformedSnapshotError(path, f"is not what this curve does on {form.signal!r} in this position")
    return reaction


def _reaction_form(reaction: Reaction) -> ReactionForm:
    return ReactionForm(reaction.signal, reaction.rule.name, reaction.before, reaction.after)


def _step_form(step: Step) -> StepForm:
    return StepForm(step.before, step.event, step.ticks, tuple(map(_reaction_form, step.reactions)), step.after)


def _journey_form(journey: Journey) -> JourneyForm:
    rejects = tuple(RejectForm(reject.event, reject.error) for reject in journey.rejects)
    return JourneyForm(journey.start, tuple(map(_step_form, journey.steps)), journey.duplicates, rejects, journey.later)
