"""Scenarios from TOML files: everything that is wrong is found at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from trustcurve.core.curve import Curve
from trustcurve.core.errors import Finding, InvalidCurveError
from trustcurve.core.reader import Reader
from trustcurve.files import load_curve
from trustcurve.policies.policy import OPEN_MAX
from trustcurve.simulation.errors import InvalidScenarioError
from trustcurve.simulation.populations.hazards import Departures, WordOfMouth
from trustcurve.simulation.populations.scenarios import Arrivals, Scenario
from trustcurve.simulation.populations.segments import Segment
from trustcurve.simulation.scenarios.parts import Part
from trustcurve.simulation.scenarios.segment_reading import read_segments

__all__ = ["load_scenario", "parse_scenario"]

_WHOLE = ("scenario", "segments", "arrivals", "departures", "word_of_mouth")
_HEAD = ("name", "says", "curve", "steps", "customers", "replications", "seed", "turn_days", "promises_max")
_TURNS = 3
_KEEPS_AWAY_MAX = 1000.0


def load_scenario(path: str | PathLike[str]) -> Scenario:
    r"""Load a scenario from a TOML file and check all of it, with the policies and the curve that it names.

    Args:
        path: The file; the files that it names are looked for beside it.

    Raises:
        InvalidScenarioError: With all findings at once: each names file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     characters = Path(folder, "ask.toml").write_text('[policy]\nname = "ask"\n[[rules]]\ndo = "ask"')
        ...     file = Path(folder, "spam.toml")
        ...     characters = file.write_text(
        ...         '[scenario]\nname = "spam"\nsteps = 12\n[[segments]]\npolicy = "ask.toml"\nmoves = { purchase = 0.1 }'
        ...     )
        ...     load_scenario(file).segments[0].policy.name
        'ask'
    """
    name = fspath(path)
    try:
        text = Path(name).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidScenarioError((Finding(name, "the file", "", f"is not UTF-8: {error}"),)) from None
    return parse_scenario(text, name, Path(name).parent)


def parse_scenario(text: str, source: str = "the scenario", folder: str | PathLike[str] = ".") -> Scenario:
    """Read a scenario from TOML.

    Args:
        text: The document.
        source: What to call it in messages.
        folder: Where the policies and the curve are that it names.

    Raises:
        InvalidScenarioError: With all findings at once: each names file, table and key.

    Examples:
        >>> parse_scenario("[scenario]")
        Traceback (most recent call last):
            ...
        trustcurve.simulation.errors.InvalidScenarioError: the scenario: [scenario] name: must be a text that is not empty
        the scenario: [scenario] steps: is missing: how many turns, for example steps = 24
        the scenario: [[segments]]: there must be at least one segment
    """
    import tomllib  # noqa: PLC0415 - only reading needs it

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidScenarioError((Finding(source, "TOML", "", str(error)),)) from None
    reader, beside = Reader(source), Path(folder)
    whole = reader.table(document, "the file", _WHOLE)
    if "scenario" not in whole:
        reader.wrong("[scenario]", "", "is missing")
    head = Part.of(reader, "[scenario]", whole.get("scenario", {}), _HEAD)
    curve = _curve(head, beside)
    values = _head(head, curve, given="scenario" in whole) | _tables(reader, whole)
    _check_customers(head, values)
    segments = read_segments(reader, whole.get("segments", []), curve, beside)
    _check_turnings(reader, segments, values["steps"] if "steps" in head.row else sys.maxsize)
    if reader.findings:
        raise InvalidScenarioError(tuple(reader.findings))
    return Scenario(segments=segments, curve=curve, **values)


def _head(head: Part, curve: Curve, *, given: bool) -> dict[str, Any]:
    """Read the numbers of the head; where there is none, that is already told."""
    values: dict[str, Any] = {
        key: head.whole(key, least, default)
        for key, least, default in (
            ("steps", 1, 1), ("customers", 0, 100_000), ("replications", 1, 10), ("seed", 0, 1), ("promises_max", 0, 2),
        )
    }  # fmt: skip
    values["name"] = head.reader.text(head.place, "name", head.row) if given else ""
    values["says"] = head.reader.text(head.place, "says", head.row, required=False)
    if given:
        head.needs("steps", "how many turns, for example steps = 24")
    if values["promises_max"] > OPEN_MAX:
        head.wrong("promises_max", f"must be at most {OPEN_MAX}, not {values['promises_max']}")
    values["turn"] = head.days("turn_days", curve.silence_after / _TURNS)
    if curve.silence_after % values["turn"]:
        days = curve.silence_after / timedelta(days=1)
        head.wrong("turn_days", f"the curve's quiet period, {days:g} days, must be a whole number of turns")
    return values


def _check_customers(head: Part, values: dict[str, Any]) -> None:
    arrivals = values["arrivals"]
    if not values["customers"] and not (arrivals and any(map(arrivals.at, range(1, values["steps"] + 1)))):
        head.wrong("customers", "there must be at least one customer, or arrivals")


def _check_turnings(reader: Reader, segments: tuple[Segment, ...], steps: int) -> None:
    for segment in segments:
        late = [turning.from_step for turning in segment.turnings if turning.from_step > steps]
        if late:
            reader.wrong(
                f"[[segments]] {segment.name}", "turnings", f"step {late[0]} comes after the last one, {steps}"
            )


def _tables(reader: Reader, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Read the tables that say how customers come and go, and what they tell."""
    return {
        "arrivals": _arrivals(reader, whole["arrivals"]) if "arrivals" in whole else None,
        "departures": _departures(reader, whole.get("departures", {})),
        "word_of_mouth": _word_of_mouth(reader, whole) if "word_of_mouth" in whole else None,
    }


def _arrivals(reader: Reader, value: object) -> Arrivals:
    part = Part.of(reader, "[arrivals]", value, ("each_step", "until_step"))
    part.needs("each_step", "how many newcomers arrive in each step")
    until = part.whole("until_step", 0, 0) if "until_step" in part.row else None
    return Arrivals(each_step=part.whole("each_step", 0, 0), until_step=until)


def _departures(reader: Reader, value: object) -> Departures:
    part, usual = Part.of(reader, "[departures]", value, ("hazard", "over_days")), Departures()
    return Departures(hazard=part.number("hazard", usual.hazard), over=part.days("over_days", usual.over))


def _word_of_mouth(reader: Reader, whole: Mapping[str, Any]) -> WordOfMouth:
    keys = ("telling", "over_days", "keeps_away")
    part, usual = Part.of(reader, "[word_of_mouth]", whole["word_of_mouth"], keys), WordOfMouth()
    if "arrivals" not in whole:
        part.wrong("", "changes nothing where nobody arrives: add [arrivals], or leave it out")
    return WordOfMouth(
        telling=part.number("telling", usual.telling),
        over=part.days("over_days", usual.over),
        keeps_away=part.number("keeps_away", usual.keeps_away, _KEEPS_AWAY_MAX),
    )


def _curve(head: Part, folder: Path) -> Curve:
    """Load the curve; what is wrong in its file is told with that file's name."""
    name = head.reader.text(head.place, "curve", head.row) if "curve" in head.row else ""
    if name:
        try:
            return load_curve(folder / name)
        except InvalidCurveError as error:
            head.reader.findings.extend(error.findings)
        except OSError as error:
            head.wrong("curve", f"cannot open {str(folder / name)!r}: {error.strerror}")
    return Curve.default()
