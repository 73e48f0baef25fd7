"""A population: all customers of a segment at once, each one a number, each turn a look-up; and one replication of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor
from typing import Any

import numpy as np
from attrs import define, frozen
from numpy.typing import NDArray

from trustcurve.core.signals import RETAINED
from trustcurve.errors import require
from trustcurve.simulation.chain_structure import SimulationError
from trustcurve.simulation.counts import Counts
from trustcurve.simulation.plan import Plan, SegmentPlan
from trustcurve.simulation.segment import CUSTOMERS_MAX, apportion

__all__ = ["ABSENT", "Population", "Replication", "TooManyCustomersError", "replicate", "seed_of"]

ABSENT = -1
"""The edge of a customer who has not arrived yet."""

_ROUNDING = 1e-9

_BLOCK = 1 << 15
"""How many customers are drawn at once. Source: our choice, measured; their arrays stay in the processor's cache."""


@define(slots=False, repr=False)
class TooManyCustomersError(SimulationError):
    """Advocates bring more customers than can be simulated: ``turn``, ``customers``."""

    turn: int
    customers: int

    def __str__(self) -> str:
        return (
            f"word_of_mouth: by the turn after {self.turn} advocates would have brought {self.customers:,} customers, more than "
            f"{CUSTOMERS_MAX:,}: let advocates bring fewer, or simulate fewer turns"
        )


