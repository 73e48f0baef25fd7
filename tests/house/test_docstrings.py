"""Examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import trustcurve

MODULES = [info.name for info in pkgutil.walk_packages(trustcurve.__path__, "trustcurve.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name: str):
    done = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert done.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert found
