"""Pictures of the curve: the arrows are the curve's, the files are always the same, and nothing lies over anything."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from itertools import combinations
from pathlib import Path

import pytest

from tests.core.stories import customer_centric, day
from tests.core.test_own_curve import OURS
from tests.system import need_program
from trustcurve import Curve, Event, OneSided, PromiseMade, Proposed, Transition
from trustcurve.documents.curve_file import parse_curve, read_curve
from trustcurve.machine.diagrams import Chart, chart_of, dot_text, mermaid_text, render
from trustcurve.machine.diagrams.chart import EVERYONE, shortened
from trustcurve.machine.machine_errors import DrawingError, MissingProgramError

CURVE = Curve.default()
GOLDEN = Path(__file__).parent / "golden"
BETRAYED: list[Event] = [
    *customer_centric(),
    PromiseMade(at=day(1), promise="p", due=day(3)),
    *(OneSided(at=day(20 + n), by="company") for n in range(5)),
    Proposed(at=day(40)),
]


def transitions(events: list[Event]) -> tuple[Transition, ...]:
    return CURVE.journey(events, customer="ann", until=day(400)).transitions


PATH = transitions(BETRAYED)
CHARTS = {"default": chart_of(CURVE), "path": chart_of(CURVE, PATH), "ours": chart_of(parse_curve(OURS))}


def arrows(chart: Chart) -> dict[tuple[str, str], list[str]]:
    return {(arrow.source, arrow.target): list(map(str, arrow.labels)) for arrow in chart.arrows}


def test_the_arrows_say_when_in_words() -> None:
    assert arrows(CHARTS["default"]) == {
        ("distrust.suspicious", "hopeful"): ["proposition [account clear]", "promise_made [account clear]"],
        ("hopeful", "customer_centric"): ["[kept at least 1, engaged at least 3, felt doubt at most 1]"],
        ("customer_centric", "advocate"): ["advocacy [kept at least 3, engaged at least 3, felt doubt 0]"],
        **{
            (high, low): [
                "silence [account clear, engaged 0; or account not clear, engaged at most 1]",
                f"[felt doubt at least {lost_at}]",
            ]
            for high, low, lost_at in [
                ("hopeful", "distrust", 5),
                ("customer_centric", "hopeful", 4),
                ("advocate", "customer_centric", 3),
            ]
        },
        ("distrust.suspicious", "distrust.competitive"): ["[felt doubt above 3]"],
        ("distrust.competitive", "distrust.suspicious"): ["[felt doubt at most 3]"],
        ("distrust.competitive", "distrust.adversarial"): ["[felt doubt above 7]"],
        ("distrust.adversarial", "distrust.competitive"): ["[felt doubt at most 7]"],
        (EVERYONE, "departed"): ["departure"],
        ("departed", "distrust"): ["return"],
    }
    assert [(a.source, a.kind) for a in CHARTS["default"].arrows if a.crosses] == [("distrust.suspicious", "rise")]


@pytest.mark.parametrize("name", ["default", "ours"])
def test_the_arrows_are_those_of_the_table_and_no_others(name: str) -> None:
    """Every change of state goes along arrows, and along every arrow some change of state goes."""
    curve = CURVE if name == "default" else parse_curve(OURS)
    stages = {stage.name: set(stage.states) for stage in curve.stages} | {state: {state} for state in curve.states}
    stages[EVERYONE] = {state for stage in curve.stages if not stage.apart for state in stage.states}
    direct = {
        (source, target)
        for arrow in CHARTS[name].arrows
        for source in stages[arrow.source]
        for target in stages[arrow.target]
        if source != target
    }
    steps = {(r.state_before, r.state_after) for row in curve.table().reactions for r in row if r.change}
    along = set(direct)
    for _ in curve.states:
        along |= {(a, d) for a, b in along for c, d in direct if b == c and a != d}
    assert steps <= along
    for arrow in CHARTS[name].arrows:
        ends = {(a, b) for a in stages[arrow.source] for b in stages[arrow.target]}
        assert ends & steps, (arrow.source, arrow.target)


def test_parameters_change_what_is_said() -> None:
    strict = arrows(chart_of(Curve.default(hopeful_lost_at=6, suspicious_max=2)))
    assert strict["hopeful", "distrust"][-1] == "[felt doubt at least 6]"
    assert ("distrust.suspicious", "distrust.competitive") in strict


# --- paths ----------------------------------------------------------------------------------------


def test_a_path_numbers_and_dates_its_transitions() -> None:
    chart = CHARTS["path"]
    told = sorted((line for hop in chart.hops for line in hop.lines), key=lambda line: int(line.partition(".")[0]))
    assert told == [f"{n}. {move.at:%Y-%m-%d} {move.reaction.signal}" for n, move in enumerate(PATH, start=1)]
    assert (chart.start, chart.end) == (PATH[0].before, PATH[-1].after)
    assert {hop.source for hop in chart.hops} <= chart.visited


def test_an_empty_path_ends_where_strangers_begin() -> None:
    chart = chart_of(CURVE, [])
    assert (chart.start, chart.end, chart.hops) == ("distrust.suspicious", "distrust.suspicious", ())
    assert f"class {chart.ids['distrust.suspicious']} last" in mermaid_text(chart)


def test_long_lists_are_shortened_in_the_middle() -> None:
    lines = tuple(f"{n}. day" for n in range(1, 21))
    assert shortened(lines[:6]) == lines[:6]
    assert shortened(lines) == ("1. day", "2. day", "3. day", "... 14 more ...", "18. day", "19. day", "20. day")


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize(("ending", "text"), [("mmd", mermaid_text), ("dot", dot_text)])
def test_the_texts_are_as_we_looked_at_them(name: str, ending: str, text: object) -> None:
    """After a change: look at the picture, then store it with ``python -m tests.machine.test_diagrams``."""
    assert callable(text)
    assert text(CHARTS[name]) == (GOLDEN / f"{name}.{ending}").read_text(encoding="utf-8")


def test_another_process_writes_the_same() -> None:
    program = "from trustcurve import Curve; from trustcurve.machine.diagrams import *; c = chart_of(Curve.default())\n"
    program += "print(mermaid_text(c) + dot_text(c), end='')"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        assert done.stdout.decode() == mermaid_text(CHARTS["default"]) + dot_text(CHARTS["default"])


def renamed(name: str, old: str = "advocate") -> Curve:
    """Give a stage of the default curve another name."""
    document = CURVE.to_plain()
    document["curve"]["name"] = name
    next(stage for stage in document["stages"] if stage["name"] == old)["name"] = name
    for rule in (*document["rules"], *document["settling"]):
        for table in ("when", "set"):
            if rule.get(table, {}).get("stage") == old:
                rule[table]["stage"] = name
    return read_curve(document)


ODD = [
    "fan\\",
    "<b>fan</b>",
    "a:b",
    "begin",
    "barrier",
    "the barrier",
    "`*bold*` _x_",
    'a "friend" #1; end',
    "fän & co",
    "s1",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_drawn_as_they_are(name: str) -> None:
    need_program("dot", "graphviz")
    chart = chart_of(renamed(name))
    written = [unescape(text).strip() for text, *_ in words(render(chart, "svg").decode())]
    assert written.count(name) == (2 if name == "the barrier" else 1)
    shown_by_mermaid = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), mermaid_text(chart))
    assert f'{chart.ids[name]}("{name}")' in shown_by_mermaid
    assert not re.search(
        r"[`<>&*\\](?!br/)", mermaid_text(chart).replace("<br/>", "").replace("-->", "").replace(".->", "")
    )


def test_names_that_look_alike_stay_apart() -> None:
    chart = chart_of(renamed("distrust!", "hopeful"))
    assert len(set(chart.ids.values())) == len(chart.ids)


def test_labels_say_if_an_earlier_rule_takes_some() -> None:
    document = CURVE.to_plain()
    place = next(n for n, rule in enumerate(document["rules"]) if rule["name"] == "advocacy.begins")
    row = {"name": "advocacy.shy", "signal": "advocacy", "when": {"account": "clear", "engaged": 4}, "because": "shy"}
    document["rules"].insert(place, row)
    told = arrows(chart_of(read_curve(document)))["customer_centric", "advocate"]
    assert told == ["advocacy [kept at least 3, engaged at least 3, felt doubt 0, unless an earlier rule applies]"]


def test_a_label_is_otherwise_where_no_single_counter_decides() -> None:
    document = CURVE.to_plain()
    for rule in document["rules"]:
        if rule["name"] == "silence.wears":
            rule["when"] = {"account": "clear", "engaged": {"at_least": 1}, "kept": {"at_least": 1}}
    assert arrows(chart_of(read_curve(document)))["hopeful", "distrust"][0] == "silence [otherwise]"


def test_an_arrow_between_two_stages_apart_is_drawn() -> None:
    document = CURVE.to_plain()
    document["stages"].insert(0, {"name": "banned", "outside": True, "apart": True})
    document["signals"]["ban"] = {"by": "company"}
    document["rules"].append({"name": "ban.ends", "signal": "ban", "set": {"stage": "banned"}, "because": "it is over"})
    drawn = arrows(chart_of(read_curve(document)))
    assert drawn["banned", "departed"] == ["departure"]
    assert drawn[EVERYONE, "departed"] == ["departure"]
    assert drawn[EVERYONE, "banned"] == ["ban"]


def test_a_failure_of_graphviz_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(DrawingError, match="cannot draw this as svg"):
        render(CHARTS["default"], "svg")


@pytest.mark.parametrize("name", CHARTS)
def test_graphviz_draws_it(name: str) -> None:
    need_program("dot", "graphviz")
    drawn = render(CHARTS[name], "svg")
    assert drawn == render(CHARTS[name], "svg")
    assert b"the barrier" in drawn
    assert render(CHARTS[name], "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("name", CHARTS)
def test_no_labels_overlap(name: str) -> None:
    need_program("dot", "graphviz")
    boxes = list(words(render(CHARTS[name], "svg").decode()))
    assert len(boxes) > 10
    for (text, *one), (other, *two) in combinations(boxes, 2):
        assert not overlap(one, two), f"{text!r} lies over {other!r}"


def words(svg: str) -> list[tuple[str, float, float, float, float]]:
    """Return each line of text in a picture and its box: left, top, right, bottom."""
    found = []
    for anchor, x, y, size, text in re.findall(
        r'<text text-anchor="(\w+)" x="([-.\d]+)" y="([-.\d]+)" [^>]*?font-size="([.\d]+)"[^>]*>([^<]*)<', svg
    ):
        width = 0.5 * float(size) * len(unescape(text).strip())  # letters of Helvetica are half as wide as high
        left = float(x) - {"start": 0, "middle": width / 2, "end": width}[anchor]
        found.append((text, left, float(y) - 0.7 * float(size), left + width, float(y)))
    return found


def overlap(one: list[float], two: list[float]) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def test_without_graphviz_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        MissingProgramError, match=r"program 'dot' of Graphviz is needed to draw svg, .* apt-get install graphviz"
    ):
        render(CHARTS["default"], "svg")
    assert dot_text(CHARTS["default"])


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each, drawing in CHARTS.items():
        (GOLDEN / f"{each}.mmd").write_text(mermaid_text(drawing), encoding="utf-8")
        (GOLDEN / f"{each}.dot").write_text(dot_text(drawing), encoding="utf-8")
