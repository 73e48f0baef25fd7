"""Scenario files: their schema as attrs classes, and how a scenario is read from one, with the files that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import Annotated, Any

from attrs import asdict, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_path
from trustcurve.documents.curve_file import load_curve
from trustcurve.documents.forms import SOME, TEXT, Text, ValueRule
from trustcurve.documents.plain_text import read_text
from trustcurve.documents.problems import unknown
from trustcurve.documents.reader import Reading, read_toml
from trustcurve.errors import InvalidCurveError, InvalidDocumentError, InvalidValueError
from trustcurve.policies import MOVES, Environment, InvalidPolicyError, Policy, load_policy
from trustcurve.policies.environment_file import Chances, check_moves
from trustcurve.simulation.chain_structure import SimulationError, UnboundedPolicyError
from trustcurve.simulation.scenario import (
    CUSTOMERS,
    PROMISES,
    REPLICATIONS,
    SEED,
    TURNS,
    Arrivals,
    Scenario,
    problems_of,
    structure_of,
)
from trustcurve.simulation.segment import GAIN, SHARE, TURN, ChangePoint, Departures, Segment, WordOfMouth

__all__ = ["InvalidScenarioError", "ScenarioFile", "load_scenario", "parse_scenario"]


class InvalidScenarioError(SimulationError, InvalidDocumentError):
    """A file is not a valid scenario: ``findings``, all of them at once."""


_FILE = ValueRule(lambda value: TEXT.fits(value) and "\0" not in value, "must be the name of a file", TEXT.schema)
_KEYS = {
    "turns": "scenario.turns",
    "customers": "scenario.customers",
    "curve": "scenario.curve",
    "turn": "scenario.turn_days",
    "arrivals": "arrivals.each_turn",
    "changes": "segments",
    "doubt_less": "word_of_mouth.doubt_less",
}
"""The tables and keys of a file for the arguments of a scenario."""


@frozen
class _Head:
    """The scenario as a whole: its name, its length, the number of customers, and how it is sampled.

    Args:
        name: The name of the scenario.
        turns: How many turns, for example turns = 24.
        description: What the scenario is about, in words.
        curve: The file of the curve, relative to this one; the default curve if left out.
        customers: How many customers there are at the beginning, all of them strangers.
        replications: How many times the scenario is sampled.
        seed: The seed of the random numbers; the same seed gives the same result.
        turn_days: The length of a turn; a third of the curve's quiet period if left out.
        promises_max: How many promises may be open at once.
    """

    name: Text
    turns: Annotated[int, TURNS]
    description: str = ""
    curve: Annotated[str, _FILE] | None = None
    customers: Annotated[int, CUSTOMERS] | None = None
    replications: Annotated[int, REPLICATIONS] | None = None
    seed: Annotated[int, SEED] | None = None
    turn_days: timedelta | None = None
    promises_max: Annotated[int, PROMISES] | None = None


@frozen
class _ChangePoint:
    """The turn from which other moves are likely.

    Args:
        from_turn: The first turn with these moves.
        moves: The probability of each move in a turn.
        where: Other probabilities, by stage or leaf state.
    """

    from_turn: Annotated[int, TURN]
    moves: Chances
    where: dict[str, Chances] = field(factory=dict)


@frozen
class _Segment:
    """Customers who share a policy and an environment.

    Args:
        policy: The file of the policy, relative to this one.
        moves: The probability of each move in a turn, for example { purchase = 0.1 }.
        where: Other probabilities, by stage or leaf state, for example { "distrust.adversarial" = { complaint = 0.2 } }.
        signals: Those of the moves that are signals of your own curve.
        name: The name of the segment.
        share: The segment's share of all customers, from 0 to 1.
        keeps_promises: Whether the company keeps every promise.
        changes: The turns from which other moves are likely, in order.
        constants: What the policy knows of this segment, for example { tier = "gold" }.
        gains: What a move or an action brings the company each time, for example { purchase = 30.0 }; below 0 if it costs.
    """

    policy: Annotated[str, _FILE]
    moves: Chances
    name: Text | None = None
    share: Annotated[float, SHARE] = 1.0
    where: dict[str, Chances] = field(factory=dict)
    signals: tuple[str, ...] = ()
    keeps_promises: bool = False
    changes: tuple[_ChangePoint, ...] = ()
    constants: dict[str, str | int] = field(factory=dict)
    gains: dict[str, Annotated[float, GAIN]] = field(factory=dict)


@frozen
class ScenarioFile:
    """A scenario: who the customers are, what happens to them, and for how many turns.

    Args:
        scenario: The scenario as a whole.
        segments: One segment or more; their shares add up to 1.
        arrivals: Newcomers, if there are any.
        departures: How former customers who distrust leave, in addition to the moves.
        word_of_mouth: How they deter newcomers, and how advocates bring some, if they do.
    """

    scenario: _Head
    segments: Annotated[tuple[_Segment, ...], SOME]
    arrivals: Arrivals | None = None
    departures: Departures = field(factory=Departures)
    word_of_mouth: WordOfMouth | None = None


def load_scenario(path: str | PathLike[str]) -> Scenario:
    r"""Load a scenario from a TOML file, with the policies and the curve that it names, and check all of it.

    Args:
        path: The file; the names of other files in it are relative to its folder.

    Raises:
        InvalidScenarioError: The file is not valid; all findings at once, each with file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     characters = Path(folder, "ask.toml").write_text('[policy]\nname = "ask"\n[[rules]]\ndo = "ask"')
        ...     file = Path(folder, "spam.toml")
        ...     characters = file.write_text(
        ...         '[scenario]\nname = "spam"\nturns = 12\n[[segments]]\npolicy = "ask.toml"\nmoves = { purchase = 0.1 }'
        ...     )
        ...     load_scenario(file).segments[0].policy.name
        'ask'
    """
    text, name = read_text(path, InvalidScenarioError)
    return parse_scenario(text, name, Path(name).parent)


def parse_scenario(text: str, source: str = "the scenario", folder: str | PathLike[str] = ".") -> Scenario:
    """Read a scenario from TOML.

    Args:
        text: The document.
        source: The name of the document in messages.
        folder: The folder of the policies and the curve that it names.

    Raises:
        InvalidScenarioError: The document is not valid; all findings at once, each with file, table and key. Values are compared
            with each other only where each of them, and each file that it names, is valid.

    Examples:
        >>> parse_scenario("[scenario]")
        Traceback (most recent call last):
            ...
        trustcurve.simulation.scenario_file.InvalidScenarioError: the scenario: [scenario] name: is missing: the name of the scenario
        the scenario: [scenario] turns: is missing: how many turns, for example turns = 24
        the scenario: segments: is missing: one segment or more; their shares add up to 1
    """
    if not isinstance(folder, str | PathLike):
        raise InvalidValueError("folder", folder, "must be a str or a path")
    reading = read_toml(text, ScenarioFile, source, InvalidScenarioError)
    files = _Files(reading, Path(checked_path("folder", folder)))
    curve = files.curve()
    policies = (
        [_bound(reading, number, files.policy(number, curve)) for number in range(reading.count("segments"))]
        if curve
        else []
    )
    _check_names(reading)
    _check_moves(reading, curve, policies)
    form = reading.right()
    segments = [_segment(reading, number, policy) for number, policy in enumerate(policies) if policy]
    reading.right()
    head = {key: value for key, value in asdict(form.scenario, recurse=False).items() if value is not None}
    turn = head.pop("turn_days", None)
    values: dict[str, Any] = {
        **head,
        "curve": curve,
        "turn": turn,
        "segments": tuple(segment for segment in segments if segment),
        "arrivals": form.arrivals,
        "departures": form.departures,
        "word_of_mouth": form.word_of_mouth,
    }
    for problem in problems_of(**values):
        with reading.blaming((), _KEYS):
            raise problem
    reading.right()
    scenario = Scenario(**values)
    for number, segment in enumerate(scenario.segments):
        for less in (0, scenario.word_of_mouth.doubt_less) if scenario.word_of_mouth and scenario.brings else (0,):
            try:
                structure_of(scenario, segment, less)
            except UnboundedPolicyError as error:
                whom = " (for customers whom others bring)" if less else ""
                reading.wrong(("segments", number, "policy"), f"{error}{whom}")
                break
    reading.right()
    return scenario


def _check_names(reading: Reading[ScenarioFile]) -> None:
    """Check that of several segments each has a name and a share."""
    many = reading.count("segments")
    for number in range(many if many > 1 else 0):
        for key in ("name", "share"):
            path = ("segments", number, key)
            if not reading.is_wrong(*path) and reading.get(*path) is None:
                reading.wrong(path, "is missing: each of several segments must have one")


def _check_moves(reading: Reading[ScenarioFile], curve: Curve | None, policies: Sequence[Policy | None]) -> None:
    """Check the words of moves, signals and states."""
    own = () if curve is None else curve.own_signals
    states = () if curve is None else curve.stages_and_states
    for number in range(reading.count("segments")):
        path = ("segments", number)
        signals = (*path, "signals")
        for place, signal in enumerate(reading.get(*signals) or ()):
            if curve is not None and signal not in own:
                reading.wrong((*signals, place), unknown(signal, own))
        policy = policies[number] if number < len(policies) else None
        words = () if policy is None else (*MOVES, *(reading.get(*signals) or ()), *policy.acts)
        for word in reading.keys(*path, "gains") if words else ():
            if word not in words:
                reading.wrong((*path, "gains", word), unknown(word, words))
        changes = reading.document["segments"][number].get("changes") if reading.keys(*path) else None
        many = len(changes) if isinstance(changes, list | tuple) else 0
        for table in (path, *((*path, "changes", place) for place in range(many))):
            check_moves(reading, table, signals)
            for state in reading.keys(*table, "where"):
                if curve is not None and state not in states:
                    reading.wrong((*table, "where", state), unknown(state, states))


def _bound(reading: Reading[ScenarioFile], number: int, policy: Policy | None) -> Policy | None:
    """Bind the constants of a segment's policy; what is missing or unknown becomes a finding."""
    path = ("segments", number, "constants")
    if policy is None or reading.is_wrong(*path):
        return policy
    known = dict(policy.constants)
    given = reading.get(*path) or {}
    for name in given:
        if name not in known:
            reading.wrong((*path, name), unknown(name, tuple(known)))
        elif given[name] not in known[name]:
            reading.wrong((*path, name), unknown(str(given[name]), tuple(map(str, known[name]))))
    for name, values in known.items():
        if name not in given and len(values) > 1:
            reading.wrong(
                path, f"must have a value for {name!r}, which the policy asks about: {' or '.join(map(str, values))}"
            )
    right = {name: value for name, value in given.items() if value in known.get(name, ())}
    return policy.bound(**right)


