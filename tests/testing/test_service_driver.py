"""A service of one's own against the curve: sound ones pass, and each fault is found soon and told in few words."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any, Self

import pytest
from hypothesis.stateful import invariant

from tests.testing.services import CURVE, Plain, Sorting, run
from trustcurve import Event, Exchanged, PromiseMade, Standing, TrustcurveError
from trustcurve.errors import InvalidValueError
from trustcurve.machine import AsyncLiveCustomer, Callbacks, LiveCustomer
from trustcurve.testing import Disagreement, service_machine
from trustcurve.testing.disagreement import find_disagreement

EXAMPLE = Path(__file__).parents[2] / "examples" / "testing"


class InWords:
    """A service that tells the name of the state and no more, and does so in a method."""

    def __init__(self, standing: Standing) -> None:
        self.kept = standing

    async def apply(self, event: Event) -> None:
        """Take an event in."""
        self.kept = CURVE.advance(self.kept, event).after

    async def standing(self) -> str:
        """Say where the customer stands."""
        return CURVE.state(self.kept.position)


SOUND: dict[str, tuple[Callable[[Standing], Any], dict[str, bool]]] = {
    "plain": (Plain, {}),
    "live": (lambda standing: LiveCustomer(standing, Callbacks(CURVE)), {}),
    "live, async": (lambda standing: AsyncLiveCustomer(standing, Callbacks(CURVE)), {}),
    "in words": (InWords, {}),
    "sorting": (Sorting, {"redeliver": True, "reorder": True}),
}


@pytest.mark.parametrize("which", SOUND)
def test_sound_services_agree(which: str):
    make, options = SOUND[which]
    assert run(make, **options) is None


# --- the example's three faults -----------------------------------------------------------------


@pytest.fixture(scope="module")
def faulty() -> Any:
    """Load the example: a service, and three faulty ones."""
    for name in ("service", "faulty"):
        spec = importlib.util.spec_from_file_location(name, EXAMPLE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    yield sys.modules["faulty"]
    for name in ("service", "faulty"):
        del sys.modules[name]


def test_the_example_itself_is_sound(faulty: ModuleType):
    assert run(faulty.TrustService, redeliver=True) is None


@pytest.mark.parametrize("fault", ["LostUpdate", "DoubleCounted", "NeverDue"])
def test_each_fault_of_the_example_is_found_soon_and_shown_in_few_events(faulty: ModuleType, fault: str):
    begun = perf_counter()
    found = run(getattr(faulty, fault), examples=100, redeliver=True)
    assert perf_counter() - begun < 30
    assert found is not None
    assert 1 <= len(found.deliveries) <= 4
    again = find_disagreement(CURVE, getattr(faulty, fault), found.start, found.deliveries)
    assert str(again) == str(found)


def test_what_is_counted_twice_was_delivered_twice(faulty: ModuleType):
    found = run(faulty.DoubleCounted, examples=100, redeliver=True)
    assert found is not None
    assert len(set(map(id, found.deliveries))) == len(found.deliveries) - 1
    assert "(delivered again)" in str(found)


# --- how a disagreement is told -----------------------------------------------------------------


class Failing(Plain):
    """Fails on a recommendation."""

    def apply(self, event: Event) -> None:
        """Take an event in."""
        if type(event).__name__ == "Advocated":
            raise ZeroDivisionError("a bug")
        super().apply(event)


def seen_by(run: Callable[[type[Any]], Disagreement | None], **options: bool) -> tuple[list[Standing], list[Event]]:
    """Return the first standings and the events of all examples of a service that is right."""
    starts, events = list[Standing](), list[Event]()

    class Seeing(Plain):
        """Notes whom and what it gets."""

        def __init__(self, standing: Standing) -> None:
            super().__init__(standing)
            starts.append(standing)

        def apply(self, event: Event) -> None:
            """Take an event in."""
            super().apply(event)
            events.append(event)

    assert run(Seeing, **options) is None
    return starts, events


def test_each_example_has_a_customer_of_its_own():
    starts, _ = seen_by(run)
    assert len({start.customer for start in starts}) == len(starts) > 10
    assert all(start.customer.startswith("customer ") for start in starts)


def test_events_happen_at_any_time_of_day_and_promises_end_where_clocks_change():
    _, events = seen_by(run)
    assert len({event.at.time() for event in events}) > 20
    due = [event.due for event in events if isinstance(event, PromiseMade) and event.due is not None]
    assert any(abs(each - datetime(2026, 3, 29, 1, tzinfo=UTC)) <= timedelta(hours=26) for each in due)


def test_unittest_prints_the_name_that_the_test_has(tmp_path: Path):
    (tmp_path / "test_shop.py").write_text(
        "from trustcurve import Curve\nfrom trustcurve.machine import Callbacks, LiveCustomer\n"
        "from trustcurve.testing import service_machine\ncurve = Curve.default()\n"
        "TestShop = service_machine(curve, lambda standing: LiveCustomer(standing, Callbacks(curve))).TestCase\n"
    )
    command = [sys.executable, "-m", "unittest", "-v", "test_shop"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "runTest (test_shop.TestShop" in done.stderr


def test_an_error_of_the_service_is_shown():
    found = run(Failing)
    assert found is not None
    assert isinstance(found.service, ZeroDivisionError)
    assert len(found.deliveries) == 1
    assert "the service fails: ZeroDivisionError: a bug" in str(found)


class Unreadable(Plain):
    """Cannot say where those stand who have left."""

    def __init__(self, standing: Standing) -> None:
        self.seen = standing

    def apply(self, event: Event) -> None:
        """Take an event in."""
        self.seen = CURVE.advance(self.seen, event).after

    @property
    def standing(self) -> Standing:  # type: ignore[override]
        """Where the customer stands."""
        return self.seen if self.seen.position.stage != "departed" else self.gone  # type: ignore[attr-defined,no-any-return]


def test_an_error_while_reading_the_standing_is_shown():
    found = run(Unreadable)
    assert found is not None
    assert len(found.deliveries) == 1
    assert "the service fails: AttributeError: 'Unreadable' object has no attribute 'gone'" in str(found)


class Vague(Plain):
    """Says nothing of those who have left."""

    @property
    def standing(self) -> Any:
        """Where the customer stands."""
        return self.seen if self.seen.position.stage != "departed" else None

    @standing.setter
    def standing(self, seen: Standing) -> None:
        self.seen = seen


def test_a_standing_of_the_wrong_type_is_shown_with_its_journey():
    found = run(Vague)
    assert found is not None
    assert len(found.deliveries) == 1
    assert "the service fails: InvalidValueError: standing must be a Standing" in str(found)


class GivingUp(Plain):
    """A test double that fails its test."""

    def apply(self, event: Event) -> None:
        """Take an event in."""
        if type(event).__name__ == "Departed":
            pytest.fail("nobody leaves here")
        super().apply(event)


def test_a_service_that_fails_its_test_is_shown_with_its_place():
    found = run(GivingUp)
    assert found is not None
    assert len(found.deliveries) == 1
    assert "the service fails: Failed: nobody leaves here" in str(found)
    assert re.search(r"test_service_driver\.py:\d+, in apply", str(found))


def test_rules_and_invariants_can_be_added_to_a_machine():
    class Ours(service_machine(CURVE, Plain)):  # type: ignore[misc]
        @invariant()
        def refused(self) -> None:
            raise ZeroDivisionError("looked at")

    with pytest.raises(ZeroDivisionError, match="looked at"):
        Ours.TestCase().runTest()


def test_a_disagreement_of_a_nondeterministic_service_is_shown_as_found():
    applied: list[Event] = []

    class Disturbed(Plain):
        def apply(self, event: Event) -> None:
            applied.append(event)
            if len(applied) == 100:
                raise ConnectionError("once in a while")
            super().apply(event)

    found = run(Disturbed)
    assert found is not None
    assert not found.reproduced
    assert isinstance(found.service, ConnectionError)
    assert "a new service did not disagree: the service is not deterministic" in str(found)


def stored(key_of: Callable[[Standing], str]) -> type[Any]:
    """Return a service that keeps its customers in one store."""
    store: dict[str, Standing] = {}

    class Stored:
        def __init__(self, standing: Standing) -> None:
            self.key = key_of(standing)
            store.setdefault(self.key, standing)

        @property
        def standing(self) -> Standing:
            return store[self.key]

        def apply(self, event: Event) -> None:
            store[self.key] = CURVE.advance(store[self.key], event).after

    return Stored


def test_a_service_may_keep_all_customers_in_one_store():
    assert run(stored(lambda standing: standing.customer)) is None


def test_a_service_that_customers_share_is_named():
    found = run(stored(lambda _: "everybody"))
    assert found is not None
    assert not found.deliveries
    assert "does make_service make a new service for each customer, and use the standing that it gets?" in str(found)


def test_a_plain_service_fails_on_events_out_of_order():
    found = run(Plain, reorder=True)
    assert found is not None
    assert len(found.deliveries) <= 3
    assert isinstance(found.service, TrustcurveError), (
        "it refuses what comes late, or what is kept before it is promised"
    )


def test_a_service_that_begins_elsewhere_disagrees_before_anything_happened():
    found = run(lambda standing: Plain(CURVE.advance(standing, Exchanged(at=standing.as_of)).after))
    assert found is not None
    assert str(found).startswith("the service and the curve disagree before anything happened\n")


def test_the_clock_of_a_service_is_run_where_it_has_one():
    looked: list[Any] = []

    class Looking(Plain):
        def observe(self, at: Any) -> None:
            looked.append(at)
            self.standing = CURVE.observe(self.standing, at).after

    class Blind(Looking):
        def observe(self, at: Any) -> None:
            """Forget to look."""

    assert run(Looking) is None
    assert looked
    found = run(Blind)
    assert found is not None
    assert "the clock runs up to here" in str(found)


def test_context_managers_are_left_again_whatever_happens():
    opened: list[str] = []

    @contextmanager
    def making(standing: Standing) -> Any:
        opened.append("in")
        try:
            yield Failing(standing)
        finally:
            opened.append("out")

    assert run(making) is not None
    assert opened.count("in") == opened.count("out") > 1


def test_event_loops_are_only_made_for_what_is_awaited(monkeypatch: pytest.MonkeyPatch):
    made, new = list[int](), asyncio.new_event_loop
    mine = new()
    asyncio.set_event_loop(mine)
    try:
        monkeypatch.setattr(asyncio, "new_event_loop", lambda: made.append(1) or new())
        monkeypatch.setattr(asyncio.events, "new_event_loop", asyncio.new_event_loop)
        assert run(Plain, examples=5) is None
        assert not made, "a sync service has nothing to await"
        assert run(InWords, examples=5) is None
        assert made
        assert asyncio.get_event_loop_policy().get_event_loop() is mine
    finally:
        asyncio.set_event_loop(None)
        mine.close()


def test_async_context_managers_are_left_again():
    opened: list[str] = []

    class Session(InWords):
        async def __aenter__(self) -> Self:
            opened.append("in")
            return self

        async def __aexit__(self, *error: object) -> None:
            opened.append("out")

    async def make(standing: Standing) -> Session:
        return Session(standing)

    assert run(make, examples=5) is None
    assert opened.count("in") == opened.count("out") > 1


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: object(), "must make an object with apply"),
        (object, "raised TypeError: .*it is called with the standing of a new customer"),
        (lambda _: type("Mute", (), {"apply": print})(), "must make an object with apply"),
        (
            lambda _: type("Odd", (), {"apply": print, "standing": 3})(),
            "standing must be a Standing, a Position or the name",
        ),
    ],
)
def test_objects_that_are_not_services_raise(make: Any, says: str):
    with pytest.raises(InvalidValueError, match=says):
        run(make)


class Generating(Plain):
    """Has a yield too many."""

    def apply(self, event: Event) -> Any:
        """Take an event in, once somebody iterates."""
        yield super().apply(event)


class AsyncGenerating(Plain):
    """The same, asynchronously."""

    async def apply(self, event: Event) -> Any:
        """Take an event in, once somebody iterates."""
        yield super().apply(event)


class GeneratingClock(Plain):
    """A clock that never runs."""

    def observe(self, at: datetime) -> Any:
        """Run the clock, once somebody iterates."""
        self.standing = yield CURVE.observe(self.standing, at).after


@pytest.mark.parametrize(
    ("make", "name"), [(Generating, "apply"), (AsyncGenerating, "apply"), (GeneratingClock, "observe")]
)
def test_a_service_that_would_only_return_generators_is_not_driven(make: Any, name: str):
    with pytest.raises(InvalidValueError) as caught:
        run(make)
    first = str(caught.value).splitlines()[0]  # Hypothesis may add how to reproduce it
    assert first.startswith(f"{name} must run when it is called, got ")
    assert first.endswith("a function with a yield only returns a generator")


def test_a_service_that_returned_a_generator_has_not_run():
    class Wrapping(Plain):
        def __init__(self, standing: Standing) -> None:
            super().__init__(standing)
            self.inner = Generating(standing)

        def apply(self, event: Event) -> Any:
            return self.inner.apply(event)

    assert "the service fails: InvalidValueError: apply must run when it is called, got" in str(run(Wrapping))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"make_service": "shop"}, "make_service must be a function"),
        ({"curve": "default"}, "curve must be a Curve"),
        ({"redeliver": 1}, "redeliver must be True or False"),
        ({"reorder": "yes"}, "reorder must be True or False"),
        ({"customer": ""}, "customer must be a text"),
    ],
)
def test_invalid_arguments_raise(wrong: dict[str, Any], says: str):
    with pytest.raises(TrustcurveError, match=says):
        service_machine(**{"curve": CURVE, "make_service": Plain, **wrong})
