"""The loop that runs the ledger has the same states and turns as one that counts everything in turns."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.worlds import random_world
from tests.verification.strategies import CLOCKS
from tests.verification.turn_loop import TurnLoop
from trustcurve import Curve
from trustcurve.documents.curve_file import read_curve
from trustcurve.policies import ANY, KEEPS_PROMISES, Environment, load_policy
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.turn_rules import Happening
from trustcurve.verification.unrolling import unroll_loop

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples/policies").glob("*.toml"))


def _words(happening: Happening) -> str:
    return " ".join(happening.actions or ()) or "wait"


def pictured(automaton: Automaton) -> tuple[Any, ...]:
    nodes = []
    for number in range(automaton.states):
        position, context, memory = automaton.state(number)
        nodes.append((position, context.promises, context.quiet, memory))
    edges = []
    for number in range(automaton.transitions):
        source, happening, target = automaton.edge(number)
        met = int(automaton.met[number])
        edges.append((source, target, happening.move, happening.promise, _words(happening), met, happening.signals))
    return nodes, edges, automaton.stopped


def counted(loop: TurnLoop, most: int) -> tuple[Any, ...]:
    """Unroll the loop that counts in turns, breadth first."""
    numbers, nodes, edges, stopped = {loop.start: 0}, [loop.start], [], None
    for source, node in enumerate(nodes):
        for move in loop.moves(node):
            record = loop.play(node, move)
            if record is None:
                stopped = stopped or f"the policy promises more than promises_max={loop.promises_max} things at once"
                continue
            if record.after not in numbers:
                if len(nodes) >= most:
                    stopped = f"there are more than states_max={most} states"
                    continue
                numbers[record.after] = len(nodes)
                nodes.append(record.after)
            target = numbers[record.after]
            edges.append((source, target, *record.move, record.action, record.met, record.signals))
    return [tuple(node) for node in nodes], edges, stopped


def both(curve: Curve, most: int = 100_000, **about: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    one = pictured(unroll_loop(ClosedLoop(curve=curve, **about), most))
    return one, counted(TurnLoop(curve=curve, **about), most)


@pytest.mark.parametrize("environment", [ANY, KEEPS_PROMISES], ids=lambda environment: environment.name)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_they_agree_on_the_example_policies(curve: Curve, path: Path, environment: Environment) -> None:
    one, other = both(curve, policy=load_policy(path), environment=environment)
    assert one == other


@pytest.mark.parametrize("waiting", [0, 1, 2])
@pytest.mark.parametrize("clock", CLOCKS)
def test_they_agree_on_random_policies(clock: str, waiting: int) -> None:
    parameters, turn = CLOCKS[clock]
    curve = Curve.default(**parameters, waiting_periods=waiting)
    for seed in range(5):
        policy, environment = random_world(seed + 5 * (waiting + 3 * list(CLOCKS).index(clock)))
        one, other = both(curve, 1500, policy=policy, environment=environment, turn=turn, promises_max=1 + seed % 2)
        assert one == other, seed
        assert len(one[0]) > 1


@pytest.mark.parametrize("signal", ["exchange", "complaint", "company_one_sided"])
def test_what_ends_a_silence_is_data_for_the_loop_too(curve: Curve, signal: str) -> None:
    changed = curve.to_plain()
    ends = changed["signals"][signal]["ends_silence"]
    changed["signals"][signal]["ends_silence"] = "never" if ends == "always" else "always"
    other = read_curve(changed)
    assert other.fingerprint != curve.fingerprint
    assert other.table().next == curve.table().next
    about: dict[str, Any] = {
        "policy": load_policy(next(path for path in EXAMPLES if path.stem == "solve_first")),
        "turn": timedelta(days=30),
    }
    loops = [ClosedLoop(curve=each, **about) for each in (curve, other)]
    first, second = (unroll_loop(loop, states_max=100_000) for loop in loops)
    assert pictured(first) != pictured(second)
