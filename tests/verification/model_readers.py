"""Small readers of DRN and of the language of PRISM: as much of both as a loop needs, and nothing of how it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Choice", "ReadModel", "read_drn", "read_prism"]


class Choice(NamedTuple):
    """A choice of a state: its label ("" if it has none), where it leads with which probability, and its rewards."""

    label: str
    targets: dict[int, float]
    rewards: dict[str, float]


class ReadModel(NamedTuple):
    """A model: its kind, and for each state the labels, the rewards and the choices."""

    kind: str
    labels: list[set[str]]
    rewards: list[dict[str, float]]
    choices: list[list[Choice]]


def read_drn(path: Path) -> ReadModel:
    """Read a file in DRN."""
    lines = iter(line for line in path.read_text(encoding="ascii").splitlines() if not line.startswith("//"))
    kind, names, states, choices = _head(lines)
    model = ReadModel(kind, [], [], [])
    for line in lines:
        if found := re.fullmatch(r"state (\d+)(?: \[(.*?)\])? (.*)", line):
            assert int(found[1]) == len(model.labels)
            words = found[3].split(" ")
            assert len(words) == len(set(words))
            model.labels.append(set(words))
            model.rewards.append(_rewards(names, found[2]))
            model.choices.append([])
        elif found := re.fullmatch(r"\taction (\S+)(?: \[(.*?)\])?", line):
            label = "" if found[1] == "__NOLABEL__" else found[1]
            model.choices[-1].append(Choice(label, {}, _rewards(names, found[2])))
        else:
            found = re.fullmatch(r"\t\t(\d+) : (\S+)", line)
            assert found is not None, line
            targets = model.choices[-1][-1].targets
            assert int(found[1]) > max(targets, default=-1)
            targets[int(found[1])] = float(found[2])
    assert (len(model.labels), sum(map(len, model.choices))) == (states, choices)
    return model


def _head(lines: Iterator[str]) -> tuple[str, list[str], int, int]:
    """Read the sections before the states: the kind, the reward models, and how many states and choices there are."""
    found = dict[str, str]()
    for line in lines:
        if line == "@model":
            return (
                found["@type"],
                found["@reward_models"].split(" "),
                int(found["@nr_states"]),
                int(found["@nr_choices"]),
            )
        name, colon, value = line.partition(": ")
        assert name.startswith("@")
        assert name not in found
        found[name] = value if colon else next(lines)
    raise AssertionError("no @model")


def _rewards(names: list[str], text: str | None) -> dict[str, float]:
    values = [] if text is None else list(map(float, text.split(",")))
    assert len(values) in (0, len(names))
    return {name: value for name, value in zip(names, values, strict=False) if value}


def read_prism(path: Path) -> ReadModel:
    """Read a file in the language of PRISM."""
    text = re.sub(r"//.*\n", "", path.read_text(encoding="ascii"))
    found = re.fullmatch(r"(dtmc|mdp)\s+module \w+\s+(.*?)endmodule\s+(.*)", text, re.DOTALL)
    assert found is not None
    declared, *commands = [each.strip() for each in found[2].split(";") if each.strip()]
    last = re.fullmatch(r"s : \[0\.\.(\d+)\] init 0", declared)
    assert last is not None
    states = int(last[1]) + 1
    model = ReadModel(
        found[1].upper(), [set() for _ in range(states)], [{} for _ in range(states)], [[] for _ in range(states)]
    )
    for command in commands:
        parts = re.fullmatch(r"\[(\w*)\] s=(\d+) -> (.*)", command)
        assert parts is not None, command
        targets: dict[int, float] = {}
        for update in parts[3].split(" + "):
            to = re.fullmatch(r"(?:(\S+):)?\(s'=(\d+)\)", update)
            assert to is not None, update
            assert int(to[2]) not in targets
            targets[int(to[2])] = float(to[1] or 1)
        model.choices[int(parts[2])].append(Choice(parts[1], targets, {}))
    model.labels[0].add("init")
    labels, *rewards = re.split(r'rewards "', re.sub("endrewards", "", found[3]))
    for name, where in re.findall(r'label "(\w+)" = ([^;]*);', labels):
        for state in _states(where):
            assert name not in model.labels[state]
            model.labels[state].add(name)
    for each in rewards:
        _add_rewards(model, each)
    return model


def _states(where: str) -> Iterator[int]:
    """Yield the states for which a label's condition is true."""
    for term in where.split(" | ") if where != "false" else ():
        found = re.fullmatch(r"s=(\d+)|\(s>=(\d+) & s<=(\d+)\)", term)
        assert found is not None, term
        yield from [int(found[1])] if found[1] else range(int(found[2]), int(found[3]) + 1)


def _add_rewards(model: ReadModel, text: str) -> None:
    name, items = text.split('"')
    for item in filter(None, map(str.strip, items.split(";"))):
        found = re.fullmatch(r"(?:\[(\w+)\] )?(true|s=\d+) : (\S+)", item)
        assert found is not None, item
        for state in range(len(model.labels)) if found[2] == "true" else [int(found[2][2:])]:
            if found[1] is None:
                model.rewards[state][name] = float(found[3])
            for choice in model.choices[state]:
                if choice.label == found[1]:
                    choice.rewards[name] = float(found[3])
