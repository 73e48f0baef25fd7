"""Every error that trustcurve raises: one root, named leaves, data as attributes.

Errors are for malformed input only. A signal that moves nobody, a promise kept too late or a
pitch that falls on deaf ears are no errors: they are steps with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import define, frozen

__all__ = [
    "CurveWarning",
    "CustomerMismatchError",
    "DueBeforeEventError",
    "FinalClassError",
    "Finding",
    "InvalidCurveError",
    "InvalidDocumentError",
    "InvalidParameterError",
    "InvalidPositionError",
    "InvalidValueError",
    "MissingExtraError",
    "NaiveTimeError",
    "ObservedInThePastError",
    "OutOfOrderError",
    "PromiseAlreadyOpenError",
    "PromiseOverdueError",
    "TrustcurveError",
    "UnknownPromiseError",
    "UnknownWordError",
    "did_you_mean",
    "final_class",
    "plain_word",
    "require",
]


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Answer with ``"; did you mean 'x'?"`` for the nearest known word, or with nothing."""
    import difflib  # noqa: PLC0415 - only errors need it, and it is slow to import

    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def plain_word(value: object) -> object:
    """Convert a text of a subclass, such as a member of a ``(str, Enum)``, to the text itself; return anything else as it is."""
    return str.__str__(value) if isinstance(value, str) and type(value) is not str else value


_SHOWN = 200  # letters of a value; a whole policy would hide the rule


class TrustcurveError(Exception):
    """The root of all errors of this library; catch it to catch them all."""

    # The leaves are attrs classes: their fields are their data. They have slots=False and
    # repr=False because exceptions have a dict and a repr already, and making less of a class
    # makes the import cheaper.


@define(slots=False, repr=False)
class InvalidValueError(TrustcurveError):
    """An argument has the wrong type or form: ``argument``, ``value``, ``rule``."""

    argument: str
    value: object
    rule: str

    def __str__(self) -> str:
        said = repr(self.value)
        shown = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."
        return f"{self.argument} is {shown}: {self.rule}"


@define(slots=False, repr=False)
class FinalClassError(TrustcurveError, TypeError):
    """A class that is final is subclassed: ``name`` (of the subclass), ``base``, ``instead``."""

    name: str
    base: str
    instead: str = "wrap it, or keep what is yours beside it"

    def __str__(self) -> str:
        return f"class {self.name!r} cannot subclass {self.base}, which is final: {self.instead}"


def final_class(cls: type) -> None:
    """Raise FinalClassError; a final class has this as its ``__init_subclass__``."""
    raise FinalClassError(cls.__name__, cls.__bases__[0].__name__)


@define(slots=False, repr=False)
class NaiveTimeError(TrustcurveError):
    """A time carries no timezone: ``argument``, ``value``."""

    argument: str
    value: datetime

    def __str__(self) -> str:
        return (
            f"{self.argument} is {self.value.isoformat()}, a naive time: "
            "give it a timezone, for example with .replace(tzinfo=datetime.UTC)"
        )


@define(slots=False, repr=False)
class UnknownWordError(TrustcurveError):
    """A word is outside its set: ``argument``, ``value``, ``known``."""

    argument: str
    value: object
    known: tuple[str, ...]

    def __str__(self) -> str:
        listed = f"; known: {', '.join(self.known)}" if self.known else ""
        return f"{self.argument} {self.value!r} is unknown{did_you_mean(self.value, self.known) or listed}"


@define(slots=False, repr=False)
class InvalidParameterError(TrustcurveError):
    """A parameter of the curve is outside its range, or against another: ``name``, ``value``, ``rule``."""

    name: str
    value: object
    rule: str

    def __str__(self) -> str:
        return f"parameter {self.name} is {self.value}: {self.rule}"


@define(slots=False, repr=False)
class InvalidPositionError(TrustcurveError):
    """A position has a counter outside its range, or is not reachable: ``part``, ``value``, ``rule``."""

    part: str
    value: object
    rule: str

    def __str__(self) -> str:
        return f"position has {self.part} {self.value!r}: {self.rule}"


