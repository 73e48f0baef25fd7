"""The promise book: which promises of one customer are open, which are overdue, and when each breaks.

The book is an immutable value. A change copies only a small part of it, however many promises are open,
because both of its orders are split into runs of bounded length.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any, final

from attrs import frozen

from trustcurve.core.instants import microseconds
from trustcurve.core.signals import Weight
from trustcurve.core.values import Value
from trustcurve.errors import final_class

__all__ = ["EMPTY", "Promise", "PromiseBook"]

_RUN_MAX = 128  # entries of a run; a longer one is split in two. Source: our choice, measured on 16,000 open promises
_Entry = tuple[Any, ...]
_Runs = tuple[tuple[_Entry, ...], ...]


@final
@frozen(eq=False, repr=False)
class Promise(Value):
    """A promise that is open, or overdue: not kept by its due date and still owed."""

    id: str
    due: datetime | None = None
    weight: Weight = "major"
    overdue: bool = False

    __init_subclass__ = final_class


class PromiseBook:
    """The open and overdue promises of one customer; make one with ``PromiseBook.of``.

    Not an attrs class, because it is made anew for every event about a promise: this takes half the time.
    """

    __slots__ = ("_by_due", "_by_id")

    def __init__(self, by_id: _Runs = (), by_due: _Runs = ()) -> None:
        self._by_id = by_id  # runs of (id, promise), in the order of the ids
        self._by_due = by_due  # runs of (due date in microseconds, id): the open promises that have a date

    @classmethod
    def of(cls, promises: Iterable[Promise]) -> PromiseBook:
        """Return a book of these promises."""
        book = EMPTY
        for promise in promises:
            book = book.add(promise)
        return book

    def __iter__(self) -> Iterator[Promise]:
        return (promise for _, promise in chain.from_iterable(self._by_id))

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PromiseBook) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def breaks_before(self, due: int) -> bool:
        """Whether an open promise is due before an instant, in microseconds."""
        return bool(self._by_due) and self._by_due[0][0][0] < due

    def get(self, name: str) -> Promise | None:
        """Return the open or overdue promise with an id, or None."""
        if not self._by_id:
            return None
        run = self._by_id[_run(self._by_id, (name,))]
        place = bisect_right(run, (name,))
        return run[place][1] if place < len(run) and run[place][0] == name else None

    def add(self, promise: Promise) -> PromiseBook:
        """Return the book with another promise, whose id is not in use."""
        by_due = self._by_due
        if promise.due is not None and not promise.overdue:
            by_due = _with(by_due, (microseconds(promise.due), promise.id))
        return PromiseBook(_with(self._by_id, (promise.id, promise)), by_due)

    def remove(self, promise: Promise) -> PromiseBook:
        """Return the book without one of its promises."""
        by_due = self._by_due
        if promise.due is not None and not promise.overdue:
            by_due = _without(by_due, (microseconds(promise.due), promise.id))
        return PromiseBook(_without(self._by_id, (promise.id,)), by_due)

    def replace(self, old: Promise, new: Promise) -> PromiseBook:
        """Return the book with a promise replaced by another with the same id."""
        return self.remove(old).add(new)

    def breaks(self, grace: int, since: int) -> Iterator[tuple[int, Promise]]:
        """Yield the open promises that have a date, in the order in which they break: the instant and the promise.

        A promise breaks after ``due + grace``, but not before ``since``; at one instant promises break in
        the order of their ids.
        """
        dated = chain.from_iterable(self._by_due)
        passed = list[str]()
        for due, name in dated:
            if due + grace > since:
                dated = chain(((due, name),), dated)
                break
            passed.append(name)
        for name in sorted(passed):
            yield since, self._known(name)
        for due, name in dated:
            yield due + grace, self._known(name)

    def _known(self, name: str) -> Promise:
        promise = self.get(name)
        assert promise is not None  # noqa: S101 - both orders hold the same ids
        return promise


EMPTY = PromiseBook()
"""A book without promises."""


def _run(runs: _Runs, entry: _Entry) -> int:
    """Return the number of the run in which an entry belongs."""
    if len(runs) == 1:
        return 0
    place = bisect_right(runs, (entry,))  # runs compare by their first entries
    # A key is the first part of an entry and sorts before it: it may belong to the run that begins with that entry.
    if place < len(runs) and runs[place][0][: len(entry)] == entry:
        return place
    return max(place - 1, 0)


def _with(runs: _Runs, entry: _Entry) -> _Runs:
    if not runs:
        return ((entry,),)
    number = _run(runs, entry)
    run = runs[number]
    place = bisect_right(run, entry)
    run = run[:place] + (entry,) + run[place:]  # noqa: RUF005 - unpacking takes twice as long
    half = len(run) // 2
    put = (run,) if len(run) <= _RUN_MAX else (run[:half], run[half:])
    return runs[:number] + put + runs[number + 1 :]


def _without(runs: _Runs, key: _Entry) -> _Runs:
    number = _run(runs, key)
    run = runs[number]
    place = bisect_left(run, key)
    run = run[:place] + run[place + 1 :]
    return runs[:number] + ((run,) if run else ()) + runs[number + 1 :]
