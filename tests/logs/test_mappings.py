"""What is wrong with a mapping is told all at once: each finding names file, table and key, with a hint."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.logs.helpers import EXCHANGE, IGNORE_REST, PLAIN_LOG, UTC_LOG, at, events_in, replay, replay_text, rule
from trustcurve import PromiseMade
from trustcurve.logs import InvalidMappingError, load_mapping, parse_mapping

PROMISE = 'PromiseMade promise = "{order}"'


def findings(mapping: str) -> list[str]:
    with pytest.raises(InvalidMappingError) as caught:
        parse_mapping(mapping, "m.toml")
    assert all(finding.source == "m.toml" for finding in caught.value.findings)
    assert str(caught.value).splitlines() == [str(finding) for finding in caught.value.findings]
    return str(caught.value).splitlines()


def broken(*events: str, when: str = '{ event = "x" }', **options: object) -> str:
    return UTC_LOG + rule(when, *events, name="r", **options)


WRONG: dict[str, tuple[str, str]] = {
    "no TOML": ("log = ", "m.toml: TOML: "),
    "unknown table": (UTC_LOG + "[rule]\n" + EXCHANGE, "m.toml: [rule]: unknown table; did you mean 'rules'?"),
    "no rules": (UTC_LOG, "m.toml: rules: is missing: the rules, in order"),
    "no customer": ('[log]\ntime = "time"\n' + EXCHANGE, "m.toml: [log] customer: is missing: the column that has the customer"),
    "no time": ('[log]\ncustomer = "c"\n' + EXCHANGE, "m.toml: [log] time: is missing: the column that has the time"),
    "unknown key of the log": (PLAIN_LOG + 'tme = "x"\n' + EXCHANGE, "m.toml: [log] tme: unknown key; did you mean 'time'?"),
    "rules as one table": (UTC_LOG + '[rules]\nname = "r"\n', "m.toml: [rules]: must be an array of tables, got a table"),
    "bad template of customer": (
        UTC_LOG.replace('"customer"', '"{a"') + EXCHANGE, "m.toml: [log] customer: is not a template: expected '}'"
    ),
    "empty braces": (broken('PromiseMade promise = "{}"'), "m.toml: [[rules]] r events number 1 promise: must not have empty braces"),
    "empty text": (broken('PromiseMade promise = ""'), "m.toml: [[rules]] r events number 1 promise: must be a text"),
    "unknown event word": (broken("Exchangd"), "[[rules]] r events number 1 event: unknown kind of event 'Exchangd'; did you mean 'Exchanged'?"),
    "an array as event": (UTC_LOG + rule("", name="r") + '[[rules.events]]\nevent = ["Exchanged"]\n', "[[rules]] r events number 1 event: must name a kind of event, got an array; known: "),
    "a number as name": (broken("Exchanged").replace('name = "r"', "name = 5"), "m.toml: [[rules]] number 1 name: must be a text that is not empty"),
    "a customer without column": (UTC_LOG.replace('"customer"', '"{{all}}"') + EXCHANGE, "m.toml: [log] customer: must name a column: it would be '{all}' in every row"),
    "field of another event": (broken('Exchanged promise = "x"'), "m.toml: [[rules]] r events number 1 promise: unknown key; known: at, channel, note"),
    "misspelt field": (broken('Exchanged chanel = "x"'), "m.toml: [[rules]] r events number 1 chanel: unknown key; did you mean 'channel'?"),
    "events and ignore": (broken("Exchanged", ignore=True), "m.toml: [[rules]] r events: must have either events or ignore = true"),
    "neither events nor ignore": (broken(), "m.toml: [[rules]] r events: must have either events or ignore = true"),
    "unknown key of a rule": (broken("Exchanged", once_pre="{c}"), "m.toml: [[rules]] r once_pre: unknown key; did you mean 'once_per'?"),
    "once per nothing": (broken("Exchanged", once_per="customer"), "m.toml: [[rules]] r once_per: must name a column in braces, such as '{customer}', got 'customer'"),
    "unknown test word": (broken("Exchanged", when="{ n = { atleast = 5 } }"), "m.toml: [[rules]] r when.n.atleast: unknown key; did you mean 'at_least'?"),
    "a range of texts": (broken("Exchanged", when='{ n = { at_least = "5" } }'), "m.toml: [[rules]] r when.n.at_least: must be a number or a date, got '5'"),
    "a range of truths": (broken("Exchanged", when="{ n = { below = true } }"), "m.toml: [[rules]] r when.n.below: must be a number or a date"),
    "a range without end": (broken("Exchanged", when="{ n = { below = inf } }"), "m.toml: [[rules]] r when.n.below: must be a finite number, got inf"),
    "a number too large": (broken("Exchanged", when=f"{{ n = {10**400} }}"), "m.toml: [[rules]] r when.n: a number has more than 100 digits"),
    "no number among values": (broken("Exchanged", when="{ n = [1, nan] }"), "m.toml: [[rules]] r when.n: must be a finite number, got nan"),
    "an empty text": (broken("Exchanged", when='{ n = "" }'), "m.toml: [[rules]] r when.n: must not be empty: write { null = true } for an empty field"),
    "blanks around a text": (broken("Exchanged", when='{ n = { not = [" x"] } }'), "m.toml: [[rules]] r when.n.not: must not have blanks around it, since those of fields are removed: write 'x'"),
    "null as number": (broken("Exchanged", when="{ n = { null = 1 } }"), "m.toml: [[rules]] r when.n.null: must be true or false, got 1"),
    "an empty set": (broken("Exchanged", when="{ n = [] }"), "m.toml: [[rules]] r when.n: must not be empty"),
    "when is no table": (broken("Exchanged", when='"x"'), "m.toml: [[rules]] r when: must be a table"),
    "due without a time": (broken(PROMISE + "; due = { end_of_day = true }"), "m.toml: [[rules]] r events number 1 due: must have either column or after"),
    "due with two times": (broken(PROMISE + '; due = { column = "d", after = 1 }'), "m.toml: [[rules]] r events number 1 due: must have either column or after"),
    "due with an unknown unit": (broken(PROMISE + '; due = { column = "d", plus = { dais = 3 } }'), "m.toml: [[rules]] r events number 1 due.plus.dais: unknown unit; did you mean 'days'?"),
    "due with an unknown word": (broken(PROMISE + '; due = { colunm = "d" }'), "m.toml: [[rules]] r events number 1 due.colunm: unknown key; did you mean 'column'?"),
    "due as number": (broken(PROMISE + "; due = 5"), "m.toml: [[rules]] r events number 1 due: must be a text that is not empty or a table, got 5"),
    "due of an event without": (broken('Exchanged due = "d"'), "m.toml: [[rules]] r events number 1 due: unknown key"),
}  # fmt: skip


@pytest.mark.parametrize(("mapping", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_mapping_is_told_with_file_table_and_key(mapping: str, says: str) -> None:
    assert any(says in line for line in findings(mapping)), findings(mapping)


def test_all_findings_are_told_at_once() -> None:
    told = findings(UTC_LOG + 'tei = "x"\n' + rule("", "Exchangd", name="a") + rule("", name="b"))
    assert [line.split(":")[1].strip() for line in told] == [
        "[log] tei",
        "[[rules]] a events number 1 event",
        "[[rules]] b events",
    ]


def test_a_mapping_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes((UTC_LOG + EXCHANGE).replace("x", "ü").encode("latin-1"))
    with pytest.raises(InvalidMappingError, match="is not UTF-8"):
        load_mapping(path)


def test_a_mapping_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(UTC_LOG + EXCHANGE, encoding="utf-8-sig")
    assert load_mapping(tmp_path / "m.toml").timezone == "UTC"


def test_a_missing_mapping_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_mapping(tmp_path / "none.toml")


ROW = "customer | time | event | order | due\nann | 2026-01-01 | x | A1 | 2026-01-05"


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        (UTC_LOG.replace('"time"', '"tiem"') + EXCHANGE, "[log] time: the log has no column 'tiem'; did you mean 'time'?"),
        (UTC_LOG.replace('"customer"', '"{shop}/{customer}"') + EXCHANGE, "[log] customer: the log has no column 'shop'"),
        (UTC_LOG + 'id = "{order}/{evnt}"\n' + EXCHANGE, "[log] id: the log has no column 'evnt'; did you mean 'event'?"),
        (UTC_LOG + 'sequence = "seq"\n' + EXCHANGE, "[log] sequence: the log has no column 'seq'"),
        (UTC_LOG + rule("{ evnt = 1 }", "Exchanged", name="r"), "[[rules]] r when: the log has no column 'evnt'"),
        (UTC_LOG + rule("", 'Exchanged at = "paid"', name="r"), "[[rules]] r Exchanged at: the log has no column 'paid'"),
        (UTC_LOG + rule("", 'Exchanged note = "{nte}"', name="r"), "[[rules]] r Exchanged note: the log has no column 'nte'"),
        (UTC_LOG + rule("", PROMISE + '; due = "deu"', name="r"), "[[rules]] r PromiseMade due: the log has no column 'deu'; did you mean 'due'?"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_its_log_is_told(tmp_path: Path, mapping: str, says: str) -> None:
    with pytest.raises(InvalidMappingError) as caught:
        replay(tmp_path, ROW, mapping)
    (line,) = str(caught.value).splitlines()
    assert line.startswith("m.toml: ")
    assert says in line


@pytest.mark.parametrize("column", ["trustcurve.row", "trustcurve.at", "trustcurve.rwo"])
@pytest.mark.parametrize("log", [ROW, ""])
def test_a_column_of_ours_is_not_one_of_the_log(tmp_path: Path, column: str, log: str) -> None:
    mapping = UTC_LOG.replace('"customer"', f'"{column}"') + EXCHANGE
    with pytest.raises(InvalidMappingError) as caught:
        replay(tmp_path, log, mapping) if log else replay_text(tmp_path, log, mapping, form="jsonl")
    assert str(caught.value) == f"m.toml: [log] customer: the log has no column {column!r}"


def test_many_missing_columns_are_told_with_hints_for_the_first(tmp_path: Path) -> None:
    conditions = ", ".join(f"event_{number} = 1" for number in range(500))
    with pytest.raises(InvalidMappingError) as caught:
        replay(tmp_path, ROW, UTC_LOG + rule(f"{{ {conditions} }}", "Exchanged"))
    lines = list(map(str, caught.value.findings))
    assert len(lines) == 500
    assert [line.endswith("; did you mean 'event'?") for line in lines] == [True] * 5 + [False] * 495


def test_an_outcome_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidMappingError, match="--outcome: the log has no column 'evnt'; did you mean 'event'"):
        replay(tmp_path, ROW, UTC_LOG + EXCHANGE, outcome="evnt")


def test_naive_times_without_a_timezone_are_told_with_the_first_row(tmp_path: Path) -> None:
    log = "customer | time | event\na | 2026-01-01T00:00Z | x\nb | soon | x\nc | 2026-01-03 12:00 | x"
    says = r"m\.toml: \[log\] timezone: is missing, and column 'time' has times without one \(row 3: 2026-01-03 12:00\)"
    with pytest.raises(InvalidMappingError, match=says):
        replay(tmp_path, log, PLAIN_LOG + EXCHANGE)


@pytest.mark.parametrize("events", ['Exchanged at = "paid"', PROMISE + '; due = "paid"'])
def test_naive_times_of_other_columns_need_a_timezone_too(tmp_path: Path, events: str) -> None:
    log = "customer | time | order | paid\na | 2026-01-01T00:00Z | A | 2026-01-02"
    with pytest.raises(InvalidMappingError, match="column 'paid' has times without one"):
        replay(tmp_path, log, PLAIN_LOG + rule("", events))


def test_days_that_end_need_a_timezone(tmp_path: Path) -> None:
    log = "customer | time | order | due\na | 2026-01-01T00:00Z | A | 2026-01-02T00:00Z"
    with pytest.raises(
        InvalidMappingError, match=r"\[log\] timezone: is missing: the end of a day depends on the timezone"
    ):
        replay(tmp_path, log, PLAIN_LOG + rule("", PROMISE + '; due = { column = "due", end_of_day = true }'))


def test_aware_times_need_no_timezone(tmp_path: Path) -> None:
    log = "customer | time | event\nann | 2026-01-01T01:00+01:00 | x"
    assert [event.at for event in events_in(tmp_path, log, PLAIN_LOG + EXCHANGE)] == [at("2026-01-01")]


def test_a_rule_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(InvalidMappingError, match=r"\[\[rules\]\] number 2 when: the log has no column 'nope'"):
        replay(tmp_path, ROW, UTC_LOG + EXCHANGE + rule("{ nope = 1 }", "Exchanged"))


@pytest.mark.parametrize("zone", ["Europe/Berln", "Mars", "CEST"])
def test_an_unknown_timezone_is_told(zone: str) -> None:
    told = findings(UTC_LOG.replace('"UTC"', f'"{zone}"') + EXCHANGE)
    assert any("[log] timezone: unknown timezone" in line for line in told)


@pytest.mark.parametrize("zone", ["../UTC", "Europe", "/etc/localtime"])
def test_a_path_is_no_timezone(zone: str) -> None:
    assert "[log] timezone: unknown timezone" in findings(UTC_LOG.replace('"UTC"', f'"{zone}"') + EXCHANGE)[0]


@pytest.mark.parametrize(
    ("event", "missing"),
    [("PromiseMade", "promise"), ("PromiseKept", "promise"), ('PromiseMoved promise = "x"', "due"), ("OneSided", "by"), ("Signalled", "signal")],
)  # fmt: skip
def test_a_missing_field_of_an_event_is_told(event: str, missing: str) -> None:
    assert any(
        line.startswith(f"m.toml: [[rules]] r events number 1 {missing}: is missing")
        for line in findings(broken(event))
    )


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ('OneSided by = "compny"', "did you mean 'company'?"),
        ('PromiseMade promise = "x"; weight = "majr"', "did you mean 'major'?"),
        ('PromiseKept promise = "x"; weight = "MINOR"', "known: major, minor"),
    ],
)
def test_a_misspelt_word_is_told_and_not_once_for_every_row(event: str, says: str) -> None:
    assert any(says in line for line in findings(broken(event)))


@pytest.mark.parametrize("template", ["{order!r}", "{order:>5}"])
def test_a_template_with_a_conversion_is_told(template: str) -> None:
    assert "promise: " in findings(broken(f'PromiseMade promise = "{template}"'))[0]


@pytest.mark.parametrize("template", ["{case:concept:name}", "{lifecycle:transition} {org:resource}", "{a.b[0]}"])
def test_colons_and_dots_may_be_part_of_a_columns_name(template: str) -> None:
    mapping = parse_mapping(broken(f'PromiseMade promise = "{template}"').replace('"customer"', '"case:>name"'))
    assert mapping.columns.keys() >= {"case:>name", *re.findall(r"\{(.*?)\}", template)}


def test_a_column_with_colons_is_read(tmp_path: Path) -> None:
    log = "case:concept:name | time:timestamp | concept:name\nann | 2026-01-01 | x"
    head = UTC_LOG.replace('"customer"', '"case:concept:name"').replace('"time"', '"time:timestamp"')
    (event,) = events_in(tmp_path, log, head + rule("", 'PromiseMade promise = "{concept:name} {{}}"'))
    assert event == PromiseMade(at=at("2026-01-01"), promise="x {}")


@pytest.mark.parametrize("when", ["{ n = {} }", "{ n = { at_least = nan } }"])
def test_a_condition_that_says_nothing_is_told(when: str) -> None:
    assert "[[rules]] r when.n" in findings(broken("Exchanged", when=when))[0]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("%Q", "format '%Q' cannot read times: write one such as '%d.%m.%Y %H:%M', or 'epoch_seconds'"),
        ("%d.%m.%Y %", "format '%d.%m.%Y %' cannot read times"),
        ("DD.MM.YYYY", "format 'DD.MM.YYYY' cannot read times"),
        ("epoch_second", "format 'epoch_second' cannot read times; did you mean 'epoch_seconds'?"),
        ("%H:%M", "format '%H:%M' cannot read times"),
        ("%d.%M.%Y", "format '%d.%M.%Y' cannot read times"),
        ("%s", "format '%s' cannot read times"),
        ("%Y-%m-%d %H:%M:%S.%f", "format '%Y-%m-%d %H:%M:%S.%f' would misread times: "),
    ],
)
@pytest.mark.parametrize("key", ["time_format", "time_format.due"])
def test_a_time_format_that_reads_no_times_is_told(key: str, form: str, says: str) -> None:
    (told,) = findings(f"{UTC_LOG}{key} = '{form}'\n{EXCHANGE}")
    assert told.startswith(f"m.toml: [log] {key}: {says}")


KNOWN_FORMATS = [
    "%d.%m.%Y %H:%M", "%d.%m.%y", "%e.%m.%Y", "%-d.%-m.%Y", "%m/%d/%Y %I:%M %p", "%Y%m%d", "%Y%m%d%H%M%S", "%d/%b/%Y",
    "%d %B %Y", "%a %d %b %Y", "%F %T", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.3f", "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M%#z", "%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S UTC", "%+", "%c", "%G-W%V-%u", "%Y-%j", "%Y-%m",
    "epoch_seconds", "epoch_milliseconds",
]  # fmt: skip


@pytest.mark.parametrize("form", KNOWN_FORMATS)
def test_a_time_format_that_reads_times_is_taken(form: str) -> None:
    assert parse_mapping(f"{UTC_LOG}time_format = '{form}'\n{EXCHANGE}").time_format("time") == form


def test_a_missing_key_is_told_once() -> None:
    assert len(findings('[log]\ntime = "time"\n' + EXCHANGE)) == 1


def test_an_id_without_columns_is_told() -> None:
    (told,) = findings(UTC_LOG + 'id = "{{}}"\n' + EXCHANGE)
    assert told == "m.toml: [log] id: must name a column: it would be '{}' in every row"


@pytest.mark.parametrize(("text", "rejected"), [("", 0), ("\n\n", 0), ("[]\n", 1), ("{}\n", 1)])
def test_a_log_of_json_lines_that_names_no_columns_may_have_any(tmp_path: Path, text: str, rejected: int) -> None:
    done = replay_text(tmp_path, text, UTC_LOG + EXCHANGE + IGNORE_REST, form="jsonl", outcome="stars")
    assert (done.counts.rows, done.counts.broken) == (rejected, rejected)


WHOLE = f"""
[log]
customer = "{{shop}}/{{customer}}"
time = "time"
timezone = "Europe/Berlin"
time_format = {{ time = "%d.%m.%Y" }}
id = "row"
sequence = "tie"

