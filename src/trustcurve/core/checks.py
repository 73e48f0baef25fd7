"""Checks of a curve's parts: words and numbers, each on its own and against each other.

``table_checks`` then checks the unrolled curve.
"""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from math import prod

from attrs import define, field

from trustcurve.core.parts import Parts
from trustcurve.core.program import Assembler
from trustcurve.core.rules import Condition, Effect, Number, Parameter, Rule, Stage
from trustcurve.core.signals import PARTS, SILENCE
from trustcurve.errors import HINTED, Finding, cut, did_you_mean, hint_for, shown

__all__ = ["CONDITIONS_MAX", "POSITIONS_MAX", "REACTIONS_MAX", "Notes", "check_parameters", "check_parts"]

POSITIONS_MAX = 200_000
"""The maximum number of positions within range. Source: our choice; more take minutes to unroll."""

REACTIONS_MAX = 4_000_000
"""The maximum number of positions within range, times signals. Source: our choice; so many take half a minute and 800 MB."""

CONDITIONS_MAX = 200_000_000
"""The maximum number of conditions to check in all positions. Source: our choice; so many take ten seconds."""

_LONGEST = timedelta(days=36_500)
_WAITING_MAX = 1000
"""The maximum of ``waiting_periods``. Source: our choice: more than two centuries of quiet periods on the default curve."""

_COMPARE: dict[str, tuple[str, Callable[[int, int], bool]]] = {
    "at_least": ("must be at least", lambda a, b: a >= b),
    "at_most": ("must be at most", lambda a, b: a <= b),
    "above": ("must be above", lambda a, b: a > b),
    "below": ("must be below", lambda a, b: a < b),
}


@define(eq=False, repr=False)
class Notes:
    """Collects the findings about one curve."""

    source: str
    findings: list[Finding] = field(factory=list)

    def wrong(self, table: str, key: str, problem: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(self.source, table, key, problem))

    def unknown(self, table: str, key: str, word: object, known: Collection[str]) -> None:
        """Add the finding that a word is unknown, the first ones with a similar known word."""
        hint = hint_for(word, known) if len(self.findings) < HINTED else ""
        self.wrong(table, key, f"unknown word {shown(word)}{hint}")


def check_parameters(parameters: Iterable[Parameter]) -> list[tuple[Parameter, str]]:
    """Return every parameter that is out of range or in conflict with another, with the rule that it breaks."""
    rows = tuple(parameters)
    values = {p.name: p.value for p in rows if isinstance(p.value, int)}
    wrong: list[tuple[Parameter, str]] = []
    for parameter in rows:
        if isinstance(parameter.value, timedelta):
            if parameter.value < timedelta(0) or parameter.value > _LONGEST:
                wrong.append((parameter, "must lie between 0 and 36500 days"))
            elif parameter.name == "silence_after" and parameter.value < timedelta(minutes=1):
                wrong.append((parameter, "must be at least a minute"))
            continue
        if parameter.name == "waiting_periods" and not 0 <= parameter.value <= _WAITING_MAX:
            wrong.append((parameter, f"must be a whole number from 0 to {_WAITING_MAX}"))
        for key, (words, holds) in _COMPARE.items():
            bound: Number | None = getattr(parameter, key)
            if isinstance(bound, str) and bound not in values:
                hint = did_you_mean(bound, values) if len(wrong) < HINTED else ""
                wrong.append((parameter, f"must not have {key} = {shown(bound)}, which is not a parameter{hint}"))
            elif bound is not None:
                limit = values[bound] if isinstance(bound, str) else bound
                if not holds(parameter.value, limit):
                    wrong.append(
                        (parameter, f"{words} {bound}" + (f", which is {limit}" if isinstance(bound, str) else ""))
                    )
    return wrong


