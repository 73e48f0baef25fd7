"""One replication: every customer a number, every step a look-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from trustcurve.simulation.sampling.plans import Plan, SegmentPlan
from trustcurve.simulation.tallies.tally import Tally
from trustcurve.simulation.unrolled.shape import LOST

__all__ = ["Replicated", "replicate"]

_BLOCK = 1 << 15
"""How many customers are drawn at once. Source: our choice, measured; their arrays stay in the processor's cache."""


@frozen(eq=False)
class Replicated:
    """What came of one replication: the tally of each segment, and the edges that some customers took."""

    number: int
    tallies: tuple[Tally, ...]
    journeys: tuple[NDArray[np.int32], ...]


@define(eq=False)
class _Cohort:
    """Customers who arrived together: the node of each, which goals it has been at, and their own stream of chance."""

    begins: int
    nodes: NDArray[np.int32]
    seen: NDArray[Any]
    chance: np.random.SFC64

    def numbers(self, count: int) -> NDArray[np.uint32]:
        """Draw 32-bit numbers."""
        drawn: NDArray[np.uint32] = self.chance.random_raw((count + 1) // 2).view(np.uint32)[:count]
        return drawn


@define(eq=False)
class _Crowd:
    """All customers of a segment, and what was counted of them."""

    plan: SegmentPlan
    steps: int
    cohorts: list[_Cohort] = field(factory=list)
    states: list[NDArray[np.int64]] = field(factory=list)
    edges: NDArray[np.int64] = field(init=False)
    changes: NDArray[np.float64] = field(init=False)
    actions: NDArray[np.int64] = field(init=False)
    moves: NDArray[np.int64] = field(init=False)
    reached: NDArray[np.int64] = field(init=False)
    observed: NDArray[np.int64] = field(init=False)
    told: NDArray[np.int64] = field(init=False)

    def __attrs_post_init__(self) -> None:
        goals = len(self.plan.shape.stages) + 1
        self.edges = np.zeros((self.steps, self.plan.shape.edges), np.int64)
        self.reached = np.zeros((self.steps + 1, goals), np.int64)
        self.observed, self.told = np.zeros(self.steps + 1, np.int64), np.zeros(self.steps, np.int64)

    def arrive(self, step: int, size: int, seed: np.random.SeedSequence) -> None:
        """Let a cohort of strangers arrive."""
        seen = np.full(size, self.plan.goals[0])
        self.cohorts.append(_Cohort(step, np.zeros(size, np.int32), seen, np.random.SFC64(seed)))
        self.states.append(np.zeros((self.steps + 1, len(self.plan.shape.states)), np.int64))
        self.states[-1][step, self.plan.shape.state[0]] = size
        self._count_seen(self.cohorts[-1], 0)

    def go(self, step: int, followed: NDArray[np.int32] | None) -> None:
        """Play a step; the edges of the first customers are written down where they are followed."""
        shape = self.plan.shape
        for place, cohort in enumerate(self.cohorts):
            counts = np.zeros(shape.edges, np.int64)
            for begin in range(0, len(cohort.nodes), _BLOCK):
                edges = self._play(cohort, begin, step)
                counts += np.bincount(edges, minlength=shape.edges)
                if followed is not None and place == 0 and begin < followed.shape[1]:
                    many = min(len(edges), followed.shape[1] - begin)
                    followed[step - 1, begin : begin + many] = edges[:many]
            self.edges[step - 1] += counts
            self.states[place][step] = np.bincount(self.plan.state, weights=counts, minlength=len(shape.states)).astype(
                np.int64
            )
            self._count_seen(cohort, step - cohort.begins)

    def _play(self, cohort: _Cohort, begin: int, step: int) -> NDArray[np.int32]:
        """Draw the edges of a block of customers, and move them."""
        plan, nodes = self.plan, cohort.nodes[begin : begin + _BLOCK]
        calm, risky = plan.lots[plan.phases[step - 1]]
        numbers = cohort.numbers(len(nodes))
        lots = calm.draw(numbers)
        if plan.risky:
            at_risk = np.flatnonzero(plan.shape.at_risk.take(nodes))
            lots[at_risk] = risky.draw(numbers[at_risk])
        edges = plan.edge.take(nodes * np.int32(plan.width) + lots)
        nodes[:] = plan.shape.target.take(edges)
        seen = cohort.seen[begin : begin + _BLOCK]
        np.bitwise_or(seen, plan.goals.take(nodes), out=seen)
        return edges

    def _count_seen(self, cohort: _Cohort, age: int) -> None:
        goals = len(self.plan.shape.stages) + 1
        patterns = np.bincount(cohort.seen, minlength=1 << goals)
        bits = np.arange(1 << goals)[:, None] >> np.arange(goals) & 1
        self.reached[age] += patterns @ bits
        self.observed[age] += len(cohort.nodes)

    def lost(self) -> int:
        """Count those who were customers and now distrust, or have left since."""
        past = self.plan.shape.past
        return sum(int((past.take(cohort.nodes) == LOST).sum()) for cohort in self.cohorts)

    def tally(self) -> Tally:
        """Answer with what was counted."""
        shape = self.plan.shape
        return Tally(
            begins=tuple(cohort.begins for cohort in self.cohorts),
            sizes=tuple(len(cohort.nodes) for cohort in self.cohorts),
            states=np.stack(self.states),
            changes=_whole(shape.per_change(self.edges)),
            actions=_whole(shape.per_action(self.edges)),
            moves=_whole(shape.per_move(self.edges)),
            reached=self.reached,
            observed=self.observed,
            told=self.told,
        )


def _whole(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(counts).astype(np.int64)


def replicate(plan: Plan, number: int, stopped: Callable[[], bool] = lambda: False) -> Replicated | None:
    """Play one replication; None if it was stopped before its end.

    Every cohort of every segment has a stream of chance of its own, so that the same customer meets the same chance in
    another scenario, too.

    Args:
        plan: The plan.
        number: Which replication.
        stopped: Asked before each step whether to stop.
    """
    crowds = [_Crowd(segment, plan.steps) for segment in plan.segments]
    followed = [
        np.zeros((plan.steps, min(plan.journeys, plan.sizes[0][place])), np.int32) if number == 0 else None
        for place in range(len(crowds))
    ]
    telling = np.random.Generator(np.random.SFC64(seed_of(plan.seed, number)))
    away = 0
    expected = dict(zip(plan.begins, plan.sizes, strict=True))
    for step in range(plan.steps + 1):
        if stopped():
            return None
        if step:
            for crowd, edges in zip(crowds, followed, strict=True):
                crowd.go(step, edges)
        if step in expected:
            come = _who_come(expected[step], away if step else 0)
            for place, (crowd, size) in enumerate(zip(crowds, come, strict=True)):
                crowd.arrive(step, size, seed_of(plan.seed, number, place, step))
        away = _tell(plan, crowds, step, telling)
    return Replicated(number, tuple(crowd.tally() for crowd in crowds), tuple(f for f in followed if f is not None))


def seed_of(seed: int, number: int, *more: int) -> np.random.SeedSequence:
    """Answer with the seed sequence of a replication, or of a cohort in it: what ``spawn`` would answer with."""
    return np.random.SeedSequence(seed, spawn_key=(number, *more))


def _tell(plan: Plan, crowds: list[_Crowd], step: int, chance: np.random.Generator) -> int:
    """Let those who are lost tell others; answer with how many newcomers will stay away for it."""
    if not plan.keeps_away or not step:
        return 0
    told = 0
    for crowd in crowds:
        crowd.told[step - 1] = chance.binomial(crowd.lost(), crowd.plan.telling)
        told += int(crowd.told[step - 1])
    return round(told * plan.keeps_away)


def _who_come(expected: tuple[int, ...], away: int) -> tuple[int, ...]:
    """Keep newcomers away, from each segment as many as its share says."""
    total = sum(expected)
    coming = max(total - away, 0)
    bounds = [round(coming * sum(expected[: place + 1]) / total) if total else 0 for place in range(len(expected))]
    return tuple(after - before for before, after in zip([0, *bounds], bounds, strict=False))
