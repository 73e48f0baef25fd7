"""Sampled and exact answers agree, and the test that says so finds a bias of one in a hundred."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from scipy.stats import binom

from tests.simulation.agreement import FAMILYWISE, agrees, p_values, tails
from tests.simulation.worlds import CURVE, ORDINARY, POLICIES, SHIPPED, random_world, shipped, simulated, solved
from trustcurve.documents.curve_file import curve_toml, parse_curve
from trustcurve.policies import Environment, load_policy
from trustcurve.simulation import (
    Arrivals,
    ChangePoint,
    Departures,
    Scenario,
    Segment,
    simulate,
    solve,
)

WORLDS = range(20)
CUSTOMERS, STEPS = 200_000, 18


def departures(world: int) -> Departures | None:
    """Let distrusting former customers leave in every other world."""
    return Departures() if world % 2 else None


@pytest.mark.parametrize("world", WORLDS)
def test_simulation_and_exact_answer_agree_and_a_bias_of_one_percent_is_caught(world: int):
    policy, environment = random_world(world)
    leave = departures(world)
    answer = solved(CURVE, policy, environment, STEPS, departures=leave)
    how = {"turns": STEPS, "seed": 1000 + world, "replications": 1, "departures": leave}
    assert agrees(simulated(CURVE, policy, environment, CUSTOMERS, **how), answer, len(WORLDS))  # type: ignore[arg-type]
    biased = simulated(CURVE, policy, planted(environment), CUSTOMERS, **how)  # type: ignore[arg-type]
    assert not agrees(biased, answer, len(WORLDS))


def planted(environment: Environment) -> Environment:
    """Move one percent of all chance from the likeliest of what is always possible to another such move."""
    chances = dict(environment.probabilities or {})
    always = sorted(
        ("nothing", "complaint", "advocacy", "purchase", "customer_one_sided"), key=lambda move: chances.get(move, 0)
    )
    chances[always[-1]] -= 0.01
    chances[always[0]] = chances.get(always[0], 0) + 0.01
    chances.pop("nothing")
    return evolve(environment, moves=chances)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_agree_too(name: str):
    answer = solved(CURVE, shipped(name), ORDINARY, 24)
    run = simulated(CURVE, shipped(name), ORDINARY, 50_000, turns=24, seed=5, replications=2)
    assert agrees(run, answer, len(SHIPPED))


def test_a_kept_promise_that_is_one_percent_likelier_is_caught():
    answer = solved(CURVE, shipped("solve_first"), ORDINARY, 12)
    chances = {**(ORDINARY.probabilities or {}), "kept": 0.5 * 1.01}
    chances.pop("nothing")
    biased = Environment(chances)  # type: ignore[arg-type]
    assert not agrees(
        simulated(CURVE, shipped("solve_first"), biased, 1_000_000, turns=12, seed=3, replications=1), answer
    )


def test_segments_agree_each_by_itself():
    calm = Environment({"kept": 0.6, "purchase": 0.1})
    segments = (
        Segment(name="old", policy=shipped("loyalty"), environment=ORDINARY, share=0.25),
        Segment(name="new", policy=shipped("solve_first"), environment=calm, share=0.75),
    )
    scenario = Scenario(segments=segments, turns=12, customers=100_000, replications=2, seed=11)
    assert agrees(simulate(scenario), solve(scenario))


def test_cohorts_agree_each_by_itself():
    segment = Segment(policy=shipped("solve_first"), environment=ORDINARY)
    scenario = Scenario(
        segments=segment, turns=6, customers=50_000, arrivals=Arrivals(each_turn=50_000), replications=1, seed=2
    )
    run, answer = simulate(scenario), solve(scenario)
    (sampled,), (exact,) = run._replications[0].counts, answer._counts
    found = np.concatenate([tails(sampled.states[n], 50_000, exact.states[n] / 50_000).ravel() for n in range(7)])
    assert found.min() >= FAMILYWISE / len(found)
    assert sampled.observed.tolist() == exact.observed.tolist()


def test_small_cohorts_agree_with_their_environment_as_it_turns():
    crisis = ChangePoint(from_turn=5, environment=Environment({"kept": 0.3, "broken": 0.2, "complaint": 0.2}))
    segment = Segment(policy=shipped("solve_first"), environment=ORDINARY, changes=[crisis])
    scenario = Scenario(
        segments=segment, turns=9, customers=33_333, arrivals=Arrivals(each_turn=11_111, until_turn=7), replications=3, seed=6
    )  # fmt: skip
    run, (exact,) = simulate(scenario), solve(scenario)._counts
    sampled = [each.counts[0] for each in run._replications]
    states = [
        tails(sum(each.states[n] for each in sampled), 3 * size, exact.states[n] / size).ravel()
        for n, size in enumerate(exact.sizes)
    ]
    # Of a mixture of cohorts, counts vary less than a binomial distribution's: its tails are no false alarm.
    mixed = [
        tails(
            sum(each.reached for each in sampled), 3 * exact.observed[:, None], exact.reached / exact.observed[:, None]
        ).ravel()
    ]
    found = np.concatenate([*states, *mixed])
    assert found.min() >= FAMILYWISE / len(found)
    assert sampled[0].observed.tolist() == exact.observed.tolist()


def test_a_curve_may_have_as_many_stages_as_a_customer_has_bits_for():
    more = [f"stage_{number}" for number in range(10)]
    steps = [
        f'[[rules]]\nname = "customer_one_sided.{after}"\nsignal = "customer_one_sided"\nbecause = "it goes on"\n'
        f'[rules.when]\nstage = "{before}"\n[rules.set]\nstage = "{after}"\n\n'
        for before, after in zip(["hopeful", *more], more, strict=False)
    ]
    stages = "".join(f'[[stages]]\nname = "{name}"\ndescription = "one more"\n\n' for name in more)
    text = curve_toml(CURVE).replace("[signals.proposition]", stages + "[signals.proposition]", 1)
    curve = parse_curve(text.replace("[[rules]]", "".join(steps) + "[[rules]]", 1))
    policy = load_policy(POLICIES / "solve_first.toml", curve)
    often = Environment({"kept": 0.3, "broken": 0.05, "customer_one_sided": 0.4})
    answer = solved(curve, policy, often, 12)
    assert len(answer.hitting_times()) == 16
    assert (answer.hitting_times()["within_horizon"] > 0).sum() == 14, "all but advocates and the departed"
    assert agrees(simulated(curve, policy, often, 100_000, turns=12, seed=4, replications=1), answer)


@pytest.mark.parametrize("chance", [0.0, 1e-9, 0.003, 0.5, 1.0])
def test_the_tails_are_those_of_the_binomial_distribution(chance: float):
    counts = np.array([0, 1, 3, 500, 999, 1000])
    other = np.minimum(2 * np.minimum(binom.cdf(counts, 1000, chance), binom.sf(counts - 1, 1000, chance)), 1)
    assert tails(counts, 1000, np.array(chance)) == pytest.approx(other, rel=1e-6, abs=1e-300)


def test_what_agrees_looks_like_chance():
    # Neither too far nor too near: p-values of a discrete distribution are at least as large as even ones.
    answer = solved(CURVE, shipped("solve_first"), ORDINARY, 12)
    found = p_values(
        simulated(CURVE, shipped("solve_first"), ORDINARY, 100_000, turns=12, seed=8, replications=1), answer
    )
    inside = found[(found > 0) & (found < 1)]
    assert (inside < 0.05).mean() < 0.15
    assert (inside < 0.5).mean() > 0.25