def _segment(reading: Reading[ScenarioFile], number: int, policy: Policy) -> Segment | None:
    """Make a segment; an error of its class becomes a finding."""
    form, path = reading.right().segments[number], ("segments", number)
    name = form.name or "everyone"

    def environment(moves: Any, where: Any, name: str) -> Environment:
        return Environment(moves, where=where, signals=form.signals, keeps_promises=form.keeps_promises, name=name)

    with reading.blaming(path, {"environment": "moves"}):
        changes = []
        for place, each in enumerate(form.changes):
            with reading.blaming((*path, "changes", place)):
                changes.append(
                    ChangePoint(
                        from_turn=each.from_turn, environment=environment(each.moves, each.where, f"{name} {place + 1}")
                    )
                )
        return Segment(
            policy=policy,
            environment=environment(form.moves, form.where, name),
            name=name,
            share=form.share,
            changes=tuple(changes),
            gains=form.gains,
        )
    return None


class _Files:
    """The files that a scenario names: each is read once, and its findings are reported once, under its own name."""

    def __init__(self, reading: Reading[ScenarioFile], folder: Path) -> None:
        self._reading, self._folder = reading, folder
        self._policies: dict[str, Policy | None] = {}

    def curve(self) -> Curve | None:
        """Load the curve; None where it cannot be read."""
        path = ("scenario", "curve")
        name = self._reading.get(*path)
        if name is None:
            return None if self._reading.is_wrong(*path) else Curve.default()
        with self._noted(path, name, InvalidCurveError) as file:
            return load_curve(file)
        return None

    def policy(self, number: int, curve: Curve) -> Policy | None:
        """Load a segment's policy; None where it cannot be read."""
        path = ("segments", number, "policy")
        name = self._reading.get(*path)
        if name is not None and name not in self._policies:
            self._policies[name] = None
            with self._noted(path, name, InvalidPolicyError) as file:
                self._policies[name] = load_policy(file, curve)
        return self._policies.get(name)

    @contextmanager
    def _noted(self, path: tuple[str | int, ...], name: str, error: type[InvalidDocumentError]) -> Iterator[Path]:
        """Add the errors of a file to the findings."""
        file = self._folder / name
        try:
            yield file
        except error as wrong:
            self._reading.findings.extend(wrong.findings)
        except OSError as wrong:
            self._reading.wrong(path, f"cannot open {str(file)!r}: {wrong.strerror}")
