"""Loading a curve: everything that is wrong is found, at once, and each finding names file, table and key."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.wrong_curves import WRONG, Change
from trustcurve import Curve, InvalidCurveError
from trustcurve.documents.curve_file import curve_toml, parse_curve, read_curve
from trustcurve.errors import CurveWarning


def findings(curve: Curve, *changes: Change) -> list[tuple[str, str, str]]:
    """Return table, key and sentence of everything that is found."""
    document = copy.deepcopy(curve.to_plain())
    for change in changes:
        change(document)
    with pytest.raises(InvalidCurveError) as caught:
        read_curve(document, "ours.toml")
    told = str(caught.value).splitlines()
    assert len(told) == len(caught.value.findings)
    for line, found in zip(told, caught.value.findings, strict=True):
        assert found.source == "ours.toml"
        assert line.startswith(f"ours.toml: {found.table}")
        assert found.key in line
        assert line.endswith(found.problem)
    return [(found.table, found.key, found.problem) for found in caught.value.findings]


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(curve: Curve, name: str) -> None:
    change, table, key, says = WRONG[name]
    found = findings(curve, change)
    assert any(t == table and k == key and says in s for t, k, s in found), found


def test_everything_is_found_at_once(curve: Curve) -> None:
    names = ["an unknown side", "a duration in no unit", "an unknown key of a rule", "a rule without a reason"]
    found = findings(curve, *(WRONG[name][0] for name in names))
    assert [(table, key) for table, key, _ in found] == [
        ("[parameters]", "grace.weeks"),
        ("[signals]", "purchase.by"),
        ("[[rules]] repair.settles", "because"),
        ("[[rules]] repair.settles", "becuase"),
    ]
    names = ["an unknown signal", "an unknown stage", "parameters against each other", "a stage twice"]
    assert len(findings(curve, *(WRONG[name][0] for name in names))) >= len(names)


def test_broken_toml_is_a_finding_too() -> None:
    with pytest.raises(InvalidCurveError, match=r"^ours\.toml: TOML: .*line 2") as caught:
        parse_curve("[curve]\nname = ours\n", "ours.toml")
    assert len(caught.value.findings) == 1
    with pytest.raises(InvalidCurveError, match="the curve: rules: is missing"):
        parse_curve("")


@pytest.mark.parametrize("many", ["{x} promises", "{n", "{}", "{n!r}", "{n:>99999999}", "{n.__class__}", "{n[0]}", 3])
def test_words_that_cannot_count_are_found(curve: Curve, many: object) -> None:
    ((table, key, says),) = findings(curve, lambda d: d["signals"]["kept_major"].update(many=many))
    assert (table, key) == ("[signals]", "kept_major.many")
    assert "no placeholder except {n}" in says


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


PLACES = places(Curve.default().to_plain())[1:]
SCALARS = [None, True, 0, -1, 99, 10**30, 1.5, float("nan"), b"x", "", "x", "due", "hopeful", "-kept_max", "kept_max"]
TABLES = [{}, {"max": 3}, {"value": 2}, {"at_least": 1}, {"days": 3}, {"stage": "hopeful"}, {1: 2}]
JUNK = st.sampled_from([*SCALARS, *TABLES, [], (), ["due"], [1], [[]], [{}]])


@pytest.mark.slow
@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=3), st.booleans())
def test_no_document_breaks_the_loader(edits: list[tuple[tuple[Any, ...], Any]], remove: bool) -> None:  # noqa: FBT001
    document = copy.deepcopy(Curve.default().to_plain())
    for path, junk in edits:
        inner: Any = document
        try:
            for key in path[:-1]:
                inner = inner[key]
            if remove:
                del inner[path[-1]]
            else:
                inner[path[-1]] = junk
        except (IndexError, KeyError, TypeError):
            continue  # an edit before this one took the place away
    try:
        curve = read_curve(document, "ours.toml")
    except InvalidCurveError as error:
        if not error.findings or not str(error):
            raise
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CurveWarning)  # of what nothing uses any more
            assert parse_curve(curve_toml(curve)) == curve
        assert len(curve.table()) > 1


# --- what is legal and hardly meant ----------------------------------------------------------------------


def warned(curve: Curve, change: Change) -> list[str]:
    """Change the default curve, parse it, and return what is warned of."""
    document = copy.deepcopy(curve.to_plain())
    change(document)
    text = curve_toml(read_curve(document))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parse_curve(text, "ours.toml")
    assert all(isinstance(each.message, CurveWarning) for each in caught)
    return [str(each.message) for each in caught]


def test_the_default_curve_gives_no_warning(curve: Curve) -> None:
    assert warned(curve, lambda _: None) == []


def test_a_parameter_that_nothing_uses_is_warned_of(curve: Curve) -> None:
    said = "ours.toml: [parameters] spare: is not used: no row, counter, stage or start names it"
    assert warned(curve, lambda d: d["parameters"].update(spare=3)) == [said]
    assert warned(curve, lambda d: d["parameters"].update(spare={"value": 3, "at_most": "kept_max"})) == [said]


def test_a_row_called_falls_that_lifts_is_warned_of(curve: Curve) -> None:
    def lift(document: dict[str, Any]) -> None:
        row = next(row for row in document["settling"] if row["name"] == "hopeful.falls")
        row["set"]["stage"] = "advocate"

    assert warned(curve, lift) == [
        'ours.toml: [[settling]] hopeful.falls name: ends in "falls", but the row lifts a customer to a higher state'
    ]
