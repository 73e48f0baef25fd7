"""``trustcurve check`` and ``trustcurve diff``, as users see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Trustcurve
from trustcurve import Curve

pytestmark = pytest.mark.usefixtures("shop")

PITCH = """\
[[rules]]
name = "pitch"
when = { stage = "distrust", account = "clear" }
do = "propose"
"""
FUNNEL = '[policy]\nname = "funnel"\n' + PITCH + '[[rules]]\nname = "ask"\ndo = "ask"\n'
GENTLE = '[policy]\nname = "gentle"\n[[rules]]\nwhen = { account = ["slip", "breach"] }\ndo = "repair"\n'


@pytest.fixture(autouse=True)
def files(shop: Path) -> None:
    """Write two policies and two curves."""
    (shop / "funnel.toml").write_text(FUNNEL, encoding="utf-8")
    (shop / "gentle.toml").write_text(GENTLE, encoding="utf-8")
    (shop / "old.toml").write_text(Curve.default().to_toml(), encoding="utf-8")
    (shop / "new.toml").write_text(Curve.default(hopeful_lost_at=4).to_toml(), encoding="utf-8")


def verdicts(out: str) -> dict[str, str]:
    """Read the table of verdicts."""
    rows = [line.split("│") for line in out.splitlines() if line.startswith("│")]
    return {row[2].strip(): row[1].strip() for row in rows if row[1].strip()}


def test_the_curve_itself_is_proved(trustcurve: Trustcurve) -> None:
    said = trustcurve("check")
    assert said.code == 0
    assert len(verdicts(said.out)) == 11
    assert set(verdicts(said.out).values()) == {"PROVED"}


def test_a_policy_is_refuted_with_a_journey(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "funnel.toml", "-p", "recovery_comes_first", "-p", "quiet_period(4, 4)")
    assert said.code == 1
    assert verdicts(said.out) == {"recovery_comes_first": "REFUTED", "quiet_period(4, 4)": "PROVED"}
    asked = "turn 1: the company asks (policy row: ask) -> distrust.competitive"
    assert any(line.strip().startswith(asked) for line in said.lines)
    assert "the nearest that passes:" in said.out


def test_several_policies_are_checked_in_turn(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "gentle.toml", "funnel.toml", "-p", "no_ask_on_open_account")
    assert said.code == 1
    assert said.out.index("Policy gentle") < said.out.index("Policy funnel")


def test_what_is_saved_can_be_explained(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "funnel.toml", "-p", "repair_within(1)", "--save", "found")
    assert "wrote found/funnel-repair_within-1.json" in said.out
    told = trustcurve("explain", "found/funnel-repair_within-1.json")
    assert told.code == 0
    assert "Complained" in told.out
    assert "stands at distrust." in told.out


def test_a_limit_makes_it_unknown(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "gentle.toml", "-p", "recovery_comes_first", "--max-states", "3")
    assert said.code == 2
    assert "UNKNOWN" in said.out
    assert "max_states=3" in said.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check", "funnel.toml", "-p", "repair_wihtin(3)"], "did you mean 'repair_within(n)'"),
        (["check", "funnel.toml", "-p", "repair_within"], "takes n: for example repair_within(3)"),
        (["check", "m.toml"], "m.toml: the file log: unknown word"),
        (["check", "-p", "repair_within(3)"], "repair_within(3) is about a policy: give one"),
        (["diff", "funnel.toml", "old.toml"], "give two policies or two curves"),
    ],
)
def test_what_cannot_be_checked_is_told(trustcurve: Trustcurve, words: list[str], says: str) -> None:
    said = trustcurve(*words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_the_difference_of_two_policies(trustcurve: Trustcurve) -> None:
    said = trustcurve("diff", "funnel.toml", "gentle.toml")
    assert said.code == 1
    assert said.lines[0].startswith("they part in turn 1: propose becomes wait; in ")
    same = trustcurve("diff", "funnel.toml", "funnel.toml")
    assert (same.code, same.out) == (0, "no difference: whatever happens, both do the same\n")


def test_the_difference_of_two_curves(trustcurve: Trustcurve) -> None:
    said = trustcurve("diff", "old.toml", "new.toml")
    assert said.code == 1
    assert said.lines[0].startswith("hopeful becomes distrust.competitive")
    assert trustcurve("diff", "old.toml", "old.toml").code == 0
