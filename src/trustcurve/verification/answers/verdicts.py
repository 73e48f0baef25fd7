"""What a proof says: a verdict for each property, and the report of all."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from trustcurve.verification.answers.witnesses import CurveWitness, Witness

__all__ = ["Report", "Status", "Verdict"]


class Status(Enum):
    """PROVED: it holds, always. REFUTED: a witness shows that it does not. UNKNOWN: a cap was hit first."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@frozen
class Verdict:
    """What is known of one property.

    Args:
        name: The property's name.
        says: What it protects, in words.
        status: Proved, refuted or unknown.
        witness: A shortest journey (where a limit was hit, of those looked at) that shows it does not hold (or, for what must be possible, that it
            does); None where there is none to show.
        nearest: Beside a witness, the nearest journey that passes: as long, with as few other moves of
            the environment as can be; None where there is none, or no such notion.
        vacuous: Whether it held only because what it speaks of never happens.
        states: How many states were looked at.
        transitions: How many transitions.
        seconds: How long it took.
        value: The probability, or the expected number of turns, for properties about one.
        note: More in words: why it is unknown, say.
    """

    name: str
    says: str
    status: Status
    witness: Witness | CurveWitness | None = None
    nearest: Witness | None = None
    vacuous: bool = False
    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    value: float | None = None
    note: str = ""

    def __bool__(self) -> bool:
        return self.status is Status.PROVED

    def explain(self) -> str:
        """Tell the verdict, what it protects, the witness, and the nearest journey that passes."""
        told = [str(self), *([f"  {self.says}"] if self.says else [])]
        for title, witness in (
            ("a shortest journey that shows it:", self.witness),
            ("the nearest that passes:", self.nearest),
        ):
            if witness is not None:
                told += [f"  {title}", *(f"    {line}" for line in str(witness).splitlines())]
        return "\n".join(told)

    def __str__(self) -> str:
        told = f"{self.status.name}  {self.name}"
        if self.value is not None:
            told += f" = {self.value:.6g}"
        if self.vacuous:
            told += " (vacuously: what it speaks of never happens)"
        return f"{told}: {self.note}" if self.note else told


@frozen
class Report:
    """All verdicts on a curve, and on a policy if one was given."""

    curve: str
    policy: str | None
    environment: str
    verdicts: tuple[Verdict, ...]

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

    def __getitem__(self, name: str) -> Verdict:
        for each in self.verdicts:
            if each.name == name:
                return each
        raise KeyError(f"no verdict on {name!r}; there is one on {', '.join(each.name for each in self.verdicts)}")

    def __str__(self) -> str:
        return "\n".join(map(str, self.verdicts))
