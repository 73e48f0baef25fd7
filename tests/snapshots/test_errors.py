"""What can be wrong with a snapshot: each error by its name, with its data, and with the path to the field."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest

from tests.snapshots.checking import Spoil, drop, put, read_as, refuse, spoiled, stored
from tests.snapshots.values import golden_curve
from trustcurve import Curve, Event, Exchanged, Journey, PromiseMade, Standing, Step, TrustcurveError
from trustcurve.snapshots import (
    VERSION,
    MalformedSnapshotError,
    OtherCurveError,
    SnapshotError,
    UnknownVersionError,
    from_dict,
    from_json,
)

CURVE = golden_curve()


@pytest.mark.parametrize("version", [0, 3, -1, "1", None, True, 1.0, [1]])
def test_an_unknown_version_is_named(version: object) -> None:
    error = refuse("standing", put("schema", version))
    assert isinstance(error, UnknownVersionError)
    assert (error.version, error.known) == (version, VERSION)
    assert repr(version) in str(error)
    assert ("newer version of trustcurve" in str(error)) == (version == 3)


def nested() -> list[object]:
    """Return a list that is nested more deeply than Python can print."""
    inner: list[object] = []
    for _ in range(100_000):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("version", "says"), [(10**5000, "too many digits"), (nested(), "nested too deeply")], ids=["long", "deep"]
)
def test_a_version_that_cannot_be_printed_is_described(version: object, says: str) -> None:
    with pytest.raises(UnknownVersionError) as caught:
        from_dict(Standing, {**stored("standing"), "schema": version}, curve=CURVE)
    assert says in str(caught.value)


def test_a_key_that_cannot_be_printed_is_described() -> None:
    plain = {**stored("standing"), 10**5000: 1}
    with pytest.raises(MalformedSnapshotError, match=r"a very long number"):
        from_dict(Standing, plain, curve=CURVE)  # type: ignore[arg-type]


def test_a_snapshot_of_another_curve_is_refused_with_both_fingerprints() -> None:
    other = CURVE.with_parameters(initial_doubt=1)
    with pytest.raises(OtherCurveError, match=r"move it to this one with curve\.migrate") as caught:
        from_dict(Standing, stored("standing"), curve=other)
    assert (caught.value.expected, caught.value.found) == (other.fingerprint, CURVE.fingerprint)


@pytest.mark.parametrize("name", ["step", "journey"])
def test_steps_and_journeys_of_another_curve_are_refused(name: str) -> None:
    cls, _ = read_as(name)
    with pytest.raises(OtherCurveError):
        from_dict(cls, stored(name), curve=CURVE.with_parameters(grace=1))


def test_the_name_of_a_curve_and_its_wording_do_not_make_it_another() -> None:
    renamed = from_dict(Curve, spoiled("curve", put("document.curve.name", "ours")))
    assert renamed != CURVE
    assert from_dict(Standing, stored("standing"), curve=renamed).customer == "cust-0042"


def test_a_changed_curve_is_not_read_under_the_old_fingerprint() -> None:
    assert isinstance(refuse("curve", put("document.parameters.grace", 1)), OtherCurveError)


MALFORMED: list[tuple[str, Spoil, str, str]] = [
    (
        "standing",
        put("position", {"stage": "distrust", "kept": 1, "engaged": 0, "doubt": 2, "account": "clear"}),
        "$.position",
        "must be reachable from the start",
    ),
    ("standing", drop("schema"), "$.schema", "is missing"),
    ("standing", drop("kind"), "$.kind", "must be 'standing', got missing"),
    ("standing", put("kind", "step"), "$.kind", "must be 'standing', got 'step'"),
    ("standing", drop("curve"), "$.curve", "fingerprint"),
    ("standing", put("curve", 5), "$.curve", "fingerprint"),
    ("standing", drop("customer"), "$.customer", "missing"),
    ("standing", put("customer", ""), "$.customer", "empty"),
    ("standing", put("customer", 5), "$.customer", "must be a text, got 5"),
    ("standing", put("as_of", "2026-03-03T12:00:00"), "$.as_of", "with an offset"),
    ("standing", put("as_of", "soon"), "$.as_of", "soon"),
    ("standing", put("as_of", "2026-02-30T12:00:00Z"), "$.as_of", "is not a time: day is out of range"),
    ("standing", put("as_of", "2026-03-03T24:00:00Z"), "$.as_of", "RFC 3339"),
    ("standing", put("as_of", 5), "$.as_of", "ISO 8601"),
    ("standing", put("as_of", "2026-03-03T12:00:00.1234567Z"), "$.as_of", "at most six decimals"),
    ("standing", put("promises[0].due", "2026-03-03T12:00:00.000000000Z"), "$.promises[0].due", "at most six decimals"),
    (
        "standing",
        put("quiet_since", f"2026-03-03T12:00:00.{'0' * 5_000_000}Z"),
        "$.quiet_since",
        "at most six decimals",
    ),
    ("standing", put("as_of", "0001-01-01T00:00:00+10:00"), "$.as_of", "must lie between the years 1 and 9999 in UTC"),
    ("standing", put("quiet_since", "2027-01-01T00:00:00Z"), "$.quiet_since", "after as_of"),
    ("standing", put("position.kept", 4), "$.position.kept", "must be from 0 to 3, got 4"),
    ("standing", put("position.engaged", 5), "$.position.engaged", "must be from 0 to 4, got 5"),
    ("standing", put("position.doubt", 13), "$.position.doubt", "must be from 0 to 12, got 13"),
    ("standing", put("position.doubt", -1), "$.position.doubt", "at least 0"),
    ("standing", put("position.kept", True), "$.position.kept", "whole number"),  # noqa: FBT003 - the value to store
    ("standing", put("position.kept", 1.0), "$.position.kept", "whole number"),
    ("standing", put("position.stage", "hopefull"), "$.position.stage", "did you mean 'hopeful'"),
    ("standing", put("position.account", "owed"), "$.position.account", "owed"),
    ("standing", drop("position.doubt"), "$.position.doubt", "missing"),
    ("standing", put("promises[0].weight", "huge"), "$.promises[0].weight", "huge"),
    ("standing", put("promises[1].overdue", 1), "$.promises[1].overdue", "must be true or false"),
    ("standing", put("promises[2].due", "tomorrow"), "$.promises[2].due", "tomorrow"),
    ("standing", put("promises", [{"id": "b"}, {"id": "a"}]), "$.promises", "ordered by id"),
    ("standing", put("promises", [{"id": "a"}, {"id": "a"}]), "$.promises", "each id once"),
    ("event_PromiseMade", put("event", "PromiseMde"), "$.event", "unknown kind of event 'PromiseMde'"),
    ("event_PromiseMade", put("event", "Event"), "$.event", "unknown kind of event 'Event'"),
    ("event_PromiseMade", drop("event"), "$.event", "kind of event"),
    ("event_PromiseMade", put("event", 5), "$.event", "kind of event"),
    ("event_PromiseMade", drop("at"), "$.at", "missing"),
    ("event_PromiseMade", put("due", "2026-02-01T00:00:00Z"), "$", "must not be before the event"),
    ("event_PromiseMade", put("weight", "huge"), "$.weight", "huge"),
    ("event_PromiseMade", put("channel", 5), "$.channel", "must be a text"),
    ("event_OneSided", put("by", "both"), "$.by", "both"),
    ("step", put("due[1].reaction.rule", "broken_minor.slip"), "$.due[1].reaction.rule", "but this curve gives"),
    (
        "step",
        put("due[1].reaction.after.doubt", 3),
        "$.due[1].reaction.after.doubt",
        "is 3, but this curve gives 2",
    ),
    ("step", put("reaction.signal", "repare"), "$.reaction.signal", "but this curve gives 'repair'"),
    (
        "step",
        put("due[0].reaction.before.engaged", 9),
        "$.due[0].reaction.before.engaged",
        "but this curve gives 2",
    ),
    ("step", put("due[2].promise", 5), "$.due[2].promise", "5"),
    ("step", put("before.position.kept", 9), "$.before.position.kept", "must be from 0 to 3"),
    ("step", put("after.quiet_since", "2027-01-01T00:00:00Z"), "$.after.quiet_since", "but this curve gives"),
    ("step", put("event.at", "2026-06-09"), "$.event.at", "with an offset"),
    ("journey", put("start.customer", 5), "$.start.customer", "must be a text"),
    ("journey", put("steps[5].after.position.kept", 9), "$.steps[5].after.position.kept", "but this curve"),
    ("journey", put("steps[0].reaction.rule", "x"), "$.steps[0].reaction.rule", "but this curve"),
    ("journey", put("duplicates[0].at", "2026"), "$.duplicates[0].at", "2026"),
    ("journey", drop("rejects[0].error.promise"), "$.rejects[0].error.promise", "missing"),
    ("journey", put("rejects[0].error.error", "ValueError"), "$.rejects[0].error.error", "unknown kind of error"),
    ("journey", put("rejects[0].error", None), "$.rejects[0].error", "must be an object, got null"),
    ("journey", drop("start"), "$.start", "missing"),
    ("curve", put("document", None), "$.document", "must be an object"),
    ("curve", drop("document.rules"), "$.document.rules", "is missing"),
    ("curve", put("document.parameters.initial_doubt", 99), "$.document [curve] start.doubt", "must be from 0 to 12"),
    ("curve", drop("document"), "$.document", "is missing"),
    ("curve", put("extra", 1), "$.extra", "unknown field; known: document"),
    ("curve", drop("curve"), "$.curve", "fingerprint"),
]


@pytest.mark.parametrize(("name", "spoil", "path", "problem"), MALFORMED)
def test_a_malformed_snapshot_is_refused_with_the_path_to_the_field(
    name: str, spoil: Spoil, path: str, problem: str
) -> None:
    error = refuse(name, spoil)
    assert isinstance(error, MalformedSnapshotError)
    assert error.path == path
    assert problem in error.problem
    assert f"at {path}: " in str(error)


def test_everything_that_is_wrong_is_told() -> None:
    error = refuse("standing", put("customer", 5), put("position.kept", -1), put("promises[0].weight", "huge"))
    assert isinstance(error, MalformedSnapshotError)
    assert error.path == "$.customer"
    assert [other.rpartition(" @ ")[2] for other in error.others] == ["$.position.kept", "$.promises[0].weight"]
    assert str(error).endswith("(and 2 more)")


def test_one_kind_of_event_is_not_read_as_another() -> None:
    with pytest.raises(MalformedSnapshotError, match="must be 'Exchanged', got 'PromiseMade'") as caught:
        from_dict(Exchanged, stored("event_PromiseMade"))
    assert caught.value.path == "$.event"
    assert isinstance(from_dict(PromiseMade, stored("event_PromiseMade")), PromiseMade)


@pytest.mark.parametrize("cls", [Standing, Event, Step, Journey, Curve])
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", '"text"', "NaN", b"\xff\xfe"])
def test_a_text_that_is_no_snapshot_is_refused(cls: type, text: str | bytes) -> None:
    with pytest.raises(MalformedSnapshotError, match=r"malformed at \$: "):
        from_json(cls, text, curve=CURVE)


def test_all_errors_have_one_root() -> None:
    assert all(
        issubclass(kind, SnapshotError) for kind in (MalformedSnapshotError, OtherCurveError, UnknownVersionError)
    )
    assert issubclass(SnapshotError, TrustcurveError)


@pytest.mark.parametrize(
    ("name", "spoil", "path"),
    [
        ("standing", put("extra", 1), "$.extra"),
        ("standing", put("position.extra", 1), "$.position.extra"),
        ("event_PromiseMade", put("promise", ""), "$.promise"),
        ("event_PromiseMade", put("id", ""), "$.id"),
    ],
)
def test_the_path_leads_to_the_field_itself(name: str, spoil: Spoil, path: str) -> None:
    error = refuse(name, spoil)
    assert isinstance(error, MalformedSnapshotError)
    assert error.path == path


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("standing", put("position", None)),
        ("standing", put("promises[0]", 5)),
        ("standing", put("promises", None)),
        ("standing", put("position.account", "owed")),
        ("standing", put("extra", 1)),
        ("step", put("event", 5)),
        ("journey", put("later[0].event", "Complaind")),
    ],
)
def test_the_problem_is_told_in_words_of_the_snapshot(name: str, spoil: Spoil) -> None:
    error = refuse(name, spoil)
    words = ("object has no attribute", "is not iterable", "typing.", "constructor", "required field 'Complaind'")
    assert not any(word in str(error) for word in words), str(error)


def test_deeply_nested_json_is_a_named_error() -> None:
    with pytest.raises(MalformedSnapshotError):
        from_json(Event, "[" * 200_000)


def test_deeply_nested_data_are_a_named_error() -> None:
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    for cls, data in (
        (Curve, {**stored("curve"), "document": {"curve": deep}}),
        (Standing, {**stored("standing"), "position": deep}),
    ):
        with pytest.raises(MalformedSnapshotError):
            from_dict(cls, data, curve=CURVE)


def test_data_of_any_mapping_type_are_read() -> None:
    data = stored("step")
    kinds: list[Callable[[dict[str, object]], Mapping[str, object]]] = [MappingProxyType, OrderedDict, UserDict]
    for kind in kinds:
        data["event"], data["after"]["position"] = kind(data["event"]), kind(data["after"]["position"])
        assert from_dict(Step, kind(data), curve=CURVE) == from_dict(Step, stored("step"), curve=CURVE)


def test_each_unknown_field_is_told_with_a_hint() -> None:
    with pytest.raises(MalformedSnapshotError) as caught:
        from_dict(Standing, {**stored("standing"), "custmer": "x", "an extra @ one": 1}, curve=CURVE)
    assert (caught.value.path, caught.value.problem) == (
        "$.an extra @ one",
        "unknown field; known: customer, as_of, position, promises, quiet_since",
    )
    assert caught.value.others == ("unknown field; did you mean 'customer'? @ $.custmer",)
