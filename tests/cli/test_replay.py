"""``trustcurve replay``: what it prints and writes, and its exit codes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import LOG, MAPPING, Trustcurve
from trustcurve import Curve
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import curve_toml


@pytest.mark.usefixtures("shop")
def test_it_says_where_customers_stand_what_made_them_fall_and_what_could_not_be_used(trustcurve: Trustcurve) -> None:
    said = trustcurve("replay", "log.csv", "--mapping", "m.toml")
    assert (said.code, said.err) == (1, "")
    first, *lines = said.lines
    assert re.fullmatch(r"2 customers, in \d+\.\d s", first)
    assert lines[:26] == [
        "13 rows: 8 used, 2 ignored, 3 broken",
        "10 events: 8 applied, 1 duplicate dropped, 1 rejected",
        "states as of 2026-03-09 08:00 UTC; 99% of the events happened by 2026-03-09",
        "no rule makes Exchanged, so no customer can become customer_centric or advocate",
        "Where customers stand",
        "state customers share rose into fell into rose from fell from",
        "advocate 0 0.0% 0 0 0 0",
        "customer_centric 0 0.0% 0 0 0 0",
        "hopeful 1 50.0% 2 0 0 1",
        "distrust.suspicious 0 0.0% 0 0 2 0",
        "distrust.competitive 1 50.0% 0 1 0 0",
        "distrust.adversarial 0 0.0% 0 0 0 0",
        "departed 0 0.0% 0 0 0 0",
        "What became of promises",
        "rule made kept broken broke by date then late moved released open overdue",
        "order 2 1 0 1 1 0 0 0 0",
        "What made them fall",
        "falls customers rule because",
        "1 1 broken_major.betrays breaking a major promise erases earned trust and must be repaired",
        "2 of 2 customers were ever across the barrier: 50.0% of them still are, 0.0% are engaged",
        "given 1 time, asked 1 time: 1.00 given for each ask",
        "Who is kept, and what was given and asked",
        "month (UTC) customers ever across still across engaged given asked",
        "2026-03 2 2 50.0% 0.0% 1 1",
        "What could not be used",
        "rows reason row numbers first of them",
    ]
    rejects = " ".join(lines[26:])
    assert "1 no customer 10 customer is empty" in rejects
    assert "1 no rule matches 12 event=parcle" in rejects
    assert "1 unknown promise 11 PromiseKept: customer '0815' has no open promise 'A7'" in rejects
    assert "1 unreadable time 9 column 'time' has '2026-03-10 25:00'" in rejects


def test_it_answers_with_zero_where_every_row_could_be_used(trustcurve: Trustcurve, shop: Path) -> None:
    said = trustcurve("replay", shop / "clean.csv", "-m", shop / "m.toml")
    assert (said.code, said.err) == (0, "")
    assert "6 rows: 5 used, 1 ignored" in said.lines
    assert "What could not be used" not in said.lines


def test_rejects_may_be_allowed(trustcurve: Trustcurve, shop: Path) -> None:
    said = trustcurve("replay", "log.csv", "-m", "m.toml", "--allow-rejects")
    assert said.code == 0
    assert "What could not be used" in said.lines
    assert shop.is_dir()


@pytest.mark.parametrize(
    ("until", "seen", "events"),
    [
        ("2026-03-04", "2026-03-04 22:59", "10 events: 6 applied, 4 after --until"),
        ("2026-03-04T12:00", "2026-03-04 11:00", "10 events: 6 applied, 4 after --until"),
        ("2026-03-04T08:00Z", "2026-03-04 08:00", "10 events: 6 applied, 4 after --until"),
        ("2026-03-04T07:59Z", "2026-03-04 07:59", "10 events: 5 applied, 5 after --until"),
        ("2020-01-01", "2020-01-01 22:59", "10 events: 0 applied, 10 after --until"),
        ("2030-01-01", "2030-01-01 22:59", "10 events: 8 applied, 1 duplicate dropped, 1 rejected"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_until_is_a_time_or_the_end_of_a_day(trustcurve: Trustcurve, until: str, seen: str, events: str) -> None:
    said = trustcurve("replay", "log.csv", "-m", "m.toml", "--until", until)
    assert said.code == 1
    assert said.lines[1:3] == ["13 rows: 8 used, 2 ignored, 3 broken", events]
    assert said.lines[3].partition(";")[0] == f"states as of {seen} UTC"


@pytest.mark.usefixtures("shop")
def test_nobody_fell(trustcurve: Trustcurve) -> None:
    assert "No customer fell." in trustcurve("replay", "clean.csv", "-m", "m.toml", "--until", "2026-03-02").lines


@pytest.mark.usefixtures("shop")
def test_outcomes_are_told_by_baselines_and_by_what_the_curve_knows(trustcurve: Trustcurve) -> None:
    said = trustcurve("replay", "log.csv", "-m", "m.toml", "--outcome", "stars", "--allow-rejects")
    start = said.lines.index("stars by what was known just before: all customers")
    assert said.lines[start + 1 : start + 14] == [
        "known just before count customers mean 95% interval",
        "baseline: all outcomes 2 2 3.00 -22.41 to 28.41",
        "baseline: last promise none yet 1 1 5.00",
        "baseline: last promise broken 1 1 1.00",
        "baseline: 0 kept, 0 broken 1 1 5.00",
        "baseline: 0 kept, 1 broken 1 1 1.00",
        "hopeful 1 1 5.00",
        "distrust.competitive 1 1 1.00",
        "hopeful, 1 open, 0 overdue 1 1 5.00",
        "distrust.competitive, 0 open, 1 overdue 1 1 1.00",
        "hopeful (kept 0, engaged 0, doubt 2, account due) 1 1 5.00",
        "distrust.competitive (kept 0, engaged 0, doubt 4, account breach) 1 1 1.00",
        "No stars of customers with two or more promises by then.",
    ]


RARE = """
[[outcomes]]
name = "buys again"
when = { event = "order" }
followed_by = "Purchased"
within = { days = 30 }

