"""The finite state machine of a curve: positions, signals and reactions, without a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, cast

from attrs import field, frozen

from trustcurve.core.instants import duration_us
from trustcurve.core.parts import Parts
from trustcurve.core.plain_form import canonical, canonical_1, plain_parts
from trustcurve.core.program import FELT, LEAF, Assembler, Program, assemble
from trustcurve.core.rules import Counter, Number, Parameter, Rule, Signal, Stage
from trustcurve.core.signals import (
    ACCOUNT_LEVELS,
    ASK,
    BROKEN,
    COUNTERS,
    LEDGER_SIGNALS,
    PROPOSITION,
    Account,
    EndsSilence,
)
from trustcurve.core.standing import Position, Reaction, Standing, position_of
from trustcurve.errors import InvalidPositionError, InvalidValueError, UnknownWordError, plain_word

__all__ = ["Rulebook"]


def _by_name(rows: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Order parameters by name, to compare them: the keys of a table have no reliable order."""
    return tuple(sorted(rows, key=lambda row: row.name))


@frozen(kw_only=True, cache_hash=True, repr=False)
class Rulebook:
    """The curve as a value: its parts, and the reactions that follow from them.

    Everything here is pure. Reactions are computed once and cached.
    """

    name: str
    _start_words: tuple[tuple[str, Number], ...]
    counters: tuple[Counter, ...]
    parameter_rows: tuple[Parameter, ...] = field(eq=_by_name)
    stages: tuple[Stage, ...]
    signal_rows: tuple[Signal, ...]
    rules: tuple[Rule, ...]
    settling: tuple[Rule, ...]
    silence_after: timedelta = field(init=False, eq=False)
    grace: timedelta = field(init=False, eq=False)
    waiting_periods: int = field(init=False, eq=False)
    silence_after_us: int = field(init=False, eq=False)
    grace_us: int = field(init=False, eq=False)
    ends_silence: Mapping[str, EndsSilence] = field(init=False, eq=False)
    _warm: dict[str, dict[Position, Reaction]] = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        values = self.parameters
        object.__setattr__(self, "silence_after", values["silence_after"])
        object.__setattr__(self, "grace", values["grace"])
        object.__setattr__(self, "waiting_periods", values["waiting_periods"])
        object.__setattr__(self, "silence_after_us", duration_us(self.silence_after))
        object.__setattr__(self, "grace_us", duration_us(self.grace))
        ends = {signal.name: signal.ends_silence for signal in self.signal_rows}
        object.__setattr__(self, "ends_silence", MappingProxyType(ends))
        object.__setattr__(self, "_warm", {signal.name: {} for signal in self.signal_rows})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.fingerprint[:12]}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - the protocol of IPython and Hypothesis
        """Print the repr, where a pretty printer would print every row."""
        printer.text(repr(self))

    def __reduce__(self) -> tuple[Any, ...]:
        names = ("name", "start_words", "counters", "parameter_rows", "stages", "signal_rows", "rules", "settling")
        return _rebuild, (
            type(self),
            {name: getattr(self, "_start_words" if name == "start_words" else name) for name in names},
        )

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters by name: whole numbers, and durations for ``silence_after`` and ``grace``."""
        return MappingProxyType({parameter.name: parameter.value for parameter in self.parameter_rows})

    @cached_property
    def signals(self) -> tuple[str, ...]:
        """The names of all signals: the ledger's in their fixed order, then the curve's own by name."""
        return tuple(signal.name for signal in self.signal_rows)

    @cached_property
    def own_signals(self) -> tuple[str, ...]:
        """The names of the curve's own signals: those that no class of events sends."""
        return tuple(signal for signal in self.signals if signal not in LEDGER_SIGNALS)

    @cached_property
    def gives(self) -> frozenset[str]:
        """The signals by which customers get something from the company: its own or both sides', if they end every silence.

        Asks and broken promises are none, whatever a curve says of silence. In the default curve these are kept promises,
        exchanges and repairs.
        """
        given = (each for each in self.signal_rows if each.by in {"company", "both"} and each.ends_silence == "always")
        return frozenset(each.name for each in given) - {ASK, PROPOSITION, *BROKEN.values()}

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The leaf states from low to high; seven in the default curve."""
        return tuple(state for stage in self.stages for state in stage.states)

    @cached_property
    def stages_and_states(self) -> tuple[str, ...]:
        """The names of the stages, then those of the leaf states, each once: whatever a place on the curve is called."""
        return tuple(dict.fromkeys([*(stage.name for stage in self.stages), *self.states]))

    @cached_property
    def _parts(self) -> Parts:
        """The parts in the form in which they are read, checked and written."""
        return Parts(
            name=self.name,
            start=dict(self._start_words),
            counters=self.counters,
            parameters=self.parameter_rows,
            stages=self.stages,
            signals=self.signal_rows,
            rules=self.rules,
            settling=self.settling,
        )

    @cached_property
    def _assembler(self) -> Assembler:
        """Converts this curve's words to numbers."""
        numbers = {p.name: p.value for p in self.parameter_rows if isinstance(p.value, int)}
        return Assembler(self.stages, numbers, self.counters)

    def value_of(self, value: Number) -> int:
        """Return a number, or the value of the parameter that holds it."""
        return self._assembler.number(value)

    @cached_property
    def _program(self) -> Program:
        """The compiled rows."""
        return assemble(self._assembler, self.signals, self.rules, self.settling)

    @cached_property
    def start(self) -> Position:
        """The position of a new customer."""
        words = dict(self._start_words)
        counters = {part: self._assembler.number(words[part]) for part in COUNTERS}
        return Position(stage=str(words["stage"]), account=cast("Account", words["account"]), **counters)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 (64 hex digits) of everything that can change an outcome; wording is left out."""
        return _sha256(canonical(self._parts, self._program, self._cells(self.start)[:5]))

    @cached_property
    def fingerprint_1(self) -> str | None:
        """The fingerprint of this curve in version 1 of the snapshots, or None if version 1 could not express it."""
        form = canonical_1(self._parts, self._program, self._cells(self.start)[:5])
        return None if form is None else _sha256(form)

    def to_plain(self) -> dict[str, Any]:
        """Return the curve as plain data in the shape of its file."""
        return plain_parts(self._parts)

    # --- positions ------------------------------------------------------------------------------

    @cached_property
    def _stage_numbers(self) -> dict[str, int]:
        return {stage.name: number for number, stage in enumerate(self.stages)}

    @cached_property
    def _wide(self) -> dict[Position, tuple[int, ...]]:
        return {}

    @cached_property
    def _positions(self) -> dict[tuple[int, ...], Position]:
        return {}

    def _cells(self, position: Position) -> tuple[int, ...]:
        """Return a position as integers: five cells, felt doubt and the rank of its leaf state.

        Raises:
            UnknownWordError: The stage or the account is not of this curve.
            InvalidPositionError: A counter is out of range.
        """
        if not isinstance(position, Position):
            raise InvalidValueError("position", position, "must be a Position or a Standing")
        known = self._wide.get(position)
        if known is not None:
            return known
        stage = self._stage_numbers.get(position.stage)
        if stage is None:
            raise UnknownWordError("stage", position.stage, tuple(self._stage_numbers))
        if position.account not in ACCOUNT_LEVELS:
            raise UnknownWordError("account", position.account, ACCOUNT_LEVELS)
        counters = (position.kept, position.engaged, position.doubt)
        for part, value, top in zip(COUNTERS, counters, self._program.tops[1:4], strict=True):
            if not 0 <= value <= top:
                raise InvalidPositionError(part, value, f"must be from 0 to {top}")
        wide = self._program.widen((stage, *counters, ACCOUNT_LEVELS.index(position.account)))
        self._positions.setdefault(tuple(wide[:5]), position)
        return self._wide.setdefault(position, tuple(wide))

    def _position(self, cells: Sequence[int]) -> Position:
        """Return the interned position for these (at least five) cells."""
        five = tuple(cells[:5])
        known = self._positions.get(five)
        if known is not None:
            return known
        stage, kept, engaged, doubt, account = five
        made = Position(self.stages[stage].name, kept, engaged, doubt, ACCOUNT_LEVELS[account])
        return self._positions.setdefault(five, made)

    def state(self, where: Position | Standing) -> str:
        """Return the leaf state of a position or a standing.

        Examples:
            >>> from trustcurve import Curve
            >>> curve = Curve.default()
            >>> curve.state(curve.start)
            'distrust.suspicious'
        """
        return self.states[self.rank(where)]

    def rank(self, where: Position | Standing) -> int:
        """Return the rank of the leaf state of a position or a standing, 0 for the lowest ("departed").

        Examples:
            >>> from trustcurve import Curve
            >>> curve = Curve.default()
            >>> curve.rank(curve.start)
            3
        """
        return self._cells(position_of(where))[LEAF]

    def stage(self, where: Position | Standing) -> Stage:
        """Return the stage of a position or a standing.

        Raises:
            UnknownWordError: The stage or the account is not of this curve.
            InvalidPositionError: A counter is out of range.
        """
        return self.stages[self._cells(position_of(where))[0]]

    def felt_doubt(self, where: Position | Standing) -> int:
        """Return the doubt of a position or a standing plus what its account adds to it; for errors see ``stage``."""
        return self._cells(position_of(where))[FELT]

    def is_engaged(self, where: Position | Standing) -> bool:
        """Return whether a customer is across the barrier and has goodwill left; for errors see ``stage``."""
        return not self.stage(where).outside and position_of(where).engaged > 0

    def is_ask(self, reaction: Reaction) -> bool:
        """Return whether the company asked: by an ask, or by a proposition that costs goodwill or raises doubt.

        The curve's own signals are no asks: nothing tells what they are.
        """
        if reaction.signal != PROPOSITION:
            return reaction.signal == ASK
        return any(
            effect.op == "add"
            and (self.value_of(effect.value) < 0 if effect.part == "engaged" else effect.part == "doubt")
            for effect in reaction.rule.effects
        )

    # --- reactions ------------------------------------------------------------------------------

    def react(self, position: Position, signal: str) -> Reaction:
        """Apply one signal to a position.

        Args:
            position: Any position within range, reachable or not.
            signal: A signal of this curve.

        Returns:
            The reaction: before, after, the row that applied, the settling rows that changed
            something, and why. The same arguments always give the same result.

        Raises:
            UnknownWordError: A word is not of this curve.
            InvalidPositionError: A counter is out of range.

        Examples:
            >>> from trustcurve import Curve
            >>> curve = Curve.default()
            >>> reaction = curve.react(curve.start, "company_one_sided")
            >>> reaction.state_after, reaction.rule.name
            ('distrust.competitive', 'company_one_sided.unpaid')
        """
        try:
            return self._warm[signal][position]
        except (KeyError, TypeError):
            return self._work_out(position, signal)

    def _work_out(self, position: Position, signal: str) -> Reaction:
        """Compute a reaction from the rows, and cache it; for arguments and errors see ``react``."""
        word = plain_word(signal)
        if not isinstance(word, str) or word not in self._warm:
            raise UnknownWordError("signal", signal, self.signals)
        signal = word
        before = self._cells(position)
        wide, rank = list(before), before[LEAF]
        rule, settling = self._program.run(signal, wide)
        reaction = Reaction(
            before=position,
            signal=signal,
            after=self._position(wide),
            rule=rule,
            settling=settling,
            state_before=self.states[rank],
            state_after=self.states[wide[LEAF]],
            change=wide[LEAF] - rank,
            crosses=self.stages[before[0]].outside and not self.stages[wide[0]].outside,
        )
        return self._warm[signal].setdefault(position, reaction)

    def outlook(self, where: Position | Standing) -> dict[str, Reaction]:
        """Return where each signal leads from a position or a standing, in the order of ``signals``.

        Examples:
            >>> from trustcurve import Curve
            >>> curve = Curve.default()
            >>> [signal for signal, reaction in curve.outlook(curve.start).items() if reaction.rose]
            ['proposition', 'promise_made']
        """
        position = position_of(where)
        return {signal: self.react(position, signal) for signal in self.signals}


def _sha256(form: Mapping[str, Any]) -> str:
    import hashlib  # noqa: PLC0415 - slow to import, and not needed to react
    import json  # noqa: PLC0415

    return hashlib.sha256(json.dumps(form, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _rebuild(cls: type[Rulebook], parts: dict[str, Any]) -> Rulebook:
    return _the_one(cls(**parts))


@lru_cache(maxsize=64)
def _the_one(curve: Rulebook) -> Rulebook:
    """Return the first of all equal curves, so that curves that were unpickled separately are one object."""
    return curve
