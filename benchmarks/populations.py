"""What simulating a population costs, beside Mesa 3: the same model, the same chances, in the same run."""

from __future__ import annotations

import subprocess
import sys
from bisect import bisect
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import mesa
import numpy as np
from attrs import evolve

from trustcurve import Curve
from trustcurve.policies import Environment, load_policy
from trustcurve.simulation import Scenario, chain_structure, simulate, solve
from trustcurve.simulation.markov_chain import Chain, expected_totals

ROOT = Path(__file__).resolve().parent.parent
ORDINARY = Environment(
    {
        "purchase": 0.2,
        "kept": 0.5,
        "broken": 0.05,
        "complaint": 0.05,
        "advocacy": 0.1,
        "departure": 0.01,
        "return": 0.02,
    }
)
STEPS, CUSTOMERS, AGENTS = 24, 200_000, 20_000
SIZES = (125_000, 250_000, 500_000, 1_000_000, 2_000_000)
ROUNDS = 3
POLICY = ROOT / "examples" / "policies" / "solve_first.toml"


class Customer(mesa.Agent):  # type: ignore[misc] # mesa has no types
    """A customer as users of Mesa write one: in each step the next turn is drawn, and counted."""

    def __init__(self, model: Population) -> None:
        super().__init__(model)
        self.node = 0

    def step(self) -> None:
        """Draw a turn and take it."""
        edge = self.model.draw(self.node)
        self.model.counts[edge] += 1
        self.node = self.model.targets[edge]


class Population(mesa.Model):  # type: ignore[misc] # mesa has no types
    """The same loop of turns as ours: the same nodes, edges and chances."""

    def __init__(self, customers: int, seed: int) -> None:
        super().__init__(seed=seed)
        chain = _chain()
        self.chance = Random(seed)  # noqa: S311 - nothing is kept secret here
        self.targets = chain.structure.target.tolist()
        self.counts = [0] * chain.structure.edges
        self.ways: list[tuple[list[int], list[float]]] = [([], []) for _ in range(chain.structure.nodes)]
        for edge, (source, p) in enumerate(
            zip(chain.structure.source.tolist(), chain.probabilities[0].tolist(), strict=True)
        ):
            edges, sums = self.ways[source]
            edges.append(edge)
            sums.append(p + (sums[-1] if sums else 0.0))
        Customer.create_agents(self, customers)

    def draw(self, node: int) -> int:
        """Draw one of a node's edges."""
        edges, sums = self.ways[node]
        return edges[min(bisect(sums, self.chance.random()), len(edges) - 1)]

    def step(self) -> None:
        """Let everybody take a turn."""
        self.agents.do("step")


def _chain() -> Chain:
    scenario = Scenario.single(Curve.default(), load_policy(POLICY), ORDINARY, turns=STEPS)
    return Chain.of(scenario, scenario.segments[0])


def ours(customers: int) -> float:
    """Time a simulation in one process; the loop is unrolled already."""
    start = perf_counter()
    scenario = Scenario.single(
        Curve.default(), load_policy(POLICY), ORDINARY, turns=STEPS, customers=customers, replications=1
    )
    simulate(scenario, processes=1)
    return perf_counter() - start


def theirs() -> float:
    """Time the steps of Mesa's model; it is made already."""
    model = Population(AGENTS, 1)
    start = perf_counter()
    for _ in range(STEPS):
        model.step()
    return perf_counter() - start


def speeds() -> tuple[float, float]:
    """Return agent-steps per second, ours and Mesa's: the best of some interleaved rounds."""
    ours(1000)
    times = [(ours(CUSTOMERS), theirs()) for _ in range(ROUNDS)]
    return CUSTOMERS * STEPS / min(own for own, _ in times), AGENTS * STEPS / min(other for _, other in times)


def agreement() -> float:
    """Return the greatest difference of the two models' counts of changes, actions and moves, in standard errors."""
    model = Population(AGENTS, 2)
    for _ in range(STEPS):
        model.step()
    chain = _chain()
    exact, counts = expected_totals(chain, {0: AGENTS}).sum(axis=0), chain.structure.totals(np.array(model.counts))
    return max(abs(count - mean) / mean**0.5 for count, mean in zip(counts, exact, strict=True) if mean >= 30)


def growth() -> list[tuple[int, float]]:
    """Time populations of several sizes: the least of three rounds each."""
    ours(1000)
    return [(size, min(ours(size) for _ in range(3))) for size in SIZES]


_MEMORY = """
import sys, tracemalloc
sys.path.insert(0, "benchmarks")
from populations import ours
ours(1000)
tracemalloc.start()
ours(int(sys.argv[1]))
print(tracemalloc.get_traced_memory()[1] / int(sys.argv[1]))
"""


def bytes_each(customers: int = SIZES[-1]) -> float:
    """Measure, in a process of its own, the most memory that a simulation holds at once, for each customer."""
    command = [sys.executable, "-c", _MEMORY, str(customers)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def exact_seconds() -> dict[str, tuple[float, float, float]]:
    """Time the exact answer for each policy that is shipped: at first, again, and again with every table."""
    found = {}
    for path in sorted((ROOT / "examples" / "policies").glob("*.toml")):
        policy, curve = load_policy(path), evolve(Curve.default())
        curve.table()
        chain_structure._unrolled.cache_clear()  # noqa: SLF001 - to measure what a first question costs
        one = Scenario.single(curve, policy, ORDINARY, turns=STEPS)
        first = _seconds(lambda one=one: solve(one))
        again = min(_seconds(lambda one=one: solve(one)) for _ in range(5))
        whole = min(_seconds(lambda one=one: solve(one).tables()) for _ in range(5))
        found[path.stem] = (first, again, whole)
    return found


def _seconds(run: Any) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start