[[outcomes]]
name = "gone"
when = { event = "order" }
not_followed_by = ["Purchased", "Exchanged"]
within = { days = 400 }
"""


@pytest.mark.usefixtures("shop")
def test_yes_and_no_are_told_in_per_cent_and_unfinished_periods_are_counted(trustcurve: Trustcurve) -> None:
    rows = "".join(f"{n},2026-01-01 09:00,c{n},order,{n},2026-01-05,\n" for n in range(200))
    rows += "200,2026-01-09 09:00,c7,order,again,2026-01-15,\n201,2026-06-01 09:00,c8,letter,,,\n"
    Path("rare.csv").write_text(LOG.splitlines()[0] + "\n" + rows, encoding="utf-8")
    Path("rare.toml").write_text(MAPPING + RARE, encoding="utf-8")
    said = trustcurve("replay", "rare.csv", "-m", "rare.toml", "-o", "found", "--format", "csv")
    assert (said.code, said.err) == (0, "")
    assert "baseline: all outcomes 201 200 0.50% 0.09% to 2.79%" in said.lines
    assert "gone: 201 left out, because the period after them was not over" in said.lines
    assert "No gone of all customers." in said.lines
    assert said.lines[-2:] == ["wrote found/outcomes.csv", "wrote found/outcome_shares.csv"]
    with Path("found", "outcomes.csv").open(encoding="utf-8", newline="") as file:
        yes = [row for row in csv.DictReader(file) if row["value"] == "1.0"]
    assert [(row["name"], row["row"], row["customer"], row["state"]) for row in yes] == [
        ("buys again", "8", "c7", "distrust.suspicious")
    ]


@pytest.mark.usefixtures("shop")
def test_of_many_groups_the_largest_are_told_in_their_order(trustcurve: Trustcurve) -> None:
    rows = []
    for letters in range(9):
        for customer in range(letters, 40, 4):
            name = f"c{letters}-{customer}"
            rows += [f"{name}/{n},2026-01-{n + 1:02} 09:00,{name},letter,,," for n in range(letters)]
            rows += [f"{name}/o,2026-02-01 09:00,{name},order,{name},2026-02-05,"] if customer % 3 else []
            rows += [f"{name}/d,2026-02-02 08:00,{name},delivered,{name},,"] if customer % 3 == 1 else []
            rows += [f"{name}/i,2026-02-02 09:00,{name},invoice,,,{customer % 5}"]
    Path("many.csv").write_text("\n".join([LOG.splitlines()[0], *rows, ""]), encoding="utf-8")
    said = trustcurve("replay", "many.csv", "-m", "m.toml", "--outcome", "stars", "-o", "found", "--format", "csv")
    assert (said.code, said.err) == (0, "")
    every = pl.read_csv("found/outcome_shares.csv")
    positions = every.filter(pl.col("known_by") == "position", pl.col("whose") == "all")
    assert positions.height > 8
    largest = sorted(positions["count"], reverse=True)[:8]
    told = [line for line in said.lines if "(kept " in line]
    assert sorted((int(line.partition(") ")[2].split()[0]) for line in told), reverse=True) == largest
    places = [positions["group"].to_list().index(line.partition(")")[0] + ")") for line in told]
    assert places == sorted(places)
    hidden = sum(max(0, n - 8) for n in every.group_by("known_by").len()["len"])
    assert f"and {hidden} smaller groups; --out writes all of them" in said.lines


@pytest.mark.usefixtures("shop")
def test_outcomes_of_the_mapping_are_told_unless_others_are_chosen(trustcurve: Trustcurve) -> None:
    Path("both.toml").write_text(MAPPING + RARE, encoding="utf-8")
    titles = re.compile(r"(?:No )?(.*?) (?:of|by what was known just before:) all customers\.?")

    def told(*options: str) -> list[str]:
        said = trustcurve("replay", "clean.csv", "-m", "both.toml", *options)
        assert (said.code, said.err) == (0, "")
        return [found[1] for line in said.lines if (found := titles.fullmatch(line))]

    assert told() == ["buys again", "gone"]
    assert told("--outcome", "gone", "--outcome", "stars") == ["gone", "stars"]


@pytest.mark.usefixtures("shop")
def test_an_outcome_can_have_a_time_of_its_own(trustcurve: Trustcurve) -> None:
    Path("wide.csv").write_text(
        "time,customer,event,order,promised,came,rated,stars\n"
        "2026-03-01,ann,wide,A,2026-03-05,2026-03-20,2026-03-25,1\n"
        "2026-03-01,bob,wide,B,2026-03-05,2026-03-03,2026-03-25,5\n",
        encoding="utf-8",
    )
    wide = '[[rules]]\nwhen = { event = "wide" }\n[[rules.events]]\nevent = "PromiseMade"\npromise = "{order}"\n'
    wide += 'due = "promised"\n[[rules.events]]\nevent = "PromiseKept"\npromise = "{order}"\nat = "came"\n'
    Path("wide.toml").write_text(MAPPING.partition("id =")[0] + wide, encoding="utf-8")
    command = ["replay", "wide.csv", "-m", "wide.toml", "--outcome", "stars"]
    early, late = trustcurve(*command), trustcurve(*command, "--outcome-at", "rated")
    assert "distrust.suspicious 2 2 3.00 -22.41 to 28.41" in early.lines
    assert (
        "outcome 'stars' is compared with what was known at 'time', before all events of its row, although events have "
        "times of their own ('came'): if it was known later, name the column of its time with --outcome-at"
    ) in early.lines
    assert {"hopeful 1 1 5.00", "distrust.competitive 1 1 1.00"} <= {*late.lines}
    assert "--outcome-at" not in late.out
    said = trustcurve("replay", "wide.csv", "-m", "wide.toml", "--outcome-at", "rated")
    assert (said.code, said.err[:45]) == (2, "trustcurve: outcome_at needs an outcome that ")


@pytest.mark.usefixtures("shop")
def test_an_outcome_that_nobody_has(trustcurve: Trustcurve) -> None:
    said = trustcurve("replay", "clean.csv", "-m", "m.toml", "--outcome", "stars", "--until", "2026-03-02")
    assert (said.code, "No stars of all customers." in said.lines) == (0, True)


@pytest.mark.usefixtures("shop")
def test_unreadable_outcomes_are_rejects(trustcurve: Trustcurve) -> None:
    said = trustcurve("replay", "clean.csv", "-m", "m.toml", "--outcome", "event", "--until", "2026-03-31")
    assert said.code == 1
    assert "6 rows: 5 used, 1 ignored" in said.lines
    assert any(line.startswith("6 unreadable outcome 1, 2, 3, 4, 5, ... ") for line in said.lines)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_out_writes_six_files(trustcurve: Trustcurve, shop: Path, form: str) -> None:
    said = trustcurve("replay", "log.csv", "-m", "m.toml", "-o", "new/found", "--format", form, "--allow-rejects")
    names = ("standings", "observed", "transitions", "rejects", "promises", "relations")
    assert said.lines[-6:] == [f"wrote new/found/{name}.{form}" for name in names]
    folder = shop / "new" / "found"
    assert {path.name for path in folder.iterdir()} == {f"{name}.{form}" for name in names}
    read = pl.read_parquet if form == "parquet" else pl.read_csv
    assert read(folder / f"rejects.{form}")["row"].to_list() == [9, 10, 11, 12]
    assert read(folder / f"transitions.{form}")["row"].to_list() == [1, 3, None]


@pytest.mark.usefixtures("shop")
def test_a_curve_of_ones_own_is_used(trustcurve: Trustcurve) -> None:
    Path("mine.toml").write_text(curve_toml(Curve.default(broken_major_doubt=9)), encoding="utf-8")
    said = trustcurve("replay", "clean.csv", "-m", "m.toml", "--curve", "mine.toml")
    assert "distrust.adversarial 1 50.0% 0 1 0 0" in said.lines


def test_an_empty_log_is_no_error(trustcurve: Trustcurve, shop: Path) -> None:
    (shop / "empty.csv").write_text(LOG.splitlines()[0] + "\n", encoding="utf-8")
    said = trustcurve("replay", "empty.csv", "-m", "m.toml")
    assert (said.code, said.err) == (0, "")
    assert said.lines[0].startswith("0 customers, in ")
    assert said.lines[1] == "0 rows: 0 used"


def test_a_table_in_a_pipe_is_140_wide_at_most(trustcurve: Trustcurve, shop: Path) -> None:
    (shop / "long.csv").write_text(LOG + f"99,2026-03-14,x,{'long word ' * 40},,,\n", encoding="utf-8")
    said = trustcurve("replay", "long.csv", "-m", "m.toml")
    assert 100 < max(map(len, said.out.splitlines())) <= 140


DEPARTURE = """
[[rules]]
name = "departure.at_{n}"
signal = "departure"
when = {{ doubt = {n} }}
set = {{ stage = "departed" }}
because = "the customer left"
"""
LEAVING = """
[[rules]]
when = { event = "slip" }
[[rules.events]]
event = "PromiseBroken"
promise = "{row}"
weight = "minor"

