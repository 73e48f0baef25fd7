"""The kit of the tests of the pytest plugin."""

from __future__ import annotations

import os

import pytest

from tests.testing.plugin_kit import Kit


@pytest.fixture
def kit(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Return a way to run pytest, with nothing of this run in its environment."""
    for name in [name for name in os.environ if name.startswith(("COV", "PYTEST", "TRUSTCURVE"))]:
        monkeypatch.delenv(name)
    return Kit(pytester)
