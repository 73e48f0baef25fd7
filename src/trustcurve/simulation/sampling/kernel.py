"""One replication, step by step: who acts, who arrives, who is kept away."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.errors import require
from trustcurve.simulation.populations.segments import apportioned
from trustcurve.simulation.sampling.crowds import ABSENT, Crowd, seed_of
from trustcurve.simulation.sampling.plans import Plan
from trustcurve.simulation.tallies.tally import Tally

__all__ = ["Replicated", "replicate"]


@frozen(eq=False)
class Replicated:
    """What came of one replication: the tally of each segment, and the edges that its first customers took.

    Args:
        number: Which replication.
        tallies: Of each segment.
        journeys: Of each segment: (steps, customers), ``ABSENT`` before a customer arrives.
    """

    number: int
    tallies: tuple[Tally, ...]
    journeys: tuple[NDArray[np.int32], ...]


def replicate(plan: Plan, number: int, stopped: Callable[[], bool] = lambda: False) -> Replicated | None:
    """Play one replication; None if it was stopped before its end.

    Every segment has a stream of chance of its own, and every customer a place in it, so that the same customer meets the
    same chance in another scenario, too.

    Args:
        plan: The plan.
        number: Which replication.
        stopped: Asked before each step whether to stop.
    """
    crowds = [Crowd.of(plan, number, segment) for segment in range(len(plan.segments))]
    many = plan.journeys if number == 0 else 0
    followed = [np.full((plan.steps, min(many, len(crowd.nodes))), ABSENT, np.int32) for crowd in crowds]
    away, expected, owed = 0, 0, [0.0] * len(crowds)
    for step in range(plan.steps + 1):
        if stopped():
            return None
        if step:
            for crowd, edges in zip(crowds, followed, strict=True):
                crowd.go(step, expected, edges)
        if expected < len(plan.begins) and plan.begins[expected] == step:
            sizes = plan.sizes[expected]
            come = apportioned(max(sum(sizes) - away, 0), sizes, owed, most=sizes)
            for crowd, size in zip(crowds, come, strict=True):
                crowd.arrive(step, expected, size)
            expected += 1
        away = _tell(plan, crowds, step, number)
    return Replicated(number, tuple(crowd.tally() for crowd in crowds), tuple(followed))


def _tell(plan: Plan, crowds: list[Crowd], step: int, number: int) -> int:
    """Let those who are lost tell others; answer with how many newcomers will stay away for it."""
    if plan.keeps_away is None or not step:
        return 0
    told = 0
    for segment, crowd in enumerate(crowds):
        chance = np.random.Generator(np.random.SFC64(seed_of(plan.seed, number, segment, step)))
        crowd.told[step - 1] = _how_many(crowd.lost, crowd.plan.telling, chance.random())
        told += int(crowd.told[step - 1])
    return round(told * plan.keeps_away)


def _how_many(of: int, chance: float, drawn: float) -> int:
    """Draw from a binomial distribution by turning it round: where there are a few more, the same number draws a few more.

    Args:
        of: How many could do something.
        chance: How likely each of them does.
        drawn: A number between 0 and 1.
    """
    if of == 0 or chance in (0, 1):
        return round(of * chance)
    below = float(require("scipy.special", "simulation").bdtrik(drawn, of, chance))
    return min(max(ceil(below), 0), of)
