"""What the pytest plugin does once a test run uses the kit: sets the session, gathers, and tells at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trustcurve.testing.plugin.coverage import Coverage, Recorder
from trustcurve.testing.plugin.pages import FORMS, write
from trustcurve.testing.properties.outcomes import Outcome
from trustcurve.testing.session import session

__all__ = ["Body"]

_KEY = "trustcurve"


class Body:
    """The hooks.

    Args:
        config: pytest's.

    Raises:
        pytest.UsageError: An option says what cannot be: which, its value, and the rule.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.is_worker = hasattr(config, "workerinput")
        self.results: dict[str, Outcome] = {}
        self.coverage = Coverage()
        self.unwritten: dict[Path, str] = {}
        self.recorder: Recorder | None = None
        self.reports = [_report(text) for text in config.getoption("trustcurve_report") or ()]
        self.least = config.getoption("trustcurve_cov_fail_under")
        if self.least is not None and not 0 <= self.least <= 100:  # noqa: PLR2004 - percent
            raise pytest.UsageError(f"--trustcurve-cov-fail-under {self.least:g}: must be a percentage from 0 to 100")
        self._set_session()
        if config.getoption("trustcurve_cov") or self.least is not None:
            self.recorder = Recorder()
            self.recorder.listen()

    def _set_session(self) -> None:
        most, file = (self.config.getoption(f"trustcurve_{name}") for name in ("max_states", "replay"))
        if most is not None:
            if most < 1:
                raise pytest.UsageError(f"--trustcurve-max-states {most}: must be at least 1")
            session.max_states = most
        if file is not None:
            session.replayed = _journey(Path(file))
        cache = getattr(self.config, "cache", None)
        session.folder = None if cache is None else lambda: str(cache.mkdir(_KEY))

    def add(self, test: str, outcome: str) -> None:
        """Take in what came of a property."""
        found = Outcome(**json.loads(outcome))
        name = f"[{found.prop}]"  # a test of unittest asks for all properties in one
        self.results[test if name in test else test + name] = found

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note which test runs."""
        session.item = item

    def pytest_runtest_teardown(self) -> None:
        """Note that it is over."""
        session.item = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a process of pytest-xdist covered."""
        self.coverage.add(getattr(node, "workeroutput", {}).get(_KEY, {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put together what was covered, write the reports, and fail where too little was covered."""
        if self.recorder is not None:
            self.recorder.stop()
            if self.is_worker:
                self.config.workeroutput[_KEY] = self.recorder.plain()  # type: ignore[attr-defined] # pytest-xdist's
            elif not getattr(self.config.option, "numprocesses", None):
                self.coverage.add(self.recorder.plain())
        if self.is_worker:
            return
        for form, path in self.reports:
            try:
                write(form, self.config.invocation_params.dir / path, self.results, self.coverage.covered())
            except OSError as error:  # the tests have run: what came of them is not lost for that
                self.unwritten[path] = f"FAIL: --trustcurve-report {form}:{path} cannot be written: {error.strerror}"
        if (self._uncovered() or self.unwritten) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _uncovered(self) -> list[str]:
        if self.least is None or self.config.option.collectonly:
            return []
        return [
            f"FAIL: {each.percent:.1f} % of the positions of curve {each.curve} are covered, less than {self.least:g} %"
            for each in self.coverage.covered()
            if each.percent < self.least
        ]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell what was covered, which properties held vacuously, and which were tested and not proved."""
        told = [str(each) for each in self.coverage.covered()]
        for outcome in self.results.values():
            of = f"{outcome.prop} ({outcome.policy or outcome.curve})"
            if outcome.vacuous:
                told.append(f"vacuous: {of}: what it speaks of never happens")
            if outcome.status == "TESTED":
                told.append(f"not proved: {of}: {outcome.note}")
        told += [f"wrote {path}" for _, path in self.reports if path not in self.unwritten]
        wrong = [*self._uncovered(), *self.unwritten.values()]
        if told or wrong:
            terminalreporter.section("trustcurve")
        for line in told:
            terminalreporter.write_line(line)
        for line in wrong:
            terminalreporter.write_line(line, red=True, bold=True)


def _report(text: str) -> tuple[str, Path]:
    form, _, path = text.partition(":")
    if form not in FORMS:
        raise pytest.UsageError(
            f"--trustcurve-report {text}: must be html or json, with a file or without: html:build/proofs.html"
        )
    return form, Path(path or f"trustcurve-report.{form}")


def _journey(path: Path) -> dict[str, object]:
    """Read a saved journey; on which curve it fits is seen where it is used."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise pytest.UsageError(f"--trustcurve-replay {path}: {error}") from None
    if not isinstance(plain, dict) or plain.get("kind") != "journey":
        raise pytest.UsageError(f"--trustcurve-replay {path}: is no saved journey")
    return plain
