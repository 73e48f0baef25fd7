"""What a rule makes of the rows that it takes: the first rule that fits wins; templates; several events at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs.helpers import CURVE, EXCHANGE, IGNORE_REST, UTC_LOG, at, events_in, rejects, replay, rule
from trustcurve import Complained, Exchanged, OneSided, PromiseKept, PromiseMade, Purchased
from trustcurve.documents.curve_file import curve_toml, parse_curve
from trustcurve.logs import InvalidMappingError


def test_the_first_rule_that_fits_wins(tmp_path: Path) -> None:
    log = "customer | time | event | n\na | 2026-01-01 | x | 5\nb | 2026-01-01 | x | 6\nc | 2026-01-01 | y | 5"
    rules = rule('{ event = "x", n = 5 }', "Proposed") + rule('{ event = "x" }', ignore=True) + rule("", "Departed")
    standings = replay(tmp_path, log, UTC_LOG + rules).standings
    assert {customer: standing.position.stage for customer, standing in standings.items()} == {
        "a": "hopeful",
        "c": "departed",
    }


FIRST = rule('{ event = "x", n = 1 }', "Proposed", once_per="{customer}") + rule("", "Complained")


def kinds(path: Path, log: str, mapping: str) -> dict[str, list[str]]:
    """Return the kinds of events of each customer, in order."""
    return {
        customer: [type(event).__name__ for event in events_in(path, log, mapping, customer)]
        for customer in replay(path, log, mapping).standings
    }


def test_once_per_customer_matches_only_the_first_such_row_of_each_customer(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n
    a        | 2026-01-03 | x     | 1
    a        | 2026-01-01 | y     | 1
    a        | 2026-01-02 | x     | 1
    b        | 2026-01-05 | x     | 0
    b        | 2026-01-06 | x     | 1
    b        | soon       | x     | 1
    c        | 2026-01-01 | x     | 1
    """
    assert kinds(tmp_path, log, UTC_LOG + FIRST) == {
        "a": ["Complained", "Proposed", "Complained"],
        "b": ["Complained", "Proposed"],
        "c": ["Proposed"],
    }


def test_once_per_order_matches_the_first_row_of_each_order_and_every_row_without_one(tmp_path: Path) -> None:
    log = """
    customer | time       | event | order | line
    a        | 2026-01-02 | x     | A1    | 2
    a        | 2026-01-01 | x     | A1    | 1
    a        | 2026-01-03 | x     | A2    | 1
    b        | 2026-01-04 | x     | A1    | 3
    b        | 2026-01-05 | x     |       | 4
    b        | 2026-01-06 | x     |       | 5
    """
    rules = rule('{ event = "x" }', 'Proposed note = "{line}"', once_per="{order}") + rule("", "Complained")
    assert kinds(tmp_path, log, UTC_LOG + rules) == {
        "a": ["Proposed", "Complained", "Proposed"],
        "b": ["Proposed", "Proposed", "Proposed"],
    }


def test_once_per_matches_a_row_that_repeats_the_first_of_its_customer(tmp_path: Path) -> None:
    log = """
    customer | time       | event | order | id
    a        | 2026-01-01 | x     | A1    | 7
    a        | 2026-01-02 | x     | A1    | 7
    a        | 2026-01-03 | x     | A1    | 8
    b        | 2026-01-04 | x     | A1    | 7
    b        | 2026-01-05 | x     | A1    | 7
    b        | 2026-01-06 | x     | A1    | 9
    """
    rules = rule('{ event = "x" }', "Proposed", once_per="{order}") + rule("", "Complained")
    done = replay(tmp_path, log, UTC_LOG + 'id = "id"\n' + rules)
    assert (done.counts.applied, done.counts.conflict) == (4, 2)
    assert kinds(tmp_path, log, UTC_LOG + 'id = "id"\n' + rules) == {each: ["Proposed", "Complained"] for each in "ab"}