[[rules]]
when = { event = "leave" }
[[rules.events]]
event = "Departed"
"""


def test_rules_that_are_not_shown_are_counted(trustcurve: Trustcurve, shop: Path) -> None:
    """Eleven customers leave with a doubt from 2 to 12, and each doubt has a rule of its own."""
    rows = [
        f"{n}-{k},2026-03-{k:02} 09:00,{n},{'slip' if k < n else 'leave'},,,"
        for n in range(1, 12)
        for k in range(1, n + 1)
    ]
    (shop / "leave.csv").write_text("\n".join([LOG.splitlines()[0], *rows, ""]), encoding="utf-8")
    (shop / "leave.toml").write_text(MAPPING + LEAVING, encoding="utf-8")
    head, comma, tail = default_toml().partition('[[rules]]\nname = "departure.leaves"')
    departures = "".join(DEPARTURE.format(n=n) for n in range(2, 13))
    (shop / "mine.toml").write_text(head + departures + comma + tail, encoding="utf-8")
    said = trustcurve("replay", "leave.csv", "-m", "leave.toml", "-c", "mine.toml")
    assert (said.code, said.err) == (0, "")
    assert "and 4 falls by 4 other rules; --out writes all of them" in said.lines


def test_months_and_cohorts_are_drawn_and_the_last_ones_printed(trustcurve: Trustcurve, shop: Path) -> None:
    rows = "".join(f"{n},2025-{n:02}-03 09:00,0815,letter,,,\n" for n in range(1, 13))
    (shop / "year.csv").write_text("row,time,customer,event,order,promised,stars\n" + rows, encoding="utf-8")
    said = trustcurve("replay", "year.csv", "-m", "m.toml", "--png", "figures")
    assert said.lines[-1] == "wrote figures/relations.png"
    assert (shop / "figures" / "relations.png").read_bytes().startswith(b"\x89PNG")
    months = [line.split()[0] for line in said.lines if line.startswith("2025-")]
    assert months == ["2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12"]


def test_what_is_written_as_csv_is_one_line_a_row(trustcurve: Trustcurve, shop: Path) -> None:
    trustcurve("replay", "log.csv", "-m", "m.toml", "-o", ".", "--format", "csv")
    for name, as_of in (("standings", "2026-03-05T08:00:00.000000Z"), ("observed", "2026-03-09T08:00:00.000000Z")):
        with (shop / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = {row["customer"]: row for row in csv.DictReader(file)}
        assert rows["0815"]["state"] == "distrust.competitive"
        assert rows["4711"]["as_of"] == as_of


def test_a_look_long_after_nearly_all_events_is_said(trustcurve: Trustcurve, shop: Path) -> None:
    (shop / "far.csv").write_text(LOG + "13,2062-03-13 10:00,4711,letter,,,\n", encoding="utf-8")
    said = trustcurve("replay", "far.csv", "-m", "m.toml")
    warning = (
        "1 of 11 events lie after 2026-03-09; every customer is observed on 2062-03-13, at the last event: see --until"
    )
    assert said.lines[3:5] == [
        "states as of 2062-03-13 09:00 UTC; 99% of the events happened by 2062-03-13",
        warning,
    ]


@pytest.mark.usefixtures("shop")
def test_it_is_always_said_how_far_the_end_lies_after_nearly_all_events(trustcurve: Trustcurve) -> None:
    said = trustcurve("replay", "clean.csv", "-m", "m.toml", "--until", "2026-09-30")
    assert "states as of 2026-09-30 21:59 UTC; 99% of the events happened by 2026-03-09" in said.lines
    said = trustcurve("replay", "clean.csv", "-m", "m.toml", "--until", "2020-01-01")
    assert "states as of 2020-01-01 22:59 UTC" in said.lines


THREAD = """\
row,time,customer,event,order
1,2026-03-02 09:00,ann,question,T1
2,2026-03-02 10:00,ann,reply,T1
3,2026-03-02 11:00,ann,reply,T1
3,2026-03-02 11:00,ann,left,T1
4,2026-03-03 09:00,ann,left,T1
5,2026-03-04 09:00,ann,bought,T1
6,2026-03-05 09:00,bob,question,T2
"""
TICKETS = """
[log]
customer = "customer"
time = "time"
timezone = "UTC"
id = "row"

