"""No loader ever runs what a document says: text that looks like code is plain text, or a finding."""

from __future__ import annotations

import builtins
import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.documents.doors import DOORS, event
from trustcurve import Exchanged
from trustcurve.errors import InvalidDocumentError
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
KEYS = {
    "curve": ("name", "description", "many", "because", "stage", "at_most", "max"),
    "mapping": ("customer", "time", "timezone", "id", "name", "promise", "event", "weight", "channel"),
    "environment": ("name",),
    "policy": ("name", "description", "stage", "do", "because"),
    "property": ("name", "description", "actions", "moves", "stage"),
    "scenario": ("name", "description", "policy"),
}


@pytest.fixture(autouse=True)
def no_code_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fail where anything is evaluated, started or written while a document is read."""

    def must_not_run(*_: object, **__: object) -> Any:
        raise AssertionError("a loader ran what a document says")

    # Warm up first: what is imported or generated lazily compiles its own code.
    for door in DOORS.values():
        door.parse(door.right)
    event(to_json(Exchanged(at=datetime(2026, 1, 1, tzinfo=UTC))))
    for module, names in ((builtins, ("eval", "exec")), (os, ("system", "popen")), (subprocess, ("Popen",))):
        for name in names:
            monkeypatch.setattr(module, name, must_not_run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAN", "expanded")


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind in KEYS for key in KEYS[kind]])
def test_code_in_a_document_is_text_or_a_finding(kind: str, key: str, code: str, tmp_path: Path) -> None:
    text, changed = re.subn(rf'\b{key} = "[^"]*"', lambda _: f"{key} = {json.dumps(code)}", DOORS[kind].right, count=1)
    assert changed
    try:
        found = repr(DOORS[kind].parse(text))
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