def test_the_first_of_equal_instants_is_that_of_the_sequence_then_of_the_file(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n | tie
    a        | 2026-01-01 | x     | 1 | 10
    a        | 2026-01-01 | x     | 1 | 9
    b        | 2026-01-01 | x     | 1 | 1
    b        | 2026-01-01 | x     | 1 | 1
    """
    rules = rule("{ n = 1 }", 'Proposed note = "{tie}"', once_per="{customer}") + rule("", 'Complained note = "{tie}"')

    def proposed(mapping: str) -> list[str | None]:
        return [events_in(tmp_path, log, mapping, customer)[0].note for customer in ("a", "b")]

    assert proposed(UTC_LOG + 'sequence = "tie"\n' + rules) == ["9", "1"]
    assert proposed(UTC_LOG + rules) == ["10", "1"]


def test_a_row_that_no_rule_takes_is_a_reject_with_its_words(tmp_path: Path) -> None:
    log = "customer | time | event | shop | n\na | 2026-01-01 | z | | 3"
    rules = rule('{ event = "x", n = { below = 1 } }', "Exchanged") + rule('{ shop = "north" }', "Exchanged")
    (reject,) = replay(tmp_path, log, UTC_LOG + rules).rejects
    assert (reject.row, reject.customer, reject.reason) == (1, "a", "no rule matches")
    assert reject.detail == "no rule matches: event=z, shop=(empty)"


def test_a_rule_without_conditions_takes_what_is_left(tmp_path: Path) -> None:
    done = replay(
        tmp_path, "customer | time | event\na | 2026-01-01 | x\nb | 2026-01-01 | y", UTC_LOG + EXCHANGE + IGNORE_REST
    )
    assert (done.counts.used, done.counts.ignored, done.rejects) == (1, 1, ())


def test_texts_are_templates(tmp_path: Path) -> None:
    log = "customer | time | order | who | w | note\nann | 2026-01-01 | A 1 | company | minor | {x}"
    rules = rule(
        "",
        'PromiseMade promise = "{{{order}}}/{order} !"; weight = "{w}"; channel = "web"; note = "{note}"',
        'OneSided by = "{who}"',
        'PromiseKept promise = "{{A 1}}/A 1 !"; weight = "major"',
    )
    moment = at("2026-01-01")
    assert events_in(tmp_path, log, UTC_LOG + rules) == [
        PromiseMade(at=moment, promise="{A 1}/A 1 !", weight="minor", channel="web", note="{x}"),
        OneSided(at=moment, by="company"),
        PromiseKept(at=moment, promise="{A 1}/A 1 !", weight="major"),
    ]


def test_customers_and_ids_are_templates_too(tmp_path: Path) -> None:
    log = "shop | no | time | event\nN | 7 | 2026-01-01 | x\nN | | 2026-01-01 | x\nS | 7 | 2026-01-01 | x"
    head = UTC_LOG.replace('"customer"', '"{shop}-{no}"') + 'id = "{shop}/{event}!"\n'
    done = replay(tmp_path, log, head + EXCHANGE)
    assert list(done.standings) == ["N-7", "S-7"]
    assert rejects(done) == [(2, "no customer")]
    assert events_in(tmp_path, log, head + EXCHANGE, "S-7") == [Exchanged(at=at("2026-01-01"), id="S/x!")]


def test_an_optional_text_of_an_empty_column_is_left_out(tmp_path: Path) -> None:
    log = "customer | time | note | w\nann | 2026-01-01 | | "
    rules = rule("", 'PromiseMade promise = "p"; note = "{note}"; channel = "a {note}"; weight = "{w}"')
    assert events_in(tmp_path, log, UTC_LOG + rules) == [PromiseMade(at=at("2026-01-01"), promise="p")]


@pytest.mark.parametrize(
    "event",
    ['PromiseMade promise = "{f}"', 'PromiseKept promise = "{f}"', 'OneSided by = "{f}"', 'Signalled signal = "{f}"'],
)
def test_an_empty_field_that_an_event_needs_is_a_reject(tmp_path: Path, event: str) -> None:
    log = "customer | time | event | f\nann | 2026-01-01 | y |\nbob | 2026-01-01 | x |"
    done = replay(tmp_path, log, UTC_LOG + EXCHANGE + rule('{ event = "y" }', event))
    assert rejects(done) == [(1, "empty field")]
    assert list(done.standings) == ["bob"]


def test_a_promise_moved_to_no_date_is_a_reject(tmp_path: Path) -> None:
    log = "customer | time | event | due\nann | 2026-01-01 | made | 2026-01-05\nann | 2026-01-02 | moved |"
    rules = rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"')
    rules += rule('{ event = "moved" }', 'PromiseMoved promise = "p"; due = "due"')
    done = replay(tmp_path, log, UTC_LOG + rules)
    assert rejects(done) == [(2, "empty field")]


@pytest.mark.parametrize(
    ("event", "reason", "detail"),
    [
        ('PromiseMade promise = "p"; weight = "{f}"', "unknown word", "PromiseMade: weight 'huge' is unknown"),
        ('OneSided by = "{f}"', "unknown word", "OneSided: by 'huge' is unknown"),
        ('Signalled signal = "{f}"', "unknown word", "Signalled: signal 'huge' is unknown"),
        ('PromiseKept promise = "{f}"', "unknown promise", "PromiseKept: customer 'ann' has no open promise 'huge'"),
        ('PromiseReleased promise = "{f}"', "unknown promise", "PromiseReleased: customer 'ann' has no open promise"),
        ('PromiseMoved promise = "{f}"; due = "time"', "unknown promise", "PromiseMoved: customer 'ann' has no open"),
    ],
)
def test_what_the_ledger_refuses_is_a_reject_in_its_words(tmp_path: Path, event: str, reason: str, detail: str) -> None:
    done = replay(tmp_path, "customer | time | f\nann | 2026-01-01 | huge", UTC_LOG + rule("", event))
    (reject,) = done.rejects
    assert (reject.row, reject.customer, reject.reason) == (1, "ann", reason)
    assert reject.detail.startswith(detail)
    assert done.standings == {}


def test_a_promise_made_twice_or_moved_too_late_is_a_reject(tmp_path: Path) -> None:
    log = """
    customer | time       | event | due
    ann      | 2026-01-01 | made  | 2026-01-05
    ann      | 2026-01-02 | made  | 2026-01-09
    ann      | 2026-01-06 | moved | 2026-01-09
    ann      | 2026-01-07 | made  | 2026-01-06
    """
    rules = rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"')
    rules += rule('{ event = "moved" }', 'PromiseMoved promise = "p"; due = "due"')
    done = replay(tmp_path, log, UTC_LOG + rules)
    assert rejects(done) == [(2, "promise already open"), (3, "promise overdue"), (4, "due before event")]


def test_several_events_of_a_row_are_applied_in_their_order(tmp_path: Path) -> None:
    log = "customer | time | event\nann | 2026-01-01 | x"
    rules = rule("", "Purchased", 'PromiseMade promise = "p"', 'PromiseKept promise = "p"', "Complained")
    kinds_of = [type(event) for event in events_in(tmp_path, log, UTC_LOG + rules)]
    assert kinds_of == [Purchased, PromiseMade, PromiseKept, Complained]


LOG_OF_ONE = "customer | time | event | due | odd\nann | 2026-01-01 | x | | \nann | 2026-01-02 | y | soon | both"


@pytest.mark.parametrize(
    "events",
    [
        ("Exchanged", 'PromiseMade promise = "p"; due = "due"'),
        ("Departed", 'OneSided by = "{odd}"'),
        ('OneSided by = "{odd}"', "Departed"),
        ("Exchanged", 'PromiseMade promise = "p"; due = { column = "time", plus = { days = -1 } }'),
    ],
    ids=["unreadable due", "unknown side", "the first one", "due before it"],
)
def test_a_row_is_mapped_as_a_whole_or_broken(tmp_path: Path, events: tuple[str, ...]) -> None:
    mapping = UTC_LOG + EXCHANGE + rule("", *events)
    done = replay(tmp_path, LOG_OF_ONE, mapping)
    assert [(reject.row, reject.event) for reject in done.rejects] == [(2, None)]
    assert events_in(tmp_path, LOG_OF_ONE, mapping) == [Exchanged(at=at("2026-01-01"))]
    assert (done.counts.used, done.counts.broken, done.counts.total) == (1, 1, 1)


@pytest.mark.parametrize(
    "events",
    [
        ("Exchanged", 'PromiseKept promise = "unknown"', "Complained"),
        ('PromiseMade promise = "p"', 'PromiseMade promise = "p"', "Complained"),
    ],
    ids=["unknown promise", "made twice"],
)
def test_the_events_of_a_row_at_one_instant_are_applied_all_or_none(tmp_path: Path, events: tuple[str, ...]) -> None:
    mapping = UTC_LOG + EXCHANGE + rule("", *events)
    done = replay(tmp_path, LOG_OF_ONE, mapping)
    assert [(reject.row, reject.event) for reject in done.rejects] == [(2, event.split()[0]) for event in events]
    assert len({(reject.reason, reject.detail) for reject in done.rejects}) == 1
    assert events_in(tmp_path, LOG_OF_ONE, mapping) == [Exchanged(at=at("2026-01-01"))]
    assert (done.counts.used, done.counts.broken, done.counts.applied, done.counts.rejected) == (2, 0, 1, 3)


def test_a_row_that_cannot_be_mapped_at_one_time_is_broken_at_all(tmp_path: Path) -> None:
    log = "customer | time | paid | odd\nann | 2026-01-01 | 2026-01-02 | both"
    done = replay(tmp_path, log, UTC_LOG + rule("", "Complained", 'OneSided by = "{odd}"; at = "paid"'), outcome="odd")
    assert (done.standings, done.counts.broken, done.counts.total) == ({}, 1, 0)


def test_a_signal_of_ones_own_is_recorded_by_a_mapping(tmp_path: Path) -> None:
    own = curve_toml(CURVE).replace(
        "[signals.proposition]", '[signals.audit]\nby = "company"\n\n[signals.proposition]', 1
    )
    own += '\n[[rules]]\nname = "audit.opens"\nsignal = "audit"\nbecause = "looked after"\n[rules.add]\ndoubt = -2\n'
    curve = parse_curve(own)
    log = "customer | time | what\nann | 2026-01-01 | audit"
    done = replay(tmp_path, log, UTC_LOG + rule("", 'Signalled signal = "{what}"'), curve)
    assert done.rejects == ()
    assert done.standings["ann"].position.doubt == 0


def test_rules_that_took_no_row_are_told(tmp_path: Path) -> None:
    log = "customer | time | event\nann | 2026-01-01 | order"
    rules = rule('{ event = "order" }', "Purchased") + rule('{ event = "ordr" }', "Exchanged", name="typo")
    assert replay(tmp_path, log, UTC_LOG + rules).unmatched_rules == ("typo",)


def test_a_signal_that_the_curve_does_not_have_is_told_once(tmp_path: Path) -> None:
    log = "customer | time\nann | 2026-01-01\nbob | 2026-01-02"
    with pytest.raises(InvalidMappingError, match=r"\[\[rules\]\] number 1 signal: signal 'co_created' is unknown"):
        replay(tmp_path, log, UTC_LOG + rule("", 'Signalled signal = "co_created"'))
