"""What a turn changes: each change of leaf state, with the rule behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trustcurve.core.table import Table
from trustcurve.verification.automaton import Automaton

__all__ = ["Change", "Changes", "changes_of"]


class Change(NamedTuple):
    """A change of leaf state: from where to where, by which signal and rule, and how many places in rank."""

    before: str
    after: str
    signal: str
    rule: str
    because: str
    places: int


class Changes(NamedTuple):
    """Every kind of change, and which of them each edge makes.

    An edge's ``way`` says which signals came where; ``times[kind, way]`` says how often such an edge makes a change.
    """

    kinds: tuple[Change, ...]
    way: NDArray[np.int32]
    times: NDArray[np.float64]


def changes_of(automaton: Automaton) -> Changes:
    """Find out what each edge changes."""
    table = automaton.loop.table
    columns = {signal: number for number, signal in enumerate(table.signals)}
    ways: dict[tuple[int, tuple[tuple[str, str], ...]], int] = {}
    kinds: dict[Change, int] = {}
    made: list[list[int]] = []
    numbers: list[int] = []
    for source, _, played in automaton.edges:
        key = (automaton.nodes[source].position, played.signals)
        way = ways.get(key)
        if way is None:
            way = ways[key] = len(made)
            made.append([kinds.setdefault(change, len(kinds)) for change in _changes(table, columns, *key)])
        numbers.append(way)
    return Changes(tuple(kinds), np.array(numbers, np.int32), _times(made, len(kinds)))


def _changes(
    table: Table, columns: dict[str, int], position: int, signals: tuple[tuple[str, str], ...]
) -> Sequence[Change]:
    found = []
    for _, signal in signals:
        reaction = table.reactions[position][columns[signal]]
        if reaction.moved:
            found.append(
                Change(
                    reaction.state_before, reaction.state_after, signal, reaction.rule.name, reaction.because, reaction.change
                )
            )  # fmt: skip
        position = table.next[position][columns[signal]]
    return found


def _times(made: list[list[int]], kinds: int) -> NDArray[np.float64]:
    times = np.zeros((kinds, len(made)))
    for way, changes in enumerate(made):
        for kind in changes:
            times[kind, way] += 1
    return times