def check_parts(notes: Notes, parts: Parts) -> None:
    """Check all words and numbers of a curve."""
    for parameter, rule in check_parameters(parts.parameters):
        notes.wrong("[parameters]", parameter.name, f"{rule}, got {parameter.value}")
    words = _Words(notes, parts)
    words.check_stages()
    words.check_start()
    for row in parts.rules:
        words.check_rule(f"[[rules]] {cut(row.name)}", row)
    for row in parts.settling:
        words.check_rule(f"[[settling]] {cut(row.name)}", row)
    words.check_signals()
    if not notes.findings:
        words.check_sets()


class _Words:
    """The known words of one curve, and checks of its parts against them."""

    def __init__(self, notes: Notes, parts: Parts) -> None:
        self.notes, self.parts = notes, parts
        # As keys of tables: a search through a list for each word would take time with the square of their number.
        self.stages = Count(stage.name for stage in parts.stages)
        self.postures = Count(posture.name for stage in parts.stages for posture in stage.postures)
        self.signals = Count(signal.name for signal in parts.signals)
        self.numbers = {p.name: p.value for p in parts.parameters if isinstance(p.value, int)}

    def known(self, table: str, key: str, word: object, words: Mapping[str, object]) -> bool:
        """Add a finding if a word is unknown; return whether it is known."""
        if word in words:
            return True
        self.notes.unknown(table, key, word, words.keys())
        return False

    def value_of(self, value: Number) -> int | None:
        """Return a number or the value of a parameter; None if the parameter is unknown."""
        if isinstance(value, int):
            return value
        found = self.numbers.get(value.removeprefix("-"))
        return -found if found is not None and value.startswith("-") else found

    def number(self, table: str, key: str, value: Number) -> int | None:
        """Return a number or the value of a parameter; add a finding if the parameter is unknown."""
        found = self.value_of(value)
        if found is None:
            self.notes.unknown(table, key, str(value).removeprefix("-"), self.numbers.keys())
        return found

    def twice(self, table: str, names: Mapping[str, int]) -> None:
        """Add a finding for each name that occurs more than once."""
        for name, n in names.items():
            if n > 1:
                self.notes.wrong(table, name, "is given more than once")

    def check_stages(self) -> None:
        """Check that names are unique, postures are in order, and a stage is on the curve."""
        self.twice("[[stages]]", self.stages)
        self.twice("[[stages.postures]]", self.postures)
        if all(stage.apart for stage in self.parts.stages):
            self.notes.wrong("[[stages]]", "", "at least one stage must not be apart")
        for stage in self.parts.stages:
            for name in (stage.name, *(posture.name for posture in stage.postures)):
                if "." in name:
                    self.notes.wrong(f"[[stages]] {cut(stage.name)}", name, "a name must not contain a dot")
            self.check_postures(stage)
        for counter in self.parts.counters:
            top = self.number("[counters]", f"{counter.name}.max", counter.max)
            if top is not None and top < 1:
                self.notes.wrong("[counters]", f"{counter.name}.max", f"must be at least 1, got {top}")

    def check_postures(self, stage: Stage) -> None:
        """Check that the postures of a stage are in the order of their bounds."""
        above = -1
        for number, posture in enumerate(stage.postures):
            place = f"[[stages]] {cut(stage.name)} postures {cut(posture.name)}"
            if (number == 0) != (posture.above is None):
                self.notes.wrong(place, "above", "must be given for every posture except the first")
            elif posture.above is not None:
                bound = self.number(place, "above", posture.above)
                if bound is not None and bound <= above:
                    self.notes.wrong(place, "above", f"must be above that of the posture before it, got {bound}")
                above = above if bound is None else bound

    def check_start(self) -> None:
        """Check that the start is within range."""
        for part in PARTS:
            self.value("[curve]", f"start.{part}", part, self.parts.start[part])

    def value(self, table: str, key: str, part: str, value: Number) -> None:
        """Check the value of a part against the part's words or range."""
        if part == "stage":
            self.known(table, key, value, self.stages)
        elif part != "account":
            number = self.number(table, key, value)
            top = next((self.value_of(counter.max) for counter in self.parts.counters if counter.name == part), None)
            if number is not None and top is not None and not 0 <= number <= top:
                self.notes.wrong(table, key, f"must be from 0 to {top}, got {number}")

    def check_rule(self, place: str, rule: Rule) -> None:
        """Check that a row's words are known and its numbers are within range."""
        if rule.signal is not None:
            self.known(place, "signal", rule.signal, self.signals)
        for condition in rule.when:
            self.check_condition(place, condition)
        for effect in rule.effects:
            self.check_effect(place, effect)

    def check_condition(self, place: str, condition: Condition) -> None:
        """Check that the words and numbers of a condition are known."""
        key = f"when.{condition.part}"
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        sets = {"stage": self.stages, "posture": self.postures}
        for value in values:
            if condition.part in sets:
                self.known(place, key, value, sets[condition.part])
            elif condition.part not in ("outside", "account"):
                self.number(place, key, value)

    def check_effect(self, place: str, effect: Effect) -> None:
        """Check that the value of an effect is known, and in range if it is set."""
        key = f"{effect.op}.{effect.part}"
        if effect.op != "add":
            self.value(place, key, effect.part, effect.value)
        else:
            self.number(place, key, effect.value)

    def check_signals(self) -> None:
        """Check that every signal has a row in every position, and that names of rows are unique."""
        for row in self.parts.signals:
            if row.name == SILENCE and row.ends_silence != "never":
                self.notes.wrong("[signals]", f"{row.name}.ends_silence", "must be never: silence cannot end itself")
        rules = (*self.parts.rules, *self.parts.settling)
        self.twice("[[rules]] and [[settling]]", Count(rule.name for rule in rules))
        of_signal: dict[str | None, list[Rule]] = {}
        for rule in self.parts.rules:
            of_signal.setdefault(rule.signal, []).append(rule)
        for name in self.signals:
            rows = of_signal.get(name, [])
            always = next((number for number, rule in enumerate(rows) if not rule.when), None)
            if always is None:
                self.notes.wrong(
                    "[signals]",
                    name,
                    "must have a last rule without condition, so that a rule applies in every position",
                )
                continue
            for late in rows[always + 1 :]:
                problem = f"can never match: {cut(rows[always].name)} before it always does"
                self.notes.wrong(f"[[rules]] {late.name}", "when", problem)

    def sizes(self, positions: int) -> tuple[tuple[str, int, int, str, str], ...]:
        """Return what the checks of the unrolled curve go through: table, number, limit, what it is, and what to do."""
        parts, fewer = self.parts, "or lower the bounds of the counters"
        rows, settling = (sum(1 + len(rule.when) for rule in rules) for rules in (parts.rules, parts.settling))
        conditions = rows + len(parts.signals) * settling + sum(1 + len(stage.postures) for stage in parts.stages)
        return (
            ("[counters]", positions, POSITIONS_MAX, "positions", "lower their bounds"),
            (
                "[signals]",
                positions * len(parts.signals),
                REACTIONS_MAX,
                f"reactions in {positions} positions",
                f"use fewer signals, {fewer}",
            ),
            (
                "[[rules]] and [[settling]]",
                positions * conditions,
                CONDITIONS_MAX,
                f"conditions to check in {positions} positions",
                f"use fewer rows, {fewer}",
            ),
        )

    def check_sets(self) -> None:
        """Check that every condition can hold, and that the curve is small enough to unroll."""
        assembler = Assembler(self.parts.stages, self.numbers, self.parts.counters)
        size = prod(top + 1 for top in assembler.tops())
        for table, count, limit, what, advice in self.sizes(size):
            if count > limit:
                self.notes.wrong(table, "", f"give {count} {what}, more than {limit}: {advice}")
                return
        for place, rules in (("[[rules]]", self.parts.rules), ("[[settling]]", self.parts.settling)):
            for rule in rules:
                for condition in rule.when:
                    if not assembler.test(condition)[1]:
                        self.notes.wrong(
                            f"{place} {rule.name}", f"when.{condition.part}", "can never hold within the range"
                        )
