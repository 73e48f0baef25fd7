"""The example policies: what their pages say of them is what is proved today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from tools.docs_outputs import Block, PageRun, blocks
from tools.policy_pages import CURVE, FOLDER, NAMES, ON_THE_LAST_DAY, PROPERTIES, policy, renewed, report
from trustcurve.policies import KEEPS_PROMISES, parse_policy
from trustcurve.policies.decision_list import DecisionList
from trustcurve.verification import Counterexample, Report, check

PAGES = sorted(FOLDER.glob("*.md"))
IN_TIME = 15.0
SOONER = ("promise_due = 6", "promise_due = 3")
EARLIER = ("kept = { at_least = 2 }", "kept = { at_least = 1 }")
TO_EVERYONE = ('when = { stage = "departed", account', "when = { account")
STRAIGHT_UP = ('stage = "hopeful", kept = 0', 'stage = "hopeful", kept = { at_most = 2 }')


def text(name: str, *changes: tuple[str, str], top: str = "", end: str = "") -> str:
    """Return the file of a policy, changed."""
    told = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert told.count(old) == 1, old
        told = told.replace(old, new)
    head, rows = told.split("[[rules]]", 1)
    return f"{head}{top}[[rules]]{rows}{end}"


def without(name: str, row: str) -> str:
    """Return the file of a policy, one row less."""
    head, *rows = text(name).split("[[rules]]\n")
    left = [each for each in rows if f'name = "{row}"' not in each]
    assert len(left) == len(rows) - 1
    return "[[rules]]\n".join([head, *left])


def advised(name: str) -> list[str]:
    """Return the rows that a page advises, as TOML."""
    return [f"{block.source}\n" for block in blocks(FOLDER / f"{name}.md") if block.language == "toml"]


def refuted(found: Report) -> set[str]:
    """Name what is refuted; nothing may be unknown."""
    assert not found.unknown
    return {verdict.name.partition("(")[0] for verdict in found.refuted}


def refuted_of(told: str) -> set[str]:
    """Name what is refuted of a policy given as text."""
    return refuted(check(CURVE, *PROPERTIES, policy=parse_policy(told), once_a_turn=True))


def test_each_policy_has_a_page_and_a_line_on_the_overview():
    files = {path.stem for path in FOLDER.glob("*.toml")}
    assert files == set(NAMES) == {path.stem for path in PAGES} - {"README"}
    overview = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}.md)" in overview for name in NAMES)


_SLOW = {"README": pytest.mark.slow}


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=_SLOW.get(path.stem, ())) for path in PAGES], ids=[path.stem for path in PAGES]
)
def test_verdicts_and_journeys_on_the_pages_are_those_of_today(path: Path):
    assert renewed(path) == path.read_text(encoding="utf-8"), "run python tools/policy_pages.py"


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_decided_in_time(name: str):
    found = report(name)
    assert not found.unknown
    assert sum(verdict.seconds for verdict in found.verdicts) < IN_TIME


@pytest.mark.parametrize("name", NAMES)
def test_each_journey_ends_on_the_pure_ledger_where_the_proof_says(name: str):
    for verdict in report(name).verdicts:
        if verdict.counterexample is not None:
            assert isinstance(verdict.counterexample, Counterexample)
            end = verdict.counterexample.passages[-1].after.position
            assert verdict.counterexample.journey.standing.position == CURVE.table().positions[end]


def test_solve_first_is_proved_and_the_funnel_is_not():
    assert report("solve_first").proved
    assert len(refuted(report("funnel"))) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_keeping_all_promises_changes_no_verdict(name: str):
    one, other = report(name), report(name, KEEPS_PROMISES)
    assert [verdict.status for verdict in one.verdicts] == [verdict.status for verdict in other.verdicts]


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_a_page_tells_every_row_in_order(name: str):
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([^|]+?) \|", page.partition("| row | customers |")[2].partition("\n\n")[0], re.MULTILINE)
    rules = policy(name).decide
    assert isinstance(rules, DecisionList)
    assert told[1:] == [rule.name for rule in rules.rules]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_python_on_the_pages_prints_what_they_say(path: Path):
    with chdir(FOLDER.parents[1]):
        run = PageRun()
        for block in to_run(path):
            run.block(block)
        run.nothing_unsaid()


def to_run(path: Path) -> Iterator[Block]:
    """Return the blocks of Python, and the text right after each."""
    before = ""
    for block in blocks(path):
        if block.language == "python" or (block.language == "text" and before == "python"):
            yield block
        before = block.language


# --- what the pages advise ------------------------------------------------------------------------


def test_funnel_a_row_that_makes_good_mends_two():
    _, make_good = advised("frequency_cap")[0].strip().split("\n\n")
    left = refuted_of(text("funnel", top=f"{make_good}\n\n"))
    assert left == refuted(report("funnel")) - {"recovery_comes_first", "repair_within"}


def test_frequency_cap_three_rows_and_a_condition_leave_what_needs_a_promise():
    mail = ('name = "mail"\n', 'name = "mail"\nwhen = { account = "clear", engaged = { at_least = 1 } }\n')
    top, end = advised("frequency_cap")
    assert refuted_of(text("frequency_cap", mail, top=f"{top}\n", end=f"\n{end}")) == {
        "way_back",
        "can_make_advocates",
    }


def test_win_back_amends_and_gifts_for_those_who_stay_mend_what_they_should():
    assert refuted_of(text("win_back", TO_EVERYONE)) == {"nobody_forgotten", "way_back", "can_make_advocates"}
    assert refuted_of(text("win_back", TO_EVERYONE, end="\n" + advised("win_back")[0])) == {
        "way_back",
        "can_make_advocates",
    }


def test_loyalty_is_mended_in_three_steps():
    old = '[[rules]]\nname = "reminder"\nwhen = { times = { ask = { within = 3, at_most = 0 } } }\ndo = "ask"\n'
    on_credit = (old, advised("loyalty")[0])
    assert refuted_of(text("loyalty", on_credit)) == {"no_flapping"}
    kind = check(
        CURVE,
        *PROPERTIES,
        policy=parse_policy(text("loyalty", on_credit)),
        environment=ON_THE_LAST_DAY,
        once_a_turn=True,
    )
    assert kind["can_make_advocates"]
    assert refuted_of(text("loyalty", on_credit, EARLIER, SOONER)) == set()
    assert refuted_of(text("loyalty", SOONER)) == refuted(report("loyalty")) - {"no_flapping"}


def rows_that_carry_the_proof() -> list[tuple[str, set[str]]]:
    """Read the table on the page of solve first."""
    page = (FOLDER / "solve_first.md").read_text(encoding="utf-8").partition("| removed row |")[2]
    rows = re.findall(r"^\| ([a-z ]+) \| (`.+?`) \| ", page, re.MULTILINE)
    return [(row, {name.partition("(")[0] for name in re.findall(r"`(.+?)`", names)}) for row, names in rows]


def test_solve_first_the_page_tells_which_rows_carry_the_proof():
    rules = policy("solve_first").decide
    assert isinstance(rules, DecisionList)
    told = dict(rows_that_carry_the_proof())
    assert {rule.name for rule in rules.rules} - set(told) == {"leave in peace", "say thanks", "ask", "prove it"}
    for rule in rules.rules:
        assert refuted_of(without("solve_first", rule.name)) == told.get(rule.name, set()), rule.name
    assert refuted_of(text("solve_first", STRAIGHT_UP)) == {"no_flapping"}


def test_solve_first_the_shortest_way_to_the_top_takes_as_long_as_the_page_says():
    way = report("solve_first")["can_make_advocates"].witness
    assert way is not None
    assert len(way) == 13
    assert "takes 13 months" in (FOLDER / "solve_first.md").read_text(encoding="utf-8")
