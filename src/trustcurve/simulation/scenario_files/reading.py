"""Scenarios from TOML files: everything that is wrong is found at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from trustcurve.core.curve import Curve
from trustcurve.core.errors import Finding, InvalidCurveError
from trustcurve.core.reader import Reader
from trustcurve.files import load_curve
from trustcurve.policies.policy import OPEN_MAX
from trustcurve.simulation.errors import InvalidScenarioError, UnboundedPolicyError
from trustcurve.simulation.populations.hazards import Departures, WordOfMouth
from trustcurve.simulation.populations.limits import (
    CUSTOMERS_MAX,
    KEEPS_AWAY_MAX,
    REPLICATIONS_MAX,
    STEPS_MAX,
    rows_problem,
    turn_problem,
)
from trustcurve.simulation.populations.scenarios import Arrivals, Scenario
from trustcurve.simulation.scenario_files.parts import Part
from trustcurve.simulation.scenario_files.segment_reading import Beside, Placed, read_segments

__all__ = ["load_scenario", "parse_scenario"]

_WHOLE = ("scenario", "segments", "arrivals", "departures", "word_of_mouth")
_HEAD = ("name", "says", "curve", "steps", "customers", "replications", "seed", "turn_days", "promises_max")
_DIGITS_MAX = 4300
_BITS_MAX = 14_000  # what has more may have more digits than Python shows
_TOO_LONG = "a number has too many digits"


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
        text = Path(name).read_bytes().decode("utf-8-sig")
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
    except ValueError:
        raise InvalidScenarioError((Finding(source, _long_number(text), "", _TOO_LONG),)) from None
    except RecursionError:
        raise InvalidScenarioError((Finding(source, "TOML", "", "tables or arrays are nested too deeply"),)) from None
    too_long = tuple(Finding(source, place, "", _TOO_LONG) for place in _long_numbers(document, ""))
    if too_long:
        raise InvalidScenarioError(too_long)
    reader = Reader(source)
    whole = reader.table(document, "the file", _WHOLE)
    if "scenario" not in whole:
        reader.wrong("[scenario]", "", "is missing")
    head = Part.of(reader, "[scenario]", whole.get("scenario", {}), _HEAD)
    curve = _curve(head, Path(folder))
    values = _head(head, curve, given="scenario" in whole and head.given)
    steps = values["steps"] if head.row.get("steps") == values["steps"] else None
    values |= _tables(reader, whole)
    _check_arriving(reader, whole, values, steps)
    segments = read_segments(reader, whole.get("segments", []), Beside(Path(folder), curve, steps))
    if not reader.findings:
        scenario = Scenario(
            segments=tuple(segment for _, segment in segments), curve=curve or Curve.default(), **values
        )
        _check_promises(reader, scenario, segments)
    if reader.findings:
        raise InvalidScenarioError(tuple(reader.findings))
    return scenario


def _head(head: Part, curve: Curve | None, *, given: bool) -> dict[str, Any]:
    """Read the numbers of the head; where there is none, that is already told."""
    values: dict[str, Any] = {
        key: head.whole(key, least, default, most)
        for key, least, default, most in (
            ("steps", 1, 1, STEPS_MAX), ("customers", 0, 100_000, CUSTOMERS_MAX),
            ("replications", 1, 10, REPLICATIONS_MAX), ("seed", 0, 1, None), ("promises_max", 0, 2, OPEN_MAX),
        )
    }  # fmt: skip
    values["name"] = head.reader.text(head.place, "name", head.row) if given else ""
    values["says"] = head.reader.text(head.place, "says", head.row, required=False)
    if given:
        head.needs("steps", "how many turns, for example steps = 24")
    values["turn"] = head.days("turn_days", None) if "turn_days" in head.row else None
    problem = turn_problem(values["turn"], curve.silence_after) if curve and values["turn"] else None
    if problem is not None:
        head.wrong("turn_days", problem)
    return values


def _check_arriving(reader: Reader, whole: Mapping[str, Any], values: dict[str, Any], steps: int | None) -> None:
    """Note where nobody is there, where too many arrive, and where nobody can be kept away."""
    arrivals = values["arrivals"]
    if (arrivals is None and "arrivals" in whole) or steps is None:  # that is already told
        newcomers = None
    else:
        newcomers = sum(arrivals.at(step) for step in range(1, steps + 1)) if arrivals else 0
    if newcomers == 0 and not values["customers"]:
        reader.wrong("[scenario]", "customers", "there must be at least one customer, or arrivals")
    if newcomers is not None and newcomers > CUSTOMERS_MAX:
        reader.wrong("[arrivals]", "each_step", f"newcomers must be at most {CUSTOMERS_MAX} in all, not {newcomers}")
    if steps is not None and newcomers is not None and newcomers <= CUSTOMERS_MAX:
        cohorts = 1 + sum(arrivals.at(step) > 0 for step in range(1, steps + 1)) if arrivals else 1
        problem = rows_problem(steps, cohorts, max(_many(whole.get("segments")), 1), values["replications"])
        if problem is not None:
            reader.wrong("[scenario]", "steps", problem)
    if "word_of_mouth" in whole and ("arrivals" not in whole or newcomers == 0):
        says = "changes nothing where nobody arrives: add [arrivals], or leave it out"
        reader.wrong("[word_of_mouth]", "", says)


def _many(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _check_promises(reader: Reader, scenario: Scenario, segments: tuple[Placed, ...]) -> None:
    """Note the policies that promise more than may be open at once."""
    for place, segment in segments:
        try:
            scenario.shape(segment)
        except UnboundedPolicyError as error:
            reader.wrong(place, "policy", str(error))


def _long_number(text: str) -> str:
    """Name the line on which a number stands that has too many digits."""
    lines = (n for n, line in enumerate(text.splitlines(), 1) if re.search(rf"[0-9_]{{{_DIGITS_MAX},}}", line))
    return f"line {next(lines, '?')}"


def _long_numbers(value: object, place: str) -> Iterator[str]:
    """Name every whole number that has too many digits to be shown; in other than decimal digits, TOML takes it."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _long_numbers(each, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _long_numbers(each, f"{place} number {number}")
    elif isinstance(value, int) and value.bit_length() > _BITS_MAX:
        yield place


