"""What became of promises: counted alike by columns, one event after the other, and once more in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.batch.test_columns import same
from tests.logs.helpers import CURVE, UTC_LOG, Row, at, replay, replay_file, rule, write
from trustcurve import Curve, Event
from trustcurve.core.replay import history
from trustcurve.logs import LogReplay, parse_mapping, replay_customer, scan_log
from trustcurve.logs.log_replay import ENGINES, Engine
from trustcurve.logs.mapper import map_log
from trustcurve.logs.outputs import frames_of
from trustcurve.logs.promise_counter import PromiseCounter, total_promises
from trustcurve.records import PromiseRecord

ID = 'promise = "{p}"'
RULES = [
    rule('{ event = "order" }', f'PromiseMade {ID}; due = "due"', "Purchased", name="order"),
    rule('{ event = "call" }', f'PromiseMade {ID}; due = {{ after = {{ days = 2 }} }}; weight = "minor"', name="call"),
    rule('{ event = "kept" }', f"PromiseKept {ID}", "Exchanged", name="kept"),
    rule('{ event = "came" }', f'PromiseKept {ID}; weight = "minor"', name="came"),
    rule('{ event = "lost" }', f'PromiseBroken {ID}; weight = "major"', name="lost"),
    rule('{ event = "moved" }', f'PromiseMoved {ID}; due = "due"', name="moved"),
    rule('{ event = "freed" }', f"PromiseReleased {ID}", name="freed"),
    rule('{ event = "reply" }', f"PromiseKept {ID}; if_open = true", "Exchanged", name="reply"),
    rule('{ event = "let" }', f"PromiseReleased {ID}; if_open = true", name="let"),
    rule('{ event = "both" }', f'PromiseMade {ID}; due = "due"', f'PromiseKept {ID}; at = "due"', name="both"),
]
MAPPING = UTC_LOG + 'id = "id"\n' + "".join(RULES)
WORDS = ["order", "call", "kept", "came", "lost", "moved", "freed", "reply", "let", "both"]

LOG = """
customer | time       | event | p | due        | id
ann      | 2026-01-01 | order | a | 2026-01-05 |
ann      | 2026-01-02 | order | b | 2026-01-05 |
ann      | 2026-01-03 | order | c | 2026-01-05 |
ann      | 2026-01-03 | order | d | 2026-01-05 |
ann      | 2026-01-03 | order | e |            |
ann      | 2026-01-04 | moved | b | 2026-01-08 |
ann      | 2026-01-04 | moved | b | 2026-01-09 |
ann      | 2026-01-05 | reply | a |            |
ann      | 2026-01-06 | reply | a |            |
ann      | 2026-01-07 | kept  | c |            |
ann      | 2026-01-07 | freed | d |            |
ann      | 2026-01-08 | order | c | 2026-01-20 |
ann      | 2026-01-08 | kept  | c |            |
ann      | 2026-01-07 | lost  | b |            |
bob      | 2026-01-01 | call  | a |            |
bob      | 2026-01-02 | call  | b |            |
bob      | 2026-01-06 | came  | z |            |
bob      | 2026-01-07 | let   | z |            |
bob      | 2026-01-08 | call  | c |            |
cyd      | 2026-01-08 | kept  | q |            |
odd      | 2026-01-05 | order | a | 2026-01-01 |
odd      | 2026-01-06 | let   | z |            |
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_each_promise_counts_for_the_rule_that_made_it(tmp_path: Path, engine: Engine) -> None:
    done = replay(tmp_path, LOG, MAPPING, engine=engine)
    assert done.promises == (
        PromiseRecord("order", made=6, kept=2, broken=1, broke_by_date=2, late=1, moved=2, released=1, open=1),
        PromiseRecord("call", made=3, broke_by_date=2, open=1, overdue=2),
        PromiseRecord("came", kept=1),
    )
    assert done.skipped == (("reply", 1), ("let", 2))
    assert frames_of(done)["promises"].rows(named=True) == [asdict(each) for each in done.promises]
    assert total_promises(done.promises) == PromiseRecord(
        None, made=9, kept=3, broken=1, broke_by_date=4, late=1, moved=2, released=1, open=2, overdue=2
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("until", "open_", "overdue"),
    [("2026-01-05", 1, 0), ("2026-01-05 00:00:00.000001", 0, 1), ("2026-01-07 00:00:00.000001", 0, 1)],
)
def test_a_promise_breaks_after_its_date_and_the_grace(
    tmp_path: Path, engine: Engine, until: str, open_: int, overdue: int
) -> None:
    log = "customer|time|event|p|due|id\nann|2026-01-01|order|a|2026-01-05|\nann|2026-02-01|kept|a||\n"
    (found,) = replay(tmp_path, log, MAPPING, until=at(until), engine=engine).promises
    assert (found.open, found.overdue, found.broke_by_date, found.late) == (open_, overdue, overdue, 0)
    patient = Curve.default(grace=timedelta(days=2))
    (found,) = replay(tmp_path, log, MAPPING, patient, until=at(until), engine=engine).promises
    assert found.overdue == (until > "2026-01-07")


