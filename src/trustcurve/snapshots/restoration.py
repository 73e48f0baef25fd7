"""Restore values from stored forms, and check them against their curve.

A step is a function of its standing, its event and its curve. So it is computed again, and the stored step
must be equal to the result.
"""

from __future__ import annotations

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey, Reject
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.errors import TrustcurveError
from trustcurve.snapshots.converter import converter, difference, malformed
from trustcurve.snapshots.snapshot_errors import MalformedSnapshotError
from trustcurve.snapshots.stored import JourneyForm, StandingForm, StepForm

__all__ = ["restore"]


def restore(form: StandingForm | StepForm | JourneyForm, curve: Curve) -> Standing | Step | Journey:
    """Return the value of a stored form.

    Raises:
        MalformedSnapshotError: The value is not possible on this curve.
    """
    if isinstance(form, StandingForm):
        return _checked(form, curve, "$")
    if isinstance(form, StepForm):
        return _again(form, _checked(form.before, curve, "$.before"), curve, "$")
    return _journey(form, curve)


def _checked(standing: StandingForm, curve: Curve, path: str) -> Standing:
    try:
        curve.state(standing.position)
    except TrustcurveError as error:
        raise malformed(error, f"{path}.position") from None
    if standing.position not in curve.table().numbers:
        raise MalformedSnapshotError(f"{path}.position", "must be reachable from the start of this curve")
    if standing.quiet_since > standing.as_of:
        raise MalformedSnapshotError(f"{path}.quiet_since", "must not be after as_of")
    if not standing.customer:
        raise MalformedSnapshotError(f"{path}.customer", "must not be empty")
    if standing.promises:
        _check_promises(standing, path)
    return standing.value()


def _check_promises(standing: StandingForm, path: str) -> None:
    ids = [promise.id for promise in standing.promises]
    if ids != sorted(set(ids)):
        raise MalformedSnapshotError(f"{path}.promises", "must be ordered by id, each id once")
    for index, promise in enumerate(standing.promises):
        place = f"{path}.promises[{index}]"
        # Without the curve's grace: the standing may have migrated from a curve with less grace.
        if promise.overdue and promise.due is not None and promise.due >= standing.as_of:
            raise MalformedSnapshotError(f"{place}.overdue", "must not be true: no due date lies before as_of")


def _again(form: StepForm, before: Standing, curve: Curve, path: str) -> Step:
    try:
        step = curve.observe(before, form.after.as_of) if form.event is None else curve.advance(before, form.event)
    except TrustcurveError as error:
        raise malformed(error, f"{path}.after.as_of" if form.event is None else f"{path}.event") from None
    _same(form, StepForm.of(step), StepForm, path, "this curve gives")
    return step


def _journey(form: JourneyForm, curve: Curve) -> Journey:
    start = standing = _checked(form.start, curve, "$.start")
    steps: list[Step] = []
    for index, each in enumerate(form.steps):
        path = f"$.steps[{index}]"
        source = "the step before it ends with" if steps else "the journey starts with"
        _same(each.before, StandingForm.of(standing), StandingForm, f"{path}.before", source)
        steps.append(_again(each, standing, curve, path))
        standing = steps[-1].after
    rejects = tuple(Reject(reject.event, reject.error) for reject in form.rejects)
    dropped = (form.duplicates, rejects, form.later, form.conflicts, form.skipped)
    return Journey(start, tuple(steps), *dropped)


def _same(found: object, wanted: object, form: type, path: str, source: str) -> None:
    if found == wanted:
        return
    write = converter().unstructure
    place, is_there, should_be = difference(write(found, form), write(wanted, form), path)
    raise MalformedSnapshotError(place, f"is {is_there}, but {source} {should_be}")
