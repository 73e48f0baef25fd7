"""The pytest plugin's door: options, and nothing of trustcurve until a test run uses it.

A module of its own, outside the package: pytest loads it in everybody's test runs.
"""

from __future__ import annotations

import sys
from typing import Any

_KIT = "trustcurve.testing"


def pytest_addoption(parser: Any) -> None:
    """Add the options; each begins with --trustcurve."""
    group = parser.getgroup("trustcurve", "trustcurve: proofs and journeys of customers")
    group.addoption(
        "--trustcurve-max-states",
        metavar="N",
        type=int,
        help="The most states that a proof under @holds looks at; what is not decided then is tested by examples. 200000 if not given.",
    )
    group.addoption(
        "--trustcurve-report",
        metavar="html|json[:FILE]",
        action="append",
        help="Write what came of every property under @holds, with the journeys that refute it; as often as you like. "
        "To trustcurve-report.html or .json if no file is named.",
    )
    group.addoption(
        "--trustcurve-cov",
        action="store_true",
        help="Tell at the end how many positions and transitions of each curve the tests covered, by journeys and proofs.",
    )
    group.addoption(
        "--trustcurve-cov-fail-under",
        metavar="MIN",
        type=float,
        help="Fail if fewer than MIN percent of the positions of a curve are covered.",
    )
    group.addoption(
        "--trustcurve-replay",
        metavar="FILE",
        help="Test a saved journey and no others: in place of every journey that is drawn, of every service's, and with the policies of @holds.",
    )


def pytest_configure(config: Any) -> None:
    """Open the door; let the rest in at once where an option asks for it."""
    door = Door(config)
    config.pluginmanager.register(door, "trustcurve-door")
    if any(
        value not in (None, False, []) for name, value in vars(config.option).items() if name.startswith("trustcurve_")
    ):
        door.enter()


class Door:
    """Lets the plugin's body in once a test run turns out to use the kit."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.body: Any = None

    def enter(self) -> Any:
        """Load the body, once."""
        if self.body is None:
            try:
                from trustcurve.testing.plugin.body import Body  # noqa: PLC0415 - only who uses it pays for it
            except ImportError as error:
                from pytest import UsageError  # noqa: PLC0415, PT013 - loaded anyway, but not for the name's sake

                raise UsageError(str(error)) from None
            self.body = Body(self.config)
            self.config.pluginmanager.register(self.body, "trustcurve-body")
        return self.body

    def pytest_collection_finish(self) -> None:
        """Let the body in where a test module imported the kit."""
        if _KIT in sys.modules:
            self.enter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Hand on what came of a property; with pytest-xdist it comes from a process that we are not in."""
        if report.when == "call":
            for key, value in report.user_properties:
                if key == "trustcurve":
                    self.enter().add(report.nodeid, value)
