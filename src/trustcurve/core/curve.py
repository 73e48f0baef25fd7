"""The curve: everything that can be asked of it, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache, cached_property
from typing import Any, Self, final

from attrs import evolve, frozen

from trustcurve.core import journey, ledger, migration, paths, refusals
from trustcurve.core.checks import check_parameters, check_parts
from trustcurve.core.errors import Finding, InvalidCurveError, InvalidParameterError, did_you_mean, final_class
from trustcurve.core.extras import require
from trustcurve.core.program import LEAF
from trustcurve.core.reader import Reader
from trustcurve.core.reading import DURATIONS, Parts, read_parts
from trustcurve.core.rulebook import Rulebook
from trustcurve.core.table import Table, unroll

__all__ = ["Curve", "default_toml"]

_NO_LIMIT = 10**9  # quiet periods: at least a minute each, so more than the calendar has


@final
@frozen(kw_only=True, cache_hash=True, repr=False)
class Curve(Rulebook):
    """A trust curve: a finite machine whose rules are data, and a ledger that feeds it events.

    Curves are values: equal, hashable, picklable, never changed. Take ``Curve.default()``, change
    its parameters (``Curve.default(initial_doubt=3)``), or write your own file and load it with
    ``trustcurve.load_curve(path)``.

    Examples:
        >>> from datetime import UTC, datetime
        >>> curve = Curve.default()
        >>> stranger = curve.begin("ann", datetime(2026, 1, 1, tzinfo=UTC))
        >>> curve.state(stranger.position)
        'distrust.suspicious'
    """

    __init_subclass__ = final_class

    begin = ledger.begin
    advance = ledger.advance
    observe = ledger.observe
    next_due = ledger.next_due
    journey = journey.journey
    migrate = migration.migrate
    refusals = refusals.refusals
    path = paths.path

    @cached_property
    def _table(self) -> Table:
        return unroll(self)

    def table(self) -> Table:
        """Unroll the curve: all reachable positions, numbered, and where each signal leads.

        It is made once and shared: 524 positions and 16 signals for the default curve.

        Examples:
            >>> table = Curve.default().table()
            >>> len(table), table.positions[table.next[0][table.signals.index("exchange")]].doubt
            (524, 1)
        """
        return self._table

    @classmethod
    def default(cls, **parameters: int | timedelta) -> Self:
        """Make the default curve, with other parameters where given.

        Args:
            **parameters: By name: whole numbers; for ``silence_after`` and ``grace`` a timedelta or
                a number of days.

        Raises:
            InvalidParameterError: A parameter is unknown, out of its range, or at odds with another.
            InvalidCurveError: With these parameters some rule could never apply.

        Examples:
            >>> Curve.default(initial_doubt=3, silence_after=30).start.doubt
            3
        """
        curve: Self = _default(cls)  # type: ignore[arg-type] # classes are hashable, Self too
        return curve.with_parameters(**parameters) if parameters else curve

    def with_parameters(self, **parameters: int | timedelta) -> Self:
        """Make the same curve with other parameters; for arguments and errors see ``default``.

        Examples:
            >>> Curve.default().with_parameters(grace=1).grace.days
            1
        """
        new = {name: _parameter_value(self.parameters, name, value) for name, value in parameters.items()}
        rows = tuple(evolve(row, value=new.get(row.name, row.value)) for row in self.parameter_rows)
        for row, rule in check_parameters(rows):
            raise InvalidParameterError(row.name, row.value, rule)
        return self._checked(evolve(self.parts, parameters=rows), f"curve {self.name!r}")

    def waiting_without_limit(self) -> Self:
        """Return the same curve with the clock of version 1, where a dated promise excused any number of quiet periods."""
        rows = [evolve(row, value=_NO_LIMIT) if row.name == "waiting_periods" else row for row in self.parameter_rows]
        return self._from_parts(evolve(self.parts, parameters=tuple(rows)))

    @classmethod
    def from_toml(cls, text: str, source: str = "the text") -> Self:
        """Read a curve from TOML and check all of it.

        Args:
            text: The document; for its form see ``to_toml`` and the reference.
            source: What to call it in messages, for example the file's name.

        Raises:
            InvalidCurveError: With all findings at once: each names file, table and key.

        Examples:
            >>> Curve.from_toml("name = 'mine'")
            Traceback (most recent call last):
                ...
            trustcurve.core.errors.InvalidCurveError: the text: the file name: unknown word...
        """
        import tomllib  # noqa: PLC0415 - only reading needs it

        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidCurveError((Finding(source, "TOML", "", str(error)),)) from None
        return cls.from_plain(document, source)

    @classmethod
    def from_plain(cls, document: Mapping[str, Any], source: str = "the data") -> Self:
        """Read a curve from plain data in the shape of its file; for errors see ``from_toml``."""
        reader = Reader(source)
        parts = read_parts(reader, document)
        if reader.findings:
            raise InvalidCurveError(tuple(reader.findings))
        return cls._checked(parts, source)

    def to_toml(self) -> str:
        """Write the curve as TOML that ``from_toml`` reads back to an equal curve.

        Raises:
            MissingExtraError: tomli-w is not installed (extra ``toml``).

        Examples:
            >>> Curve.from_toml(Curve.default().to_toml()) == Curve.default()
            True
        """
        text: str = require("tomli_w", "toml").dumps(self.to_plain())
        return text

    @classmethod
    def _from_parts(cls, parts: Parts) -> Self:
        return cls(
            name=parts.name,
            start_words=tuple(parts.start.items()),
            counters=parts.counters,
            parameter_rows=parts.parameters,
            stages=parts.stages,
            signal_rows=parts.signals,
            rules=parts.rules,
            settling=parts.settling,
        )

    @classmethod
    def _checked(cls, parts: Parts, source: str) -> Self:
        reader = Reader(source)
        check_parts(reader, parts)
        if not reader.findings:
            curve = cls._from_parts(parts)
            curve._check_unrolled(reader)  # noqa: SLF001 - a curve of this very class
        if reader.findings:
            raise InvalidCurveError(tuple(reader.findings))
        return curve

    def _check_unrolled(self, reader: Reader) -> None:
        """Find rows that never apply, settling rows included, and stages that nobody enters."""
        wide = list(self.cells(self.start))
        calm = wide[:]
        self.program.settle(calm)
        if calm != wide:
            state = self.states[calm[LEAF]]
            reader.wrong("[curve]", "start", f"is not settled: the settling rows would carry it to {state}")
        table = self.table()
        applied = {reaction.rule.name for row in table.reactions for reaction in row}
        for rule in self.rules:
            if rule.name not in applied:
                reader.wrong(
                    f"[[rules]] {rule.name}",
                    "when",
                    f"can never match: in none of {len(table)} positions does it come first",
                )
        settled = {rule.name for row in table.reactions for reaction in row for rule in reaction.settling}
        for rule in self.settling:
            if rule.name not in settled:
                says = f"can never match: it changes nothing, whatever happens in {len(table)} positions"
                reader.wrong(f"[[settling]] {rule.name}", "when", says)
        entered = {position.stage for position in table.positions}
        for stage in self.stages:
            if stage.name not in entered:
                reader.wrong(f"[[stages]] {stage.name}", "name", "nothing enters this stage")


def default_toml() -> str:
    """Answer with the text of the default curve's file, comments included."""
    from importlib.resources import files  # noqa: PLC0415 - only reading needs it

    return files("trustcurve.core").joinpath("default.toml").read_text(encoding="utf-8")


@cache
def _default(cls: type[Curve]) -> Any:
    import tomllib  # noqa: PLC0415 - only reading needs it

    # Our own file: its tests unroll and check it, so that importing programs need not.
    return cls._from_parts(read_parts(Reader("default.toml"), tomllib.loads(default_toml())))


def _parameter_value(known: Mapping[str, object], name: str, value: int | timedelta) -> int | timedelta:
    if name not in known:
        raise InvalidParameterError(
            name, value, f"is unknown{did_you_mean(name, known) or '; known: ' + ', '.join(known)}"
        )
    if name not in DURATIONS:
        if type(value) is not int:
            raise InvalidParameterError(name, value, "must be a whole number")
        return value
    if isinstance(value, timedelta):
        return value
    reader = Reader("")
    duration = reader.duration("", name, value)
    if duration is None:
        raise InvalidParameterError(name, value, "must be a timedelta or a number of days")
    return duration
