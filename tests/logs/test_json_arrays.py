"""One JSON array of objects as a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trustcurve.logs import UnreadableLogError, scan_log

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
entries = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3)


@pytest.mark.parametrize("ending", ["json", "jsonl"])
@given(log=st.lists(entries, min_size=1, max_size=6), indent=st.sampled_from([None, 0, 2]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_array_is_read_as_the_lines_of_its_entries(
    tmp_path: Path, ending: str, log: list[dict[str, Any]], indent: int | None
) -> None:
    (tmp_path / f"array.{ending}").write_text(json.dumps(log, indent=indent), encoding="utf-8")
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps(each) + "\n" for each in log), encoding="utf-8")
    array, lines = scan_log(tmp_path / f"array.{ending}"), scan_log(tmp_path / "lines.jsonl")
    assert array.rows.collect().equals(lines.rows.collect())
    assert array.broken == lines.broken


def of(path: Path, text: str, name: str = "log.json") -> Path:
    (path / name).write_text(text, encoding="utf-8")
    return path / name


def test_an_entry_that_cannot_be_used_is_a_broken_row(tmp_path: Path) -> None:
    log = scan_log(of(tmp_path, '[{"a": 1, "a": 2}, {"a": 3}, 4, [], {"a": "\\ud800"}, {"a": Infinity}]'))
    assert log.rows.collect()["a"].to_list() == ["3"]
    assert log.broken == (
        (1, "has key 'a' twice"),
        (3, "is not a JSON object"),
        (4, "is not a JSON object"),
        (5, "has a lone surrogate, which is not a character"),
        (6, "has Infinity, which is not a number"),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it must be one array of objects; if each line is one"),
        ('{"a": 1}\n', "it must be one array of objects; if each line is one"),
        ("[", "entry 1 of its array is not JSON"),
        ('[{"a": 1},]', "entry 2 of its array is not JSON"),
        ('[{"a": 1}, {"a": ', "entry 2 of its array is not JSON"),
        ('[{"a": 1}, {"a": 2}', "its array is cut short, or lacks a comma, after entry 2"),
        ('[{"a": 1} {"a": 2}]', "its array is cut short, or lacks a comma, after entry 1"),
        ('[{"a": 1}] 2', "it goes on after its array"),
        ("[" * 100_000, "entry 1 of its array is nested too deeply"),
    ],
    ids=range(9),
)
def test_an_array_that_is_broken_is_refused_as_a_whole(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnreadableLogError, match=says):
        scan_log(of(tmp_path, text))


def test_an_empty_array_is_an_empty_log(tmp_path: Path) -> None:
    log = scan_log(of(tmp_path, "[ ]\n"))
    assert (log.rows.collect().height, log.broken) == (0, ())


def test_lines_whose_first_is_no_array_of_objects_are_lines(tmp_path: Path) -> None:
    log = scan_log(of(tmp_path, '\n[1, 2]\n{"a": 1}\n[{"a": 2}]\n', "log.jsonl"))
    assert log.broken == ((2, "is not a JSON object"), (4, "is not a JSON object"))
    assert log.rows.collect().rows() == [(3, "1")]
