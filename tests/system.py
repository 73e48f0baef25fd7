"""What tests need of the machine: where it is missing they skip and say so, or fail where nothing may be missing."""

from __future__ import annotations

import os
import shutil

import pytest


def required() -> bool:
    """Whether a test may not skip for something that is missing on this machine."""
    return os.environ.get("TRUSTCURVE_REQUIRE_SYSTEM") == "1"


def need_program(name: str, package: str) -> None:
    """Skip the test where a program is missing, or fail it where nothing may be."""
    if shutil.which(name) is None:
        says = f"the program {name!r} is missing: install {package}"
        (pytest.fail if required() else pytest.skip)(says)
