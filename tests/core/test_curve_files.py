"""Curves as values and as files: what is written is read back, and a fingerprint tells outcomes from wording."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import tomllib
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.core.strategies import Numbers, parameters
from trustcurve import Curve, InvalidCurveError, load_curve
from trustcurve.documents.curve_file import curve_toml, parse_curve, read_curve
from trustcurve.errors import MissingExtraError

SHIPPED = files("trustcurve.core").joinpath("default.toml").read_text(encoding="utf-8")
FINGERPRINT_1 = "19ee6ab353df41f452906ab5cf342b590be733e841523c2f81873717a2869b4b"
FINGERPRINT = "26209d5ca0c356d76a33444bd075b8b4a994ff76aaca92ada12ab86657eaea62"

Change = Callable[[dict[str, Any]], object]


def row(document: dict[str, Any], name: str) -> Any:
    return next(row for row in [*document["rules"], *document["settling"]] if row["name"] == name)


def changed(curve: Curve, change: Change) -> Curve:
    document = copy.deepcopy(curve.to_plain())
    change(document)
    return read_curve(document)


# --- there and back ------------------------------------------------------------------------------------


def test_the_shipped_file_is_the_default_curve(curve: Curve) -> None:
    assert parse_curve(SHIPPED) == curve
    assert read_curve(tomllib.loads(SHIPPED)) == curve


def test_a_curve_is_written_and_read_back_to_an_equal_one(curve: Curve) -> None:
    assert parse_curve(curve_toml(curve)) == curve
    assert read_curve(curve.to_plain()) == curve
    assert read_curve(json.loads(json.dumps(curve.to_plain()))) == curve


@settings(max_examples=8)
@given(parameters())
def test_so_is_one_with_other_parameters(numbers: Numbers) -> None:
    durations = {"silence_after": timedelta(days=1, microseconds=numbers["doubt_max"]), "grace": timedelta(hours=3)}
    curve = Curve.default(**numbers, **durations)
    for again in (parse_curve(curve_toml(curve)), read_curve(curve.to_plain())):
        assert again == curve
        assert again.fingerprint == curve.fingerprint
        assert curve_toml(again) == curve_toml(curve)


def test_what_is_written_belongs_to_the_reader(curve: Curve) -> None:
    document = curve.to_plain()
    document["rules"].clear()
    document["curve"]["start"]["doubt"] = 9
    assert curve.to_plain() != document
    assert curve.start.doubt == 2


def test_a_curve_is_loaded_from_a_file(curve: Curve, tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(SHIPPED, encoding="utf-8")
    assert load_curve(path) == load_curve(str(path)) == curve
    path.write_text(SHIPPED, encoding="utf-8-sig")
    assert load_curve(path) == curve, "with a byte order mark"
    path.write_bytes(b"\xff")
    with pytest.raises(InvalidCurveError, match=r"ours\.toml.*UTF-8"):
        load_curve(path)
    path.write_text("[curve", encoding="utf-8")
    with pytest.raises(InvalidCurveError, match=r"ours\.toml: TOML"):
        load_curve(path)
    with pytest.raises(FileNotFoundError):
        load_curve(tmp_path / "none.toml")


def test_writing_toml_needs_an_extra_and_says_which(curve: Curve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tomli_w", None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match=r"run pip install '\.\[toml\]'") as caught:
        curve_toml(curve)
    assert (caught.value.extra, caught.value.module) == ("toml", "tomli_w")
    assert isinstance(caught.value, ImportError)
    assert read_curve(curve.to_plain()) == curve, "plain data needs nothing"


# --- values ----------------------------------------------------------------------------------------------


def test_equal_curves_are_one_key(curve: Curve) -> None:
    again = parse_curve(SHIPPED)
    assert again is not curve
    assert {curve: 1}[again] == 1
    assert Curve.default() is curve, "the default is made once"
    assert Curve.default(kept_max=4) != curve
    assert curve != "default"


def test_curves_are_copied_and_pickled(curve: Curve) -> None:
    other = Curve.default(initial_doubt=0)
    for each in (curve, other):
        for again in (pickle.loads(pickle.dumps(each)), copy.copy(each), copy.deepcopy(each)):  # noqa: S301 - our own
            assert again == each
            assert again.react(again.start, "proposition") == each.react(each.start, "proposition")


def test_a_curve_cannot_be_changed(curve: Curve) -> None:
    with pytest.raises(AttributeError):
        curve.name = "ours"  # type: ignore[misc]
    with pytest.raises(TypeError):
        curve.parameters["kept_max"] = 4  # type: ignore[index]


def test_a_curve_shows_its_name_and_the_beginning_of_its_fingerprint(curve: Curve) -> None:
    assert repr(curve) == f"<Curve 'default' {FINGERPRINT[:12]}>"


# --- the fingerprint -------------------------------------------------------------------------------------


def test_the_fingerprint_of_the_default_curve(curve: Curve) -> None:
    # Stored standings carry it. If it changes, so did an outcome: say so in the changelog.
    assert curve.fingerprint == FINGERPRINT


def test_the_fingerprint_of_version_1_is_known_too(curve: Curve) -> None:
    assert curve.fingerprint_1 == FINGERPRINT_1
    assert curve.with_parameters(waiting_periods=5).fingerprint_1 == FINGERPRINT_1, "version 1 had no such parameter"
    other = changed(curve, lambda d: d["signals"]["exchange"].update(ends_silence="never"))
    assert other.fingerprint_1 is None, "in version 1 an exchange always ended a silence"
    assert changed(curve, OUTCOMES["another effect"]).fingerprint_1 not in (None, FINGERPRINT_1)


def reworded(document: dict[str, Any]) -> None:
    document["curve"]["name"] = "ours"
    for each in (*document["rules"], *document["settling"]):
        each["name"] += ".ours"
        each["because"] = "for reasons of our own"
        each["source"] = "our handbook"
    for each in document["stages"]:
        each["description"] = "…"
    for each in document["signals"].values():
        each["one"], each["many"], each["by"] = "once", "{n} times", "both"


def named_by_number(document: dict[str, Any]) -> None:
    row(document, "customer_one_sided.takes")["add"]["doubt"] = 2
    row(document, "hopeful.rises")["when"]["kept"] = {"at_least": 1}
    document["counters"]["kept"]["max"] = 3
    document["curve"]["start"]["doubt"] = 2


def said_otherwise(document: dict[str, Any]) -> None:
    row(document, "company_one_sided.paid")["when"]["engaged"] = {"at_least": 1}
    row(document, "silence.wears_double")["when"]["account"] = ["breach", "due", "slip"]
    row(document, "advocacy.begins")["when"]["felt_doubt"] = {"at_most": 0}
    row(document, "complaint.opens")["when"] = {"account": ["due", "clear"]}


def renamed_parameter(document: dict[str, Any]) -> None:
    text = json.dumps(document).replace('"one_sided_doubt"', '"doubt_of_an_ask"')
    document.clear()
    document.update(json.loads(text))


def other_ranges(document: dict[str, Any]) -> None:
    document["parameters"]["kept_max"]["at_most"] = 4
    document["parameters"]["unused"] = 7


def other_order(document: dict[str, Any]) -> None:
    document["rules"].sort(key=lambda each: each["signal"])
    document["signals"] = dict(sorted(document["signals"].items()))


@pytest.mark.parametrize(
    "change", [reworded, named_by_number, said_otherwise, renamed_parameter, other_ranges, other_order]
)
def test_another_wording_keeps_the_fingerprint(curve: Curve, change: Change) -> None:
    other = changed(curve, change)
    assert other != curve
    assert other.fingerprint == FINGERPRINT
    assert sorted(map(str, other.table().positions)) == sorted(map(str, curve.table().positions))


OUTCOMES: dict[str, Change] = {
    "another start": lambda d: d["curve"]["start"].update(doubt=3),
    "a higher bound": lambda d: d["counters"]["engaged"].update(max=5),
    "another parameter": lambda d: d["parameters"]["advocate_lost_at"].update(value=2),
    "a longer silence": lambda d: d["parameters"].update(silence_after={"days": 90, "seconds": 1}),
    "some grace": lambda d: d["parameters"].update(grace={"seconds": 0.000001}),
    "another threshold of a posture": lambda d: d["stages"][1]["postures"][1].update(above=2),
    "another name of a posture": lambda d: d["stages"][1]["postures"][2].update(name="hostile"),
    "another effect": lambda d: row(d, "repair.unneeded").update(add={"doubt": -1}),
    "another condition": lambda d: row(d, "kept_minor.pleases")["when"].update(engaged={"below": 3}),
    "one more condition": lambda d: row(d, "promise_made.owes")["when"].update(stage="hopeful"),
    "another order of settling": lambda d: d["settling"].insert(0, d["settling"].pop(2)),
    "a settling row less": lambda d: d["settling"].pop(0),
    "more waiting": lambda d: d["parameters"].update(waiting_periods=2),
    "another end of silences": lambda d: d["signals"]["complaint"].update(ends_silence="always"),
    "a signal more": lambda d: (
        d["signals"].update(thanks={"by": "company"}),
        d["rules"].append({"name": "thanks.help", "signal": "thanks", "add": {"doubt": -1}, "because": "it is polite"}),
    ),
}


def outcomes(curve: Curve) -> tuple[Any, ...]:
    """Return everything that a customer can notice of a curve."""
    table = curve.table()
    clock = (curve.silence_after, curve.grace, curve.waiting_periods, dict(curve.ends_silence))
    return table.positions, table.signals, table.states, table.next, table.ranks, clock


@pytest.mark.parametrize("name", OUTCOMES)
def test_another_outcome_changes_the_fingerprint(curve: Curve, name: str) -> None:
    other = changed(curve, OUTCOMES[name])
    assert outcomes(other) != outcomes(curve)
    assert other.fingerprint != FINGERPRINT
    assert len(other.fingerprint) == 64
    assert int(other.fingerprint, 16)


def test_whether_a_signal_ends_a_silence_is_an_outcome(curve: Curve) -> None:
    thankful = changed(curve, OUTCOMES["a signal more"])
    ending = changed(thankful, lambda d: d["signals"]["thanks"].update(ends_silence="always"))
    assert thankful.fingerprint != ending.fingerprint


@settings(max_examples=10)
@given(parameters(kept_max=2, engaged_max=3, doubt_max=6), parameters(kept_max=2, engaged_max=3, doubt_max=6))
def test_equal_fingerprints_are_equal_tables(one: Numbers, other: Numbers) -> None:
    first, second = Curve.default(**one), Curve.default(**other)
    if first.fingerprint == second.fingerprint:
        assert first.table().next == second.table().next
        assert first.table().positions == second.table().positions
    else:
        assert one != other
