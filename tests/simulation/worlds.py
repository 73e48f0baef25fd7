"""Policies and environments that the tests of simulations share, shipped ones and random ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.verification.strategies import CONDITIONS, LIKELY
from trustcurve import Curve
from trustcurve.core.rules import Condition
from trustcurve.policies import MOVES, Environment, Policy, load_policy
from trustcurve.policies.decision_list import DecisionList, PolicyRule
from trustcurve.simulation import Run, Scenario, Solution, simulate, solve

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
SHIPPED = ("funnel", "frequency_cap", "win_back", "loyalty", "solve_first")
CURVE = Curve.default()
ORDINARY = Environment(
    {
        "purchase": 0.2,
        "kept": 0.5,
        "broken": 0.05,
        "complaint": 0.05,
        "advocacy": 0.1,
        "departure": 0.01,
        "return": 0.02,
    },
    name="an ordinary year",
)


@cache
def shipped(name: str) -> Policy:
    """Load one of the example policies."""
    return load_policy(POLICIES / f"{name}.toml")


def random_world(seed: int) -> tuple[Policy, Environment]:
    """Make up a policy and an environment; the same seed makes the same ones."""
    chance = Random(seed)  # noqa: S311 - nothing is kept secret here
    rows = []
    for number in range(chance.randint(2, 5)):
        when = tuple(chance.sample(CONDITIONS, chance.randint(0, 2)))
        rows.append(PolicyRule(f"row {number}", when, chance.choice(LIKELY)))
    rows.insert(
        0,
        PolicyRule("enough", (Condition("open", "at_least", 1),), chance.choice(["wait", "exchange", "repair", "ask"])),
    )
    policy = Policy(name=f"random {seed}", decide=DecisionList(tuple(rows)), promise_due=chance.randint(1, 4))
    keeps = chance.random() < 0.3
    moves = [move for move in MOVES if not (keeps and move == "broken")]
    weights = [chance.random() ** 2 for _ in moves]
    total = sum(weights)
    chances = {move: weight / total for move, weight in zip(moves, weights, strict=True) if move != "nothing"}
    return policy, Environment(chances, where=_where(seed, chances), keeps_promises=keeps, name=f"random {seed}")


def _where(seed: int, chances: dict[Any, float]) -> dict[str, dict[Any, float]]:
    """Make up other probabilities for some stages and states, in every other world."""
    chance = Random(f"where {seed}")  # noqa: S311 - as above
    found: dict[str, dict[Any, float]] = {}
    for state in chance.sample([*CURVE.states, "distrust", "hopeful"], 3) if seed % 2 else ():
        move = chance.choice(sorted(chances))
        found[state] = {move: chances[move] * chance.choice([0, 0.2, 0.5])}
    return found


def solved(curve: Curve, made: Policy, environment: Environment, turns: int, **how: Any) -> Solution:
    """Solve for one customer of one segment."""
    return solve(Scenario.single(curve, made, environment, turns=turns, customers=1, replications=1, **how))


def simulated(
    curve: Curve,
    made: Policy,
    environment: Environment,
    customers: int,
    *,
    seed: int | None = None,
    journeys: int = 5,
    processes: int | None = None,
    progress: Any = None,
    **how: Any,
) -> Run:
    """Simulate customers of one segment."""
    scenario = Scenario.single(curve, made, environment, customers=customers, seed=seed, **how)
    return simulate(scenario, journeys=journeys, processes=processes, progress=progress)
