"""No loader ever runs what a document says: text that looks like code is plain text, or a finding."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.documents.doors import DOORS, event
from trustcurve import Exchanged
from trustcurve.core.errors import InvalidDocumentError
from trustcurve.snapshots import SnapshotError, to_json

CODE = (
    "__import__('os').system('touch ran')",
    "!!python/object/apply:os.system ['touch ran']",
    "{x.__class__.__init__.__globals__}",
    "{0.__class__}",
    "{n.__class__.__mro__}",
    "{customer!r:>1000000000}",
    "%(ran)s ${RAN} $(touch ran) `touch ran`",
    "{{ cycler.__init__.__globals__.os.popen('touch ran').read() }}",
    "lambda: open('ran', 'w')",
    "=cmd|'/C calc'!A0",
    "file:///etc/passwd",
)
PLACES: dict[str, tuple[str, ...]] = {
    "curve": ('name = "default"', 'says = "waits for the catch"', 'many = "{n} exchanges"', 'because = "a new proposition raises a new hope, which needs new proof"'),
    "mapping": ('customer = "customer"', 'time = "time"', 'timezone = "Europe/Berlin"', 'id = "row"', 'promise = "{order}"', 'name = "order"'),
    "policy": ('name = "solve first"', 'stage = "departed"', 'do = "wait"'),
    "scenario": ('name = "', 'description = "', 'policy = "'),
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_code_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fail where anything is evaluated, started or written while a document is read."""

    def must_not_run(*_: object, **__: object) -> Any:
        raise AssertionError("a loader ran what a document says")

    # Warm up first: what is imported or generated lazily compiles its own code.
    for door in DOORS.values():
        door.parse(door.right)
    event(to_json(Exchanged(at=__import__("datetime").datetime(2026, 1, 1, tzinfo=__import__("datetime").UTC))))
    for module, names in ((builtins, ("eval", "exec")), (os, ("system", "popen")), (subprocess, ("Popen",))):
        for name in names:
            monkeypatch.setattr(module, name, must_not_run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAN", "expanded")


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize(("kind", "place"), [(kind, place) for kind in PLACES for place in PLACES[kind]])
def test_code_in_a_document_is_text_or_a_finding(kind: str, place: str, code: str, tmp_path: Path) -> None:
    door = DOORS[kind]
    start = door.right.index(place)
    end = door.right.index("\n", start)
    line = door.right[start:end]
    text = door.right[:start] + line.split(" = ")[0] + f" = {json.dumps(code)}" + door.right[end:]
    if "{" in line.split("#")[0].split(" = ", 2)[-1]:
        text = door.right.replace(place, place.split(" = ", maxsplit=1)[0] + f" = {json.dumps(code)}", 1)
    try:
        found = repr(door.parse(text))
    except InvalidDocumentError as error:
        found = str(error)
    assert "expanded" not in found
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", CODE)
def test_code_in_a_snapshot_is_text_or_a_finding(code: str, tmp_path: Path) -> None:
    head = {"schema": 1, "kind": "event", "at": "2026-01-01T00:00:00Z"}
    assert event(json.dumps({**head, "event": "Exchanged", "note": code})).note == code
    for wrong in ({"event": code}, {"event": "Exchanged", "__class__": code}, {"event": "Exchanged", "at": code}):
        with pytest.raises(SnapshotError):
            event(json.dumps({**head, **wrong}))
    assert not list(tmp_path.iterdir())
