"""Decisions: what a policy does with a real customer at an instant, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import final

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.standing import Standing
from trustcurve.core.values import checked_name
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.policies.actions import WAIT, Act, PromiseKind, event_of
from trustcurve.policies.decision_list import PolicyRule, condition_words
from trustcurve.policies.memory import Memory, kind_of
from trustcurve.policies.view import OpenPromise, View

__all__ = ["Decision", "in_order", "other_rows", "quiet_turns", "view_of"]

_MICROSECOND = timedelta(microseconds=1)


@final
@frozen
class Decision:
    """What the company does next with a customer.

    Args:
        actions: The actions, in order; none to wait.
        memory: What the policy remembers if they are done.
        waited: What it remembers if nothing is done instead.
        standing: The customer's standing at this instant.
        view: What the policy saw.
        row: The row that decided; None if no row holds, or the policy is a function.
        others: Why no other row decided: pairs of a row's name and the reason, in the order of the rows.
        at: The instant of this run.
        next_run: The instant of the next run; what is proved is proved for runs at exactly such instants.
        punctual: Whether this run comes exactly a turn after the one before, or is the first.
    """

    actions: tuple[str, ...]
    memory: Memory
    waited: Memory
    standing: Standing
    view: View
    row: PolicyRule | None
    others: tuple[tuple[str, str], ...]
    at: datetime
    next_run: datetime
    punctual: bool
    _acts: Mapping[str, Act] = field(repr=False, eq=False, alias="acts")
    _kinds: Mapping[str, PromiseKind] = field(repr=False, eq=False, alias="kinds")

    __init_subclass__ = final_class

    def events(self, promises: Iterable[str] = ()) -> tuple[Event, ...]:
        """Return the events of the actions, ready to be applied at this instant.

        Args:
            promises: An id for each promise that the company makes, in order, new to this customer. The id of a kind of
                one's own begins with its name and a colon: "delivery:4711".

        Raises:
            InvalidValueError: There are too few ids or too many, or one is not a text or not of its kind.
        """
        if isinstance(promises, str) or not isinstance(promises, Iterable):
            raise InvalidValueError("promises", promises, "must be a list of ids")
        ids = iter([checked_name("promises", each) for each in promises])
        events = tuple(event for action in self.actions for event in self._events_of(self._acts[action], ids))
        more = list(ids)
        if more:
            raise InvalidValueError("promises", more, "must not have more ids than there are promises")
        return events

    def _events_of(self, act: Act, ids: Iterator[str]) -> Iterator[Event]:
        if act.kind is None:
            yield event_of(act, self.at)
            return
        promise = next(ids, None) if act.what == "make" else self._oldest(act.kind)
        if act.what == "make" and (promise is None or kind_of(promise, act.weight, self._kinds) != act.kind):
            rule = f"must have the id of a promise for {act.name!r}"
            raise InvalidValueError("promises", promise, f"{rule}, such as '{act.kind}:1'")
        if promise is not None:
            due = self.at + self._kinds[act.kind].due * (self.next_run - self.at)
            yield event_of(act, self.at, promise=promise, due=due)

    def _oldest(self, kind: str) -> str | None:
        """Return the open promise of a kind that falls due first; one that the customer moved comes last."""
        ours = [
            promise
            for promise in self.standing.promises
            if not promise.overdue and kind_of(promise.id, promise.weight, self._kinds) == kind
        ]
        moved = self.waited.moved
        first = min(
            ours,
            key=lambda each: (each.id in moved or each.due is None, each.due or self.at, each.id),
            default=None,
        )
        return None if first is None else first.id

    def explain(self) -> str:
        """Return the decision and its reason, in a few lines."""
        what = " and ".join(self.actions) or WAIT
        lines = [f"{self.at:%Y-%m-%d %H:%M}  {what}"]
        if self.row is not None:
            lines.append(f"  row: {self.row.name}{f': {self.row.because}' if self.row.because else ''}")
        lines += [f"  not {name!r}: {why}" for name, why in self.others]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.explain()


def other_rows(rows: Sequence[PolicyRule], row: PolicyRule | None, view: View) -> Iterator[tuple[str, str]]:
    """Yield the name of each row but the one that decided, and why it did not."""
    decided = False
    for each in rows:
        if each is row:
            decided = True
        elif decided:
            yield each.name, "a row before it decided"
        else:
            fails = each.fails(view)
            assert fails is not None  # noqa: S101 - the first row that holds decides
            yield each.name, f"it does not hold that {condition_words(fails)}"


def view_of(
    curve: Curve,
    standing: Standing,
    memory: Memory,
    kinds: Mapping[str, PromiseKind],
    *,
    turn: timedelta,
    constants: tuple[tuple[str, str | int], ...] = (),
) -> View:
    """Return what a policy sees of a customer at ``standing.as_of``."""
    now = standing.as_of
    promises = []
    for promise in standing.promises:
        if not promise.overdue:
            kind = kind_of(promise.id, promise.weight, kinds)
            due = None if promise.id in memory.moved else promise.due
            left = None if due is None or (due - now) % turn else (due - now) // turn
            promises.append(OpenPromise(kind, promise.weight, left))
    return View.at(
        curve,
        standing.position,
        quiet=quiet_turns(now - standing.quiet_since, curve.silence_after, turn),
        promises=in_order(promises),
        recalled=tuple((recall, recall.told(value)) for recall, value in memory.recalled),
        constants=constants,
    )


def quiet_turns(quiet: timedelta, period: timedelta, turn: timedelta) -> int:
    """Return the whole turns since a customer got something, or since the last whole quiet period before this instant."""
    return 0 if not quiet else ((quiet - _MICROSECOND) % period + _MICROSECOND) // turn


def in_order(promises: Iterable[OpenPromise]) -> tuple[OpenPromise, ...]:
    """Return open promises in the order in which policies see them: what falls due first comes first."""
    return tuple(sorted(promises, key=lambda each: (each.left is None, each.left or 0, each.kind)))