def test_promises_made_before_the_log_have_no_rule(tmp_path: Path) -> None:
    rows = "customer|time|event|p|due|id\nann|2026-02-01|kept|a||\nann|2026-02-02|order|f||\nann|2026-02-03|freed|b||\n"
    before = replay(tmp_path, LOG.replace("cyd ", "ann "), MAPPING, until=at("2026-01-03")).standings["ann"]
    mapping = parse_mapping(MAPPING)
    mapped = map_log(scan_log(write(tmp_path, _table(rows))), mapping)
    own = replay_customer(scan_log(tmp_path / "log.csv"), mapping, CURVE, "ann").history.fates
    counter = PromiseCounter(mapping, mapped.events)
    counter.add_history(history(CURVE, "ann", [each.logged for each in own], before, used={}))
    assert counter.records() == (
        PromiseRecord(None, broke_by_date=4, late=1, released=1, open=1, overdue=2),
        PromiseRecord("order", made=1, open=1),
    )


def _table(text: str) -> list[Row]:
    heading, *lines = [line.split("|") for line in text.strip().splitlines()]
    return [dict(zip(heading, line, strict=True)) for line in lines]


DAYS = [f"2026-01-{day:02}" for day in range(1, 29)]
rows = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["ann", "ann", "bob"]),
        "time": st.sampled_from([*DAYS, "2026-01-03 12:00", "soon"]),
        "event": st.sampled_from(WORDS),
        "p": st.sampled_from("aab"),
        "due": st.sampled_from(["", *DAYS]),
        "id": st.sampled_from(["", "", "", "", "1", "2"]),
    }
)
curves = st.sampled_from([CURVE, Curve.default(grace=timedelta(days=3))])
untils = st.sampled_from([None, at("2026-01-10"), at("2026-03-01")])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, min_size=1, max_size=16), curves, untils)
def test_both_engines_and_plain_python_count_alike(
    tmp_path: Path, log: list[Row], curve: Curve, until: datetime | None
) -> None:
    path = write(tmp_path, log)
    one, other = (replay_file(path, MAPPING, curve, until=until, engine=engine) for engine in ENGINES)
    same(one, other)
    assert one.promises == _counted(path, log, curve, one)
    books = one.tables.columns
    event(f"decided by columns: {books is not None and books.decided.any()}")
    total = total_promises(one.promises)
    never_made = sum(each.kept + each.broken for each in one.promises if each.rule in ("came", "lost"))
    ended = total.kept + total.broken + total.late + total.released + total.open + total.overdue
    assert total.made + never_made == ended
    assert total.late + total.overdue <= total.broke_by_date <= total.late + total.overdue + total.released


def _counted(path: Path, log: list[Row], curve: Curve, done: LogReplay) -> tuple[PromiseRecord, ...]:
    """Count once more: what was applied, promise by promise, each with a list of what happened to it."""
    counts: Counter[tuple[str, str]] = Counter()
    end = done.until
    for customer in done.standings:
        found = replay_customer(scan_log(path), parse_mapping(MAPPING), curve, customer, until=end)
        stories: dict[str, list[tuple[Any, str]]] = {}
        for each in found.applied:
            if hasattr(each.logged.event, "promise"):
                name = log[(each.logged.row or 0) - 1]["event"]
                stories.setdefault(each.logged.event.promise, []).append((each.logged.event, name))
        assert end is not None
        for story in stories.values():
            _add_story(counts, story, curve.grace, end)
    return tuple(
        PromiseRecord(name, **{word: n for (whose, word), n in counts.items() if whose == name})
        for name in WORDS
        if any(whose == name for whose, _ in counts)
    )


def _add_story(
    counts: Counter[tuple[str, str]], story: list[tuple[Event, str]], grace: timedelta, end: datetime
) -> None:
    maker, breaks, is_open = "", None, False
    for happening, name in [*story, (None, "")]:
        now = end if happening is None else happening.at
        overdue = is_open and breaks is not None and breaks < now
        kind = type(happening).__name__.removeprefix("Promise").lower()
        counts[maker, "broke_by_date"] += overdue
        if happening is None:
            counts[maker, "overdue" if overdue else "open"] += is_open
            break
        maker = maker if is_open else name
        counts[maker, "late" if overdue and kind in ("kept", "broken") else kind] += 1
        is_open = kind in ("made", "moved")
        due = getattr(happening, "due", None)
        breaks = None if due is None else due + grace
    for key in [key for key, n in counts.items() if not n]:
        del counts[key]
