"""The curve: the public class, with all its methods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Self, final

from attrs import evolve, frozen

from trustcurve.core import ledger
from trustcurve.core.lazy_methods import LazyMethod
from trustcurve.core.parts import DURATIONS, Parts, parts_of
from trustcurve.core.rulebook import Rulebook
from trustcurve.errors import Finding, InvalidCurveError, InvalidParameterError, final_class, hint_for

if TYPE_CHECKING:
    from trustcurve.core import journey, migration, questions
    from trustcurve.core.table import Table

__all__ = ["Curve", "default_toml", "make_curve"]

_NO_LIMIT = 10**9  # quiet periods: at least a minute each, so more than the calendar has


@final
@frozen(kw_only=True, cache_hash=True, repr=False)
class Curve(Rulebook):
    """A trust curve: a finite state machine whose rules are data, and a ledger that turns events into signals.

    Curves are values: comparable, hashable, picklable and immutable. Use ``Curve.default()``, change
    its parameters (``Curve.default(initial_doubt=3)``), or write a curve file and load it with
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
    if TYPE_CHECKING:
        journey = journey.journey
        migrate = migration.migrate
        refusals = questions.refusals
        path = questions.path
    else:
        journey = LazyMethod("trustcurve.core.journey", "journey")
        migrate = LazyMethod("trustcurve.core.migration", "migrate")
        refusals = LazyMethod("trustcurve.core.questions", "refusals")
        path = LazyMethod("trustcurve.core.questions", "path")

    @cached_property
    def _table(self) -> Table:
        from trustcurve.core.table import unroll  # noqa: PLC0415 - not every program needs it

        return unroll(self)

    def table(self) -> Table:
        """Return the table of the curve: all reachable positions, numbered, and where each signal leads.

        It is computed once and shared; the default curve has 524 positions and 16 signals.

        Examples:
            >>> table = Curve.default().table()
            >>> len(table), table.positions[table.next[0][table.signals.index("exchange")]].doubt
            (524, 1)
        """
        return self._table

    @classmethod
    def default(cls, **parameters: int | timedelta) -> Self:
        """Return the default curve, optionally with other parameters.

        Args:
            **parameters: Values by name: whole numbers; for ``silence_after`` and ``grace`` a timedelta or
                a number of days.

        Raises:
            InvalidParameterError: A parameter is unknown, out of range, or in conflict with another.
            InvalidCurveError: With these parameters a rule could never apply.

        Examples:
            >>> Curve.default(initial_doubt=3, silence_after=30).start.doubt
            3
        """
        curve: Self = _default(cls)  # type: ignore[arg-type] # classes are hashable, Self too
        return curve.with_parameters(**parameters) if parameters else curve

    def with_parameters(self, **parameters: int | timedelta) -> Self:
        """Return the same curve with other parameters; for arguments and errors see ``default``.

        Examples:
            >>> Curve.default().with_parameters(grace=1).grace.days
            1
        """
        new = {name: _parameter_value(self.parameters, name, value) for name, value in parameters.items()}
        rows = tuple(evolve(row, value=new.get(row.name, row.value)) for row in self.parameter_rows)
        from trustcurve.core.checks import check_parameters  # noqa: PLC0415 - not every program needs it

        for row, rule in check_parameters(rows):
            raise InvalidParameterError(row.name, row.value, rule)
        return self._checked(evolve(self._parts, parameters=rows), f"curve {self.name!r}")

    def waiting_without_limit(self) -> Self:
        """Return the same curve with the clock of version 1: a promise with a date excuses any number of quiet periods."""
        rows = [evolve(row, value=_NO_LIMIT) if row.name == "waiting_periods" else row for row in self.parameter_rows]
        return self._from_parts(evolve(self._parts, parameters=tuple(rows)))

    def warnings(self, source: str = "the curve") -> tuple[Finding, ...]:
        """Return what is legal but probably a mistake: unused parameters, and rows called "falls" that lift a customer.

        Examples:
            >>> Curve.default().warnings()
            ()
        """
        from trustcurve.core.table_checks import warnings_of  # noqa: PLC0415 - not every program needs it

        return warnings_of(self, self.table(), source)

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
        from trustcurve.core.checks import Notes, check_parts  # noqa: PLC0415 - not every program needs it
        from trustcurve.core.table_checks import check_table  # noqa: PLC0415 - the same

        notes = Notes(source)
        check_parts(notes, parts)
        if not notes.findings:
            curve = cls._from_parts(parts)
            check_table(notes, curve, curve.table())
        if notes.findings:
            raise InvalidCurveError(tuple(notes.findings))
        return curve


def make_curve(parts: Parts, source: str) -> Curve:
    """Make a curve from parts and check it.

    Args:
        parts: Its parts; their shape is already checked.
        source: The name of the curve in messages, for example the name of its file.

    Raises:
        InvalidCurveError: With all findings at once.
    """
    return Curve._checked(parts, source)


def default_toml() -> str:
    """Return the text of the default curve's file, including comments."""
    from importlib.resources import files  # noqa: PLC0415 - only reading needs it

    return files("trustcurve.core").joinpath("default.toml").read_text(encoding="utf-8")


@cache
def _default(cls: type[Curve]) -> Any:
    import tomllib  # noqa: PLC0415 - only reading needs it

    # This file is checked by tests, not here, so that importing stays fast.
    return cls._from_parts(parts_of(tomllib.loads(default_toml())))


def _parameter_value(known: Mapping[str, object], name: str, value: int | timedelta) -> int | timedelta:
    if name not in known:
        raise InvalidParameterError(name, value, f"is unknown{hint_for(name, known)}")
    if name not in DURATIONS:
        if type(value) is not int:
            raise InvalidParameterError(name, value, "must be a whole number")
        return value
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(days=value)
    except (OverflowError, ValueError):  # too many days, or not a number
        pass
    raise InvalidParameterError(name, value, "must be a timedelta or a number of days")
