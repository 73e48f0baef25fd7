"""trustcurve: where each customer stands on the trust curve, what moved them and why."""

from trustcurve.core.adoption import Adoption
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
from trustcurve.core.standing import Position, Promise, Reaction, Standing
from trustcurve.core.steps import Move, Step
from trustcurve.files import load_curve

__all__ = [
    "Adoption",
    "Advocated",
    "Complained",
    "Curve",
    "Departed",
    "Event",
    "Exchanged",
    "InvalidCurveError",
    "Journey",
    "Move",
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
    "Standing",
    "Step",
    "TrustcurveError",
    "load_curve",
]
