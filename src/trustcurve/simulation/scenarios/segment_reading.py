"""Segments of a scenario's file, with the policies that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trustcurve.core.curve import Curve
from trustcurve.core.reader import Reader
from trustcurve.policies import InvalidPolicyError, Policy, load_policy
from trustcurve.simulation.populations.segments import Segment, Turning
from trustcurve.simulation.scenarios.parts import Part

__all__ = ["read_segments"]

_KEYS = ("name", "share", "policy", "moves", "keeps_promises", "turnings")
_EXACT = 1e-9


def read_segments(reader: Reader, value: object, curve: Curve, folder: Path) -> tuple[Segment, ...]:
    """Read all segments.

    Args:
        reader: Notes what is wrong.
        value: The array of tables.
        curve: The curve on which the policies must make sense.
        folder: Where the policies are.
    """
    rows = reader.rows(value, "segments")
    wrong = len(reader.findings)
    segments = tuple(_segment(Part.of(reader, place, raw, _KEYS), curve, folder, len(rows)) for place, raw in rows)
    if not rows:
        reader.wrong("[[segments]]", "", "there must be at least one segment")
    total = sum(segment.share for segment in segments)
    if rows and len(reader.findings) == wrong and abs(total - 1) > _EXACT:
        reader.wrong("[[segments]]", "share", f"the shares of all segments add up to {total:g}, not to 1")
    names = [segment.name for segment in segments]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.wrong(f"[[segments]] {name}", "name", "another segment has this name, too")
    return segments


def _segment(part: Part, curve: Curve, folder: Path, many: int) -> Segment:
    keeps = part.reader.flag(part.place, "keeps_promises", part.row)
    name = part.reader.text(part.place, "name", part.row, required=many > 1) or "everyone"
    if many > 1:
        part.needs("share", "the share of customers who are in this segment, from 0 to 1")
    environment = part.environment(name, keeps_promises=keeps)
    turnings = _turnings(part, keeps_promises=keeps)
    return Segment(
        name=name,
        share=part.number("share", 1.0),
        policy=_policy(part, curve, folder),
        environment=environment,
        turnings=turnings if environment.keeps_promises == keeps else (),  # else it was replaced by a harmless one
    )


def _turnings(part: Part, *, keeps_promises: bool) -> tuple[Turning, ...]:
    found: list[Turning] = []
    for number, (_, raw) in enumerate(part.reader.rows(part.row.get("turnings", []), "segments.turnings"), 1):
        each = Part.of(part.reader, f"{part.place} turnings number {number}", raw, ("from_step", "moves"))
        wrong = len(part.reader.findings)
        each.needs("from_step", "the first step in which these moves hold")
        begins = each.whole("from_step", 1, 1)
        environment = each.environment(each.place, keeps_promises=keeps_promises)
        if len(part.reader.findings) == wrong and found and begins <= found[-1].from_step:
            each.wrong("from_step", f"must come after step {found[-1].from_step}, in which the one before begins")
        if len(part.reader.findings) == wrong:
            found.append(Turning(from_step=begins, environment=environment))
    return tuple(found)


def _policy(part: Part, curve: Curve, folder: Path) -> Policy:
    """Load the policy; what is wrong in its file is told with that file's name."""
    harmless = Policy(name="none", decide=_wait)
    name = part.reader.text(part.place, "policy", part.row)
    if not name:
        return harmless
    try:
        return load_policy(folder / name, curve)
    except InvalidPolicyError as error:
        part.reader.findings.extend(error.findings)
    except OSError as error:
        part.wrong("policy", f"cannot open {str(folder / name)!r}: {error.strerror}")
    return harmless


def _wait(_: object) -> Any:
    return "wait"
