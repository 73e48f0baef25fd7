"""Results of a check: counterexamples and witnesses, a verdict for each property, and the report of all."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import final

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.verification.loop_journey import Counterexample, Witness
from trustcurve.verification.property import PropertyLike, as_property

__all__ = ["CurveCounterexample", "Report", "Status", "Verdict", "indented", "signal_lines"]

# --- journeys on a curve ------------------------------------------------------------------------------------


@final
@frozen(eq=False, repr=False)
class CurveCounterexample(Value):
    """Signals on a curve that violate a property of the curve.

    Args:
        curve: The curve.
        signals: The signals, from the start.
        beside: The same journey without ``inserted``, if the property compares two.
        inserted: The signal that only one of them gets.
    """

    curve: Curve
    signals: tuple[str, ...]
    beside: tuple[str, ...] | None = None
    inserted: str | None = None

    __init_subclass__ = final_class

    def __len__(self) -> int:
        return len(self.signals)

    def __repr__(self) -> str:
        return f"<CurveCounterexample of {len(self.signals)} signals>"

    def lines(self) -> Iterator[str]:
        """Yield a line for each signal."""
        yield from signal_lines(self.curve, self.signals)
        if self.beside is not None:
            yield f"without {self.inserted}:"
            yield from (f"  {line}" for line in signal_lines(self.curve, self.beside))

    def __str__(self) -> str:
        return "\n".join(self.lines())


def signal_lines(curve: Curve, signals: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for each signal: where it leads, and by which rule."""
    position = curve.start
    for signal in signals:
        reaction = curve.react(position, signal)
        position = reaction.after
        yield f"{signal}: {reaction.state_after} ({reaction.rule.name})"


def indented(text: object) -> str:
    """Return a text with each line further in."""
    return "\n".join(f"  {line}" for line in str(text).splitlines())


# --- verdicts ---------------------------------------------------------------------------------------------


class Status(Enum):
    """PROVED: it holds in every journey. REFUTED: a counterexample violates it. UNKNOWN: a limit was reached first."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@final
@frozen(repr=False)
class Verdict:
    """What is known of one property; true if it is proved.

    Args:
        name: The property's name.
        description: What it protects.
        status: Proved, refuted or unknown.
        counterexample: If refuted, a shortest journey that violates it (shortest among those explored if a limit was
            reached); None if no single journey shows it.
        witness: If it is proved that something is possible, a shortest journey in which it happens.
        nearest_passing: Beside a counterexample, the nearest journey that passes: of the same length, with as few
            other moves of the environment as possible; None if there is none, or the notion does not apply.
        vacuous: Whether it holds only because its condition never occurs.
        states: How many states were explored.
        transitions: How many transitions.
        seconds: How long it took.
        value: The probability, the mean number of turns, or the mean total, if the property is about one.
        interval: Instead of ``value``, if the environment has intervals of probabilities: the least and the most that it can be.
        note: A remark, for example why it is unknown.
    """

    name: str
    description: str
    status: Status
    counterexample: Counterexample | CurveCounterexample | None = None
    witness: Witness | None = None
    nearest_passing: Witness | None = None
    vacuous: bool = False
    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    value: float | None = None
    interval: tuple[float, float] | None = None
    note: str = ""

    __init_subclass__ = final_class

    def __bool__(self) -> bool:
        return self.status is Status.PROVED

    def __repr__(self) -> str:
        return f"<Verdict: {self.status.name} {self.name}>"

    def explain(self) -> str:
        """Return the verdict, what the property protects, and the journeys that show it, line by line."""
        lines = [str(self), *([f"  {self.description}"] if self.description else [])]
        for title, journey in (
            ("a shortest counterexample:", self.counterexample),
            ("the nearest journey that passes:", self.nearest_passing),
            ("a shortest witness:", self.witness),
        ):
            if journey is not None:
                lines += [f"  {title}", *(f"    {line}" for line in str(journey).splitlines())]
        return "\n".join(lines)

    def __str__(self) -> str:
        text = f"{self.status.name}  {self.name}"
        if self.value is not None:
            text += f" = {self.value:.6g}"
        if self.interval is not None:
            text += f" = {self.interval[0]:.6g} to {self.interval[1]:.6g}"
        if self.vacuous:
            text += " (vacuously true: its condition never occurs)"
        return f"{text}: {self.note}" if self.note else text


@final
@frozen(repr=False)
class Report:
    """The verdicts on a curve, or on a policy; iterate over them, or look one up by property or name.

    Args:
        curve: The curve's name.
        policy: The policy's name, if there is one.
        environment: The environment's name.
        scope: What the environment can do: "at any time", or "one move in a turn". "" for curves.
        verdicts: The verdicts, in the order of the properties.
        begin: The leaf state in which customers begin, if it was given; "": as strangers.
        unused_rows: The names of the policy's rows that decide in no reachable turn: in no journey of this environment,
            from this beginning. None if that is not known: the policy has no rows, nothing was asked of what it does, or a
            limit was reached.
    """

    curve: str
    policy: str | None
    environment: str
    scope: str
    verdicts: tuple[Verdict, ...]
    begin: str = ""
    unused_rows: tuple[str, ...] | None = None

    __init_subclass__ = final_class

    @property
    def proved(self) -> bool:
        """Whether everything is proved."""
        return all(self.verdicts)

    @property
    def refuted(self) -> tuple[Verdict, ...]:
        """The verdicts that are refuted."""
        return tuple(each for each in self.verdicts if each.status is Status.REFUTED)

    @property
    def unknown(self) -> tuple[Verdict, ...]:
        """The verdicts that are unknown."""
        return tuple(each for each in self.verdicts if each.status is Status.UNKNOWN)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __contains__(self, key: object) -> bool:
        """Return whether there is a verdict on a property, given as such or by its name; or this very verdict."""
        if isinstance(key, Verdict):
            return key in self.verdicts
        try:
            return _name(key) in [each.name for each in self.verdicts]
        except InvalidValueError:
            return False

    def __getitem__(self, key: str | PropertyLike) -> Verdict:
        found = self._find(key)
        if found is None:
            known = ", ".join(each.name for each in self.verdicts)
            raise KeyError(f"no verdict on {key if isinstance(key, str) else _name(key)!r}; there is one on {known}")
        return found

    def _find(self, key: object) -> Verdict | None:
        name = _name(key)
        found = [each for each in self.verdicts if each.name == name]
        if len(found) > 1:
            raise InvalidValueError(
                "property", name, f"must be the name of one verdict, and is that of {len(found)}: iterate over them"
            )
        return found[0] if found else None

    def explain(self) -> str:
        """Return all verdicts with their journeys, line by line."""
        return "\n".join(each.explain() for each in self.verdicts)

    def __repr__(self) -> str:
        about = f"curve {self.curve!r}" if self.policy is None else f"policy {self.policy!r}"
        counts = ((each, sum(verdict.status is each for verdict in self.verdicts)) for each in Status)
        return f"<Report on {about}: {', '.join(f'{n} {status.value}' for status, n in counts if n)}>"

    def __str__(self) -> str:
        return "\n".join(map(str, self.verdicts))


def _name(key: object) -> str:
    return key if isinstance(key, str) else as_property("property", key).name
