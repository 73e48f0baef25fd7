"""``trustcurve draw``, as users see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Trustcurve
from tests.core.test_own_curve import OURS
from tests.system import need_program
from trustcurve import Curve
from trustcurve.machine.diagrams import chart_of, dot_text, mermaid_text

pytestmark = pytest.mark.usefixtures("shop")
CHART = chart_of(Curve.default())


def test_without_more_words_it_is_mermaid(trustcurve: Trustcurve) -> None:
    said = trustcurve("draw")
    assert (said.code, said.out) == (0, mermaid_text(CHART))


@pytest.mark.parametrize(("name", "text"), [("curve.mmd", mermaid_text(CHART)), ("curve.DOT", dot_text(CHART))])
def test_the_ending_of_the_file_says_the_form(trustcurve: Trustcurve, name: str, text: str) -> None:
    assert trustcurve("draw", "--out", name).out == f"wrote {name}\n"
    assert Path(name).read_text(encoding="utf-8") == text


def test_a_form_that_is_named_wins(trustcurve: Trustcurve) -> None:
    trustcurve("draw", "--format", "dot", "--out", "curve.txt")
    assert Path("curve.txt").read_text(encoding="utf-8") == dot_text(CHART)


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_graphviz_draws_files(trustcurve: Trustcurve, form: str, begins: bytes) -> None:
    need_program("dot", "graphviz")
    assert trustcurve("draw", "-o", f"curve.{form}").code == 0
    assert Path(f"curve.{form}").read_bytes().startswith(begins)


def test_a_curve_of_ones_own(trustcurve: Trustcurve) -> None:
    Path("ours.toml").write_text(OURS, encoding="utf-8")
    assert '("loyal")' in trustcurve("draw", "--curve", "ours.toml").out


def test_a_customers_path(trustcurve: Trustcurve) -> None:
    said = trustcurve("draw", "log.csv", "-m", "m.toml", "--customer", "4711")
    assert said.code == 0
    assert '"1. 2026-03-01 proposition"' in said.out
    early = trustcurve("draw", "log.csv", "-m", "m.toml", "--customer", "4711", "--until", "2026-02-01")
    assert "1. 2026" not in early.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "curve.jpg"], "--out: the ending '.jpg' is unknown"),
        (["log.csv", "--customer", "4711"], "--mapping must be given; a path needs LOG, --mapping and --customer"),
        (["--until", "2026-01-01"], "LOG must be given; a path needs LOG, --mapping and --customer"),
        (["log.csv", "-m", "m.toml", "--customer", "nobody"], "customer 'nobody' is unknown"),
        (["--out", "nowhere/curve.mmd"], "No such file or directory: 'nowhere/curve.mmd'"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_sentence(trustcurve: Trustcurve, words: list[str], says: str) -> None:
    said = trustcurve("draw", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_without_graphviz_it_says_what_to_install(trustcurve: Trustcurve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    said = trustcurve("draw", "--out", "curve.svg")
    assert said.code == 2
    assert "apt-get install graphviz" in said.err
    assert not Path("curve.svg").exists()
