"""Events, rules and conditions in plain words: the one vocabulary of steps, counterexamples, tables and diagrams."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from trustcurve.core.events import (
    Event,
    OneSided,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Signalled,
)
from trustcurve.core.rules import TEST_WORDS, Condition, Effect, Number, Rule

__all__ = ["condition_words", "event_words", "remarks", "rule_words", "value_words", "when_words"]

Numbers = Callable[[Number], int]
"""Returns a number, or the value of the parameter that holds it: ``curve.value_of``."""

_EVENTS = {
    "Proposed": "the company makes a hopeful proposition",
    "Exchanged": "a useful exchange",
    "Repaired": "the company apologises and makes good",
    "Complained": "the customer complains",
    "Advocated": "the customer recommends the company",
    "Purchased": "the customer buys",
    "Departed": "the customer leaves",
    "Returned": "the customer comes back",
}


def when_words(at: datetime) -> str:
    """Return an instant in words: "2026-03-01 09:00 UTC"."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def value_words(value: int | timedelta | str) -> str:
    """Return the value of a parameter in words: "3", "90 days", "1 hour 30 minutes"."""
    if not isinstance(value, timedelta):
        return str(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"day": value.days, "hour": hours, "minute": minutes, "second": seconds + value.microseconds / 1_000_000}
    return " ".join(f"{n:g} {unit}" if n == 1 else f"{n:g} {unit}s" for unit, n in parts.items() if n) or "none"


def event_words(event: Event) -> str:
    """Return what happened in words: "the company keeps promise 'parcel-1'"."""
    if isinstance(event, OneSided):
        return "the company asks" if event.by == "company" else "the customer acts one-sidedly"
    if isinstance(event, PromiseMade):
        due = f", due {when_words(event.due)}" if event.due else ""
        return f"the company makes {event.weight} promise {event.promise!r}{due}"
    if isinstance(event, PromiseKept | PromiseBroken):
        return f"the company {'keeps' if isinstance(event, PromiseKept) else 'breaks'} promise {event.promise!r}"
    if isinstance(event, PromiseMoved):
        return f"the customer agrees to a new date for promise {event.promise!r}: {when_words(event.due)}"
    if isinstance(event, PromiseReleased):
        return f"the customer no longer wants promise {event.promise!r}"
    if isinstance(event, Signalled):
        return f"signal {event.signal!r}"
    return _EVENTS[type(event).__name__]


def remarks(event: Event) -> str:
    """Return an event's channel, note and fault in brackets; a note of several lines becomes one line."""
    extras = (event.channel, event.note, event.fault and f"fault: {event.fault}")
    return "".join(f" [{' '.join(extra.split())}]" for extra in extras if extra)


def rule_words(rule: Rule, number: Numbers) -> tuple[str, str]:
    """Return a rule's condition and effects in words: ("engaged at least 1", "engaged -1")."""
    when = ", ".join(condition_words(condition, number) for condition in rule.when)
    then = ", ".join(_effect_words(effect, number) for effect in rule.effects)
    return when or "always", then or "nothing"


def condition_words(condition: Condition, number: Numbers) -> str:
    """Return one condition in words: "felt doubt at least 5"."""
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if condition.part == "outside":
        return "before the barrier" if values[0] else "across the barrier"
    if condition.part in ("stage", "posture", "account"):
        return f"{condition.part} {' or '.join(map(str, values))}"
    numbers = " or ".join(str(number(value)) for value in values)
    return f"{condition.part.replace('_', ' ')} {TEST_WORDS[condition.test]}{numbers}"


def _effect_words(effect: Effect, number: Numbers) -> str:
    words = isinstance(effect.value, str) and effect.op != "add" and effect.part in ("stage", "account")
    value = effect.value if words else number(effect.value)
    if effect.op == "add":
        if effect.part in ("stage", "account"):
            n = abs(int(value))
            unit = "level" if effect.part == "account" else "stage"
            return f"{effect.part} {n} {unit}{'s' if n > 1 else ''} {'up' if int(value) > 0 else 'down'}"
        return f"{effect.part} {int(value):+d}"
    return f"{effect.part} at least {value}" if effect.op == "at_least" else f"{effect.part} {value}"
