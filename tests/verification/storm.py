"""Verdicts beside those of the model checker Storm: properties with the question that asks Storm the same.

Storm comes with ``stormpy``, which is not a dependency: it is under the GPL, and only tests and benchmarks use it, where it is
installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from math import inf, isinf
from pathlib import Path
from typing import Any, NamedTuple

from tests.verification.model_readers import Choice, ReadModel
from trustcurve import Curve
from trustcurve.verification import (
    Property,
    Status,
    Turn,
    Verdict,
    always,
    expected_turns,
    leads_to,
    never,
    possible,
    probability,
    recoverable_to,
)
from trustcurve.verification.product import VIOLATED, Monitor
from trustcurve.verification.property import Safety

__all__ = ["Question", "agrees", "answer", "chain_questions", "loaded", "pictured_by_storm", "process_questions"]

_NUMBERS = 1e-9
"""How far two values may lie apart, in proportion where they are above 1. Source: our choice; both solve directly."""


class Question(NamedTuple):
    """A property, and the same in the language of Storm: a value ("=?"), or a formula that is true if it is proved."""

    asked: Property
    query: str


_AT_START = ("distrust", "distrust_suspicious", "clear")
"""Labels of the start: Storm counts it, and a property only what comes after it."""


# --- questions ----------------------------------------------------------------------------------------------------


def _labels(curve: Curve) -> Iterator[tuple[str, Callable[[Any], bool]]]:
    """Yield the labels of stages, leaf states and accounts, and what they say of a position."""
    for stage in curve.stages:
        yield stage.name, lambda position, name=stage.name: position.stage == name
    for state in curve.states:
        if "." in state:
            yield state.replace(".", "_"), lambda position, name=state: curve.state(position) == name
    for account in ("clear", "due", "slip", "breach"):
        yield account, lambda position, name=account: position.account == name


def _before(goal: Callable[[Turn], bool], bad: Callable[[Turn], bool], name: str) -> Safety:
    """Return the property that no bad turn comes before the first goal turn."""

    def step(state: int, turn: Turn) -> int:
        if state or goal(turn):
            return 1
        return VIOLATED if bad(turn) else 0

    return Safety(name=name, monitor=Monitor(0, step), relevant=bad)


def process_questions(curve: Curve, *, once_a_turn: bool) -> list[Question]:
    """Return questions about a loop without probabilities."""
    labels, found = dict(_labels(curve)), list[Question]()
    for name, holds in labels.items():
        after, met = (lambda turn, at=holds: at(turn.after)), (lambda turn, at=holds: at(turn.met))
        at_end = f'("turn_begins" & "{name}")'
        if name not in _AT_START:
            found.append(Question(possible(after, name=f"possible {name}"), f"!(P<=0 [F {at_end}])"))
            found.append(Question(never(after, name=f"never {name}"), f"P>=1 [G !{at_end}]"))
        if once_a_turn:
            again = f'P>=1 [G !(P<=0 [X !(P<=0 [F "{name}"])])]'
            found.append(Question(recoverable_to(after, name=f"recoverable {name}"), again))
        else:
            found.append(Question(never(met, name=f"never met {name}"), f'P>=1 [G !("policy_decides" & "{name}")]'))
    for first, second in _PAIRS if once_a_turn else ():
        one, other = (lambda turn, at=labels[name]: at(turn.after) for name in (first, second))
        until = f'P<=0 [!"{first}" U ("{second}" & !"{first}")]'
        found.append(Question(_before(one, other, f"{first} before {second}"), until))
        comes = leads_to(one, other, name=f"{first} leads to {second}")
        found.append(Question(comes, f'P>=1 [G (!"{first}" | P>=1 [F "{second}"])]'))
        for turns in (1, 3):
            soon = leads_to(one, other, within=turns, name=f"{first} leads to {second} in {turns}")
            found.append(Question(soon, f'P>=1 [G (!"{first}" | P>=1 [F<={turns} "{second}"])]'))
    return found


_PAIRS = [
    ("hopeful", "customer_centric"),
    ("customer_centric", "advocate"),
    ("hopeful", "departed"),
    ("slip", "clear"),
    ("breach", "clear"),
    ("due", "clear"),
    ("departed", "distrust"),
]
"""Labels of which one may have to come before the other, or after it; none of the first ones holds at the start."""


def chain_questions(curve: Curve) -> list[Question]:
    """Return questions about a loop with probabilities, on a curve whose strangers are like those of the default curve."""
    found = list[Question]()
    for name, holds in _labels(curve):
        if name in _AT_START:
            continue
        after = lambda turn, at=holds: at(turn.after)  # noqa: E731 - of this label
        found += [
            Question(probability(after, within=turns, name=f"{name} in {turns}"), f'P=? [F<={turns} "{name}"]')
            for turns in (1, 6, 24)
        ]
        found += [
            Question(probability(after, name=f"{name} some day"), f'P=? [F "{name}"]'),
            Question(expected_turns(after, at_most=inf, name=f"turns to {name}"), f'R{{"turns"}}=? [F "{name}"]'),
            Question(always(lambda turn, no=after: not no(turn), name=f"never {name}"), f'P>=1 [G !"{name}"]'),
        ]
    for action in ("ask", "repair", "exchange", "propose"):
        acts = never(lambda turn, word=action: word in turn.actions, name=f"never {action}")
        found.append(Question(acts, f'R{{"{action}"}}<=0 [C]'))
    return found


def agrees(verdict: Verdict, answered: float | bool) -> bool | None:  # noqa: FBT001 - it is an answer
    """Return whether a verdict and an answer of Storm are the same; None if the verdict is UNKNOWN."""
    if verdict.status is Status.UNKNOWN:
        return None
    if isinstance(answered, bool):
        return (verdict.status is Status.PROVED) == answered
    value = verdict.value
    if value is None or isinf(value) or isinf(answered):
        return value == answered
    return abs(value - answered) <= _NUMBERS * max(1, abs(answered))


# --- Storm --------------------------------------------------------------------------------------------------------


def loaded(path: Path) -> Any:
    """Let Storm load a model; raise ImportError if it is not installed."""
    storm = import_module("stormpy")
    if path.suffix == ".drn":
        options = storm.io.DirectEncodingParserOptions()
        options.build_choice_labeling = True
        return storm.build_model_from_drn(str(path), options=options)
    options = storm.BuilderOptions()
    options.set_build_all_labels()
    options.set_build_choice_labels()
    options.set_build_all_reward_models()
    return storm.build_model(storm.parse_prism_program(str(path)), options=options)


def answer(model: Any, query: str) -> float | bool:
    """Return Storm's answer at the start: a value, or whether a formula is true; it solves equations directly."""
    storm = import_module("stormpy")
    for label in re.findall(r'(?<!\{)"(\w+)"', query):
        if not model.labeling.contains_label(label):  # DRN has no labels that no state has
            model.labeling.add_label(label)
    for reward in re.findall(r'\{"(\w+)"\}', query):
        if reward not in model.reward_models:  # it never happens
            return True
    environment = storm.environments.Environment()
    environment.solver().set_linear_equation_solver_type(storm.environments.EquationSolverType.ELIMINATION)
    result = storm.model_checking(model, storm.parse_property(query), environment=environment)
    found = result[0]
    return found if isinstance(found, bool) else float(result.get_value(0))


def pictured_by_storm(model: Any) -> ReadModel:
    """Return what Storm has loaded; labels of no state, and "deadlock", are left out."""
    kind = str(model.model_type).rpartition(".")[2]
    names, matrix, found = sorted(model.reward_models), model.transition_matrix, ReadModel(kind, [], [], [])
    by_state = {name: model.reward_models[name].has_state_rewards for name in names}
    for state in range(model.nr_states):
        found.labels.append(set(model.labeling.get_labels_of_state(state)))
        found.rewards.append(
            {n: p for n in names if by_state[n] and (p := model.reward_models[n].get_state_reward(state))}
        )
        found.choices.append([])
        for row in range(matrix.get_row_group_start(state), matrix.get_row_group_end(state)):
            label = model.choice_labeling.get_labels_of_choice(row) if model.has_choice_labeling() else ()
            rewards = {
                n: p for n in names if not by_state[n] and (p := model.reward_models[n].get_state_action_reward(row))
            }
            targets = {entry.column: entry.value for entry in matrix.get_row(row)}
            found.choices[-1].append(Choice("".join(label), targets, rewards))
    return found
