"""Every door answers damaged inputs by a named error, or reads them; the first inputs of ``make fuzz``."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.house.programs import ROOT


def tool() -> ModuleType:
    """Load the tool, which is no package."""
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "tools" / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = made
    spec.loader.exec_module(made)
    return made


FUZZ = tool()
FEW = {"curve": 40, "log": 60}
"""How many inputs of slow doors are tried here; of the others 300."""


@pytest.mark.parametrize("name", FUZZ.DOORS)
def test_damaged_inputs_are_read_or_refused_by_name(name: str) -> None:
    door, corpus = FUZZ.DOORS[name], FUZZ.DOORS[name].corpus()
    assert corpus
    found = {number: FUZZ.problem(door, FUZZ.changed(corpus, name, number)) for number in range(FEW.get(name, 300))}
    assert {number: problem for number, problem in found.items() if problem is not None} == {}


@pytest.mark.parametrize("name", FUZZ.DOORS)
def test_the_inputs_that_others_are_made_from_are_read(name: str) -> None:
    door = FUZZ.DOORS[name]
    read = 0
    for data in door.corpus():
        try:
            door.read(data)
        except FUZZ.TrustcurveError:
            continue
        read += 1
    assert read > 0, "otherwise the changes try the first check alone"


def test_an_input_is_always_the_same() -> None:
    corpus = FUZZ.DOORS["policy"].corpus()
    assert FUZZ.changed(corpus, "policy", 7) == FUZZ.changed(corpus, "policy", 7)
    assert len({FUZZ.changed(corpus, "policy", number) for number in range(50)}) > 40


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("x"), SystemExit(1)])
def test_any_other_error_is_a_problem(error: BaseException) -> None:
    def read(_: bytes) -> Any:
        raise error

    assert type(error).__name__ in FUZZ.problem(FUZZ.Door(read, list, 1), b"")
