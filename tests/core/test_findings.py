"""Loading a curve: everything that is wrong is found, at once, and each finding names file, table and key."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.wrong_curves import WRONG, Change
from trustcurve import Curve, InvalidCurveError


def findings(curve: Curve, *changes: Change) -> list[tuple[str, str, str]]:
    """Answer with table, key and sentence of everything that is found."""
    document = copy.deepcopy(curve.to_plain())
    for change in changes:
        change(document)
    with pytest.raises(InvalidCurveError) as caught:
        Curve.from_plain(document, "ours.toml")
    told = str(caught.value).splitlines()
    assert len(told) == len(caught.value.findings)
    for line, found in zip(told, caught.value.findings, strict=True):
        assert found.source == "ours.toml"
        assert line.startswith(f"ours.toml: {found.table}")
        assert found.key in line
        assert line.endswith(found.says)
    return [(found.table, found.key, found.says) for found in caught.value.findings]


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(curve: Curve, name: str) -> None:
    change, table, key, says = WRONG[name]
    found = findings(curve, change)
    assert any(t == table and k == key and says in s for t, k, s in found), found


def test_everything_is_found_at_once(curve: Curve) -> None:
    names = ["an unknown side", "a duration in no unit", "an unknown key of a rule", "a rule without a reason"]
    found = findings(curve, *(WRONG[name][0] for name in names))
    assert [(table, key) for table, key, _ in found] == [
        ("[parameters]", "grace"),
        ("[signals] purchase", "by"),
        ("[[rules]] repair.settles", "becuase"),
        ("[[rules]] repair.settles", "because"),
    ]
    names = ["an unknown signal", "an unknown stage", "parameters against each other", "a stage twice"]
    assert len(findings(curve, *(WRONG[name][0] for name in names))) >= len(names)


def test_broken_toml_is_a_finding_too() -> None:
    with pytest.raises(InvalidCurveError, match=r"^ours\.toml: TOML: .*line 2") as caught:
        Curve.from_toml("[curve]\nname = ours\n", "ours.toml")
    assert len(caught.value.findings) == 1
    with pytest.raises(InvalidCurveError, match="the text: rules: is missing"):
        Curve.from_toml("")


def test_words_that_cannot_count_are_found(curve: Curve) -> None:
    assert findings(curve, lambda d: d["signals"]["kept_major"].update(many="{x} promises"))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Answer with the way to every value in a document."""
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
        curve = Curve.from_plain(document, "ours.toml")
    except InvalidCurveError as error:
        if not error.findings or not str(error):
            raise
    else:
        assert Curve.from_toml(curve.to_toml()) == curve
        assert len(curve.table()) > 1
