"""Curve files: their shape as attrs classes, and reading and writing curves.

The classes define the shape of the file; the curve checks the meaning of its words.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import timedelta
from os import PathLike
from string import Formatter
from typing import Annotated, Any, Literal

from attrs import field, frozen

from trustcurve.core.curve import Curve, make_curve
from trustcurve.core.parts import parts_of
from trustcurve.core.signals import LEDGER_SIGNALS, Account, EndsSilence
from trustcurve.documents.condition_forms import Words
from trustcurve.documents.forms import SOME, Named, Text, ValueRule
from trustcurve.documents.plain_text import parse_toml, read_text
from trustcurve.documents.reader import Reading, read_plain, read_toml
from trustcurve.errors import CurveWarning, InvalidCurveError, require

__all__ = ["CurveFile", "curve_toml", "is_curve", "load_curve", "parse_curve", "read_curve"]


def _is_number(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value != "")


def _counts(value: object) -> bool:
    """Whether a text has no placeholders except {n}."""
    try:
        return isinstance(value, str) and all(
            (name, form or "", conversion) in ((None, "", None), ("n", "", None))
            for _, name, form, conversion in Formatter().parse(value)
        )
    except ValueError:
        return False


_Number = Annotated[
    int | str, ValueRule(_is_number, "must be a whole number or the name of a parameter", {"minLength": 1})
]
_Many = Annotated[str, ValueRule(_counts, "must be a text with no placeholder except {n}, the number")]


@frozen
class _Bounds:
    """Bounds of a number.

    Args:
        at_least: It must be at least this.
        at_most: It must be at most this.
        above: It must be above this.
        below: It must be below this.
    """

    at_least: _Number | None = None
    at_most: _Number | None = None
    above: _Number | None = None
    below: _Number | None = None


_Tests = _Number | Annotated[tuple[_Number, ...], SOME] | _Bounds


@frozen
class _Start:
    """The position of a new customer.

    Args:
        stage: The stage.
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: Doubt that repair alone does not remove.
        account: What the company owes.
    """

    stage: Text
    kept: _Number
    engaged: _Number
    doubt: _Number
    account: Account


@frozen
class _Head:
    """The curve as a whole.

    Args:
        name: Its name.
        start: The position of a new customer.
    """

    name: Text
    start: _Start


@frozen
class _Counter:
    """A bounded counter.

    Args:
        max: Its highest value: an unbounded counter would make the curve infinite.
        description: What it counts, in words.
    """

    max: _Number
    description: str = ""


@frozen
class _Counters:
    """The counters of a position.

    Args:
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: Doubt that repair alone does not remove.
    """

    kept: _Counter
    engaged: _Counter
    doubt: _Counter


@frozen
class _Parameter:
    """A named number with its range.

    Args:
        value: The number.
        at_least: It must be at least this.
        at_most: It must be at most this.
        above: It must be above this.
        below: It must be below this.
        description: What it is, in words.
    """

    value: int
    at_least: _Number | None = None
    at_most: _Number | None = None
    above: _Number | None = None
    below: _Number | None = None
    description: str = ""


@frozen
class _Posture:
    """A kind of distrust.

    Args:
        name: What it is called.
        above: It holds where felt doubt is above this, and no later posture holds.
        description: What it means, in words.
    """

    name: Text
    above: _Number | None = None
    description: str = ""


@frozen
class _Stage:
    """A place on the curve.

    Args:
        name: Its name.
        postures: Its postures, from low to high doubt.
        outside: Whether it lies before the barrier.
        apart: Whether it is off the curve: "one stage down" never leads into it.
        description: What it means, in words.
    """

    name: Text
    postures: tuple[_Posture, ...] = ()
    outside: bool = False
    apart: bool = False
    description: str = ""


@frozen
class _OwnSignal:
    """A signal that the curve adds.

    Args:
        by: Who sends it.
        one: One of them in words: "one visit".
        many: Several of them in words: "{n} visits".
        ends_silence: When such an event ends a silence: always, only if it crosses the barrier, or never.
    """

    by: Literal["company", "customer", "both", "clock"] = "customer"
    one: str = ""
    many: _Many = ""
    ends_silence: EndsSilence = "crossing"


@frozen
class _LedgerSignal:
    """A signal that the ledger sends.

    Args:
        ends_silence: When such an event ends a silence: always, only if it crosses the barrier, or never.
        by: Who sends it.
        one: One of them in words: "one exchange".
        many: Several of them in words: "{n} exchanges".
    """

    ends_silence: EndsSilence
    by: Literal["company", "customer", "both", "clock"] = "customer"
    one: str = ""
    many: _Many = ""


@frozen
class _When:
    """The conditions of a row; all must hold.

    Args:
        stage: One of these stages.
        posture: One of these postures.
        outside: Whether the stage lies before the barrier.
        account: One of these levels of what the company owes.
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: Doubt that repair alone does not remove.
        felt_doubt: Doubt plus what the account adds to it.
    """

    stage: Words | None = None
    posture: Words | None = None
    outside: bool | None = None
    account: Account | Annotated[tuple[Account, ...], SOME] | None = None
    kept: _Tests | None = None
    engaged: _Tests | None = None
    doubt: _Tests | None = None
    felt_doubt: _Tests | None = None


@frozen
class _Values:
    """New values of parts of the position, or values to raise them to.

    Args:
        stage: The stage.
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: Doubt that repair alone does not remove.
        account: What the company owes.
    """

    stage: Text | None = None
    kept: _Number | None = None
    engaged: _Number | None = None
    doubt: _Number | None = None
    account: Account | None = None


@frozen
class _Amounts:
    """Amounts to add to parts of the position, for example -1.

    Args:
        stage: How many stages up, or down.
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: Doubt that repair alone does not remove.
        account: How many levels up, or down.
    """

    stage: _Number | None = None
    kept: _Number | None = None
    engaged: _Number | None = None
    doubt: _Number | None = None
    account: _Number | None = None


@frozen(kw_only=True)
class _Settling:
    """A settling row: applies after every signal if its condition holds.

    Args:
        name: The name of the row.
        when: The condition; a row without one always applies.
        set: New values of parts of the position.
        at_least: Values to raise parts of the position to.
        add: Amounts to add to parts of the position.
        because: The reason, in words.
        source: The source of the rule.
    """

    name: Text
    when: _When = field(factory=_When)
    set: _Values = field(factory=_Values)
    at_least: _Values = field(factory=_Values)
    add: _Amounts = field(factory=_Amounts)
    because: Text
    source: str = ""


@frozen(kw_only=True)
class _Rule(_Settling):
    """A row: the effects of a signal if its condition holds; the first row of a signal that holds applies.

    Args:
        name: The name of the row.
        signal: The signal.
        when: The condition before the signal; the last row of a signal has none.
        set: New values of parts of the position.
        at_least: Values to raise parts of the position to.
        add: Amounts to add to parts of the position.
        because: The reason, in words.
        source: The source of the rule.
    """

    signal: Text


_CLOCK = Named(
    {"silence_after": timedelta, "grace": timedelta, "waiting_periods": int | _Parameter}, "the clock needs it"
)
_LEDGER = Named(dict.fromkeys(LEDGER_SIGNALS, _LedgerSignal), "the ledger sends it")


@frozen
class CurveFile:
    """A trust curve: the effect of each signal, its conditions and its reason.

    Args:
        curve: The curve as a whole.
        counters: The counters of a position.
        parameters: Named numbers, and the durations of the clock.
        stages: The stages, from low to high.
        signals: The signals that the curve reacts to.
        rules: The rows: the effects of each signal.
        settling: The rows that apply after every signal, in order.
    """

    curve: _Head
    counters: _Counters
    parameters: Annotated[dict[str, int | _Parameter], _CLOCK]
    stages: Annotated[tuple[_Stage, ...], SOME]
    signals: Annotated[dict[str, _OwnSignal], _LEDGER]
    rules: tuple[_Rule, ...]
    settling: tuple[_Settling, ...] = ()


def load_curve(path: str | PathLike[str]) -> Curve:
    """Load a curve from a TOML file and check it; for warnings see ``parse_curve``.

    Args:
        path: The file.

    Raises:
        InvalidCurveError: The file is invalid; the error has all findings, each with file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "mine.toml")
        ...     characters = file.write_text(curve_toml(Curve.default()), encoding="utf-8")
        ...     load_curve(file) == Curve.default()
        True
    """
    return parse_curve(*read_text(path, InvalidCurveError))


def parse_curve(text: str, source: str = "the curve") -> Curve:
    """Read a curve from TOML and check it.

    Warns with ``CurveWarning`` about what is legal but probably a mistake: an unused parameter, or a settling row
    whose name ends in "falls" and which lifts a customer.

    Args:
        text: The document; for its form see the reference, or ``trustcurve curve --toml``.
        source: The name of the document in messages, for example the name of the file.

    Raises:
        InvalidCurveError: The file is invalid; the error has all findings, each with file, table and key.

    Examples:
        >>> parse_curve("[curve", "mine.toml")
        Traceback (most recent call last):
            ...
        trustcurve.errors.InvalidCurveError: mine.toml: TOML: Expected ']' at the end of a table declaration (at end of document)
    """
    curve = _curve(read_toml(text, CurveFile, source, InvalidCurveError))
    for finding in curve.warnings(source):
        warnings.warn(CurveWarning(finding), stacklevel=2)
    return curve


def read_curve(document: Mapping[str, Any], source: str = "the data") -> Curve:
    """Read a curve from plain data in the shape of its file, as ``Curve.to_plain`` returns it.

    Raises:
        InvalidCurveError: The data are invalid; the error has all findings.

    Examples:
        >>> read_curve(Curve.default().to_plain()) == Curve.default()
        True
    """
    return _curve(read_plain(document, CurveFile, source, InvalidCurveError))


def is_curve(path: str | PathLike[str]) -> bool:
    """Whether a TOML file is a curve file, valid or not.

    Raises:
        OSError: The file cannot be opened.
    """
    return "curve" in (tables := tables_of(path)) and "scenario" not in tables


def tables_of(path: str | PathLike[str]) -> frozenset[str]:
    """Return the names at the top of a TOML file, which tell what kind of document it is; none if it is no TOML.

    Raises:
        OSError: The file cannot be opened.
    """
    try:
        return frozenset(parse_toml(*read_text(path, InvalidCurveError), InvalidCurveError))
    except InvalidCurveError:
        return frozenset()


def curve_toml(curve: Curve) -> str:
    """Return a curve as TOML that ``parse_curve`` reads back to an equal curve.

    Raises:
        MissingExtraError: tomli-w is not installed (extra ``toml``).

    Examples:
        >>> parse_curve(curve_toml(Curve.default())) == Curve.default()
        True
    """
    text: str = require("tomli_w", "toml").dumps(curve.to_plain())
    return text


def _curve(reading: Reading[CurveFile]) -> Curve:
    reading.right()
    return make_curve(parts_of(reading.document), reading.source)