@define(slots=False, repr=False)
class OutOfOrderError(TrustcurveError):
    """An event lies before what the standing already knows: ``customer``, ``at``, ``as_of``."""

    customer: str
    at: datetime
    as_of: datetime

    def __str__(self) -> str:
        return (
            f"event at {self.at.isoformat()} lies before {self.as_of.isoformat()}, "
            f"up to which customer {self.customer!r} is known: sort events by time"
        )


@define(slots=False, repr=False)
class ObservedInThePastError(TrustcurveError):
    """An observation lies before what the standing already knows: ``customer``, ``at``, ``as_of``."""

    customer: str
    at: datetime
    as_of: datetime

    def __str__(self) -> str:
        return (
            f"cannot observe customer {self.customer!r} at {self.at.isoformat()}: "
            f"already known up to {self.as_of.isoformat()}"
        )


@define(slots=False, repr=False)
class CustomerMismatchError(TrustcurveError):
    """An event names another customer than the standing: ``expected``, ``value``."""

    expected: str
    value: str

    def __str__(self) -> str:
        return f"event belongs to customer {self.value!r}, standing to {self.expected!r}"


@define(slots=False, repr=False)
class DueBeforeEventError(TrustcurveError):
    """A promise is due before the event that says so: ``promise``, ``due``, ``at``."""

    promise: str
    due: datetime
    at: datetime

    def __str__(self) -> str:
        return (
            f"promise {self.promise!r} is due {self.due.isoformat()}, before the event itself at {self.at.isoformat()}"
        )


@define(slots=False, repr=False)
class PromiseAlreadyOpenError(TrustcurveError):
    """A promise is made under an id that is open or overdue: ``customer``, ``promise``, ``overdue``."""

    customer: str
    promise: str
    overdue: bool

    def __str__(self) -> str:
        state = "overdue" if self.overdue else "open"
        return f"promise {self.promise!r} of customer {self.customer!r} is {state} already: close it first, or use another id"


@define(slots=False, repr=False)
class UnknownPromiseError(TrustcurveError):
    """An event speaks of a promise that is neither open nor overdue: ``customer``, ``promise``, ``event``."""

    customer: str
    promise: str
    event: str

    def __str__(self) -> str:
        cure = ", or give its weight" if self.event in ("PromiseKept", "PromiseBroken") else ""
        return f"{self.event}: customer {self.customer!r} has no open promise {self.promise!r}: record PromiseMade first{cure}"


@define(slots=False, repr=False)
class PromiseOverdueError(TrustcurveError):
    """An overdue promise cannot be moved: ``customer``, ``promise``, ``due``."""

    customer: str
    promise: str
    due: datetime | None

    def __str__(self) -> str:
        when = f" since {self.due.isoformat()}" if self.due else ""
        return f"promise {self.promise!r} of customer {self.customer!r} is overdue{when}: a new date must be agreed in time"


@define(slots=False, repr=False)
class MissingExtraError(TrustcurveError, ImportError):
    """An optional part is not installed: ``extra``, ``module``."""

    extra: str
    module: str

    def __str__(self) -> str:
        return f"this needs {self.module}, which is not installed: pip install 'trustcurve[{self.extra}]'"


@frozen(repr=False)
class Finding:
    """One thing that is wrong in a document: which file, table and key, and what."""

    source: str
    table: str
    key: str
    says: str

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.table, self.key)))
        return f"{self.source}: {where}: {self.says}" if where else f"{self.source}: {self.says}"


@define(slots=False, repr=False)
class InvalidDocumentError(TrustcurveError):
    """A document that people write cannot be read: ``findings``, all of them at once."""

    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


class InvalidCurveError(InvalidDocumentError):
    """A file is not a curve: ``findings``, all of them at once."""


class CurveWarning(UserWarning):
    """A curve file has something that is legal and hardly meant: ``finding``."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def require(module: str, extra: str) -> Any:
    """Import an optional module by name.

    Raises:
        MissingExtraError: It is not installed; the message has the pip command.
    """
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == module.partition(".")[0]:
            raise MissingExtraError(extra, module) from None
        raise
