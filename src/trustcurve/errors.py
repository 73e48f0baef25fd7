"""Every error that trustcurve raises: one root, named leaves, data as attributes.

Errors are for malformed input only. A signal that changes nothing, a promise kept too late and a
pitch that is ignored are not errors: each is a step with a reason.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any, Final

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
]


HINTED: Final = 20
"""How many findings of a document get a hint: finding a similar word takes a thousand times as long as the finding itself."""

_COMPARED = 1_000  # known words that a word is compared with, and
_LETTERS = 60  # their characters: comparing takes time in proportion to the product of both
_LISTED = 40  # words of a list, and findings of a message, of
_LINE = 3_000  # characters each
_SHOWN = 200  # characters of a value: a whole policy would hide the rule


def cut(text: str, length: int = _SHOWN) -> str:
    """Return a text, cut off if it is long."""
    return text if len(text) <= length else f"{text[:length]}..."


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the most similar known word, or an empty text; long words are similar to none."""
    import difflib  # noqa: PLC0415 - only errors need it, and it is slow to import

    if not isinstance(word, str) or len(word) > _LETTERS:
        return ""
    among = [each for each in islice(known, _COMPARED) if len(each) <= _LETTERS]
    near = difflib.get_close_matches(word, among, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def hint_for(word: object, known: Collection[str]) -> str:
    """Return the most similar known word or, if none is similar, the first known words."""
    more = f" and {len(known) - _LISTED:,} more" if len(known) > _LISTED else ""
    listed = f"; known: {', '.join(cut(each, _LETTERS) for each in islice(known, _LISTED))}{more}" if known else ""
    return did_you_mean(word, known) or listed


def plain_word(value: object) -> object:
    """Convert an instance of a subclass of ``str``, such as a member of a ``(str, Enum)``, to a plain ``str``; return other values unchanged."""
    return str.__str__(value) if isinstance(value, str) and type(value) is not str else value


def rule_got(rule: str, value: str) -> str:
    """Return "rule, got value"; a hint, after "; " in the rule, comes last."""
    must, semicolon, hint = rule.partition("; ")
    return f"{must}, got {value}{semicolon}{hint}"


def shown(value: object) -> str:
    """Return a value for a message: a time in ISO 8601, of others the repr, cut off if it is long."""
    if isinstance(value, datetime):
        with suppress(Exception):  # of its timezone, which its repr does not ask
            return value.isoformat()
    try:
        return cut(repr(value))
    except RecursionError:
        return "a value that is nested too deeply to print"
    except Exception as error:  # noqa: BLE001 - whatever it raises, the message is about something else
        if isinstance(value, int):  # Python prints no number of so many digits
            return "a number with too many digits to print"
        return f"a {type(value).__name__} whose repr raises {type(error).__name__}"


class TrustcurveError(Exception):
    """The base class of all errors of this library; catch it to catch them all."""

    # The subclasses are attrs classes: their fields are their data. They have slots=False and
    # repr=False because exceptions already have a dict and a repr, and a class with fewer generated
    # methods is faster to import.


@define(slots=False, repr=False)
class InvalidValueError(TrustcurveError):
    """An argument has the wrong type or form: ``argument``, ``value``, ``rule``.

    The rule is a predicate ("must be a Curve"), optionally followed by "; " and a hint.
    """

    argument: str
    value: object
    rule: str

    def __str__(self) -> str:
        missing = self.value is None and self.rule.startswith("must be given")
        return f"{self.argument} {self.rule if missing else rule_got(self.rule, shown(self.value))}"


@define(slots=False, repr=False)
class FinalClassError(TrustcurveError, TypeError):
    """A final class is subclassed: ``name`` (of the subclass), ``base``, ``instead``."""

    name: str
    base: str
    instead: str = "wrap an instance instead"

    def __str__(self) -> str:
        return f"class {self.name!r} cannot subclass {self.base}, which is final: {self.instead}"


def final_class(cls: type) -> None:
    """Raise FinalClassError; assign this to ``__init_subclass__`` of a final class."""
    raise FinalClassError(cls.__name__, cls.__bases__[0].__name__)


@define(slots=False, repr=False)
class NaiveTimeError(TrustcurveError):
    """A time has no timezone: ``argument``, ``value``."""

    argument: str
    value: datetime

    def __str__(self) -> str:
        return (
            f"{self.argument} must have a timezone, got {shown(self.value)}; "
            "add one, for example with .replace(tzinfo=datetime.UTC)"
        )


@define(slots=False, repr=False)
class UnknownWordError(TrustcurveError):
    """A word is not in the set of known words: ``argument``, ``value``, ``known``."""

    argument: str
    value: object
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.argument} {shown(self.value)} is unknown{hint_for(self.value, self.known)}"


