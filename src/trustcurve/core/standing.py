"""A customer's position on the curve, and the standing: a position with promises and times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, final

from attrs import Attribute, field, frozen

from trustcurve.core.instants import datetime_of, instant, microseconds
from trustcurve.core.promises import Promise, PromiseBook
from trustcurve.core.rules import Rule
from trustcurve.core.signals import Account
from trustcurve.core.values import Value, checked_name
from trustcurve.errors import InvalidPositionError, InvalidValueError, final_class, plain_word

__all__ = ["Position", "Reaction", "Standing", "check_standing", "position_of"]


def _whole(_self: object, attribute: Attribute[int], value: object) -> None:
    if type(value) is not int:  # True and 1.0 equal 1, but print differently
        raise InvalidPositionError(attribute.name, value, "must be a whole number")


def _stage(value: str) -> str:
    return plain_word(value)  # type: ignore[return-value] # a text stays a text


def _account(value: Account) -> Account:
    return plain_word(value)  # type: ignore[return-value] # a text stays a text


@final
@frozen(cache_hash=True)
class Position:
    """A place on the curve: a stage, bounded counters and the account.

    Args:
        stage: A stage of the curve.
        kept: Promises that matter to the customer, kept since trust was last lost.
        engaged: Goodwill: exchanges not yet spent by asking.
        doubt: Doubt that repair alone does not remove.
        account: What the company owes: "clear", "due", "slip" or "breach".
    """

    stage: str = field(converter=_stage)
    kept: int = field(validator=_whole)
    engaged: int = field(validator=_whole)
    doubt: int = field(validator=_whole)
    account: Account = field(converter=_account)

    __init_subclass__ = final_class


@final
@frozen(eq=False, repr=False)
class Reaction(Value):
    """One signal applied to one position.

    Args:
        before: The position before.
        signal: The signal.
        after: The position after.
        rule: The row that applied.
        settling: The settling rows that changed something, in order.
        state_before: The leaf state before, for example "distrust.suspicious".
        state_after: The leaf state after.
        change: Places risen (above 0) or fallen (below 0) in the rank of leaf states.
        crosses: Whether it moved the customer across the barrier.
    """

    before: Position
    signal: str
    after: Position
    rule: Rule
    settling: tuple[Rule, ...]
    state_before: str
    state_after: str
    change: int
    crosses: bool

    __init_subclass__ = final_class

    def __repr__(self) -> str:
        return f"<Reaction {self.signal}: {self.state_before} -> {self.state_after} by {self.rule.name}>"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Yield a few lines: where it led, why, and what it changed."""
        if self.change:
            yield f"{'rose' if self.change > 0 else 'fell'}: {self.state_before} -> {self.state_after}"
        else:
            yield f"stays {self.state_after}"
        yield f"because {self.because}"
        counters = ("kept", "engaged", "doubt", "account")
        parts = ((part, getattr(self.before, part), getattr(self.after, part)) for part in counters)
        changes = ", ".join(f"{part} {old} -> {new}" for part, old, new in parts if old != new)
        if changes:
            yield changes

    @property
    def because(self) -> str:
        """The reasons of the row and of the settling rows that changed something."""
        return "; ".join([self.rule.because, *(row.because for row in self.settling)])

    @property
    def rose(self) -> bool:
        """Whether the customer stands higher after than before."""
        return self.change > 0

    @property
    def fell(self) -> bool:
        """Whether the customer stands lower after than before."""
        return self.change < 0

    @property
    def moved(self) -> bool:
        """Whether the leaf state changed."""
        return self.change != 0


@final
@frozen(init=False, repr=False, weakref_slot=False)
class Standing:
    """What is known about one customer. Make one with ``curve.begin``.

    Args:
        customer: The customer's id.
        as_of: The time of the latest event or observation.
        position: The position on the curve.
        promises: Open and overdue promises.
        quiet_since: When the current silence began.

    Raises:
        InvalidValueError: The customer is not a text, the position not a Position, a promise not a Promise, two
            promises have the same id, or ``quiet_since`` is after ``as_of``.
        NaiveTimeError: A time has no timezone.
    """

    customer: str
    position: Position
    # Internally, times are microseconds since 1970: every engine of the ledger uses the same numbers.
    as_of_us: int
    quiet_since_us: int
    book: PromiseBook

    def __init__(
        self, customer: str, as_of: datetime, position: Position, promises: Iterable[Promise], quiet_since: datetime
    ) -> None:
        name = checked_name("customer", customer)
        if not isinstance(position, Position):
            raise InvalidValueError("position", position, "must be a Position such as curve.start")
        until, since = microseconds(instant(as_of, "as_of")), microseconds(instant(quiet_since, "quiet_since"))
        if since > until:
            raise InvalidValueError("quiet_since", quiet_since, "must not be after as_of")
        self.__attrs_init__(name, position, until, since, _book(promises))

    __init_subclass__ = final_class

    @staticmethod
    def of(customer: str, position: Position, as_of_us: int, quiet_since_us: int, book: PromiseBook) -> Standing:
        """Return a standing from its internal values: times in microseconds since 1970, and a promise book."""
        made: Any = _Open()
        made.customer = customer
        made.position = position
        made.as_of_us = as_of_us
        made.quiet_since_us = quiet_since_us
        made.book = book
        made.__class__ = Standing
        return made  # type: ignore[no-any-return] # it is one now

    @property
    def as_of(self) -> datetime:
        """The time of the latest event or observation."""
        return datetime_of(self.as_of_us)

    @property
    def quiet_since(self) -> datetime:
        """When the current silence began."""
        return datetime_of(self.quiet_since_us)

    @property
    def promises(self) -> tuple[Promise, ...]:
        """Open and overdue promises, ordered by id."""
        return tuple(self.book)

    def __repr__(self) -> str:
        names = ("customer", "as_of", "position", "promises", "quiet_since")
        return f"Standing({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Standing, (self.customer, self.as_of, self.position, self.promises, self.quiet_since)


def _book(promises: Iterable[Promise]) -> PromiseBook:
    """Return the book of some promises, or raise if they cannot stand in one."""
    if not isinstance(promises, Iterable):
        raise InvalidValueError("promises", promises, "must be a list or another iterable of promises")
    listed = tuple(promises)
    for number, each in enumerate(listed):
        if not isinstance(each, Promise):
            raise InvalidValueError(f"promises[{number}]", each, "must be a Promise")
    ids = Counter(each.id for each in listed)
    for twice in (name for name, times in ids.items() if times > 1):
        raise InvalidValueError("promises", twice, "must have each id once")
    return PromiseBook.of(listed)


def position_of(where: Position | Standing) -> Position:
    """Return a position, or the position of a standing."""
    return where.position if isinstance(where, Standing) else where


class _Open:
    """A standing under construction: setting the fields of a frozen class one by one takes three times as long."""

    __slots__ = ("as_of_us", "book", "customer", "position", "quiet_since_us")


def check_standing(value: object, argument: str = "standing") -> None:
    """Raise ``InvalidValueError`` unless a value is a standing."""
    if not isinstance(value, Standing):
        raise InvalidValueError(argument, value, "must be a Standing such as curve.begin(...)")
