"""Every door answers damaged inputs by a named error, or reads them; the first inputs of ``make fuzz``."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import strategies as st

from tools import fuzz
from trustcurve import TrustcurveError

FEW = {"curve": 40, "log": 60, "property": 8}
"""How many inputs of slow doors are tried here, and as many drawn ones; of the others a block of each."""

SLOW_IS_SLOW = [
    pytest.param(door, marks=pytest.mark.slow) if door in {"curve", "property", "scenario", "log"} else door
    for door in fuzz.DOORS
]


@pytest.mark.parametrize("name", SLOW_IS_SLOW)
def test_damaged_inputs_are_read_or_refused_by_name(name: str) -> None:
    few = FEW.get(name, fuzz.BLOCK)
    tried = [*fuzz.inputs(name, 0, few), *fuzz.inputs(name, fuzz.BLOCK, fuzz.BLOCK + few)]
    assert len(tried) == 2 * few
    found = {number: fuzz.problem(fuzz.DOORS[name], data) for number, data in tried}
    assert {number: problem for number, problem in found.items() if problem is not None} == {}


@pytest.mark.parametrize("name", fuzz.DOORS)
def test_the_inputs_that_others_are_made_from_are_read(name: str) -> None:
    door = fuzz.DOORS[name]
    read = 0
    for data in door.corpus():
        try:
            door.read(data)
        except TrustcurveError:
            continue
        read += 1
    assert read > 0, "otherwise the changes try the first check alone"


@pytest.mark.parametrize("first", [7, pytest.param(fuzz.BLOCK, marks=pytest.mark.slow)])
def test_an_input_is_always_the_same(first: int) -> None:
    inputs = dict(fuzz.inputs("policy", first, first + 50))
    assert list(inputs) == list(range(first, first + 50))
    assert inputs == dict(fuzz.inputs("policy", first, first + 50))
    assert dict(fuzz.inputs("policy", first + 9, first + 10)) == {first + 9: inputs[first + 9]}
    assert len(set(inputs.values())) > 40


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("x"), SystemExit(1)])
def test_any_other_error_is_a_problem(error: BaseException) -> None:
    def read(_: bytes) -> Any:
        raise error

    assert type(error).__name__ in str(fuzz.problem(door(read), b""))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux")
def test_much_memory_is_a_problem() -> None:
    assert " MB" in str(fuzz.problem(door(lambda data: data * 2 * fuzz.MEMORY_BYTES), b"x"))
    assert fuzz.problem(door(lambda data: data * (fuzz.MEMORY_BYTES // 10)), b"x") is None


def door(read: Any) -> fuzz.Door:
    return fuzz.Door(read, list, st.binary, 1)