def _tables(reader: Reader, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Read the tables that say how customers come and go, and what they tell."""
    return {
        "arrivals": _arrivals(reader, whole["arrivals"]) if "arrivals" in whole else None,
        "departures": _departures(reader, whole.get("departures", {})),
        "word_of_mouth": _word_of_mouth(reader, whole) if "word_of_mouth" in whole else None,
    }


def _arrivals(reader: Reader, value: object) -> Arrivals | None:
    """Read the newcomers; None where something is wrong."""
    wrong = len(reader.findings)
    part = Part.of(reader, "[arrivals]", value, ("each_step", "until_step"))
    part.needs("each_step", "how many newcomers arrive in each step")
    until = part.whole("until_step", 0, 0) if "until_step" in part.row else None
    each = part.whole("each_step", 0, 0, CUSTOMERS_MAX)
    return None if len(reader.findings) > wrong else Arrivals(each_step=each, until_step=until)


def _departures(reader: Reader, value: object) -> Departures:
    part, usual = Part.of(reader, "[departures]", value, ("hazard", "over_days")), Departures()
    return Departures(hazard=part.number("hazard", usual.hazard), over=part.days("over_days", usual.over))


def _word_of_mouth(reader: Reader, whole: Mapping[str, Any]) -> WordOfMouth:
    keys = ("telling", "over_days", "keeps_away")
    part, usual = Part.of(reader, "[word_of_mouth]", whole["word_of_mouth"], keys), WordOfMouth()
    return WordOfMouth(
        telling=part.number("telling", usual.telling),
        over=part.days("over_days", usual.over),
        keeps_away=part.number("keeps_away", usual.keeps_away, KEEPS_AWAY_MAX),
    )


def _curve(head: Part, folder: Path) -> Curve | None:
    """Load the curve, None where it cannot be read; what is wrong in its file is told with that file's name."""
    if "curve" not in head.row:
        return Curve.default()
    name = head.reader.text(head.place, "curve", head.row)
    if name:
        try:
            return load_curve(folder / name)
        except InvalidCurveError as error:
            head.reader.findings.extend(error.findings)
        except OSError as error:
            head.wrong("curve", f"cannot open {str(folder / name)!r}: {error.strerror}")
        except (ValueError, RecursionError) as error:  # a path or a number that Python does not take
            head.wrong("curve", f"cannot read {str(folder / name)!r}: {error}")
    return None
