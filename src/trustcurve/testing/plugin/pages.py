"""The report of a test run's properties, as JSON and as a page of HTML that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from trustcurve.testing.plugin.coverage import Covered
from trustcurve.testing.properties.outcomes import Outcome

__all__ = ["FORMS", "write"]

FORMS: Final = ("html", "json")

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #ccc; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td:first-child { font-weight: bold; white-space: nowrap; }
.REFUTED td:first-child { color: #a33b00; }
.PROVED td:first-child { color: #005a8c; }
pre { overflow-x: auto; white-space: pre-wrap; }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ddd; } .REFUTED td:first-child { color: #ff9b66; }
.PROVED td:first-child { color: #7cc4f0; } }
"""
"""Blue for what holds and orange for what does not, which everybody can tell apart; the words say it, too."""

Results = Mapping[str, Outcome]


def write(form: str, path: Path, results: Results, covered: Iterable[Covered]) -> None:
    """Write a report.

    Args:
        form: "html" or "json".
        path: Where to; folders that are missing are made.
        results: What came of each test's property, by the test's node id.
        covered: How much of each curve was covered, where that was asked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_json(results, covered) if form == "json" else _html(results, covered), encoding="utf-8")


def _json(results: Results, covered: Iterable[Covered]) -> str:
    coverage = [
        {
            "curve": each.curve,
            "positions": each.positions,
            "positions_covered": each.all_positions,
            "transitions": each.transitions,
            "transitions_covered": each.all_transitions,
        }
        for each in covered
    ]
    properties = [{"test": test, **outcome.plain()} for test, outcome in results.items()]
    return json.dumps({"properties": properties, "coverage": coverage}, indent=2, ensure_ascii=False) + "\n"


def _html(results: Results, covered: Iterable[Covered]) -> str:
    page = ET.Element("html", lang="en")
    head = ET.SubElement(page, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", name="viewport", content="width=device-width")
    _text(head, "title", "Properties of customer journeys")
    _text(head, "style", _STYLE)
    body = ET.SubElement(page, "body")
    _text(body, "h1", "Properties of customer journeys")
    counts = ", ".join(
        f"{number} {status.lower()}"
        for status in ("PROVED", "TESTED", "REFUTED", "UNKNOWN")
        if (number := sum(outcome.status == status for outcome in results.values()))
    )
    _text(body, "p", counts or "No property was tested.")
    for each in covered:
        _text(body, "p", str(each))
    table = ET.SubElement(body, "table")
    row = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for title in ("verdict", "property", "policy, curve, environment", "states", "seconds"):
        _text(row, "th", title, scope="col")
    rows = ET.SubElement(table, "tbody")
    for test, outcome in results.items():
        _row(rows, test, outcome)
    return "<!DOCTYPE html>\n" + ET.tostring(page, encoding="unicode", method="html") + "\n"


def _row(rows: ET.Element, test: str, outcome: Outcome) -> None:
    row = ET.SubElement(rows, "tr", {"class": outcome.status})
    _text(row, "td", outcome.status)
    what = ET.SubElement(row, "td")
    _text(what, "code", outcome.prop)
    _text(what, "div", outcome.says + (" (Vacuously: what it speaks of never happens.)" if outcome.vacuous else ""))
    if outcome.note:
        _text(what, "div", outcome.note)
    if outcome.status != "PROVED":
        _text(what, "pre", outcome.told)
    _text(what, "small", test)
    _text(row, "td", ", ".join(filter(None, (outcome.policy, outcome.curve, outcome.environment))))
    _text(row, "td", f"{outcome.states:,}")
    _text(row, "td", f"{outcome.seconds:.2f}")


def _text(parent: ET.Element, tag: str, text: str, **attributes: Any) -> None:
    ET.SubElement(parent, tag, attributes).text = text
