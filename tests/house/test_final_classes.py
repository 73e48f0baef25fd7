"""What is marked final refuses to be subclassed, by name."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import pytest

import trustcurve
from trustcurve.errors import FinalClassError


def final_classes() -> Iterator[type]:
    """Yield every class of the library that is marked final."""
    for found in walk_packages(trustcurve.__path__, "trustcurve."):
        if not found.name.endswith("__main__"):
            for value in vars(import_module(found.name)).values():
                if isinstance(value, type) and value.__module__ == found.name and vars(value).get("__final__"):
                    yield value


FINAL = tuple(final_classes())


def test_some_classes_are_final():
    assert {trustcurve.Curve, trustcurve.Step, trustcurve.Transition} <= set(FINAL)


@pytest.mark.parametrize("cls", FINAL)
def test_a_final_class_names_itself_when_it_is_subclassed(cls: type):
    with pytest.raises(FinalClassError, match=f"class 'Mine' cannot subclass {cls.__name__}, which is final"):
        type("Mine", (cls,), {})
