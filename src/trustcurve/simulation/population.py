"""A population: all customers of a segment at once, each one a number, each turn a look-up; and one replication of them."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
from attrs import define, frozen
from numpy.typing import NDArray

from trustcurve.errors import require
from trustcurve.simulation.chain_structure import RETAINED
from trustcurve.simulation.counts import Counts
from trustcurve.simulation.plan import Plan, SegmentPlan
from trustcurve.simulation.segment import apportion

__all__ = ["ABSENT", "Population", "Replication", "replicate", "seed_of"]

ABSENT = -1
"""The edge of a customer who has not arrived yet."""

_BLOCK = 1 << 15
"""How many customers are drawn at once. Source: our choice, measured; their arrays stay in the processor's cache."""


@define(eq=False)
class Population:
    """All customers of a segment, cohort after cohort, and what was counted of them.

    Each customer has a place in the plan and uses the random number of that place in every turn, whether or not others were
    deterred.
    """

    plan: SegmentPlan
    begins: NDArray[np.int32]
    ends: NDArray[np.int64]
    bits: np.random.SFC64
    nodes: NDArray[np.int32]
    seen: NDArray[Any]
    cohort: NDArray[np.uint16] | None
    place: NDArray[np.int32] | None
    sizes: NDArray[np.int64]
    looks: NDArray[np.int32]
    totals: NDArray[np.float64]
    came: NDArray[np.int64]
    been: NDArray[np.int64]
    reports: NDArray[np.int64]
    here: int = 0
    lost: int = 0

    @classmethod
    def of(cls, plan: Plan, number: int, segment: int) -> Population:
        """Allocate room for everybody who is expected; nobody has arrived yet."""
        its, turns = plan.segments[segment], plan.turns
        ends = np.cumsum([sizes[segment] for sizes in plan.sizes])
        cohorts, goals = len(ends), len(its.structure.stages) + 1
        return cls(
            plan=its,
            begins=np.array(plan.begins, np.int32),
            ends=ends,
            bits=np.random.SFC64(seed_of(plan.seed, number, segment)),
            nodes=np.zeros(ends[-1], np.int32),
            seen=np.zeros(ends[-1], its.goals.dtype),
            cohort=np.zeros(ends[-1], np.uint16) if cohorts > 1 else None,
            place=np.zeros(ends[-1], np.int32) if plan.lost_per_report else None,
            sizes=np.zeros(cohorts, np.int64),
            looks=np.zeros((cohorts, turns + 1, its.looks.shape[1]), np.int32),
            totals=np.zeros((turns, its.structure.totals_width)),
            came=np.zeros((turns + 1, goals), np.int64),
            been=np.zeros((cohorts, goals), np.int64),
            reports=np.zeros(turns, np.int64),
        )

    def arrive(self, turn: int, cohort: int, size: int) -> None:
        """Add the strangers of a cohort; the last ones in the plan are those who were deterred."""
        new = slice(self.here, self.here + size)
        self.here += size
        self.sizes[cohort] = size
        self.seen[new] = self.plan.goals[0]
        if self.cohort is not None:
            self.cohort[new] = cohort
        if self.place is not None:
            self.place[new] = np.arange(size) + (self.ends[cohort - 1] if cohort else 0)
        structure = self.plan.structure
        first = np.zeros(self.looks.shape[2], np.int32)
        first[structure.state[0]] = 1
        first[len(structure.states) :][: len(RETAINED)] = structure.retained[0]
        self.looks[cohort, turn] = size * first
        there = size * _unpacked(self.plan.goals[:1], self.came.shape[1])[0]
        self.came[0] += there
        self.been[cohort] += there

    def play(self, turn: int, expected: int, followed: NDArray[np.int32]) -> None:
        """Play a turn.

        Args:
            turn: The number of the turn.
            expected: How many cohorts have been expected so far.
            followed: Where to record the edges of the first customers in the plan: (turns, customers).
        """
        plan, structure = self.plan, self.plan.structure
        counts, new = np.zeros(structure.edges, np.int64), np.zeros_like(self.been)
        for begin in range(0, int(self.ends[expected - 1]), _BLOCK):
            numbers = self._numbers(min(_BLOCK, int(self.ends[expected - 1]) - begin))
            part = slice(begin, begin + len(numbers))
            if self.place is not None:
                part = slice(*np.searchsorted(self.place[: self.here], [part.start, part.stop]))
                numbers = numbers.take(self.place[part] - begin)
            edges = self._move(turn, part, numbers)
            counts += np.bincount(edges, minlength=structure.edges)
            self._count_goals(part, new)
            if self.cohort is not None:
                many = len(plan.looks)
                looks = np.bincount(
                    self.cohort[part] * np.int32(many) + plan.look.take(edges), minlength=many * len(new)
                )
                self.looks[:, turn] += looks.reshape(-1, many) @ plan.looks
            if part.start < followed.shape[1]:
                who = np.arange(part.start, part.stop) if self.place is None else self.place[part]
                followed[turn - 1, who[who < followed.shape[1]]] = edges[who < followed.shape[1]]
        self.been += new
        self.came[turn - self.begins[:expected]] += new[:expected]
        self.totals[turn - 1] = structure.totals(counts)
        self.lost = int(counts[plan.lost].sum())
        if self.cohort is None:
            looks = np.bincount(plan.look, weights=counts, minlength=len(plan.looks))
            self.looks[0, turn] = np.rint(looks @ plan.looks)

    def _numbers(self, count: int) -> NDArray[np.uint32]:
        """Draw 32-bit numbers."""
        drawn: NDArray[np.uint32] = self.bits.random_raw((count + 1) // 2).view(np.uint32)[:count]
        return drawn

    def _move(self, turn: int, part: slice, numbers: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Draw the edges of some customers, and move them to the ends of these."""
        plan, nodes = self.plan, self.nodes[part]
        phase = plan.phases[turn - 1]
        first, *others = plan.draws[phase]
        columns = first.draw(numbers)
        if others:
            drawn_by = plan.drawn_by[phase].take(nodes)
            for number, table in enumerate(others, 1):
                who = np.flatnonzero(drawn_by == number)
                columns[who] = table.draw(numbers[who])
        edges: NDArray[np.int32] = plan.edge.take(nodes * np.int32(plan.width) + columns)
        nodes[:] = plan.structure.target.take(edges)
        return edges

    def _count_goals(self, part: slice, new: NDArray[np.int64]) -> None:
        """Count the customers of each cohort who reach a goal for the first time."""
        goals, seen = self.plan.goals.take(self.nodes[part]), self.seen[part]
        fresh = goals & ~seen
        first = np.flatnonzero(fresh != 0)
        if not len(first):
            return
        np.bitwise_or(seen, goals, out=seen)
        patterns = fresh.take(first)
        if self.cohort is None:
            many = np.bincount(patterns)
            new += many @ _unpacked(np.arange(len(many), dtype=patterns.dtype), new.shape[1])
        else:
            cohorts, bits = self.cohort[part].take(first), _unpacked(patterns, new.shape[1])
            for goal in range(new.shape[1]):
                new[:, goal] += np.bincount(cohorts[bits[:, goal]], minlength=len(new))

    def counts(self) -> Counts:
        """Return what was counted."""
        structure = self.plan.structure
        transitions, actions, moves = structure.split_totals(np.rint(self.totals).astype(np.int64))
        states, retained, exchanged = np.split(
            self.looks, [len(structure.states), len(structure.states) + len(RETAINED)], axis=2
        )
        # Customers who reached a goal by some age, minus those of cohorts that were not observed that long.
        ages, goals = self.came.shape
        gone, unseen = np.zeros((ages + 1, goals), np.int64), np.zeros(ages + 1, np.int64)
        gone[ages - self.begins], unseen[ages - self.begins] = self.been, self.sizes
        return Counts(
            begins=tuple(self.begins.tolist()),
            sizes=tuple(self.sizes.tolist()),
            states=states,
            retained=retained,
            exchanged=exchanged,
            transitions=transitions,
            actions=actions,
            moves=moves,
            reached=np.cumsum(self.came, axis=0) - np.cumsum(gone, axis=0)[:-1],
            observed=self.sizes.sum() - np.cumsum(unseen)[:-1],
            reports=self.reports,
        )


def _unpacked(patterns: NDArray[Any], count: int) -> NDArray[np.bool_]:
    """Unpack bits: (patterns, count)."""
    return (patterns[:, None] >> np.arange(count, dtype=patterns.dtype) & 1).astype(bool)


def seed_of(seed: int, number: int, *more: int) -> np.random.SeedSequence:
    """Return the seed sequence of a replication, or of a segment in it: what ``spawn`` would return."""
    return np.random.SeedSequence(seed, spawn_key=(number, *more))


@frozen(eq=False)
class Replication:
    """One replication: the counts of each segment, and the edges that its first customers took.

    Args:
        number: The number of the replication.
        counts: The counts of each segment.
        journeys: For each segment (turns, customers); ``ABSENT`` before a customer arrives.
    """

    number: int
    counts: tuple[Counts, ...]
    journeys: tuple[NDArray[np.int32], ...]


def replicate(plan: Plan, number: int, stopped: Callable[[], bool] = lambda: False) -> Replication | None:
    """Play one replication; return None if it was stopped before its end.

    Every segment has its own stream of random numbers, and every customer a place in it, so that the same customer meets the
    same random numbers in another scenario (common random numbers).

    Args:
        plan: The plan.
        number: The number of the replication.
        stopped: Called before each turn; True stops the replication.
    """
    populations = [Population.of(plan, number, segment) for segment in range(len(plan.segments))]
    many = plan.journeys if number == 0 else 0
    followed = [np.full((plan.turns, min(many, len(each.nodes))), ABSENT, np.int32) for each in populations]
    away, expected, owed = 0, 0, [0.0] * len(populations)
    for turn in range(plan.turns + 1):
        if stopped():
            return None
        if turn:
            for population, edges in zip(populations, followed, strict=True):
                population.play(turn, expected, edges)
        if expected < len(plan.begins) and plan.begins[expected] == turn:
            sizes = plan.sizes[expected]
            come = apportion(max(sum(sizes) - away, 0), sizes, owed, most=sizes)
            for population, size in zip(populations, come, strict=True):
                population.arrive(turn, expected, size)
            expected += 1
        away = _deterred(plan, populations, turn, number)
    return Replication(number, tuple(each.counts() for each in populations), tuple(followed))


def _deterred(plan: Plan, populations: list[Population], turn: int, number: int) -> int:
    """Draw how many lost customers tell others, and return how many newcomers are lost to that."""
    if plan.lost_per_report is None or not turn:
        return 0
    reports = 0
    for segment, population in enumerate(populations):
        chance = np.random.Generator(np.random.SFC64(seed_of(plan.seed, number, segment, turn)))
        population.reports[turn - 1] = _binomial(population.lost, population.plan.share_telling, chance.random())
        reports += int(population.reports[turn - 1])
    return round(reports * plan.lost_per_report)


def _binomial(of: int, probability: float, drawn: float) -> int:
    """Draw from a binomial distribution by inversion, so that with a larger ``of`` the same number never draws fewer.

    Args:
        of: The number of trials.
        probability: The probability of each.
        drawn: A number between 0 and 1.
    """
    if of == 0 or probability in (0, 1):
        return round(of * probability)
    below = float(require("scipy.special", "simulation").bdtrik(drawn, of, probability))
    return min(max(ceil(below), 0), of)
