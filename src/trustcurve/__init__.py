"""trustcurve: where each customer stands on the trust curve, what moved them and why."""

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidCurveError, TrustcurveError
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
from trustcurve.core.journey import Journey
from trustcurve.core.promises import Promise
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.steps import BrokenPromise, Migration, Occurrence, Silence, Step, Transition
from trustcurve.core.timetable import Timetable
from trustcurve.files import load_curve

__all__ = [
    "Advocated",
    "BrokenPromise",
    "Complained",
    "Curve",
    "Departed",
    "Event",
    "Exchanged",
    "InvalidCurveError",
    "Journey",
    "Migration",
    "Occurrence",
    "OneSided",
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
    "Repaired",
    "Returned",
    "Signalled",
    "Silence",
    "Standing",
    "Step",
    "Timetable",
    "Transition",
    "TrustcurveError",
    "load_curve",
]
