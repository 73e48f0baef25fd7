"""Segments of a scenario's file, with the policies that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.reader import Reader
from trustcurve.policies import InvalidPolicyError, Policy, load_policy
from trustcurve.policies.environment import ADDS_UP
from trustcurve.simulation.populations.segments import Segment, Turning
from trustcurve.simulation.scenario_files.parts import Part

__all__ = ["Beside", "Placed", "read_segments"]

_KEYS = ("name", "share", "policy", "moves", "keeps_promises", "turnings")

Placed = tuple[str, Segment]
"""A segment, and where it stands in the file."""


@frozen(eq=False)
class Beside:
    """What segments are held against.

    Args:
        folder: Where the policies are.
        curve: The curve on which the policies must make sense; None where it could not be read.
        steps: How many steps there are; None where that could not be read.
        seen: The policies that were read, by name: each is read once, and its findings are told once.
    """

    folder: Path
    curve: Curve | None
    steps: int | None
    seen: dict[str, Policy] = field(factory=dict)


def read_segments(reader: Reader, value: object, beside: Beside) -> tuple[Placed, ...]:
    """Read all segments.

    Args:
        reader: Notes what is wrong.
        value: The array of tables.
        beside: What they are held against.
    """
    rows = reader.rows(value, "segments")
    if not rows and isinstance(value, list):
        reader.wrong("[[segments]]", "", "there must be at least one segment")
    parts = [Part.of(reader, place, raw, _KEYS) for place, raw in rows]
    segments: list[Placed] = []
    shares: list[float | None] = []
    for part in parts:
        if part.given:
            segment, share = _segment(part, beside, len(rows))
            segments.append((part.place, segment))
            shares.append(share)
        else:
            shares.append(None)
    told = [share for share in shares if share is not None]
    if rows and len(told) == len(rows) and abs(sum(told) - 1) > ADDS_UP:
        reader.wrong("[[segments]]", "share", f"the shares of all segments add up to {sum(told):g}, not to 1")
    names = [name for part in parts if isinstance(name := part.row.get("name"), str) and name]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.wrong(f"[[segments]] {name}", "name", "another segment has this name, too")
    return tuple(segments)


def _segment(part: Part, beside: Beside, many: int) -> tuple[Segment, float | None]:
    """Read a segment, and its share, if that could be read."""
    keeps = part.reader.flag(part.place, "keeps_promises", part.row)
    name = part.reader.text(part.place, "name", part.row, required=many > 1) or "everyone"
    wrong = len(part.reader.findings)
    if many > 1:
        part.needs("share", "the share of customers who are in this segment, from 0 to 1")
    share = part.number("share", 1.0)
    known = len(part.reader.findings) == wrong
    environment = part.environment(name, keeps_promises=keeps)
    turnings = _turnings(part, beside.steps, keeps_promises=keeps)
    segment = Segment(
        name=name,
        share=share,
        policy=_policy(part, beside),
        environment=environment,
        turnings=turnings if environment.keeps_promises == keeps else (),  # else it was replaced by a harmless one
    )
    return segment, share if known else None


def _turnings(part: Part, steps: int | None, *, keeps_promises: bool) -> tuple[Turning, ...]:
    found: list[Turning] = []
    before = 0
    for number, (_, raw) in enumerate(part.reader.rows(part.row.get("turnings", []), "segments.turnings"), 1):
        each = Part.of(part.reader, f"{part.place} turnings number {number}", raw, ("from_step", "moves"))
        if not each.given:
            continue
        wrong = len(part.reader.findings)
        begins = _from_step(each, before, steps)
        before = before if begins is None else begins
        environment = each.environment(each.place, keeps_promises=keeps_promises)
        if begins is not None and len(part.reader.findings) == wrong:
            found.append(Turning(from_step=begins, environment=environment))
    return tuple(found)


def _from_step(part: Part, before: int, steps: int | None) -> int | None:
    """Read from when on a turning holds; None where that is wrong."""
    wrong = len(part.reader.findings)
    part.needs("from_step", "the first step in which these moves hold")
    begins = part.whole("from_step", 1, 1)
    if len(part.reader.findings) > wrong:
        return None
    if begins <= before:
        part.wrong("from_step", f"must come after step {before}, in which the one before begins")
        return None
    if steps is not None and begins > steps:
        part.wrong("from_step", f"step {begins} comes after the last one, {steps}")
    return begins


def _policy(part: Part, beside: Beside) -> Policy:
    """Load the policy; what is wrong in its file is told with that file's name."""
    harmless = Policy(name="none", decide=_wait)
    wrong = len(part.reader.findings)
    part.needs("policy", "the file that says what the company does")
    name = part.reader.text(part.place, "policy", part.row) if len(part.reader.findings) == wrong else ""
    if not name:
        return harmless
    path = beside.folder / name
    if name in beside.seen:
        return beside.seen[name]
    try:
        beside.seen[name] = load_policy(path, beside.curve)
    except InvalidPolicyError as error:
        beside.seen[name] = harmless
        # Without its curve a policy's words cannot be held against anything.
        told = error.findings if beside.curve else (each for each in error.findings if each.table == "TOML")
        part.reader.findings.extend(told)
    except OSError as error:
        part.wrong("policy", f"cannot open {str(path)!r}: {error.strerror}")
    except (ValueError, RecursionError) as error:  # a path or a number that Python does not take
        part.wrong("policy", f"cannot read {str(path)!r}: {error}")
    return beside.seen.get(name, harmless)


def _wait(_: object) -> Any:
    return "wait"