@define(slots=False, repr=False)
class InvalidParameterError(TrustcurveError):
    """A parameter of a curve is unknown, out of range or in conflict with another: ``name``, ``value``, ``rule``."""

    name: str
    value: object
    rule: str

    def __str__(self) -> str:
        must = self.rule.startswith("must ")
        return f"parameter {self.name} {rule_got(self.rule, shown(self.value)) if must else self.rule}"


@define(slots=False, repr=False)
class InvalidPositionError(TrustcurveError):
    """A position has a counter that is out of range, or is not reachable: ``part``, ``value``, ``rule``."""

    part: str
    value: object
    rule: str

    def __str__(self) -> str:
        subject = f"position.{self.part}" if self.part else "position"
        return f"{subject} {rule_got(self.rule, shown(self.value))}"


@define(slots=False, repr=False)
class OutOfOrderError(TrustcurveError):
    """An event is earlier than the ``as_of`` of the standing: ``customer``, ``at``, ``as_of``."""

    customer: str
    at: datetime
    as_of: datetime

    def __str__(self) -> str:
        return (
            f"event at {self.at.isoformat()} is too early: customer {shown(self.customer)} is already known "
            f"up to {self.as_of.isoformat()}; sort events by time"
        )


@define(slots=False, repr=False)
class ObservedInThePastError(TrustcurveError):
    """An observation is earlier than the ``as_of`` of the standing: ``customer``, ``at``, ``as_of``."""

    customer: str
    at: datetime
    as_of: datetime

    def __str__(self) -> str:
        return (
            f"cannot observe customer {shown(self.customer)} at {self.at.isoformat()}: "
            f"already known up to {self.as_of.isoformat()}"
        )


@define(slots=False, repr=False)
class CustomerMismatchError(TrustcurveError):
    """An event belongs to another customer than the standing: ``expected``, ``value``."""

    expected: str
    value: str

    def __str__(self) -> str:
        return f"event belongs to customer {shown(self.value)}, standing to {shown(self.expected)}"


@define(slots=False, repr=False)
class DueBeforeEventError(TrustcurveError):
    """A promise is due before the event that sets its due date: ``promise``, ``due``, ``at``."""

    promise: str
    due: datetime
    at: datetime

    def __str__(self) -> str:
        return (
            f"due of promise {shown(self.promise)} must not be before the event at {self.at.isoformat()}, "
            f"got {self.due.isoformat()}"
        )


@define(slots=False, repr=False)
class PromiseAlreadyOpenError(TrustcurveError):
    """A promise is made with the id of an open or overdue one: ``customer``, ``promise``, ``overdue``."""

    customer: str
    promise: str
    overdue: bool

    def __str__(self) -> str:
        state = "overdue" if self.overdue else "open"
        return f"promise {shown(self.promise)} of customer {shown(self.customer)} is already {state}: close it first, or use another id"


@define(slots=False, repr=False)
class UnknownPromiseError(TrustcurveError):
    """An event refers to a promise that is neither open nor overdue: ``customer``, ``promise``, ``event``."""

    customer: str
    promise: str
    event: str

    def __str__(self) -> str:
        hint = ", or give its weight" if self.event in ("PromiseKept", "PromiseBroken") else ""
        return f"{self.event}: customer {shown(self.customer)} has no open promise {shown(self.promise)}; record PromiseMade first{hint}"


