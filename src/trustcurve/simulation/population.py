"""The customers of a segment, all at once: every one a number, every step a look-up."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
from attrs import define, frozen
from numpy.typing import NDArray

from trustcurve.core.extras import require
from trustcurve.simulation.counts import Tally
from trustcurve.simulation.plan import Plan, SegmentPlan
from trustcurve.simulation.segment import apportioned

__all__ = ["ABSENT", "Crowd", "Replicated", "replicate", "seed_of"]


ABSENT = -1
"""The edge of one who is not there yet."""

_BLOCK = 1 << 15
"""How many customers are drawn at once. Source: our choice, measured; their arrays stay in the processor's cache."""


@define(eq=False)
class Crowd:
    """All customers of a segment, cohort after cohort, and what was counted of them.

    Each has a place in the plan, and is drawn the number of that place in every step, whether others stay away or not.
    """

    plan: SegmentPlan
    begins: NDArray[np.int32]
    ends: NDArray[np.int64]
    chance: np.random.SFC64
    nodes: NDArray[np.int32]
    seen: NDArray[Any]
    cohort: NDArray[np.uint16] | None
    place: NDArray[np.int32] | None
    sizes: NDArray[np.int64]
    states: NDArray[np.int32]
    sums: NDArray[np.float64]
    came: NDArray[np.int64]
    been: NDArray[np.int64]
    told: NDArray[np.int64]
    here: int = 0
    lost: int = 0

    @classmethod
    def of(cls, plan: Plan, number: int, segment: int) -> Crowd:
        """Make room for everybody who is expected; nobody is there yet."""
        its, steps = plan.segments[segment], plan.steps
        ends = np.cumsum([sizes[segment] for sizes in plan.sizes])
        cohorts, goals = len(ends), len(its.shape.stages) + 1
        return cls(
            plan=its,
            begins=np.array(plan.begins, np.int32),
            ends=ends,
            chance=np.random.SFC64(seed_of(plan.seed, number, segment)),
            nodes=np.zeros(ends[-1], np.int32),
            seen=np.zeros(ends[-1], its.goals.dtype),
            cohort=np.zeros(ends[-1], np.uint16) if cohorts > 1 else None,
            place=np.zeros(ends[-1], np.int32) if plan.keeps_away else None,
            sizes=np.zeros(cohorts, np.int64),
            states=np.zeros((cohorts, steps + 1, len(its.shape.states)), np.int32),
            sums=np.zeros((steps, its.shape.counted)),
            came=np.zeros((steps + 1, goals), np.int64),
            been=np.zeros((cohorts, goals), np.int64),
            told=np.zeros(steps, np.int64),
        )

    def arrive(self, step: int, cohort: int, size: int) -> None:
        """Let the strangers of a cohort arrive; those stay away who are the last in the plan."""
        new = slice(self.here, self.here + size)
        self.here += size
        self.sizes[cohort] = size
        self.seen[new] = self.plan.goals[0]
        if self.cohort is not None:
            self.cohort[new] = cohort
        if self.place is not None:
            self.place[new] = np.arange(size) + (self.ends[cohort - 1] if cohort else 0)
        self.states[cohort, step, self.plan.shape.state[0]] = size
        there = size * _bits(self.plan.goals[:1], self.came.shape[1])[0]
        self.came[0] += there
        self.been[cohort] += there

    def go(self, step: int, expected: int, followed: NDArray[np.int32]) -> None:
        """Play a step.

        Args:
            step: Which one.
            expected: How many cohorts have been expected so far.
            followed: Where to write down the edges of the first customers in the plan: (steps, customers).
        """
        plan, shape = self.plan, self.plan.shape
        counts, new = np.zeros(shape.edges, np.int64), np.zeros_like(self.been)
        for begin in range(0, int(self.ends[expected - 1]), _BLOCK):
            numbers = self._numbers(min(_BLOCK, int(self.ends[expected - 1]) - begin))
            part = slice(begin, begin + len(numbers))
            if self.place is not None:
                part = slice(*np.searchsorted(self.place[: self.here], [part.start, part.stop]))
                numbers = numbers.take(self.place[part] - begin)
            edges = self._play(step, part, numbers)
            counts += np.bincount(edges, minlength=shape.edges)
            self._see(part, new)
            if self.cohort is not None:
                standing = self.cohort[part] * np.int32(len(shape.states)) + plan.state.take(edges)
                states = np.bincount(standing, minlength=self.states[:, step].size)
                self.states[:, step] += states.reshape(self.states[:, step].shape)
            if part.start < followed.shape[1]:
                who = np.arange(part.start, part.stop) if self.place is None else self.place[part]
                followed[step - 1, who[who < followed.shape[1]]] = edges[who < followed.shape[1]]
        self.been += new
        self.came[step - self.begins[:expected]] += new[:expected]
        self.sums[step - 1] = shape.added_up(counts)
        self.lost = int(counts[plan.lost].sum())
        if self.cohort is None:
            self.states[0, step] = np.bincount(plan.state, weights=counts, minlength=len(shape.states))

    def _numbers(self, count: int) -> NDArray[np.uint32]:
        """Draw 32-bit numbers."""
        drawn: NDArray[np.uint32] = self.chance.random_raw((count + 1) // 2).view(np.uint32)[:count]
        return drawn

    def _play(self, step: int, part: slice, numbers: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Draw the edges of some customers, and move them."""
        plan, nodes = self.plan, self.nodes[part]
        calm, risky = plan.lots[plan.phases[step - 1]]
        lots = calm.draw(numbers)
        if plan.risky:
            at_risk = np.flatnonzero(plan.shape.at_risk.take(nodes))
            lots[at_risk] = risky.draw(numbers[at_risk])
        edges: NDArray[np.int32] = plan.edge.take(nodes * np.int32(plan.width) + lots)
        nodes[:] = plan.shape.target.take(edges)
        return edges

    def _see(self, part: slice, new: NDArray[np.int64]) -> None:
        """Count those of each cohort who are at a goal for the first time."""
        goals, seen = self.plan.goals.take(self.nodes[part]), self.seen[part]
        fresh = goals & ~seen
        first = np.flatnonzero(fresh != 0)
        if not len(first):
            return
        np.bitwise_or(seen, goals, out=seen)
        patterns = fresh.take(first)
        if self.cohort is None:
            many = np.bincount(patterns)
            new += many @ _bits(np.arange(len(many), dtype=patterns.dtype), new.shape[1])
        else:
            cohorts, bits = self.cohort[part].take(first), _bits(patterns, new.shape[1])
            for goal in range(new.shape[1]):
                new[:, goal] += np.bincount(cohorts[bits[:, goal]], minlength=len(new))

    def tally(self) -> Tally:
        """Answer with what was counted."""
        changes, actions, moves = self.plan.shape.parted(np.rint(self.sums).astype(np.int64))
        # Who came to a goal by some age, less those of cohorts that could not be seen that long.
        ages, goals = self.came.shape
        gone, unseen = np.zeros((ages + 1, goals), np.int64), np.zeros(ages + 1, np.int64)
        gone[ages - self.begins], unseen[ages - self.begins] = self.been, self.sizes
        return Tally(
            begins=tuple(self.begins.tolist()),
            sizes=tuple(self.sizes.tolist()),
            states=self.states,
            changes=changes,
            actions=actions,
            moves=moves,
            reached=np.cumsum(self.came, axis=0) - np.cumsum(gone, axis=0)[:-1],
            observed=self.sizes.sum() - np.cumsum(unseen)[:-1],
            told=self.told,
        )


def _bits(patterns: NDArray[Any], count: int) -> NDArray[np.bool_]:
    """Take patterns apart: (patterns, count)."""
    return (patterns[:, None] >> np.arange(count, dtype=patterns.dtype) & 1).astype(bool)


def seed_of(seed: int, number: int, *more: int) -> np.random.SeedSequence:
    """Answer with the seed sequence of a replication, or of a segment in it: what ``spawn`` would answer with."""
    return np.random.SeedSequence(seed, spawn_key=(number, *more))


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