[[rules]]
name = "question"
when = { event = "question" }
[[rules.events]]
event = "PromiseMade"
promise = "{order}"
due = { after = { hours = 4 } }

[[rules]]
name = "reply"
when = { event = "reply" }
[[rules.events]]
event = "Exchanged"
[[rules.events]]
event = "PromiseKept"
promise = "{order}"
if_open = true

[[rules]]
name = "left"
when = { event = "left" }
[[rules.events]]
event = "Departed"

[[rules]]
when = { event = "bought" }
[[rules.events]]
event = "Purchased"
"""


@pytest.mark.usefixtures("shop")
def test_what_misleads_is_said_without_being_asked(trustcurve: Trustcurve) -> None:
    Path("thread.csv").write_text(THREAD, encoding="utf-8")
    Path("tickets.toml").write_text(TICKETS, encoding="utf-8")
    said = trustcurve("replay", "thread.csv", "-m", "tickets.toml", "--allow-rejects")
    assert (said.code, said.err) == (0, "")
    assert said.lines[1:9] == [
        "7 rows: 7 used",
        "9 events: 7 applied, 1 skipped, 1 conflict dropped",
        "skipped, because no such promise was open: 1 by rule 'reply'",
        "states as of 2026-03-05 09:00 UTC; 99% of the events happened by 2026-03-05",
        "no rule makes Advocated, so no customer can become advocate",
        (
            "1 customer departs and later has Purchased, but stays departed: if that means that they are back, "
            "make Returned before it in the same rule"
        ),
        (
            "1 event has the id of an earlier event of the customer and other content, and is dropped: if these are no "
            "repetitions, let id in [log] name more columns"
        ),
        "Where customers stand",
    ]
    start = said.lines.index("What became of promises")
    assert said.lines[start + 1 : start + 3] == [
        "rule made kept broken broke by date then late moved released open overdue",
        "question 2 1 0 0 0 0 0 1 0",
    ]


@pytest.mark.usefixtures("shop")
def test_promises_of_several_rules_are_added_up(trustcurve: Trustcurve) -> None:
    Path("slip.toml").write_text(MAPPING + LEAVING, encoding="utf-8")
    Path("slip.csv").write_text(LOG + "14,2026-03-12 10:00,0815,slip,,,\n", encoding="utf-8")
    said = trustcurve("replay", "slip.csv", "-m", "slip.toml", "--allow-rejects")
    start = said.lines.index("What became of promises")
    assert said.lines[start + 2 : start + 5] == [
        "order 2 1 0 1 1 0 0 0 0",
        "number 6 0 0 1 0 0 0 0 0 0",
        "all 2 1 1 1 1 0 0 0 0",
    ]


def test_a_new_month_of_the_log_goes_on_where_the_last_one_ended(trustcurve: Trustcurve, shop: Path) -> None:
    lines = (shop / "log.csv").read_text(encoding="utf-8").splitlines()
    (shop / "first.csv").write_text("\n".join(lines[:6]) + "\n", encoding="utf-8")
    (shop / "rest.csv").write_text("\n".join([lines[0], *lines[6:]]) + "\n", encoding="utf-8")
    options = ("-m", shop / "m.toml", "--allow-rejects", "--resumable")
    assert trustcurve("replay", shop / "log.csv", *options, "-o", shop / "whole").code == 0
    assert trustcurve("replay", shop / "first.csv", *options, "-o", shop / "part").code == 0
    said = trustcurve("replay", shop / "rest.csv", *options, "--continue", shop / "part", "-o", shop / "part")
    assert (said.code, said.err) == (0, "")
    whole, part = (pl.read_parquet(shop / name / "standings.parquet") for name in ("whole", "part"))
    assert whole.sort("customer").equals(part.sort("customer"))


def test_a_folder_that_no_run_can_continue_is_an_error(trustcurve: Trustcurve, shop: Path) -> None:
    said = trustcurve("replay", shop / "log.csv", "-m", shop / "m.toml", "--continue", shop)
    assert (said.code, said.out) == (2, "")
    assert "must have run.parquet: write it with --out and --resumable, as Parquet" in " ".join(said.err.split())
    said = trustcurve("replay", shop / "log.csv", "-m", shop / "m.toml", "--resumable")
    assert (said.code, said.out) == (2, "")
    assert "--resumable needs --out" in " ".join(said.err.split())
