"""Examples in docstrings do what they say, and every function on the API page has one."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from inspect import getdoc, isroutine

import pytest

import trustcurve
from tests.house.programs import ROOT

MODULES = [info.name for info in pkgutil.walk_packages(trustcurve.__path__, "trustcurve.")]
PAGE = ROOT / "docs" / "reference" / "api.md"


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name: str):
    done = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert done.failed == 0


def test_every_function_on_the_api_page_has_an_example():
    named = re.findall(r"^::: (\S+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    functions = [name for name in named if isroutine(pkgutil.resolve_name(name))]
    assert len(functions) > 20
    assert [name for name in functions if ">>>" not in (getdoc(pkgutil.resolve_name(name)) or "")] == []
