"""The JSON Schemas of documents: what the reader accepts, a schema accepts; what a schema rejects, so does the reader."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tomllib
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.documents.doors import DOORS, EXAMPLES
from trustcurve.cli.curve_command import DOCUMENTS, schema_of
from trustcurve.documents.reader import read_plain

ROOT = EXAMPLES.parent
SHIPPED = [*sorted(EXAMPLES.rglob("*.toml")), ROOT / "src" / "trustcurve" / "core" / "default.toml"]


@cache
def validator(kind: str) -> Draft202012Validator:
    schema = schema_of(kind)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_json(value: Any) -> Any:
    """Make of plain data what an editor's checker sees: it has no times."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date | time | datetime) else value


def shape_is_right(kind: str, document: dict[str, Any]) -> bool:
    """Whether the reader finds nothing wrong with single values: what values mean together comes later."""
    return not read_plain(document, DOORS[kind].form, "it.toml", DOORS[kind].error).findings


def test_the_shipped_schemas_and_documents_are_up_to_date() -> None:
    """`python tools/json_schemas.py` writes them."""
    code = "import json_schemas as tool; print([str(p) for p, t in {**tool.schemas(), **tool.documents()}.items() if p.read_text(encoding='utf-8') != t])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "tools", check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_document_names_its_schema_and_fulfils_it(path: Path) -> None:
    first, _, text = path.read_text(encoding="utf-8").partition("\n")
    schema = json.loads((path.parent / first.removeprefix("#:schema ")).read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(as_json(tomllib.loads(text)))


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_key_says_what_it_is(kind: str) -> None:
    schema = schema_of(kind)
    tables = [schema, *schema["$defs"].values()]
    silent = [key for table in tables for key, each in table["properties"].items() if not each.get("description")]
    assert silent == []
    assert all(table["description"] for table in tables)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


RIGHT = {kind: tomllib.loads(door.right) for kind, door in DOORS.items()}
JUNK = st.sampled_from(
    [True, False, 0, 1, -1, 99, 1.5, "", " ", "x", "hopeful", "due", "wait", [], ["due"], [1], [[]],
     [{}], {}, {"at_least": 1}, {"days": 3}, {"value": 2}, {"x": 1}]
)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, kind: str, junk: st.SearchStrategy[Any] = JUNK) -> dict[str, Any]:
    """Draw a shipped document with one value left out, replaced, or one too many."""
    document = copy.deepcopy(RIGHT[kind])
    *outer, last = draw(st.sampled_from(places(document)[1:]))
    around: Any = document
    for key in outer:
        around = around[key]
    what = draw(st.sampled_from(["drop", "put", "add"]))
    if what == "drop":
        del around[last]
    elif what == "put" or not isinstance(around, dict):
        around[last] = draw(junk)
    else:
        around[draw(st.sampled_from(["nmae", "name", "at", "because", "max"]))] = draw(junk)
    return document


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_what_the_reader_accepts_the_schema_accepts(kind: str) -> None:
    @settings(max_examples=300)
    @given(spoiled(kind, JUNK | st.just(date(2026, 1, 1))))
    def check(document: dict[str, Any]) -> None:
        if shape_is_right(kind, document):
            validator(kind).validate(as_json(document))

    check()


@pytest.mark.parametrize("kind", ["curve", "environment", "policy", "property", "scenario"])
def test_what_the_reader_rejects_by_shape_the_schema_rejects(kind: str) -> None:
    @settings(max_examples=300)
    @given(spoiled(kind))
    def check(document: dict[str, Any]) -> None:
        if validator(kind).is_valid(as_json(document)):
            assert shape_is_right(kind, document)

    check()


WRONG: list[tuple[str, tuple[str, str]]] = [
    ("curve", ("[counters]", "[countres]")),
    ("curve", ('by = "company"', 'by = "compny"')),
    ("curve", ("max = ", "top = ")),
    ("curve", ('account = "clear"', 'account = "clean"')),
    ("curve", ("waiting_periods = 1", 'waiting_periods = "one"')),
    ("curve", ("silence_after = { days = 90 }", "silence_after = { weeks = 12 }")),
    ("mapping", ("[log]", "[logg]")),
    ("mapping", ('time = "time"', "time = 3")),
    ("mapping", ('event = "PromiseMade"', 'event = "PromiseMde"')),
    ("mapping", ('weight = "major"', 'weight = "mayor"')),
    ("mapping", ("{ at_least = 10 }", "{ at_leats = 10 }")),
    ("mapping", ("end_of_day = true", "end_of_day = 1")),
    ("environment", ("kept = 0.5", "kept = 1.5")),
    ("environment", ("keeps_promises = false", "keeps_promises = 0")),
    ("policy", ('do = "', 'do = 1 # "')),
    ("policy", ("[[rules]]", "[[rule]]")),
    ("property", ("never = {", "nver = {")),
    ("property", ('moves = "complaint"', 'moves = "sell"')),
    ("property", ("within = 2", "per = 2")),
    ("property", ("outside = false", "otside = false")),
    ("scenario", ("turns = ", "turn = ")),
    ("scenario", ("kept = 0.4", "kept = 1.4")),
]


@pytest.mark.parametrize(("kind", "change"), WRONG)
def test_a_schema_finds_what_hands_get_wrong(kind: str, change: tuple[str, str]) -> None:
    text = DOORS[kind].right
    assert change[0] in text
    document = tomllib.loads(text.replace(*change, 1))
    assert not validator(kind).is_valid(as_json(document))
    assert not shape_is_right(kind, document)
