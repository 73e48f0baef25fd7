"""Whatever a document holds, every door answers with a named error: never a traceback, never a hang."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.doors import DOORS, NO_PATHS, event
from tests.documents.time_limit import within
from trustcurve import Curve, Event, InvalidCurveError
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import parse_curve, read_curve
from trustcurve.documents.plain_text import DEPTH_MAX, DIGITS_MAX, TEXT_MAX
from trustcurve.errors import InvalidValueError
from trustcurve.simulation import parse_scenario
from trustcurve.snapshots import MalformedSnapshotError, from_json

DEEP = 5000
ABSURD: dict[str, tuple[str, str]] = {
    "arrays in arrays": (f"x = {'[' * DEEP}{']' * DEEP}", "nested more than"),
    "arrays in arrays that Python can bear": (f"x = {'[' * 60}{']' * 60}", "nested more than"),
    "arrays that never end": (f"x = {'[' * DEEP}", "nested more than"),
    "tables in tables": (f"x = {'{ a = ' * DEEP}1{' }' * DEEP}", "nested more than"),
    "a key of many parts": (f"{'.'.join('a' * DEEP)} = 1", "line 1: is nested more than"),
    "a key of very many parts": ("\n".join([f"[{'.'.join('a' * 100_000)}]"] * 4), "line 1: is nested more than"),
    "a key of many quoted parts": ('"b c" . ' * DEEP + "x = 1", "line 1: is nested more than"),
    "a number of many digits": (f"\nx = {'7' * DEEP}", "line 2: a number has more than"),
    "a number of digits that Python can bear": (f"x = {'7' * (DIGITS_MAX + 1)}", "x: a number has more than"),
    "a hexadecimal number of many digits": (f"x = 0x{'f' * DEEP}", "x: a number has more than"),
    "a negative number of many digits": (f"x = -1{'0' * DIGITS_MAX}", "x: a number has more than"),
    "a fraction of many digits": (f"x = 0.{'7' * DEEP}", "line 1: a number has more than"),
    "a very long text": (f"x = '{'a' * TEXT_MAX}'", "has more than 1,000,000 characters"),
    "half a surrogate pair": (r'x = "\ud83d"', "TOML: "),
    "a control character": ("x = '\0'", "TOML: "),
    "a key twice": ("x = 1\nx = 2", "TOML: "),
    "a day that is none": ("x = 2026-02-30", "TOML: "),
}


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_text_is_a_finding(kind: str, name: str) -> None:
    text, says = ABSURD[name]
    with pytest.raises(DOORS[kind].error) as caught:
        DOORS[kind].parse(text, "it.toml")
    (finding,) = caught.value.findings
    assert str(finding).startswith("it.toml: ")
    assert says in str(finding)
    assert len(str(finding)) < 200


@pytest.mark.parametrize("kind", DOORS)
def test_a_file_may_be_as_deep_and_as_long_as_the_limits(kind: str) -> None:
    deep = f"{DOORS[kind].right}\n[x]\ny = {'[' * (DEPTH_MAX - 3)}{']' * (DEPTH_MAX - 3)}\nz = {'7' * DIGITS_MAX}"
    with pytest.raises(DOORS[kind].error, match=r"\[x\]: unknown table"):
        DOORS[kind].parse(deep)


@pytest.mark.parametrize("kind", DOORS)
def test_an_absurd_file_is_a_finding(kind: str, tmp_path: Path) -> None:
    door, path = DOORS[kind], tmp_path / "it.toml"
    path.write_bytes(b"x = '" + b"a" * TEXT_MAX + b"'")
    with pytest.raises(door.error, match=r"it\.toml: has more than 1,000,000 bytes"):
        door.load(path)
    path.write_bytes(b"x = '\xff'")
    with pytest.raises(door.error, match=r"it\.toml: is not UTF-8: invalid start byte at byte 5"):
        door.load(str(path))
    with pytest.raises(FileNotFoundError):
        door.load(tmp_path / "none.toml")
    with pytest.raises(IsADirectoryError):
        door.load(tmp_path)


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.parametrize(("path", "rule"), NO_PATHS)
def test_what_is_not_a_path_is_named(kind: str, path: object, rule: str) -> None:
    with pytest.raises(InvalidValueError, match=f"path {rule}, got "):
        DOORS[kind].load(path)


@pytest.mark.parametrize("kind", DOORS)
def test_what_is_not_a_text_is_named(kind: str) -> None:
    for wrong in (b"x = 1", None, 3):
        with pytest.raises(InvalidValueError, match="text"):
            DOORS[kind].parse(wrong)


@pytest.mark.parametrize("kind", DOORS)
def test_the_name_of_a_document_is_a_text(kind: str) -> None:
    for wrong in (b"it.toml", Path("it.toml"), 5):
        with pytest.raises(InvalidValueError, match="source must be a str, the name of the document"):
            DOORS[kind].parse("x=", wrong)
    with pytest.raises(InvalidValueError, match="source must be a str"):
        read_curve({}, 5)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="folder must be a str or a path, got 5"):
        parse_scenario("x=", "it.toml", 5)  # type: ignore[arg-type]


HEAD = '{"schema":1,"kind":"event","at":"2026-01-01T00:00:00Z","event":"Exchanged"'
RIGHT = f"{HEAD}}}"
ABSURD_JSON: dict[str, tuple[str | bytes, str]] = {
    "arrays in arrays": ("[" * 100_000, "nested too deeply"),
    "arrays in a field": (f'{HEAD},"note":{"[" * DEEP}{"]" * DEEP}}}', "$"),
    "a number of many digits": (f'{HEAD},"note":{"7" * DEEP}}}', "$: a number has too many digits"),
    "a number of fewer digits": (f'{HEAD},"note":{"7" * 500}}}', "$.note: must be a text, got a very long number"),
    "no number": (f'{HEAD},"note":NaN}}', "$.note: must be a text, got nan"),
    "bytes that are no text": (b'{"a":"\xff"}', "$: is not UTF-8: invalid start byte at byte 6"),
    "half a surrogate pair": (f'{HEAD},"note":"\\ud83d"}}', "$.note: must be a text without lone surrogates"),
    "a field twice": (f'{HEAD},"at":"2027-01-01T00:00:00Z"}}', "$: field 'at' is given twice"),
    "seconds that are none": (HEAD.replace("00:00:00", "00:00:61") + "}", "$.at: must be a time in RFC 3339"),
    "a day that is none": (HEAD.replace("01-01", "02-30") + "}", "$.at: is not a time"),
}


@pytest.mark.parametrize("name", ABSURD_JSON)
def test_absurd_json_is_named(name: str) -> None:
    text, says = ABSURD_JSON[name]
    with pytest.raises(MalformedSnapshotError) as caught:
        from_json(Event, text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_field_twice_among_very_many_is_found_soon() -> None:
    many = ",".join(f'"k{number}":1' for number in range(60_000))
    with within(20), pytest.raises(MalformedSnapshotError, match="field 'k59999' is given twice"):
        event(f'{{{many},"k59999":2}}')


def test_json_that_is_not_a_text_is_named() -> None:
    with pytest.raises(InvalidValueError, match="must be JSON as str or bytes"):
        event(3)  # type: ignore[arg-type]


def test_plain_data_have_the_limits_of_texts() -> None:
    document = Curve.default().to_plain()
    around: list[object] = []
    around.append(around)
    shared: object = 1
    for _ in range(DEPTH_MAX + 1):
        shared = [shared, shared]
    for deep in (around, shared):
        with pytest.raises(InvalidCurveError, match="nested more than"):
            read_curve({**document, "x": deep})
    with pytest.raises(InvalidCurveError, match="a number has more than 100 digits"):
        read_curve({**document, "parameters": {**document["parameters"], "kept_max": 10**5000}})


def test_dotted_words_in_texts_and_comments_are_not_keys() -> None:
    dotted = ".".join("a" * 60)
    text = default_toml().replace("there is nothing to repair", dotted)
    assert parse_curve(f"# {dotted}\n{text}") == parse_curve(text)
    for deep in (f"{dotted} = 1", f"[{dotted}]", f"x = {{ {dotted} = 1 }}"):
        with pytest.raises(InvalidCurveError, match="nested more than 32 levels deep"):
            parse_curve(deep)


def test_a_byte_order_mark_is_no_part_of_a_text() -> None:
    assert parse_curve("\ufeff" + default_toml()) == parse_curve(default_toml())
    assert event(f"\ufeff{RIGHT}") == event(RIGHT) == event(f"\ufeff{RIGHT}".encode())  # type: ignore[arg-type]
    with pytest.raises(MalformedSnapshotError, match="is not JSON"):
        event(f"\ufeff\ufeff{RIGHT}")
