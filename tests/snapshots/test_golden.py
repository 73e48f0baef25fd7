"""What was stored once is readable forever, and is written the same to the byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.snapshots.values import BEGINS, EVENTS, GOLDEN, golden_curve, values
from trustcurve import Curve, Journey, PromiseMade
from trustcurve.core.events import EVENTS as KINDS
from trustcurve.snapshots import VERSION, from_dict, from_json, to_dict, to_json

VALUES = values()
CURVES = ("curve_default", "curve_own", "curve_audit")
FOLDERS = [GOLDEN / f"v{version}" for version in range(1, VERSION + 1)]
FOLDER = FOLDERS[-1]
STORED = [
    (name, folder) for number, folder in enumerate(FOLDERS, 1) for name in VALUES if BEGINS.get(name, 1) <= number
]


def stored(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    return text[:-1]


def test_every_version_has_golden_files_of_every_kind() -> None:
    names = {f"v{version}" for version in range(1, VERSION + 1)}
    assert {path.name for path in GOLDEN.iterdir()} == names
    for folder in FOLDERS:
        assert {path.stem for path in folder.iterdir()} == {*CURVES, *(name for name, its in STORED if its == folder)}
    assert {type(event) for event in EVENTS} == set(KINDS)


@pytest.mark.parametrize(("name", "folder"), STORED, ids=lambda each: getattr(each, "name", each))
def test_a_golden_file_is_read_as_the_value_that_was_stored(name: str, folder: Path) -> None:
    cls, value, curve = VALUES[name]
    assert from_json(cls, stored(folder / f"{name}.json"), curve=curve) == value


def test_a_journey_of_version_1_is_read_with_the_clock_of_version_1() -> None:
    # Then a promise with a date excused any number of quiet periods; now it would excuse one.
    now = Curve.default()
    then = now.waiting_without_limit()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = PromiseMade(at=start, promise="p", due=start + timedelta(days=1000))
    old = then.journey([made], customer="ann", until=start + timedelta(days=900))
    data = to_dict(old, curve=now)
    for step in data["steps"]:
        ticks = [{"at": due["at"], "promise": due["promise"]} for due in step["due"]]
        reactions = [due["reaction"] for due in step.pop("due")] + [step.pop("reaction")] * bool(step["event"])
        step.update(ticks=ticks, reactions=reactions)
    version_1 = {**data, "schema": 1, "curve": now.fingerprint_1}
    assert from_dict(Journey, version_1, curve=now) == old
    assert now.journey([made], customer="ann", until=start + timedelta(days=900)) != old


@pytest.mark.parametrize("name", VALUES)
def test_the_same_value_is_written_as_the_same_bytes(name: str) -> None:
    _, value, curve = VALUES[name]
    assert to_json(value, curve=curve) == stored(FOLDER / f"{name}.json")


@pytest.mark.parametrize("name", CURVES)
def test_a_golden_curve_is_written_back_as_the_same_bytes(name: str) -> None:
    text = stored(FOLDER / f"{name}.json")
    assert to_json(from_json(Curve, text)) == text


@pytest.mark.parametrize("name", CURVES)
def test_a_golden_curve_of_version_1_is_written_as_one_of_version_2(name: str) -> None:
    old = stored(GOLDEN / "v1" / f"{name}.json")
    assert '"says"' in old
    assert to_json(from_json(Curve, old)) == stored(FOLDER / f"{name}.json")


def test_the_golden_default_curve_does_what_the_default_curve_does() -> None:
    # Its wording may change; what it does may not: fingerprints of stored standings hang on it.
    for version in range(1, VERSION + 1):
        assert golden_curve(version).fingerprint == Curve.default().fingerprint
    assert golden_curve().parameters == Curve.default().parameters


def test_the_golden_curve_of_ones_own_has_its_parameters() -> None:
    own = from_json(Curve, stored(FOLDER / "curve_own.json"))
    parameters = {"initial_doubt": 3, "silence_after": timedelta(days=60, hours=6), "grace": timedelta(minutes=90)}
    assert own.parameters == {**golden_curve().parameters, **parameters}
    assert own == golden_curve().with_parameters(**parameters)


@pytest.mark.parametrize(
    "path",
    [path for folder in FOLDERS for path in sorted(folder.iterdir())],
    ids=lambda path: f"{path.parent.name} {path.stem}",
)
def test_a_golden_file_says_what_it_is(path: Path) -> None:
    data: dict[str, Any] = json.loads(stored(path))
    assert f"v{data['schema']}" == path.parent.name
    assert data["kind"] == path.stem.partition("_")[0]
    assert ("curve" in data) == (data["kind"] not in {"event", "memory"})


def test_the_golden_values_have_everything_that_can_be_stored() -> None:
    _, standing, _ = VALUES["standing"]
    assert {(promise.weight, promise.overdue, promise.due is None) for promise in standing.promises} == {
        ("major", False, True), ("minor", True, False), ("major", False, False),
    }  # fmt: skip
    _, step, _ = VALUES["step"]
    assert [str(each.cause) for each in step.due] == [
        "promise 'a' was not kept by its date", "promise 'b' was not kept by its date", "a whole quiet period passed",
    ]  # fmt: skip
    assert len(step.reactions) == 4
    _, journey, _ = VALUES["journey"]
    assert journey.duplicates
    assert journey.later
    assert len({type(reject.error) for reject in journey.rejects}) == len(journey.rejects) == 6
    assert journey.steps[-1].event is None


@pytest.mark.parametrize("name", VALUES)
def test_reading_takes_plain_data_too(name: str) -> None:
    cls, value, curve = VALUES[name]
    data = json.loads(stored(FOLDER / f"{name}.json"))
    assert from_dict(cls, data, curve=curve) == value
    assert data == json.loads(stored(FOLDER / f"{name}.json"))
