"""Replays by columns equal replays of one event after the other: standings, transitions, looks, counts, relations."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from attrs import evolve
from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st

from tests.core.stories import day
from tests.core.strategies import BEGIN, DAY, events_at
from tests.logs.helpers import CURVE, UTC_LOG, replay, rule
from trustcurve import (
    Curve,
    Event,
    Exchanged,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
)
from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.batch import replay_frame
from trustcurve.core.curve import default_toml
from trustcurve.core.replay import LoggedEvent
from trustcurve.core.replay import replay as replay_one_by_one
from trustcurve.documents.curve_file import parse_curve
from trustcurve.logs import load_mapping, replay_log, scan_log
from trustcurve.logs.outputs import frames_of
from trustcurve.records import EVENTS, event_record, polars_frame

DATA = os.environ.get("TRUSTCURVE_DATA")
EXAMPLES = Path(__file__).parents[2] / "examples"
KINDS = st.sampled_from([Proposed, Exchanged, Purchased])

curves = st.builds(
    Curve.default,
    silence_after=st.sampled_from([timedelta(days=days) for days in (1, 7, 90)]),
    grace=st.sampled_from([timedelta(0), timedelta(days=2)]),
    waiting_periods=st.integers(0, 3),
)


@st.composite
def orderly(draw: st.DrawFn) -> list[Event]:
    """Draw the events of customers who never confuse their promises: whatever comes, none is refused."""
    made: list[Event] = []
    for customer in ("ann", "bob"):
        at, open_ = BEGIN, dict[str, bool]()
        for _ in range(draw(st.integers(0, 12))):
            at += draw(st.sampled_from([0, 0, 1, 3, 40, 400])) * DAY
            kind = draw(st.sampled_from(["make", "make", "close", "move", "alone", "other", "other"]))
            names = [name for name in "abc" if kind != "make" or name not in open_]
            known = [name for name in names if name in open_]
            due = draw(st.sampled_from([None, at, at + DAY, at + 9 * DAY, at + 200 * DAY]))
            if kind == "make" and names:
                name = draw(st.sampled_from(names))
                open_[name] = due is not None
                made.append(
                    PromiseMade(
                        at=at,
                        customer=customer,
                        promise=name,
                        due=due,
                        weight=draw(st.sampled_from(["major", "minor"])),
                    )
                )
            elif kind == "close" and known:
                name = draw(st.sampled_from(known))
                del open_[name]
                made.append(
                    draw(st.sampled_from([PromiseKept, PromiseReleased]))(at=at, customer=customer, promise=name)
                )
            elif kind == "move" and [name for name in known if not open_[name]]:
                name = draw(st.sampled_from([name for name in known if not open_[name]]))
                open_[name] = True
                made.append(PromiseMoved(at=at, customer=customer, promise=name, due=at + 5 * DAY))
            elif kind == "alone":
                made.append(PromiseKept(at=at, customer=customer, promise="never made", weight="minor"))
            else:
                drawn = draw(events_at(at))
                if drawn.signal is not None:
                    made.append(evolve(drawn, customer=customer, id=None))
    return made


def table(events: list[Event]) -> pl.DataFrame:
    return polars_frame(EVENTS, map(event_record, events))


@given(orderly(), curves, st.sampled_from([None, 0, 30, 500]))
def test_orderly_customers_are_decided_by_columns_and_alike(
    events: list[Event], curve: Curve, later: int | None
) -> None:
    until = None if later is None or not events else max(each.at for each in events) + later * DAY
    done = replay_frame(table(events), curve, until).replay()
    assert done == evolve(replay_one_by_one(events, {}, curve, until), used=None)
    if events:
        books = replay_frame(table(events), curve).columns.books
        assert not books.odd.any(), "no event is refused, so the columns decide"
        note(f"breaks: {min(len(books.book.broken), 3)}")


@given(st.integers(1, 40), st.integers(0, 3), st.sampled_from([0, 1]))
def test_silence_wears_as_long_as_it_lasts(periods: int, patience: int, extra: int) -> None:
    curve = Curve.default(silence_after=timedelta(days=1), waiting_periods=patience)
    path = ["proposition", *["exchange"] * 4, "kept_major", "kept_major", "kept_major", "exchange", "advocacy"]
    events: list[Event] = [Proposed(at=day(0), customer="ann")]
    events += [Exchanged(at=day(0), customer="ann") for _ in path]
    events.append(PromiseMade(at=day(0), customer="ann", promise="far", due=day(20)))
    events.append(Purchased(at=day(periods) + extra * timedelta(microseconds=1), customer="ann"))
    assert replay_frame(table(events), curve).replay() == evolve(replay_one_by_one(events, {}, curve), used=None)


FONDER = """[[rules]]
name = "silence.fonder"
signal = "silence"
when = { stage = "distrust", posture = "suspicious", account = "clear" }
set = { stage = "hopeful" }
because = "absence makes the heart grow fonder"