@define(eq=False)
class Population:
    """All customers of a segment, cohort after cohort, and what was counted of them.

    Each customer has a place in the plan and uses the random number of that place in every turn, whether or not others were
    deterred. Those who are brought are not in the plan: they are placed one after the other, and each turn has its own stream.
    """

    plan: SegmentPlan
    begins: NDArray[np.int32]
    ends: NDArray[np.int64] | None
    seed: tuple[int, ...]
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
    recommendations: NDArray[np.int64]
    here: int = 0
    lost: int = 0
    highest: int = 0

    @classmethod
    def planned(cls, plan: Plan, number: int, segment: int) -> Population:
        """Allocate room for everybody who is expected in a segment; nobody has arrived yet."""
        ends = np.cumsum([sizes[segment] for sizes in plan.sizes])
        return cls._of(plan, plan.segments[segment], plan.begins, ends, (plan.seed, number, segment))

    @classmethod
    def brought(cls, plan: Plan, number: int, segment: int) -> Population:
        """Make a population of those whom others bring, in any turn; nobody has arrived yet."""
        begins = range(plan.turns + 1)
        return cls._of(plan, plan.brought[segment], begins, None, (plan.seed, number, len(plan.segments) + segment))

    @classmethod
    def _of(
        cls, plan: Plan, its: SegmentPlan, begins: Sequence[int], ends: NDArray[np.int64] | None, seed: tuple[int, ...]
    ) -> Population:
        turns, cohorts, goals = plan.turns, len(begins), len(its.structure.stages) + 1
        room = 0 if ends is None else int(ends[-1])
        return cls(
            plan=its,
            begins=np.array(begins, np.int32),
            ends=ends,
            seed=seed,
            bits=np.random.SFC64(seed_of(*seed)),
            nodes=np.zeros(room, np.int32),
            seen=np.zeros(room, its.goals.dtype),
            cohort=np.zeros(room, np.uint16) if cohorts > 1 else None,
            place=np.zeros(room, np.int32) if plan.lost_per_report and ends is not None else None,
            sizes=np.zeros(cohorts, np.int64),
            looks=np.zeros((cohorts, turns + 1, its.looks.shape[1]), np.int32),
            totals=np.zeros((turns, its.structure.totals_width)),
            came=np.zeros((turns + 1, goals), np.int64),
            been=np.zeros((cohorts, goals), np.int64),
            reports=np.zeros(turns, np.int64),
            recommendations=np.zeros(turns, np.int64),
        )

    def arrive(self, turn: int, cohort: int, size: int) -> None:
        """Add the newcomers of a cohort; the last ones in the plan are those who were deterred."""
        self._make_room(self.here + size)
        new = slice(self.here, self.here + size)
        self.here += size
        self.sizes[cohort] = size
        self.seen[new] = self.plan.goals[0]
        if self.cohort is not None:
            self.cohort[new] = cohort
        if self.place is not None and self.ends is not None:
            self.place[new] = np.arange(size) + (self.ends[cohort - 1] if cohort else 0)
        structure = self.plan.structure
        first = np.zeros(self.looks.shape[2], np.int32)
        first[structure.state[0]] = 1
        first[len(structure.states) :][: len(RETAINED)] = structure.retained[0]
        self.looks[cohort, turn] = size * first
        there = size * _unpacked(self.plan.goals[:1], self.came.shape[1])[0]
        self.came[0] += there
        self.been[cohort] += there

    def _make_room(self, size: int) -> None:
        """Make room for those who were not planned: at least as much again as there is."""
        room = len(self.nodes)
        if size <= room:
            return
        more = max(size, 2 * room) - room
        self.nodes = np.concatenate([self.nodes, np.zeros(more, np.int32)])
        self.seen = np.concatenate([self.seen, np.zeros(more, self.seen.dtype)])
        if self.cohort is not None:
            self.cohort = np.concatenate([self.cohort, np.zeros(more, np.uint16)])

    def _drawn(self, turn: int, expected: int) -> int:
        """Return for how many customers random numbers are drawn in a turn: for all in the plan, whether they came or not."""
        if self.ends is None:
            self.bits = np.random.SFC64(seed_of(*self.seed, turn))
            return self.here
        return int(self.ends[expected - 1])

    def play(self, turn: int, expected: int, followed: NDArray[np.int32]) -> None:
        """Play a turn.

        Args:
            turn: The number of the turn.
            expected: How many cohorts have been expected so far.
            followed: Where to record the edges of the first customers in the plan: (turns, customers).
        """
        plan, structure = self.plan, self.plan.structure
        counts, new = np.zeros(structure.edges, np.int64), np.zeros_like(self.been)
        drawn = self._drawn(turn, expected)
        for begin in range(0, drawn, _BLOCK):
            numbers = self._numbers(min(_BLOCK, drawn - begin))
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
        self.lost, self.highest = int(counts[plan.lost].sum()), int(counts[plan.highest].sum())
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
            recommendations=self.recommendations,
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
    planned = [Population.planned(plan, number, segment) for segment in range(len(plan.segments))]
    brought = [Population.brought(plan, number, segment) for segment in range(len(plan.brought))]
    many = plan.journeys if number == 0 else 0
    sizes_followed = [*(min(many, len(each.nodes)) for each in planned), *(many for _ in brought)]
    followed = [np.full((plan.turns, size), ABSENT, np.int32) for size in sizes_followed]
    away, expected, owed = 0, 0, [0.0] * len(planned)
    coming, owed_more = [0] * len(brought), [0.0] * len(brought)
    for turn in range(plan.turns + 1):
        if stopped():
            return None
        if turn:
            for population, edges in zip([*planned, *brought], followed, strict=True):
                population.play(turn, expected if population.ends is not None else turn, edges)
        if expected < len(plan.begins) and plan.begins[expected] == turn:
            sizes = plan.sizes[expected]
            come = apportion(max(sum(sizes) - away, 0), sizes, owed, most=sizes)
            for population, size in zip(planned, come, strict=True):
                population.arrive(turn, expected, size)
            expected += 1
        for population, size in zip(brought, coming, strict=True):
            population.arrive(turn, turn, size)
        if turn and plan.lost_per_report is not None:
            _spread(plan, [*planned, *brought], turn, number)
            away = round(sum(int(each.reports[turn - 1]) for each in (*planned, *brought)) * plan.lost_per_report)
            coming = _coming(plan, planned, brought, turn, owed_more) if turn < plan.turns else coming
    return Replication(number, tuple(each.counts() for each in (*planned, *brought)), tuple(followed))


def _spread(plan: Plan, populations: list[Population], turn: int, number: int) -> None:
    """Draw how many lost customers tell others in a turn, and how many at the highest stage recommend the company."""
    for place, population in enumerate(populations):
        its, apart = population.plan, () if population.ends is not None else (1,)
        chance = np.random.Generator(np.random.SFC64(seed_of(plan.seed, number, place, turn, *apart)))
        population.reports[turn - 1] = _binomial(population.lost, its.share_telling, chance.random())
        population.recommendations[turn - 1] = _binomial(population.highest, its.share_recommending, chance.random())


def _coming(
    plan: Plan, planned: list[Population], brought: list[Population], turn: int, owed: list[float]
) -> list[int]:
    """Return how many are brought to each segment at the end of the next turn; what rounding leaves over comes later."""
    coming = []
    for place, (population, others) in enumerate(zip(planned, brought, strict=False)):
        recommended = int(population.recommendations[turn - 1] + others.recommendations[turn - 1])
        owed[place] += recommended * plan.brought_per_recommendation
        coming.append(floor(owed[place] + _ROUNDING))
        owed[place] -= coming[-1]
    here = sum(each.here for each in brought) + sum(coming)
    if here > CUSTOMERS_MAX:
        raise TooManyCustomersError(turn, here)
    return coming


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
