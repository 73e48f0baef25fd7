"""The pytest entry point: it has the options, and loads nothing of trustcurve until a test run uses the kit.

It is outside the package: pytest imports it in everyone's test runs.
"""

from __future__ import annotations

import sys
from typing import Any

_KIT = "trustcurve.testing"


def pytest_addoption(parser: Any) -> None:
    """Add the options; each begins with --trustcurve."""
    group = parser.getgroup("trustcurve", "trustcurve: proofs and journeys of customers")
    group.addoption(
        "--trustcurve-states-max",
        metavar="N",
        type=int,
        help="The most states that a proof under @holds explores; what is then undecided is tested by examples. Default: 200000.",
    )
    group.addoption(
        "--trustcurve-report",
        metavar="html|json[:FILE]",
        action="append",
        help="Write the result of every property under @holds, with the journeys that refute it; can be repeated. "
        "Default file: trustcurve-report.html or .json.",
    )
    group.addoption(
        "--trustcurve-cov",
        action="store_true",
        help="Print at the end how many positions and transitions of each curve the journeys and proofs covered.",
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
        help="Test a saved journey only: in place of journeys that are drawn, with services, and with the policies of @holds.",
    )


def pytest_configure(config: Any) -> None:
    """Register the loader; load the plugin at once if an option needs it or the kit is loaded already."""
    loader = Loader(config)
    config.pluginmanager.register(loader, "trustcurve-loader")
    options = (value for name, value in vars(config.option).items() if name.startswith("trustcurve_"))
    if _KIT in sys.modules or any(value not in (None, False, []) for value in options):
        loader.load()


class Loader:
    """Loads the plugin once a test run uses the kit."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.plugin: Any = None

    def load(self) -> Any:
        """Return the plugin, loaded once."""
        if self.plugin is None:
            try:
                from trustcurve.testing.pytest_plugin import Plugin  # noqa: PLC0415 - only test runs that use it pay
            except ImportError as error:
                from pytest import UsageError  # noqa: PLC0415, PT013 - loaded anyway, but not for one name

                raise UsageError(str(error)) from None
            self.plugin = Plugin(self.config)
            self.config.pluginmanager.register(self.plugin, "trustcurve-plugin")
        return self.plugin

    def pytest_collection_finish(self) -> None:
        """Load the plugin if a test module imported the kit."""
        if _KIT in sys.modules:
            self.load()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Pass on the results of properties; with pytest-xdist they come from another process."""
        if report.when == "call":
            for key, value in report.user_properties:
                if key == "trustcurve":
                    self.load().add(report.nodeid, value)
