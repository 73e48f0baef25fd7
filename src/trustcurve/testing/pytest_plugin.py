"""The pytest plugin, once a test run uses the kit: sets the session, collects results and coverage, and writes reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from attrs import asdict

from trustcurve.records.whole_files import write_whole
from trustcurve.snapshots import SnapshotError
from trustcurve.snapshots.codec import parse_json
from trustcurve.testing.coverage import Coverage, CurveCoverage, Recorder
from trustcurve.testing.property_tests import PropertyResult
from trustcurve.testing.session import Session, begin_session, end_session

__all__ = ["Plugin"]

_KEY: Final = "trustcurve"
_FORMATS: Final = ("html", "json")


class Plugin:
    """The hooks.

    Args:
        config: The configuration of pytest.

    Raises:
        pytest.UsageError: The value of an option is invalid: names the option, its value, and the rule.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.is_worker = hasattr(config, "workerinput")
        self.results: dict[str, PropertyResult] = {}
        self.coverage = Coverage()
        self.unwritten: dict[Path, str] = {}
        self.recorder: Recorder | None = None
        self.reports = [_report(text) for text in config.getoption("trustcurve_report") or ()]
        self.percent_min = config.getoption("trustcurve_cov_fail_under")
        if self.percent_min is not None and not 0 <= self.percent_min <= 100:  # noqa: PLR2004 - percent
            raise pytest.UsageError(
                f"--trustcurve-cov-fail-under {self.percent_min:g}: must be a percentage from 0 to 100"
            )
        states_max, file = config.getoption("trustcurve_states_max"), config.getoption("trustcurve_replay")
        if states_max is not None and states_max < 1:
            raise pytest.UsageError(f"--trustcurve-states-max {states_max}: must be at least 1")
        journey = None if file is None else _journey(Path(file))
        self.session = self._begin(states_max, journey)
        if config.getoption("trustcurve_cov") or self.percent_min is not None:
            self.recorder = Recorder()
            self.recorder.start()

    def _begin(self, states_max: int | None, journey: dict[str, object] | None) -> Session:
        begun = begin_session()
        begun.states_max = states_max or begun.states_max
        begun.replayed = journey
        cache = getattr(self.config, "cache", None)
        begun.folder = None if cache is None else lambda: str(cache.mkdir(_KEY))
        return begun

    def add(self, test: str, result: str) -> None:
        """Add the result of a property, as JSON."""
        found = PropertyResult(**json.loads(result))
        name = f"[{found.name}]"  # in a unittest.TestCase one test has the results of all properties
        self.results[test if name in test else test + name] = found

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note which test runs."""
        self.session.item = item

    def pytest_runtest_teardown(self) -> None:
        """Note that the test has run."""
        self.session.item = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a process of pytest-xdist covered."""
        self.coverage.add(getattr(node, "workeroutput", {}).get(_KEY, {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Collect the coverage, write the reports, and fail if too little is covered."""
        if self.recorder is not None:
            self.recorder.stop()
            if self.is_worker:
                self.config.workeroutput[_KEY] = self.recorder.plain()  # type: ignore[attr-defined] # pytest-xdist's
            elif not getattr(self.config.option, "numprocesses", None):
                self.coverage.add(self.recorder.plain())
        if self.is_worker:
            return
        for format_, path in self.reports:
            try:
                _write(format_, self.config.invocation_params.dir / path, self.results, self.coverage.of_curves())
            except OSError as error:  # the tests have run: their results must not be lost
                self.unwritten[path] = f"FAIL: --trustcurve-report {format_}:{path} cannot be written: {error.strerror}"
        if (self._uncovered() or self.unwritten) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _uncovered(self) -> list[str]:
        if self.percent_min is None or self.config.option.collectonly:
            return []
        return [
            f"FAIL: {each.percent:.1f} % of the positions of curve {each.curve} are covered, less than {self.percent_min:g} %"
            for each in self.coverage.of_curves()
            if each.percent < self.percent_min
        ]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the coverage, the properties that are vacuously true, and those that were tested and not proved."""
        lines = [str(each) for each in self.coverage.of_curves()]
        for result in self.results.values():
            name = f"{result.name} ({result.policy or result.curve})"
            if result.vacuous:
                lines.append(f"vacuously true: {name}: its condition never occurs")
            if result.status == "TESTED":
                lines.append(f"not proved: {name}: {result.note}")
        lines += [f"wrote {path}" for _, path in self.reports if path not in self.unwritten]
        wrong = [*self._uncovered(), *self.unwritten.values()]
        if lines or wrong:
            terminalreporter.section("trustcurve")
        for line in lines:
            terminalreporter.write_line(line)
        for line in wrong:
            terminalreporter.write_line(line, red=True, bold=True)

    def pytest_unconfigure(self) -> None:
        """Restore what was set for this run: a process can run pytest more than once."""
        if self.recorder is not None:
            self.recorder.stop()
        end_session(self.session)


def _report(text: str) -> tuple[str, Path]:
    format_, _, path = text.partition(":")
    if format_ not in _FORMATS:
        raise pytest.UsageError(
            f"--trustcurve-report {text}: must be html or json, with a file or without: html:build/proofs.html"
        )
    return format_, Path(path or f"trustcurve-report.{format_}")


def _journey(path: Path) -> dict[str, object]:
    """Read a saved journey; whether it fits a curve is checked where it is used."""
    try:
        plain = parse_json(path.read_bytes())
    except (OSError, SnapshotError) as error:
        raise pytest.UsageError(f"--trustcurve-replay {path}: {error}") from None
    if not isinstance(plain, dict) or plain.get("kind") != "journey":
        raise pytest.UsageError(f"--trustcurve-replay {path}: is not a saved journey")
    return plain


# --- reports --------------------------------------------------------------------------------------

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
"""Blue for PROVED and orange for REFUTED, which colour-blind readers can distinguish; the words say it, too."""

_Results = Mapping[str, PropertyResult]
_Curves = Iterable[CurveCoverage]


def _write(format_: str, path: Path, results: _Results, curves: _Curves) -> None:
    """Write a report, and make the folders that are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _json(results, curves) if format_ == "json" else _html(results, curves))


def _json(results: _Results, curves: _Curves) -> str:
    names = ("curve", "positions", "positions_covered", "transitions", "transitions_covered")
    coverage = [{name: getattr(each, name) for name in names} for each in curves]
    properties = [{"test": test, **asdict(result)} for test, result in results.items()]
    return json.dumps({"properties": properties, "coverage": coverage}, indent=2, ensure_ascii=False) + "\n"


def _html(results: _Results, curves: _Curves) -> str:
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
        if (number := sum(result.status == status for result in results.values()))
    )
    _text(body, "p", counts or "No property was tested.")
    for each in curves:
        _text(body, "p", str(each))
    table = ET.SubElement(body, "table")
    row = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for title in ("verdict", "property", "policy, curve, environment", "states", "seconds"):
        _text(row, "th", title, scope="col")
    rows = ET.SubElement(table, "tbody")
    for test, result in results.items():
        _row(rows, test, result)
    return "<!DOCTYPE html>\n" + ET.tostring(page, encoding="unicode", method="html") + "\n"


def _row(rows: ET.Element, test: str, result: PropertyResult) -> None:
    row = ET.SubElement(rows, "tr", {"class": result.status})
    _text(row, "td", result.status)
    cell = ET.SubElement(row, "td")
    _text(cell, "code", result.name)
    vacuous = " (Vacuously true: its condition never occurs.)" if result.vacuous else ""
    _text(cell, "div", result.description + vacuous)
    if result.note:
        _text(cell, "div", result.note)
    if result.status != "PROVED":
        _text(cell, "pre", result.explanation)
    _text(cell, "small", test)
    _text(row, "td", ", ".join(filter(None, (result.policy, result.curve, result.environment))))
    _text(row, "td", f"{result.states:,}")
    _text(row, "td", f"{result.seconds:.2f}")


def _text(parent: ET.Element, tag: str, text: str, **attributes: Any) -> None:
    ET.SubElement(parent, tag, attributes).text = text
