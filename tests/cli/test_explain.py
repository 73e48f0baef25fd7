"""``trustcurve explain``: one customer's story."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import LOG, MAPPING, Trustcurve

pytestmark = pytest.mark.usefixtures("shop")

STORY = """\
2026-03-03 08:00 UTC  the company makes major promise 'A2', due 2026-03-06 22:59 UTC (row 3)
  rose: distrust.suspicious -> hopeful
  because a major promise is a hopeful proposition: it carries a suspicious customer across the barrier
  account clear -> due
2026-03-03 08:00 UTC  the customer buys (row 3)
  stays hopeful
  because while something is owed, another sale changes nothing
2026-03-06 22:59 UTC  promise 'A2' was not kept by its date
  fell: hopeful -> distrust.competitive
  because breaking a major promise erases earned trust and must be repaired; doubt is now too high to stay hopeful
  doubt 2 -> 4, account due -> breach
2026-03-09 08:00 UTC  the company keeps promise 'A2' (row 7)
  kept too late to count, but no longer owed
row 11 could not be used: PromiseKept: customer '0815' has no open promise 'A7'; record PromiseMade first, or give its weight

stands at distrust.competitive (kept 0, engaged 0, doubt 4, account breach) as of 2026-03-09 08:00 UTC
nothing is due
3 rows: 3 used
4 events: 3 applied, 1 rejected
"""


def test_a_story_is_told_step_by_step(trustcurve: Trustcurve) -> None:
    said = trustcurve("explain", "log.csv", "--mapping", "m.toml", "--customer", "0815")
    assert (said.code, said.err) == (0, "")
    assert said.out == STORY


def test_a_story_ends_at_until_with_what_is_due_next(trustcurve: Trustcurve) -> None:
    said = trustcurve("explain", "log.csv", "-m", "m.toml", "--customer", "0815", "--until", "2026-03-05")
    assert said.out.splitlines()[-4:] == [
        "stands at hopeful (kept 0, engaged 0, doubt 2, account due) as of 2026-03-05 22:59 UTC",
        "next due at 2026-03-06 23:00 UTC",
        "3 rows: 3 used",
        "4 events: 2 applied, 2 after --until",
    ]
    assert "was not kept" not in said.out


def test_what_the_clock_did_at_the_end_is_told(trustcurve: Trustcurve) -> None:
    said = trustcurve("explain", "log.csv", "-m", "m.toml", "--customer", "4711", "--until", "2026-12-31")
    assert "2026-06-02 08:00 UTC  a whole quiet period passed\n" in said.out


def test_a_customer_all_of_whose_rows_are_broken(trustcurve: Trustcurve) -> None:
    said = trustcurve("explain", "log.csv", "-m", "m.toml", "--customer", "0816")
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines() == [
        "row 12 could not be used: no rule matches: event=parcle",
        "",
        "no event of customer '0816' was applied",
        "1 row: 0 used, 1 broken",
    ]


@pytest.mark.parametrize("customer", ["[red]x[/red]", "[/x]", "a\\[b"])
def test_brackets_are_words(trustcurve: Trustcurve, customer: str) -> None:
    log = LOG.splitlines()[0] + f"\n1,2026-03-01 09:00,{customer},order,[/b] {customer},,\n"
    Path("odd.csv").write_text(log + f"2,2026-03-01 09:00,{customer},[/i],,,\n", encoding="utf-8")
    said = trustcurve("explain", "odd.csv", "-m", "m.toml", "--customer", customer)
    assert (said.code, said.err) == (0, "")
    assert f"the company makes major promise {f'[/b] {customer}'!r}" in said.out
    assert "no rule matches: event=[/i]" in said.out


def test_channel_and_note_are_told(trustcurve: Trustcurve) -> None:
    Path("noted.toml").write_text(MAPPING.replace('by = "company"', 'by = "company"\nchannel = "mail"\nnote = "{row}"'))
    said = trustcurve("explain", "log.csv", "-m", "noted.toml", "--customer", "4711")
    assert "the company asks [mail] [5] (row 5)\n" in said.out


def test_lines_are_not_broken(trustcurve: Trustcurve) -> None:
    said = trustcurve("explain", "log.csv", "-m", "m.toml", "--customer", "0815")
    assert max(map(len, said.out.splitlines())) > 120


def test_an_unknown_customer_is_told_in_one_sentence(trustcurve: Trustcurve) -> None:
    said = trustcurve("explain", "log.csv", "-m", "m.toml", "--customer", "815")
    assert (said.code, said.out) == (2, "")
    assert said.err == "trustcurve: customer '815' is unknown; did you mean '0815'?\n"


def test_a_customer_of_whom_nothing_was_applied(trustcurve: Trustcurve) -> None:
    said = trustcurve("explain", "log.csv", "-m", "m.toml", "--customer", "0815", "--until", "2026-03-01")
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines() == [
        "no event of customer '0815' was applied",
        "3 rows: 3 used",
        "4 events: 0 applied, 4 after --until",
    ]


def test_a_conflict_names_the_row_that_used_the_id(trustcurve: Trustcurve) -> None:
    log = "1,2026-03-01 09:00,4711,order,A,,\n1,2026-03-02 09:00,4711,order,A,,\n"
    Path("odd.csv").write_text(LOG.splitlines()[0] + "\n" + log, encoding="utf-8")
    said = trustcurve("explain", "odd.csv", "-m", "m.toml", "--customer", "4711")
    assert "row 2 could not be used: conflict: row 1 used id '1' with another at\n" in said.out
    assert said.out.splitlines()[-1] == "4 events: 2 applied, 2 conflicts dropped"


def test_a_customer_whose_rows_mean_nothing_is_told(trustcurve: Trustcurve) -> None:
    log = "1,2026-03-01 09:00,4711,invoice,,,\n2,2026-03-02 09:00,4711,invoice,,,\n"
    Path("odd.csv").write_text(LOG.splitlines()[0] + "\n" + log, encoding="utf-8")
    said = trustcurve("explain", "odd.csv", "-m", "m.toml", "--customer", "4711")
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines() == ["no event of customer '4711' was applied", "2 rows: 0 used, 2 ignored"]
