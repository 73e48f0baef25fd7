"""Storm loads what is written, and its answers are our verdicts. Skipped where Storm is not installed: pip install stormpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulation.worlds import ORDINARY, random_world, shipped
from tests.verification.model_pictures import assert_same, pictured, unrolled
from tests.verification.storm import (
    Question,
    agrees,
    answer,
    chain_questions,
    loaded,
    pictured_by_storm,
    process_questions,
)
from tests.verification.test_explicit_model import GOLDENS
from trustcurve import Curve
from trustcurve.policies import ANY, Environment
from trustcurve.verification import Status, check, export_model

pytest.importorskip("stormpy", reason="Storm is not installed: pip install stormpy")

QUIET = Environment(["purchase", "advocacy", "complaint", "kept"], keeps_promises=True, name="quiet")


def assert_agreed(curve: Curve, path: Path, questions: list[Question], **about: Any) -> set[Status]:
    """Check that Storm answers every question that we decide as we do, and return the verdicts that came up."""
    export_model(curve, path, **about)
    model = loaded(path)
    verdicts = check(curve, *(each.asked for each in questions), **about).verdicts
    for verdict, question in zip(verdicts, questions, strict=True):
        found = answer(model, question.query)
        assert agrees(verdict, found) is not False, f"{question.query}: Storm says {found}, we say {verdict}"
    return {verdict.status for verdict in verdicts}


@pytest.mark.parametrize("suffix", [".drn", ".prism"])
@pytest.mark.parametrize("name", [*GOLDENS, "once a turn", "likely"])
def test_storm_loads_exactly_what_was_unrolled(curve: Curve, name: str, suffix: str, tmp_path: Path):
    likely = {"environment": ORDINARY} if name == "likely" else {"environment": ANY, "once_a_turn": True}
    about: dict[str, Any] = GOLDENS.get(name) or {"policy": shipped("funnel"), **likely}
    export_model(curve, tmp_path / f"model{suffix}", **about)
    written = pictured_by_storm(loaded(tmp_path / f"model{suffix}"))
    assert_same(written, pictured(unrolled(curve, **{"once_a_turn": False, **about})))


@pytest.mark.parametrize(
    "name", ["funnel", "frequency_cap", "win_back", pytest.param("loyalty", marks=pytest.mark.slow), "solve_first"]
)
def test_storm_decides_as_we_do_with_one_move_in_a_turn(curve: Curve, name: str, tmp_path: Path):
    questions = process_questions(curve, once_a_turn=True)
    about = {"policy": shipped(name), "environment": ANY, "once_a_turn": True}
    assert assert_agreed(curve, tmp_path / "m.drn", questions, **about) == {Status.PROVED, Status.REFUTED}


@pytest.mark.parametrize(
    ("name", "environment"),
    [("funnel", ANY), ("frequency_cap", ANY), ("solve_first", QUIET)],
    ids=lambda of: getattr(of, "name", of),
)
def test_storm_decides_as_we_do_at_any_time(curve: Curve, name: str, environment: Environment, tmp_path: Path):
    questions = process_questions(curve, once_a_turn=False)
    about = {"policy": shipped(name), "environment": environment}
    assert assert_agreed(curve, tmp_path / "m.drn", questions, **about) == {Status.PROVED, Status.REFUTED}


@pytest.mark.parametrize("name", ["funnel", "frequency_cap", "win_back", "solve_first"])
def test_storm_computes_the_same_probabilities(curve: Curve, name: str, tmp_path: Path):
    about = {"policy": shipped(name), "environment": ORDINARY}
    assert Status.PROVED in assert_agreed(curve, tmp_path / "m.drn", chain_questions(curve), **about)


@pytest.mark.parametrize("seed", range(8))
def test_storm_agrees_on_random_policies(curve: Curve, seed: int, tmp_path: Path):
    policy, likely = random_world(seed)
    assert_agreed(curve, tmp_path / "chain.drn", chain_questions(curve), policy=policy, environment=likely)
    possible = Environment((move for move, p in likely.moves if p), keeps_promises=likely.keeps_promises)
    questions = process_questions(curve, once_a_turn=True)
    about = {"policy": policy, "environment": possible, "once_a_turn": True}
    assert_agreed(curve, tmp_path / "process.drn", questions, **about)
