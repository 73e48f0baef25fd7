"""A small loop as an exact Markov chain: probabilities as fractions, read off the words of the environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tests.verification.pictures import Edge
from trustcurve.verification.turn import Turn

__all__ = ["chances_of", "solved", "total_until", "total_within"]

Choices = Mapping[int, Mapping[str, Fraction]]


def chances_of(edges: Sequence[Edge], given: Mapping[str, float], choices: Choices | None = None) -> list[Fraction]:
    """Return the probability of each edge: the rest, and what cannot happen, goes to "nothing"; equal ways share.

    ``choices`` may say for each node with which probability each possible move is made; else they are those given.
    """
    ways = {
        node: Counter(edge.move.name for edge in edges if edge.source == node) for node in {e.source for e in edges}
    }
    found = []
    for edge in edges:
        possible = ways[edge.source]
        if choices is not None:
            found.append(choices[edge.source].get(edge.move.name, Fraction(0)) / possible[edge.move.name])
        elif edge.move.name == "nothing":
            found.append(1 - sum(Fraction(given[move]) for move in possible if move != "nothing"))
        else:
            found.append(Fraction(given[edge.move.name]) / possible[edge.move.name])
    return found


def total_within(
    edges: Sequence[Edge],
    chances: Sequence[Fraction],
    amount: Callable[[Turn], Any],
    goal: Callable[[Turn], bool],
    turns: int,
) -> Fraction:
    """Return the mean total over some turns or up to the goal: forward, by what is where with which probability."""
    there, total = {0: Fraction(1)}, Fraction(0)
    for _ in range(turns):
        then: dict[int, Fraction] = {}
        for edge, p in zip(edges, chances, strict=True):
            if weight := there.get(edge.source, Fraction(0)) * p:
                total += weight * Fraction(amount(edge.turn))
                if not goal(edge.turn):
                    then[edge.target] = then.get(edge.target, Fraction(0)) + weight
        there = then
    return total


def total_until(
    edges: Sequence[Edge], chances: Sequence[Fraction], amount: Callable[[Turn], Any], goal: Callable[[Turn], bool]
) -> Fraction:
    """Return the mean total up to the goal, which comes or after which nothing is added any more.

    A state in which nothing is added any more is one from which no goal and no amount can be reached.
    """
    live = [(edge, p) for edge, p in zip(edges, chances, strict=True) if p]
    counts = {edge.source for edge, _ in live if goal(edge.turn) or amount(edge.turn)}
    while more := {e.source for e, _ in live if not goal(e.turn) and e.target in counts} - counts:
        counts |= more
    if 0 not in counts:
        return Fraction(0)
    reached = {0}
    while more := {e.target for e, _ in live if e.source in reached and not goal(e.turn)} & counts - reached:
        reached |= more
    place = {node: n for n, node in enumerate(sorted(reached))}
    rows = [[Fraction(i == j) for j in range(len(place))] for i in range(len(place))]
    right = [Fraction(0)] * len(place)
    for edge, p in live:
        if edge.source in place:
            right[place[edge.source]] += p * Fraction(amount(edge.turn))
            if not goal(edge.turn) and edge.target in place:
                rows[place[edge.source]][place[edge.target]] -= p
    return solved(rows, right)[0]


def solved(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Solve a system of linear equations exactly, by elimination."""
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for n in range(len(table)):
        pivot = next(m for m in range(n, len(table)) if table[m][n])
        table[n], table[pivot] = table[pivot], table[n]
        table[n] = [value / table[n][n] for value in table[n]]
        for m, row in enumerate(table):
            if m != n and row[n]:
                table[m] = [value - row[n] * mine for value, mine in zip(row, table[n], strict=True)]
    return [row[-1] for row in table]
