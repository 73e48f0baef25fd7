"""``trustcurve events``, ``curve`` and ``schema``, and the help of every command."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Trustcurve
from trustcurve import Curve
from trustcurve.cli.curve_command import SCHEMAS, schema_of
from trustcurve.core.events import EVENTS
from trustcurve.documents.curve_file import curve_toml, parse_curve
from trustcurve.snapshots import to_dict


def test_events_lists_every_event_with_what_it_does(trustcurve: Trustcurve) -> None:
    said = trustcurve("events")
    assert (said.code, said.err) == (0, "")
    for kind in EVENTS:
        assert any(line.startswith(f"{kind.__name__} ") for line in said.lines), kind
    whole = " ".join(said.lines)
    for words in (
        "promise, [due], [weight]",
        "promise, due",
        "company_one_sided",
        "promise_made (minor: none)",
        "exchange always",
        "proposition crossing",
        "complaint never",
    ):
        assert words in whole, words


def test_curve_shows_every_rule_with_its_reason(trustcurve: Trustcurve) -> None:
    said = trustcurve("curve")
    curve = Curve.default()
    assert (said.code, said.err) == (0, "")
    assert said.lines[0] == f"curve default, fingerprint {curve.fingerprint}, 524 positions"
    assert said.lines[1] == f"fingerprint of version 1: {curve.fingerprint_1}"
    assert said.lines[2] == "states, low to high: " + " < ".join(curve.states)
    for row in (*curve.rules, *curve.settling):
        assert any(line.startswith(f"{row.name} ") for line in said.lines), row.name
    for name in curve.parameters:
        assert any(line.startswith(f"{name} ") for line in said.lines), name
    assert any(line.startswith("silence_after 90 days the length of a quiet period") for line in said.lines)
    assert any(line.startswith("grace none how long after its due date") for line in said.lines)


def test_curve_toml_is_a_curve_again(trustcurve: Trustcurve, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    said = trustcurve("curve", "--toml")
    assert (said.code, said.err) == (0, "")
    mine.write_text(said.out, encoding="utf-8")
    assert parse_curve(said.out) == Curve.default()
    assert parse_curve(trustcurve("curve", "--curve", mine, "--toml").out) == Curve.default()
    assert trustcurve("curve", "-c", mine).out == trustcurve("curve").out


def test_curve_toml_says_how_to_write_its_schema(trustcurve: Trustcurve) -> None:
    first, hint, *_ = trustcurve("curve", "--toml").out.splitlines()
    command, name = hint.rpartition(": ")[2].split(" > ")
    assert first == f"#:schema {name}"
    schema = json.loads(trustcurve(*command.split()[1:]).out)
    Draft202012Validator(schema).validate(Curve.default().to_plain())


def test_every_parameter_says_what_it_is(trustcurve: Trustcurve) -> None:
    for own in (Curve.default(), parse_curve(curve_toml(Curve.default())), Curve.default(grace=2)):
        assert all(row.description for row in own.parameter_rows)
    shown = " ".join(" ".join(trustcurve("curve").lines).split())
    for row in Curve.default().parameter_rows:
        assert f" {row.name} " in shown
        assert row.description in shown


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (1, "1 day"),
        (30.5, "30 days 12 hours"),
        (0.25, "6 hours"),
        (1 + 61 / 86400, "1 day 1 minute 1 second"),
        (90.5 / 86400, "1 minute 30.5 seconds"),
    ],
)
def test_a_duration_is_told_in_words(trustcurve: Trustcurve, tmp_path: Path, days: float, words: str) -> None:
    (tmp_path / "mine.toml").write_text(curve_toml(Curve.default(silence_after=days)), encoding="utf-8")
    assert f"silence_after {words} the length of a quiet period" in " ".join(
        trustcurve("curve", "-c", tmp_path / "mine.toml").lines
    )


def test_a_curve_of_ones_own_is_shown_with_its_own_numbers(trustcurve: Trustcurve, tmp_path: Path) -> None:
    own = Curve.default(initial_doubt=3, silence_after=30.5)
    (tmp_path / "mine.toml").write_text(curve_toml(own).replace('name = "default"', 'name = "ours"'), encoding="utf-8")
    said = trustcurve("curve", "--curve", tmp_path / "mine.toml")
    assert said.lines[0].startswith(f"curve ours, fingerprint {own.fingerprint}, ")
    assert any(line.startswith("initial_doubt 3 ") for line in said.lines)
    assert any(line.startswith("silence_after 30 days 12 hours ") for line in said.lines)


def test_a_wrong_curve_is_told_with_every_finding(trustcurve: Trustcurve, tmp_path: Path) -> None:
    wrong = (
        curve_toml(Curve.default())
        .replace("competitive_max = ", "competitve_max = ", 1)
        .replace('"exchange"', '"exchnge"', 1)
    )
    mine = tmp_path / "mine.toml"
    mine.write_text(wrong.replace("[parameters.competitive_max]", "[parameters.competitve_max]"), encoding="utf-8")
    said = trustcurve("curve", "--curve", mine)
    assert (said.code, said.out) == (2, "")
    told = said.err.splitlines()
    assert len(told) >= 2
    assert told[0].startswith(f"trustcurve: {mine}: ")
    assert all(line.startswith(f"{mine}: ") for line in told[1:])
    assert "did you mean" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_prints_a_schema_that_validates(trustcurve: Trustcurve, name: str) -> None:
    said = trustcurve("schema", name)
    schema = json.loads(said.out)
    assert (said.code, said.err) == (0, "")
    assert schema == schema_of(name)
    Draft202012Validator.check_schema(schema)
    if name == "curve-snapshot":
        Draft202012Validator(schema).validate(to_dict(Curve.default()))


def test_an_unknown_schema_is_told(trustcurve: Trustcurve) -> None:
    said = trustcurve("schema", "standings")
    assert (said.code, said.out) == (2, "")
    assert said.err == "trustcurve: schema 'standings' is unknown; did you mean 'standing'?\n"


COMMANDS = {
    "replay": [
        "trustcurve replay orders.csv --mapping orders.toml",
        "--until",
        "--out",
        "--outcome",
        "--allow-rejects",
    ],
    "explain": ["trustcurve explain orders.csv --mapping orders.toml --customer 4711", "--customer", "--until"],
    "facts": ["trustcurve facts mine.toml"],
    "events": ["trustcurve events"],
    "curve": ["trustcurve curve --toml > mine.toml", "--toml", "--curve"],
    "schema": ["trustcurve schema standing", "journey"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_of_each_command_teaches_with_examples(trustcurve: Trustcurve, command: str, option: str) -> None:
    said = trustcurve(command, option)
    assert (said.code, said.err) == (0, "")
    for words in COMMANDS[command]:
        assert words in said.out
    assert "For example" in said.out


def test_help_names_every_command(trustcurve: Trustcurve) -> None:
    said = trustcurve("--help")
    assert said.code == 0
    assert all(f"{command} " in said.out for command in COMMANDS)
    assert "trustcurve replay orders.csv --mapping orders.toml" in said.out


def test_the_mapping_in_the_help_is_one_that_works(trustcurve: Trustcurve, tmp_path: Path) -> None:
    shown = trustcurve("replay", "--help").out.partition("orders.toml:")[2].partition("For example")[0]
    mapping, log = tmp_path / "orders.toml", tmp_path / "orders.csv"
    mapping.write_text(shown, encoding="utf-8")
    log.write_text(
        "customer,time,event,order,promised_on\n4711,2026-03-02 09:00,order,A1,2026-03-05\n"
        "4711,2026-03-04 09:00,delivered,A1,\n4711,2026-03-05 09:00,letter,,\n",
        encoding="utf-8",
    )
    said = trustcurve("replay", log, "-m", mapping)
    assert (said.code, said.lines[1]) == (0, "3 rows: 2 used, 1 ignored")


def test_a_flag_takes_no_value(trustcurve: Trustcurve) -> None:
    for command in ([], *([name] for name in COMMANDS)):
        assert "bool" not in trustcurve(*command, "--help").out


def test_the_version_is_told(trustcurve: Trustcurve) -> None:
    said = trustcurve("--version")
    assert said == (0, f"trustcurve {version('trustcurve')}\n", "")


def test_without_a_command_there_is_help(trustcurve: Trustcurve) -> None:
    said = trustcurve()
    assert said.code == 2
    assert "trustcurve replay orders.csv --mapping orders.toml" in said.out + said.err
