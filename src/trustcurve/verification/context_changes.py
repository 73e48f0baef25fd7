"""What can happen to contexts, as arrays: the rules of a turn are asked about each context once, when it is first met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.arrays.curve_arrays import ENDINGS, CurveArrays
from trustcurve.errors import require
from trustcurve.verification.memory_rules import Impression, impression_of
from trustcurve.verification.numbering import Numbers, enlarged
from trustcurve.verification.turn_rules import Change, Context, Happening, Heard, Sent, TurnRules, happening_of

__all__ = ["NOT_MET", "ContextChanges", "extend"]

NOT_MET = -2
"""In place of a number: not worked out yet."""

_Kind = tuple[str, int | None, tuple[Sent, ...], tuple[bool, ...], tuple[str, ...] | None, tuple[Heard, ...]]
"""Everything in a change but the contexts."""


@define(eq=False)
class ContextChanges:
    """Everything that can happen to contexts.

    Changes are many and their kinds few: an array says of each change which kind it is, others what a kind does in each
    position.

    Args:
        rules: The rules of a turn.
        curve: The curve.
        contexts: The contexts, numbered as they come.
        happenings: What can happen on an edge, numbered as it comes.
        impressions: What the policy can remember of changes, numbered as it comes.
        ways: ``ways[c, k]`` is the number of a change of context ``c``, or -1: in column 0 the passing of time, then the
            moves of the environment.
        of_change: For each change its ``kind``, and the contexts ``then`` and ``ended``. Shapes (changes,).
        customers: The kind of the customers at each position. Shape (positions,).
        of_kind: For each kind of changes ``of`` which customers it is, shape (kinds, kinds of customers), and its
            ``impression``, shape (kinds,); and for each position the ``position`` after it, whether it ``ended`` a silence,
            the ``happening``, and what is ``heard`` of changes of the position. Shapes (kinds, positions).
    """

    rules: TurnRules
    curve: CurveArrays
    contexts: Numbers[Context] = field(factory=Numbers, init=False)
    happenings: Numbers[Happening] = field(factory=Numbers, init=False)
    impressions: Numbers[Impression] = field(factory=Numbers, init=False)
    ways: Array = field(init=False)
    of_change: dict[str, Any] = field(init=False)
    customers: Array = field(init=False)
    of_kind: dict[str, Any] = field(init=False)
    _met: Array = field(init=False)
    _acts: dict[tuple[int, tuple[str, ...]], int] = field(factory=dict, init=False)
    _kinds: Numbers[_Kind] = field(factory=Numbers, init=False)

    def __attrs_post_init__(self) -> None:
        np = require("numpy", "verify")
        self.ways = np.full((0, self.rules.moves_max + 1), -1, np.int32)
        self._met = np.zeros(0, bool)
        self.of_change = {name: np.zeros(0, np.int32) for name in ("kind", "then", "ended")}
        places, self.customers = len(self.curve.next), np.array(self.rules.customers, np.int32)
        self.of_kind = {
            "of": np.zeros((0, int(self.customers.max()) + 1), bool),
            "impression": np.zeros(0, np.int32),
            "position": np.zeros((0, places), np.int32),
            "ended": np.zeros((0, places), bool),
            "happening": np.zeros((0, places), np.int32),
            "heard": np.zeros((0, places), np.int8),
        }

    def meet(self, contexts: Array) -> None:
        """Work out what time and the environment do to those contexts that are new."""
        np = require("numpy", "verify")
        count = len(self.contexts.values)
        self._met, self.ways = enlarged(self._met, count, nothing=False), enlarged(self.ways, count, nothing=-1)
        new = np.unique(contexts[~self._met[contexts]])
        self._met[new] = True
        made: list[Change] = []
        rows: list[int] = []
        columns: list[int] = []
        for number in new.tolist():
            context = self.contexts.values[number]
            for column, change in enumerate((self.rules.passes(context), *self.rules.moves(context))):
                if change is not None:
                    made.append(change)
                    rows.append(number)
                    columns.append(column)
        self.ways[rows, columns] = self._add(made)

    def act(self, done: Sequence[tuple[int, tuple[str, ...]]]) -> list[int]:
        """Return the changes that actions of the policy make in contexts, -1 where they promise too much."""
        made: list[Change] = []
        count = len(self.of_change["kind"])
        for key in done:
            if key not in self._acts:
                change = self.rules.acts(self.contexts.values[key[0]], key[1])
                self._acts[key] = -1 if change is None else count + len(made)
                made += [] if change is None else [change]
        self._add(made)
        return [self._acts[key] for key in done]

    def _add(self, made: Sequence[Change]) -> range:
        """Add changes; return their numbers."""
        count, kinds, contexts = len(self.of_change["kind"]), self._kinds.of, self.contexts.of
        new = {
            "kind": [
                kinds((each.what, each.promise, each.signals, each.of, each.actions, each.heard)) for each in made
            ],
            "then": [contexts(change.then) for change in made],
            "ended": [contexts(change.ended) for change in made],
        }
        extend(self.of_change, new)
        if len(self._kinds.values) > len(self.of_kind["of"]):
            self._add_kinds()
        return range(count, count + len(made))

    def _add_kinds(self) -> None:
        """Work out what the kinds that are new do in each position."""
        np = require("numpy", "verify")
        every, anywhere, rows = np.arange(len(self.curve.next)), self.contexts.values[0], []
        for what, promise, sent, of, actions, heard in self._kinds.values[len(self.of_kind["of"]) :]:
            columns = np.array([[self.curve.columns[signal] for _, signal, _ in sent]], np.int64)
            ends = np.array([[ENDINGS[end] for _, _, end in sent]], np.int8)
            signals, ends = (np.broadcast_to(each, (len(every), len(sent))) for each in (columns, ends))
            position, ended, idle = self.curve.react(every, signals, ends)
            change = Change(what, promise, sent, anywhere, anywhere, of, actions, heard)
            told, untold = (self.happenings.of(happening_of(change, idle=each)) for each in (False, True))
            impression = self.impressions.of(impression_of(change))
            changes = self.curve.changes(every, signals)
            whom = of or (True,) * self.of_kind["of"].shape[1]
            rows.append((whom, impression, position, ended, np.where(idle, untold, told), changes))
        extend(self.of_kind, dict(zip(self.of_kind, zip(*rows, strict=True), strict=True)))


def extend(arrays: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add values to the end of arrays."""
    np = require("numpy", "verify")
    for name, values in more.items():
        known = arrays[name]
        arrays[name] = np.concatenate([known, np.asarray(values, known.dtype)])