{rule('{ event = ["x", 5], n = { at_least = 1, below = 2.5 }, day = { not = 2026-01-01, null = false } }', PROMISE + '; due = { column = "due", end_of_day = true, plus = { hours = 1 } }; weight = "minor"', 'OneSided by = "company"; at = "at"', name="r", once_per="{customer}")}
{rule("", ignore=True)}
"""
JUNK = (
    None, "", " ", "x", "{", "{}", "{x!r}", "%", 0, -1, 1.5, float("nan"), float("-inf"), True, date(2026, 1, 1), time(),
    [], [[]], [{}], ["x"], {}, {"x": {}}, {"column": 1}, {"days": 10**20},
)  # fmt: skip


def places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Name every place of a document."""
    yield path
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(value, (*path, key))


@pytest.mark.parametrize("place", [*places(tomllib.loads(WHOLE))][1:], ids=lambda path: ".".join(map(str, path)))
def test_whatever_is_put_anywhere_is_read_or_told(place: tuple[str | int, ...]) -> None:
    parse_mapping(WHOLE)
    *outer, last = place
    for junk in JUNK:
        document: Any = tomllib.loads(WHOLE)
        around = reduce(getitem, outer, document)
        if junk is None:
            del around[last]
        else:
            around[last] = junk
        try:
            assert parse_mapping(tomli_w.dumps(document)).rules
        except InvalidMappingError as error:
            assert error.findings  # noqa: PT017 - either is fine
