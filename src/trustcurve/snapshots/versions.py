"""Schema versions of snapshots, and how an older one becomes a newer one.

A change of any stored form raises ``VERSION`` by one, adds a migration from the version before,
and keeps a golden file of each version for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trustcurve.snapshots.errors import MalformedSnapshotError, UnknownVersionError
from trustcurve.snapshots.problems import named

__all__ = ["MIGRATIONS", "VERSION", "Migration", "migrate"]

VERSION: Final = 1

Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: Final[Mapping[int, Migration]] = {}
"""From version n (the key) to n + 1. Each gets a whole snapshot, and answers with a new one."""


def migrate(
    data: Mapping[str, Any], migrations: Mapping[int, Migration] = MIGRATIONS, version: int = VERSION
) -> dict[str, Any]:
    """Bring a snapshot to the current version, one version at a time; the argument stays as it is.

    Raises:
        MalformedSnapshotError: It is no table, or says no version.
        UnknownVersionError: Its version is not one from 1 to ``version``.
    """
    if not isinstance(data, Mapping):
        raise MalformedSnapshotError("$", f"must be an object, not {named(data)}")
    if "schema" not in data:
        raise MalformedSnapshotError("$.schema", "is missing")
    found = data["schema"]
    if type(found) is not int or not 1 <= found <= version:
        raise UnknownVersionError(found, version)
    current = dict(data)
    if found < version:
        current = _copied(data)  # to the bottom, so that no migration can reach the caller's own data
    for step in range(found, version):
        current = {**migrations[step](current), "schema": step + 1}
    return current


def _copied(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(value) for value in data] if isinstance(data, list) else data
