"""trustcurve: customers as state machines on the trust curve, and the event and rule behind every move."""

from typing import TYPE_CHECKING, Any

from trustcurve import errors
from trustcurve.core.curve import Curve
from trustcurve.core.events import (
    Advocated,
    Complained,
    Departed,
    Event,
    Exchanged,
    OneSided,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Repaired,
    Returned,
    Signalled,
)
from trustcurve.core.journey import Journey, Reject
from trustcurve.core.promises import Promise
from trustcurve.core.questions import Failure, Refusal, SignalPath
from trustcurve.core.replay import EventFate, LoggedEvent, LoggedTransition, Observation, Replay, replay
from trustcurve.core.rules import Parameter, Rule, Signal, Stage
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.steps import BrokenPromise, Migration, Occurrence, Silence, Step, Transition
from trustcurve.core.table import Table
from trustcurve.core.timetable import Timetable
from trustcurve.errors import InvalidCurveError, TrustcurveError

if TYPE_CHECKING:
    from trustcurve.documents.curve_file import load_curve, parse_curve
    from trustcurve.snapshots import from_json, to_json

    __version__: str

__all__ = [
    "Advocated",
    "BrokenPromise",
    "Complained",
    "Curve",
    "Departed",
    "Event",
    "EventFate",
    "Exchanged",
    "Failure",
    "InvalidCurveError",
    "Journey",
    "LoggedEvent",
    "LoggedTransition",
    "Migration",
    "Observation",
    "Occurrence",
    "OneSided",
    "Parameter",
    "Position",
    "Promise",
    "PromiseBroken",
    "PromiseKept",
    "PromiseMade",
    "PromiseMoved",
    "PromiseReleased",
    "Proposed",
    "Purchased",
    "Reaction",
    "Refusal",
    "Reject",
    "Repaired",
    "Replay",
    "Returned",
    "Rule",
    "Signal",
    "SignalPath",
    "Signalled",
    "Silence",
    "Stage",
    "Standing",
    "Step",
    "Table",
    "Timetable",
    "Transition",
    "TrustcurveError",
    "__version__",
    "errors",
    "from_json",
    "load_curve",
    "parse_curve",
    "replay",
    "to_json",
]

_LAZY = {
    "load_curve": "trustcurve.documents.curve_file",
    "parse_curve": "trustcurve.documents.curve_file",
    "from_json": "trustcurve.snapshots",
    "to_json": "trustcurve.snapshots",
}


def __getattr__(name: str) -> Any:
    """Import readers and writers on first use: they need cattrs, which is slow to import."""
    if name in _LAZY:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(_LAZY[name]), name)
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slow to import

        return version("trustcurve")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
