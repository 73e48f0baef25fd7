"""The promise book: which promises of one customer are open, which are overdue, and when each breaks.

The book is an immutable value. A change copies only a small part of it, however many promises are open,
because both of its orders are split into runs of bounded length.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, final

from attrs import evolve, field, frozen
from attrs.validators import instance_of, optional

from trustcurve.core.field_types import DueDate, Name
from trustcurve.core.instants import microseconds, optional_due
from trustcurve.core.signals import WEIGHTS, Weight
from trustcurve.core.values import Value, check_flag, check_name, check_word_of
from trustcurve.errors import InvalidValueError, final_class

__all__ = ["EMPTY", "Promise", "PromiseBook"]

_RUN_MAX = 128  # entries of a run; a longer one is split in two. Source: our choice, measured on 16,000 open promises
_Entry = tuple[Any, ...]
_Runs = tuple[tuple[_Entry, ...], ...]


@final
@frozen(eq=False, repr=False)
class Promise(Value):
    """A promise that is open, or overdue: not kept by its due date and still owed.

    Args:
        id: The promise's id.
        due: The due date, or None for a promise without one.
        weight: "major" or "minor".
        overdue: Whether it was not kept by its due date.

    Raises:
        InvalidValueError: The id is not a text, the due date not a datetime, ``overdue`` not a bool, or true without a
            due date.
        NaiveTimeError: The due date has no timezone.
        UnknownWordError: The weight is another word.
    """

    id: str = field(validator=[check_name, instance_of(Name)])
    due: datetime | None = field(default=None, converter=optional_due, validator=optional(instance_of(DueDate)))
    weight: Weight = field(default="major", validator=check_word_of(WEIGHTS))
    overdue: bool = field(default=False, validator=check_flag)

    def __attrs_post_init__(self) -> None:
        if self.overdue and self.due is None:
            raise InvalidValueError("overdue", self.overdue, "must be False: a promise without a date is never overdue")

    __init_subclass__ = final_class


class PromiseBook:
    """The open and overdue promises of one customer; make one with ``PromiseBook.of``.

    A promise that breaks only leaves the order by due date: a promise with a date that is not in it is overdue.

    Not an attrs class, because it is made anew for every event about a promise: this takes half the time.
    """

    __slots__ = ("_by_due", "_by_id")

    def __init__(self, by_id: _Runs = (), by_due: _Runs = ()) -> None:
        self._by_id = by_id  # runs of (id, promise), in the order of the ids; each promise as it was before it broke
        self._by_due = by_due  # runs of (due date in microseconds, id, promise): the open promises that have a date

    @classmethod
    def of(cls, promises: Iterable[Promise]) -> PromiseBook:
        """Return a book of these promises, of which the ids differ."""
        return PromiseBook.of_opened(
            (evolve(each, overdue=False) if each.overdue else each, each.overdue) for each in promises
        )

    @classmethod
    def of_opened(cls, promises: Iterable[tuple[Promise, bool]]) -> PromiseBook:
        """Return a book of promises as they were before any of them broke, each with whether it did."""
        listed = sorted(((each.id, each, broke) for each, broke in promises), key=itemgetter(0))
        dated = [
            (microseconds(each.due), name, each) for name, each, broke in listed if each.due is not None and not broke
        ]
        return PromiseBook(
            _runs([(name, each) for name, each, _ in listed]), _runs(sorted(dated, key=itemgetter(0, 1)))
        )

    def __iter__(self) -> Iterator[Promise]:
        if not self._by_id:
            return
        open_ones = {name for _, name, _ in chain.from_iterable(self._by_due)}
        for name, promise in chain.from_iterable(self._by_id):
            yield promise if promise.due is None or name in open_ones else evolve(promise, overdue=True)

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PromiseBook) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def _compared(self) -> tuple[tuple[_Entry, ...], ...]:
        """Return what two equal books have in common; how their runs are split depends on their pasts."""
        return tuple(chain.from_iterable(self._by_id)), tuple(chain.from_iterable(self._by_due))

    def breaks_before(self, due: int) -> bool:
        """Whether an open promise is due before an instant, in microseconds."""
        return bool(self._by_due) and self._by_due[0][0][0] < due

    def get(self, name: str) -> Promise | None:
        """Return the open or overdue promise with an id, or None."""
        found = _find(self._by_id, (name,))
        if found is None:
            return None
        promise: Promise = found[1]
        if promise.due is None or _find(self._by_due, (microseconds(promise.due), name)) is not None:
            return promise
        return evolve(promise, overdue=True)

    def add(self, promise: Promise) -> PromiseBook:
        """Return the book with another open promise, whose id is not in use."""
        by_due = self._by_due
        if promise.due is not None:
            by_due = _with(by_due, (microseconds(promise.due), promise.id, promise))
        return PromiseBook(_with(self._by_id, (promise.id, promise)), by_due)

    def remove(self, promise: Promise) -> PromiseBook:
        """Return the book without one of its promises, open or overdue."""
        open_with_date = promise.due is not None and not promise.overdue
        by_due = self.broken(promise)._by_due if open_with_date else self._by_due
        return PromiseBook(_without(self._by_id, (promise.id,)), by_due)

    def broken(self, promise: Promise) -> PromiseBook:
        """Return the book after an open promise, which has a date, broke: it is overdue."""
        assert promise.due is not None  # noqa: S101 - only dates pass
        return PromiseBook(self._by_id, _without(self._by_due, (microseconds(promise.due), promise.id)))

    def breaks(self, grace: int, since: int) -> Iterator[tuple[int, Promise]]:
        """Yield the open promises that have a date, in the order in which they break: the instant and the promise.

        A promise breaks after ``due + grace``, but not before ``since``; at one instant promises break in
        the order of their ids.
        """
        dated = chain.from_iterable(self._by_due)
        passed = list[tuple[str, Promise]]()
        for due, name, promise in dated:
            if due + grace > since:
                dated = chain(((due, name, promise),), dated)
                break
            passed.append((name, promise))
        if passed:
            yield from ((since, promise) for _, promise in sorted(passed, key=itemgetter(0)))
        for due, _, promise in dated:
            yield due + grace, promise


EMPTY = PromiseBook()
"""A book without promises."""


def _runs(entries: list[_Entry]) -> _Runs:
    """Split entries in order into runs."""
    return tuple(tuple(entries[first : first + _RUN_MAX]) for first in range(0, len(entries), _RUN_MAX))


def _run(runs: _Runs, entry: _Entry) -> int:
    """Return the number of the run in which an entry belongs."""
    if len(runs) == 1:
        return 0
    place = bisect_right(runs, (entry,))  # runs compare by their first entries
    # A key is the first part of an entry and sorts before it: it may belong to the run that begins with that entry.
    if place < len(runs) and runs[place][0][: len(entry)] == entry:
        return place
    return max(place - 1, 0)


def _find(runs: _Runs, key: _Entry) -> _Entry | None:
    """Return the entry that begins with a key, or None."""
    if not runs:
        return None
    run = runs[_run(runs, key)]
    place = bisect_left(run, key)
    return run[place] if place < len(run) and run[place][: len(key)] == key else None


def _with(runs: _Runs, entry: _Entry) -> _Runs:
    if not runs:
        return ((entry,),)
    number = _run(runs, entry)
    run = list(runs[number])
    place = bisect_right(run, entry)
    run.insert(place, entry)
    if len(run) <= _RUN_MAX:
        return _put(runs, number, run)
    # Entries often come in order: then the full run stays full, and there are half as many runs.
    half = place if place == _RUN_MAX else _RUN_MAX // 2
    return _put(runs, number, run[:half], run[half:])


def _without(runs: _Runs, key: _Entry) -> _Runs:
    number = _run(runs, key)
    run = list(runs[number])
    del run[bisect_left(run, key)]
    return _put(runs, number, run) if run else _put(runs, number)


def _put(runs: _Runs, number: int, *instead: list[_Entry]) -> _Runs:
    """Return the runs with others instead of one of them; a list copies in half the time that slices of tuples take."""
    changed = list(runs)
    changed[number : number + 1] = map(tuple, instead)
    return tuple(changed)
