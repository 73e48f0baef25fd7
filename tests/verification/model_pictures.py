"""The model that model checkers must get of a loop, worked out state by state from the automaton."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.verification.model_readers import Choice, ReadModel
from trustcurve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.policies.environment import move_probabilities
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.checker import checker_for
from trustcurve.verification.turn_rules import Happening

__all__ = ["assert_same", "pictured", "unrolled"]


def unrolled(curve: Curve, policy: Policy, environment: Environment, *, once_a_turn: bool, **how: Any) -> Automaton:
    """Unroll a loop as ``check`` does."""
    about = {"turn": None, "promises_max": 2, "states_max": 100_000, **how}
    return checker_for(curve, policy, environment=environment, once_a_turn=once_a_turn, **about).automaton("this test")


def words(happening: Happening) -> list[str]:
    """Return what is said of an edge: the move about which promise, and the actions."""
    actions = [] if happening.actions is None else list(happening.actions) or ["wait"]
    if happening.move == "time" and actions:
        return actions
    return [happening.move if happening.promise is None else f"{happening.move}_{happening.promise + 1}", *actions]


def pictured(automaton: Automaton) -> ReadModel:
    """Return the model of an automaton, worked out state by state."""
    loop = automaton.loop
    kind = "DTMC" if loop.environment.probabilities else "MDP"
    edges: dict[int, list[tuple[Happening, int, bool]]] = defaultdict(list)
    begins = {0}
    for number in range(automaton.transitions):
        source, happening, target = automaton.edge(number)
        edges[source].append((happening, target, bool(automaton.ends[number])))
        if automaton.ends[number]:
            begins.add(target)
    model = ReadModel(kind, [], [], [])
    for number in range(automaton.states):
        at, context, _ = automaton.state(number)
        position = loop.table.positions[at]
        labels = {position.stage, loop.curve.state(position).replace(".", "_"), position.account}
        labels |= {f"open_{len(context.promises)}"}
        labels |= {"init"} if number == 0 else set()
        labels |= {"turn_begins"} if number in begins else set()
        labels |= {"policy_decides"} if loop.any_time and context.phase == loop.rules.last_phase else set()
        model.labels.append(labels)
        rewards: dict[str, float] = defaultdict(float)
        model.rewards.append(rewards)
        if kind == "MDP":
            choices = [
                Choice("__".join(words(happening)), {target: 1.0}, {"turns": 1.0} if ends else {})
                for happening, target, ends in edges[number]
            ]
            model.choices.append(choices)
            continue
        chances = move_probabilities(
            loop.world(automaton.state(number)), [happening.move for happening, _, _ in edges[number]]
        )  # type: ignore[misc]
        targets: dict[int, float] = defaultdict(float)
        rewards["turns"] = 1.0
        for (happening, target, _), p in zip(edges[number], chances, strict=True):
            targets[target] += p
            for word in (happening.move, *(happening.actions or ["wait"])):
                rewards[word] += p
        model.choices.append([Choice("", dict(targets), {})])
    return model


def assert_same(one: ReadModel, other: ReadModel) -> None:
    """Check that two models are the same: numbers up to the order in which they are added up."""
    assert one.kind == other.kind
    assert one.labels == other.labels
    assert one.rewards == [pytest.approx(dict(each), abs=1e-15) for each in other.rewards]
    assert [[each.label for each in choices] for choices in one.choices] == [
        [each.label for each in choices] for choices in other.choices
    ]
    for ours, theirs in zip(one.choices, other.choices, strict=True):
        assert [each.rewards for each in ours] == [each.rewards for each in theirs]
        assert [each.targets for each in ours] == [pytest.approx(each.targets, abs=1e-15) for each in theirs]
        assert [sum(each.targets.values()) for each in ours] == [pytest.approx(1)] * len(ours)
