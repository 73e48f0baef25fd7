"""Pictures: the same each time, for few customers and for many, with segments and without."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from attrs import evolve
from matplotlib import get_backend, rc_context, rcParams
from matplotlib.image import imread

from tests.simulation.worlds import CURVE, ORDINARY, shipped
from trustcurve import Curve
from trustcurve.documents.curve_file import curve_toml, parse_curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment, policy
from trustcurve.report import draw_all, draw_flow, draw_occupancy, draw_side_by_side, draw_times
from trustcurve.report.canvas import FALL, RISE, state_colours
from trustcurve.simulation import (
    Arrivals,
    Run,
    Scenario,
    Segment,
    Solution,
    WordOfMouth,
    simulate,
    solve,
)

NAMES = ["occupancy.png", "flow.png", "times.png", "relations.png"]


def answers(customers: int, name: str = "solve_first", **more: object) -> tuple[Solution | None, Run]:
    """Answer to a scenario exactly, where that can be, and by a sample."""
    segments = more.pop("segments", Segment(policy=shipped(name), environment=ORDINARY))
    scenario = Scenario(segments=segments, turns=10, customers=customers, replications=2, name=name, **more)  # type: ignore[arg-type]
    return None if scenario.coupled_by else solve(scenario), simulate(scenario)


@pytest.mark.parametrize("customers", [3, 200_000])
def test_pictures_are_the_same_each_time(customers: int, tmp_path: Path):
    exact, run = answers(customers)
    one, other = (draw_all(tmp_path / side, [("it", exact, run)]) for side in ("one", "other"))
    assert [path.name for path in one] == NAMES
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert [imread(path).shape[:2] for path in one] == [*[(504, 1080)] * 3, (444, 1248)]


def test_two_scenarios_have_a_picture_side_by_side(tmp_path: Path):
    files = draw_all(tmp_path, [("old", *answers(50, "funnel")), ("new", *answers(50))])
    assert [path.name for path in files] == [
        *(side + name for side in ("old_", "new_") for name in NAMES),
        "side_by_side.png",
    ]
    assert imread(files[-1]).shape[1] == 1620


def test_each_segment_has_its_panel(tmp_path: Path):
    segments = tuple(
        Segment(name=name, share=0.5, policy=shipped(name), environment=ORDINARY) for name in ("funnel", "solve_first")
    )
    exact, run = answers(100, segments=segments)
    assert imread(draw_occupancy(tmp_path / "a.png", exact, run)).shape[0] == 1008
    assert imread(draw_flow(tmp_path / "b.png", exact)).shape[0] == 1008
    assert imread(draw_times(tmp_path / "c.png", exact)).shape[0] == 1008


def test_a_sample_alone_can_be_drawn(tmp_path: Path):
    exact, run = answers(40, "funnel", arrivals=Arrivals(each_turn=5), word_of_mouth=WordOfMouth())
    assert exact is None
    assert [path.name for path in draw_all(tmp_path, [("it", exact, run)])] == NAMES
    assert draw_side_by_side(tmp_path / "two.png", (exact, run), (exact, run)).exists()


def test_where_nobody_moves_the_picture_says_so(tmp_path: Path):
    wait = policy("wait")(lambda _: "wait")
    still = Segment(policy=wait, environment=Environment({"purchase": 0.5}))
    exact, run = answers(5, segments=still)
    assert len(draw_all(tmp_path, [("it", exact, run)])) == 4


@pytest.mark.parametrize(
    "more",
    [
        {"customers": 0, "arrivals": Arrivals(each_turn=2)},
        {
            "customers": 0,
            "arrivals": Arrivals(each_turn=1),
            "word_of_mouth": WordOfMouth(share_telling=1.0, lost_per_report=100),
        },
        {
            "customers": 2,
            "segments": tuple(
                Segment(name=str(share), share=share, policy=shipped("funnel"), environment=ORDINARY)
                for share in (0.0, 1.0)
            ),
        },
    ],
    ids=["nobody at first", "nobody in the end", "nobody in a segment"],
)
def test_where_nobody_is_there_is_a_picture_all_the_same(more: dict[str, object], tmp_path: Path):
    exact, run = answers(**more)  # type: ignore[arg-type]
    assert len(draw_all(tmp_path, [("it", exact, run)])) == 4
    for frame in (run.occupancy(), run.stages(), *([exact.occupancy()] if exact else [])):
        assert not frame["share"].is_nan().any()


def test_long_names_leave_room_for_what_is_drawn(tmp_path: Path):
    long = "whoever came to us because of what somebody said about our shop in the year before last, " * 2
    segments = tuple(
        Segment(name=f"{n} {long}", share=0.5, policy=shipped("funnel"), environment=ORDINARY) for n in (1, 2)
    )
    exact, run = answers(20, segments=segments)
    renamed = [(long, evolve(exact, scenario=evolve(exact.scenario, name=long)), run)] * 2 if exact else []
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # where titles take all the room, matplotlib warns
        files = draw_all(tmp_path, renamed)
    assert [imread(path).shape[1] for path in files] == [1080, 1080, 1080, 1248] * 2 + [1620]


def test_names_are_names_and_no_mathematics(tmp_path: Path):
    names = ("costs $5 or $6", r"$\frac{$ bad", "日本 🙂")
    segments = tuple(
        Segment(name=name, share=share, policy=shipped("funnel"), environment=ORDINARY)
        for name, share in zip(names, (0.5, 0.25, 0.25), strict=True)
    )
    exact, run = answers(20, segments=segments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(draw_all(tmp_path, [("it", exact, run)])) == 4


def test_a_single_step_of_newcomers_can_be_drawn(tmp_path: Path):
    one = Scenario(
        segments=Segment(policy=shipped("funnel"), environment=ORDINARY), turns=1, customers=0, arrivals=Arrivals(each_turn=3)
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(draw_all(tmp_path, [("it", solve(one), simulate(one))])) == 4


def test_without_an_answer_there_is_no_picture(tmp_path: Path):
    with pytest.raises(InvalidValueError, match="must be a Solution, unless a Run is given"):
        draw_flow(tmp_path / "x.png", None)


def test_nobodys_settings_change_a_picture(tmp_path: Path):
    drawn = [("it", *answers(3))]
    plain = draw_all(tmp_path / "plain", drawn)
    with rc_context({"text.usetex": True, "axes.facecolor": "black", "savefig.transparent": True, "font.size": 30}):
        odd = draw_all(tmp_path / "odd", drawn)
    assert [path.read_bytes() for path in odd] == [path.read_bytes() for path in plain]


def test_nobodys_settings_are_touched(tmp_path: Path):
    before, backend = dict(rcParams), get_backend()
    draw_all(tmp_path, [("it", *answers(3))])
    assert (dict(rcParams), get_backend()) == (before, backend)


@pytest.mark.parametrize(
    "curve", [CURVE, parse_curve(curve_toml(CURVE).replace('"adversarial"', '"hostile"'))], ids=["ours", "own"]
)
def test_every_state_has_a_colour_of_its_own_and_falls_have_theirs(curve: Curve):
    colours = state_colours(curve)
    assert sorted(colours) == sorted(curve.states)
    assert len(set(colours.values())) == len(colours)
    assert RISE != FALL
