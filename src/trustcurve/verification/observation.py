"""Observations: what some features of the turns of an automaton are, as numbers."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.errors import InvalidValueError, require
from trustcurve.policies.policy import OPEN_MAX
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.turn import WHOLE, Turn, turn_to_read
from trustcurve.verification.vocabulary import Feature, Vocabulary

__all__ = ["Observation"]

_LETTERS_MAX = 1 << 62
_RECORDS_MAX = 1 << 42
"""So many letters and records fit into whole numbers of 64 bits, a record together with the state of a monitor."""


@define(eq=False)
class Observation:
    """What properties can tell of the turns of an automaton if they read only some features.

    While a turn lasts, a *record* (a number) says what has to be known of it so far: of how it began, and which words came up.
    When it ends, a *letter* (a number) says everything: equal letters are one turn to the properties.

    Args:
        automaton: The automaton.
        features: What is read.
        acts_between: Whether what the company does between two runs is among the actions of the turn.
    """

    automaton: Automaton
    features: tuple[Feature, ...]
    acts_between: bool = True
    _positions: dict[str, tuple[Any, list[dict[Feature, Any]]]] = field(factory=dict, init=False)
    _words: tuple[Feature, ...] = field(init=False)
    _masks: Any = field(init=False)
    _acts: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        np = require("numpy", "verify")
        for name in ("before", "met", "after"):
            self._positions[name] = self._told_apart(name)
        self._words = tuple(feature for feature in self.features if feature[0] in ("moves", "actions", "signals"))
        happenings = self.automaton.happenings
        self._masks = np.array([self._mask(n) for n in range(len(happenings))], np.int64)
        bits = {word: 1 << bit for bit, word in enumerate(self._words)}
        self._acts = np.array([bits.get(("actions", each.move), 0) for each in happenings], np.int64)

        letters = self.records * (OPEN_MAX + 1)
        letters *= len(self._positions["met"][1]) * len(self._positions["after"][1])
        if letters >= _LETTERS_MAX or self.records >= _RECORDS_MAX:
            read = ", ".join(" ".join(filter(None, feature)) for feature in self.features)
            raise InvalidValueError("property", read, "must read less of a turn, so that turns can be told apart")

    def _told_apart(self, name: str) -> tuple[Any, list[dict[Feature, Any]]]:
        """Return for each position a number that stands for the parts that are read, and what each number stands for."""
        np = require("numpy", "verify")
        parts = [part for which, part in self.features if which == name]
        numbers: dict[tuple[Any, ...], int] = {}
        meanings: list[dict[Feature, Any]] = []
        found = []
        for position in self.automaton.loop.table.positions if parts else ():
            read = tuple(position if part == WHOLE else getattr(position, part) for part in parts)
            if read not in numbers:
                numbers[read] = len(meanings)
                meanings.append({(name, part): value for part, value in zip(parts, read, strict=True)})
            found.append(numbers[read])
        if not parts:
            return np.zeros(len(self.automaton.loop.table.positions), np.int64), [{}]
        return np.array(found, np.int64), meanings

    def _mask(self, number: int) -> int:
        happening = self.automaton.happenings[number]
        came = {("moves", happening.move), *(("signals", signal) for _, signal in happening.signals)}
        between = (happening.move,) if self.acts_between else ()
        came |= {("actions", action) for action in (*(happening.actions or ()), *between)}
        return sum(1 << bit for bit, word in enumerate(self._words) if word in came)

    @property
    def _counts_before(self) -> int:
        return OPEN_MAX + 1 if ("open_before", "") in self.features else 1

    @property
    def records(self) -> int:
        """How many records there can be."""
        return len(self._positions["before"][1]) * self._counts_before << len(self._words)

    def begin(self, states: Array) -> Array:
        """Return the records with which turns begin in states."""
        record = self._positions["before"][0][self.automaton.position[states]]
        if self._counts_before > 1:
            record = record * self._counts_before + self.automaton.open[states]
        return record << len(self._words)

    def go_on(self, records: Array, edges: Array) -> Array:
        """Return the records after edges."""
        return records | self._masks[self.automaton.happening[edges]]

    def letters(self, records: Array, edges: Array) -> Array:
        """Return the letters of turns that end with edges; ``records`` are those before the edges."""
        automaton = self.automaton
        target = automaton.target[edges]
        letter = self.go_on(records, edges)
        letter = letter * len(self._positions["met"][1]) + self._positions["met"][0][automaton.met[edges]]
        letter = letter * len(self._positions["after"][1]) + self._positions["after"][0][automaton.position[target]]
        return letter * (OPEN_MAX + 1) + (automaton.open[target] if self._reads("open_after") else 0)

    def letters_at_once(self, records: Array, edges: Array) -> Array:
        """Return the letters of turns that would end with edges on which the company acts between two runs.

        What came up in the turn so far is seen, and of all actions this one. ``records`` are those before the edges.
        """
        automaton = self.automaton
        source, target = automaton.source[edges], automaton.target[edges]
        letter = self.go_on(records, edges) | self._acts[automaton.happening[edges]]
        letter = letter * len(self._positions["met"][1]) + self._positions["met"][0][automaton.position[source]]
        letter = letter * len(self._positions["after"][1]) + self._positions["after"][0][automaton.position[target]]
        return letter * (OPEN_MAX + 1) + (automaton.open[target] if self._reads("open_after") else 0)

    def _reads(self, name: str) -> bool:
        return (name, "") in self.features

    def turn(self, letter: int) -> Turn:
        """Return a turn that a letter stands for."""
        known: dict[Feature, Any] = {}
        letter, known["open_after", ""] = divmod(letter, OPEN_MAX + 1)
        for name in ("after", "met"):
            letter, number = divmod(letter, len(self._positions[name][1]))
            known |= self._positions[name][1][number]
        for bit, word in enumerate(self._words):
            known[word] = bool(letter >> bit & 1)
        letter >>= len(self._words)
        letter, known["open_before", ""] = divmod(letter, self._counts_before)
        known |= self._positions["before"][1][letter]
        loop = self.automaton.loop
        words = Vocabulary.of(loop.curve, loop.environment.signals, loop.policy.acts)
        return turn_to_read({feature: known[feature] for feature in self.features}, words)