@define(slots=False, repr=False)
class PromiseOverdueError(TrustcurveError):
    """An overdue promise cannot be moved: ``customer``, ``promise``, ``due``."""

    customer: str
    promise: str
    due: datetime | None

    def __str__(self) -> str:
        when = f" since {self.due.isoformat()}" if self.due else ""
        return f"promise {shown(self.promise)} of customer {shown(self.customer)} is overdue{when}: only an open promise can be moved"


@define(slots=False, repr=False)
class MissingExtraError(TrustcurveError, ImportError):
    """A module of an optional extra is not installed: ``extra``, ``module``."""

    extra: str
    module: str

    def __str__(self) -> str:
        return (
            f"module {self.module!r} is not installed: it is part of the extra {self.extra!r}; "
            f"in a checkout of trustcurve, run pip install '.[{self.extra}]'"
        )


@frozen(repr=False)
class Finding:
    """One problem in a document: its file, table and key, and what is wrong."""

    source: str
    table: str
    key: str
    problem: str

    def __repr__(self) -> str:
        return f"<Finding {str(self)!r}>"

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.table, self.key)))
        return f"{self.source}: {where}: {self.problem}" if where else f"{self.source}: {self.problem}"


@define(slots=False, repr=False)
class InvalidDocumentError(TrustcurveError):
    """A document (a curve, a policy, a mapping, or another file that people write) is invalid: ``findings``, all problems at once.

    The message has the first of them.
    """

    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        lines = [cut(str(finding), _LINE) for finding in self.findings[:_LISTED]]
        more = len(self.findings) - _LISTED
        return "\n".join([*lines, f"and {more:,} more findings"] if more > 0 else lines)


class InvalidCurveError(InvalidDocumentError):
    """A curve file is invalid: ``findings``, all problems at once."""


class CurveWarning(UserWarning):
    """A curve file has something that is legal but probably a mistake: ``finding``."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def require(module: str, extra: str) -> Any:
    """Import an optional module by name.

    Raises:
        MissingExtraError: The module is not installed; the message contains the pip command.
    """
    known = sys.modules.get(module)
    if known is not None:
        return known
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == module.partition(".")[0]:
            raise MissingExtraError(extra, module) from None
        raise


_OF_ROOMS = {
    "BusyCustomerError": "trustcurve.machine.machine_errors",
    "DisagreementError": "trustcurve.testing",
    "DrawingError": "trustcurve.machine.machine_errors",
    "ImpurePolicyError": "trustcurve.policies.policy_errors",
    "IncomparableScenariosError": "trustcurve.simulation",
    "InteractingCustomersError": "trustcurve.simulation",
    "InvalidEnvironmentError": "trustcurve.policies.policy_errors",
    "InvalidMappingError": "trustcurve.logs.log_errors",
    "InvalidPolicyError": "trustcurve.policies.policy_errors",
    "InvalidPropertiesError": "trustcurve.verification.property_file",
    "InvalidScenarioError": "trustcurve.simulation",
    "LogError": "trustcurve.logs.log_errors",
    "MalformedSnapshotError": "trustcurve.snapshots",
    "MissingProgramError": "trustcurve.machine.machine_errors",
    "OtherCurveError": "trustcurve.snapshots",
    "PolicyError": "trustcurve.policies.policy_errors",
    "ProcessesEndedError": "trustcurve.simulation",
    "SimulationError": "trustcurve.simulation",
    "SnapshotError": "trustcurve.snapshots",
    "TooManyCustomersError": "trustcurve.simulation",
    "UnboundedPolicyError": "trustcurve.simulation",
    "UnknownVersionError": "trustcurve.snapshots",
    "UnprovedPropertyError": "trustcurve.verification.guard",
    "UnreadableLogError": "trustcurve.logs.log_errors",
}
"""The errors of the outer rooms, which stand where they are raised; they are imported when somebody asks for them."""


def __getattr__(name: str) -> Any:
    """Return an error of an outer room, so that every error can be imported from here."""
    if name in _OF_ROOMS:
        from importlib import import_module  # noqa: PLC0415 - slow to import

        return getattr(import_module(_OF_ROOMS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_OF_ROOMS])
