"""A few numbers that say what became of customers: the same for a sample and for an exact answer."""

from __future__ import annotations

from math import nan

import numpy as np

from trustcurve.policies import ACTIONS
from trustcurve.simulation.tallies.tally import Names, Tally

__all__ = ["is_of_those_seen", "is_share", "measures_of"]

_ENDS, _REACHED = "at the end: ", "reached: "


def measures_of(names: Names, tally: Tally) -> dict[str, float]:
    """Measure what became of the customers of a segment, each number per customer that arrived.

    Args:
        names: What the columns mean.
        tally: What was counted.

    Returns:
        By name: ``at the end: STATE``, the share that stands there; ``reached: STAGE``, the share of those who are seen to
        the end that have been there ("lost": were customers, and distrusted again); ``rises``, ``falls`` and ``does: ACTION``,
        how often in all. NaN where there is nobody to measure.
    """
    arrived = float(sum(tally.sizes)) or nan
    places = np.array([kind[5] for kind in names.kinds])
    changes = tally.changes.sum(axis=0)
    ends = tally.states[:, -1].sum(axis=0)
    found = {f"{_ENDS}{state}": float(n) / arrived for state, n in zip(names.states, ends, strict=True)}
    seen = float(tally.observed[-1]) or nan
    found |= {f"{_REACHED}{goal}": float(n) / seen for goal, n in zip(names.goals, tally.reached[-1], strict=True)}
    found |= {"rises": float(changes[places > 0].sum()) / arrived, "falls": float(changes[places < 0].sum()) / arrived}
    acted = tally.actions.sum(axis=0)
    return found | {f"does: {action}": float(n) / arrived for action, n in zip(ACTIONS, acted, strict=True)}


def is_share(measure: str) -> bool:
    """Tell a share of customers from how often something happens to one.

    Examples:
        >>> is_share("reached: advocate"), is_share("does: ask")
        (True, False)
    """
    return measure.startswith((_ENDS, _REACHED))


def is_of_those_seen(measure: str) -> bool:
    """Tell what is measured of customers who are seen to the end from what is of all who arrived.

    Examples:
        >>> is_of_those_seen("reached: advocate"), is_of_those_seen("at the end: advocate")
        (True, False)
    """
    return measure.startswith(_REACHED)
