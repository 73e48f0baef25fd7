"""The parts of a curve as values: parameters, stages, signals, and rows of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal

from attrs import frozen

from trustcurve.core.signals import EndsSilence
from trustcurve.core.values import Value

__all__ = [
    "Condition",
    "Counter",
    "Effect",
    "Number",
    "Parameter",
    "Posture",
    "Rule",
    "Signal",
    "Stage",
    "Test",
    "plain_conditions",
]

Number = int | str
"""A number, or the name of the parameter that holds it."""

Test = Literal["is", "at_least", "at_most", "above", "below"]

TEST_WORDS: dict[Test, str] = {
    "is": "",
    "at_least": "at least ",
    "at_most": "at most ",
    "above": "above ",
    "below": "below ",
}


@frozen(eq=False, repr=False)
class Counter(Value):
    """A bounded counter: its name, its highest value (or the parameter that holds it), and what it counts."""

    name: str
    max: Number
    description: str = ""


@frozen(eq=False, repr=False)
class Parameter(Value):
    """A named number of the curve (or a duration of its clock) with its range.

    The bounds are numbers or the names of other parameters.
    """

    name: str
    value: int | timedelta
    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    description: str = ""


@frozen(eq=False, repr=False)
class Posture(Value):
    """A kind of distrust: it holds where felt doubt is ``above`` a number and no later posture holds."""

    name: str
    above: Number | None = None
    description: str = ""


@frozen(eq=False, repr=False)
class Stage(Value):
    """A place on the curve; ``outside``: before the barrier; ``apart``: off the curve."""

    name: str
    postures: tuple[Posture, ...] = ()
    outside: bool = False
    apart: bool = False
    description: str = ""

    @property
    def states(self) -> tuple[str, ...]:
        """The leaf states of this stage, from low to high."""
        return tuple(f"{self.name}.{posture.name}" for posture in reversed(self.postures)) or (self.name,)


@frozen(eq=False, repr=False)
class Signal(Value):
    """A word that the curve reacts to, who sends it, and how to count it in words.

    ``ends_silence`` is when an event of this signal ends a silence: "always" (it gives the customer
    something or shows a live relationship), "crossing" (only if it moves the customer across the
    barrier) or "never". A promise that is kept or broken too late sends no signal, but counts here as if it did.
    """

    name: str
    by: Literal["company", "customer", "both", "clock"]
    one: str
    many: str
    ends_silence: EndsSilence = "crossing"

    def count(self, n: int) -> str:
        """Return a number of them in words: "one exchange", "two exchanges"."""
        words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
        return self.one if n == 1 else self.many.format(n=words[n] if n < len(words) else n)


@frozen(eq=False, repr=False)
class Condition(Value):
    """One condition on one part of the position.

    ``part`` is "stage", "posture", "outside", "account", "felt_doubt" or a counter; ``test`` "is"
    has a tuple of values, any of which will do; the other tests compare with one number.
    """

    part: str
    test: Test
    value: tuple[Number | bool, ...] | Number


@frozen(eq=False, repr=False)
class Effect(Value):
    """One change of one part of the position: ``set`` it, ``add`` to it, or raise it to ``at_least``.

    Account and stage are scales too: adding -1 to the account pays one level off, adding -1 to the
    stage goes one stage down.
    """

    op: Literal["set", "add", "at_least"]
    part: str
    value: Number


@frozen(eq=False, repr=False)
class Rule(Value):
    """A row of the curve: a signal, conditions, effects, and the reason.

    A settling row has no signal: it applies after every signal.
    """

    name: str
    signal: str | None
    when: tuple[Condition, ...]
    effects: tuple[Effect, ...]
    because: str
    source: str = ""


def plain_conditions(when: Mapping[str, Any], parts: Iterable[str]) -> tuple[Condition, ...]:
    """Make conditions from plain data, whose shape is already checked, in the order of ``parts``.

    Examples:
        >>> plain_conditions({"kept": {"at_least": 2}, "stage": "hopeful"}, ("stage", "kept"))
        (Condition(part='stage', test='is', value=('hopeful',)), Condition(part='kept', test='at_least', value=2))
    """
    made: list[Condition] = []
    # In a fixed order: a TOML writer may put tables last.
    for part in (part for part in parts if part in when):
        value = when[part]
        if isinstance(value, Mapping):
            made += [Condition(part, test, value[test]) for test in TEST_WORDS if test in value]
        else:
            made.append(Condition(part, "is", tuple(value) if isinstance(value, list | tuple) else (value,)))
    return tuple(made)
