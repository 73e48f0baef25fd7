"""How an older snapshot becomes a newer one: one version at a time, by a table of upcasts."""

from __future__ import annotations

import copy
from types import MappingProxyType
from typing import Any

import pytest

from trustcurve.snapshots import MalformedSnapshotError, UnknownVersionError
from trustcurve.snapshots.versions import UPCASTS, VERSION, upcast

Data = dict[str, Any]


def rename(data: Data) -> Data:
    """From 1 to 2: what was "wheels" is "axles", half as many."""
    return {**{key: value for key, value in data.items() if key != "wheels"}, "axles": data["wheels"] // 2}


def nest(data: Data) -> Data:
    """From 2 to 3: the axles move into a table of parts."""
    return {"schema": data["schema"], "kind": data["kind"], "parts": {**data["parts"], "axles": data["axles"]}}


TABLE = {1: rename, 2: nest}
OLD = {"schema": 1, "kind": "cart", "wheels": 4, "parts": {"handle": "oak"}}


def test_a_chain_of_upcasts_is_followed_from_any_version() -> None:
    new = {"schema": 3, "kind": "cart", "parts": {"handle": "oak", "axles": 2}}
    between = {"schema": 2, "kind": "cart", "axles": 2, "parts": {"handle": "oak"}}
    assert upcast(OLD, TABLE, 3) == new
    assert upcast(between, TABLE, 3) == new
    assert upcast(new, TABLE, 3) == new
    assert upcast(OLD, TABLE, 2) == between


def test_the_argument_stays_as_it_is() -> None:
    data = copy.deepcopy(OLD)
    upcast(data, TABLE, 3)["parts"] = None
    assert data == OLD


def test_an_upcast_sees_the_version_that_it_comes_from() -> None:
    seen = []

    def look(data: Data) -> Data:
        seen.append(data["schema"])
        return data

    assert upcast({"schema": 1}, {1: look, 2: look, 3: look}, 4) == {"schema": 4}
    assert seen == [1, 2, 3]


def test_the_current_version_needs_no_upcast() -> None:
    assert upcast(OLD, {}, 1) == OLD
    assert upcast(OLD, {}, 1) is not OLD


@pytest.mark.parametrize("version", [0, 4, "1", None, True])
def test_a_version_outside_the_table_is_named(version: object) -> None:
    with pytest.raises(UnknownVersionError, match="must be from 1 to 3") as caught:
        upcast({**OLD, "schema": version}, TABLE, 3)
    assert (caught.value.version, caught.value.known) == (version, 3)


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_what_is_no_table_is_named(data: Any) -> None:
    with pytest.raises(MalformedSnapshotError, match="must be an object"):
        upcast(data, TABLE, 3)


def test_a_table_without_a_version_is_named() -> None:
    with pytest.raises(MalformedSnapshotError) as caught:
        upcast({"kind": "cart"}, TABLE, 3)
    assert caught.value.path == "$.schema"


def test_every_version_before_the_current_one_has_a_migration() -> None:
    assert set(UPCASTS) == set(range(1, VERSION))


def test_a_careless_migration_cannot_change_the_argument() -> None:
    def careless(data: Data) -> Data:
        data["parts"]["handle"] = "ash"
        return data

    data = copy.deepcopy(OLD)
    assert upcast(data, {1: careless}, 2)["parts"] == {"handle": "ash"}
    assert data == OLD


def test_a_migration_gets_plain_tables_and_lists_whatever_the_caller_has() -> None:
    seen = []

    def look(data: Data) -> Data:
        seen.append(data)
        return data

    wheels = [MappingProxyType({"spokes": 8})]
    upcast(MappingProxyType({"schema": 1, "wheels": wheels}), {1: look}, 2)
    assert seen == [{"schema": 1, "wheels": [{"spokes": 8}]}]
    assert type(seen[0]["wheels"][0]) is dict
    assert seen[0]["wheels"] is not wheels