[[rules]]
name = "silence.unheard"
"""


@pytest.mark.parametrize("periods", [1, 2, 7, 3_000, 3_001])
def test_silences_that_never_settle_are_replayed_one_by_one(periods: int) -> None:
    text = default_toml().replace('[[rules]]\nname = "silence.unheard"\n', FONDER)
    curve = parse_curve(text.replace("silence_after = { days = 90 }", "silence_after = { hours = 1 }"))
    assert (CurveArrays.of(CURVE).settles, CurveArrays.of(curve).settles) == (True, False)
    events: list[Event] = [Exchanged(at=day(0), customer="ann")]
    events.append(Exchanged(at=day(0) + periods * timedelta(hours=1) + timedelta(microseconds=1), customer="ann"))
    done = replay_frame(table(events), curve).replay()
    assert done == evolve(replay_one_by_one(events, {}, curve), used=None)
    assert len(done.transitions) == periods


@pytest.mark.parametrize("grace", [0, 2])
def test_what_happens_at_the_very_instant_counts_as_it_does_one_by_one(grace: int) -> None:
    curve = Curve.default(silence_after=timedelta(days=5), grace=timedelta(days=grace))
    ends = day(5 + grace)
    for closing in (
        PromiseKept(at=ends, customer="ann", promise="p"),
        PromiseReleased(at=ends, customer="ann", promise="p"),
    ):
        for then in (closing, evolve(closing, at=ends + timedelta(microseconds=1))):
            for until in (None, ends, ends + timedelta(microseconds=1), day(40)):
                events: list[Event] = [
                    Proposed(at=day(0), customer="ann"),
                    PromiseMade(at=day(0), customer="ann", promise="p", due=day(5)),
                    PromiseMade(at=day(0), customer="ann", promise="q", due=day(5)),
                    then,
                ]
                done = replay_frame(table(events), curve, until).replay()
                assert done == evolve(replay_one_by_one(events, {}, curve, until), used=None)


def test_hundreds_of_promises_break_at_one_instant_in_the_order_of_their_ids() -> None:
    names = [f"p{number}" for number in range(300)]
    events: list[Event] = [PromiseMade(at=day(0), customer="ann", promise=name, due=day(3)) for name in reversed(names)]
    events.append(Exchanged(at=day(3), customer="ann"))
    events.append(Exchanged(at=day(4), customer="ann"))
    assert replay_frame(table(events), CURVE).replay() == evolve(replay_one_by_one(events, {}, CURVE), used=None)


def test_customers_are_alike_in_any_order_of_rows() -> None:
    events = [Exchanged(at=day(number), customer="ann" if number % 3 else "bob") for number in range(9)]
    logged = [LoggedEvent(each, row) for row, each in enumerate(events)]
    shuffled = pl.concat([table(logged)[::2], table(logged)[1::2]])  # type: ignore[arg-type]
    assert replay_frame(shuffled, CURVE).replay() == evolve(replay_one_by_one(logged, {}, CURVE), used=None)
    assert replay_frame(table([]), CURVE).standings.is_empty()


LOG = """
customer | time       | event | due        | stars
ann      | 2026-01-30 | offer |            |
ann      | 2026-02-02 | made  | 2026-02-09 |
ann      | 2026-02-03 | kept  |            | 5
bob      | 2026-02-10 | made  | 2026-02-09 |
bob      | 2026-02-11 | offer |            |
cyd      | 2026-02-11 | kept  |            |
dan      | 2026-08-01 | made  | 2026-08-02 |
dan      | 2026-09-01 | offer |            |
"""
RULES = rule('{ event = "offer" }', "Proposed") + rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"')
RULES += rule('{ event = "kept" }', 'PromiseKept promise = "p"')


@pytest.mark.parametrize("outcome", [None, "stars"])
def test_a_log_with_odd_customers_is_replayed_alike_by_both_engines(outcome: str | None, tmp_path: Path) -> None:
    one, other = (
        replay(tmp_path, LOG, UTC_LOG + RULES, outcome=outcome, engine=engine) for engine in ("columns", "pure")
    )
    assert [each.reason for each in one.rejects] == ["due before event", "unknown promise"]
    same(one, other)
    assert one.outcomes.table.height == (0 if outcome is None else 1)


def same(one: object, other: object) -> None:
    """Both replays say the same, in the same order."""
    for name in (
        "counts",
        "transitions",
        "at_until",
        "rejects",
        "relations",
        "standings",
        "warnings",
        "promises",
        "skipped",
        "nearly_all_by",
    ):
        assert getattr(one, name) == getattr(other, name), name
    assert list(one.standings) == list(other.standings)  # type: ignore[attr-defined]
    for frame, beside in zip(frames_of(one).values(), frames_of(other).values(), strict=True):  # type: ignore[arg-type]
        assert frame.equals(beside)
    keys = ["customer", "id", "place"]
    used, others = (each.tables.identities.sort(keys) for each in (one, other))  # type: ignore[attr-defined]
    assert used.equals(others)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["olist", "completejourney"])
def test_real_logs_are_replayed_alike_by_both_engines(name: str) -> None:
    path = Path(DATA or "") / f"{name}.parquet"
    if not DATA or not path.is_file():
        pytest.skip(f"TRUSTCURVE_DATA names no folder with {name}.parquet")
    log, mapping = scan_log(path), load_mapping(EXAMPLES / name / "mapping.toml")
    same(replay_log(log, mapping, CURVE), replay_log(log, mapping, CURVE, engine="pure"))


def test_powers_of_silence_end_where_nothing_changes() -> None:
    arrays = CurveArrays.of(CURVE)
    powers = arrays.silences
    column = arrays.next[:, arrays.columns["silence"]]
    assert np.array_equal(column[powers[-1]], powers[-1])
    assert not np.array_equal(powers[-2], powers[-1])
