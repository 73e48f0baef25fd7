"""Live customers: what callbacks hear, and what becomes of a customer when they fail."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import weakref
from threading import Barrier, Thread
from typing import Any

import pytest

from tests.core.stories import customer_centric, day, hopeful
from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Event,
    Exchanged,
    OneSided,
    PromiseKept,
    PromiseMade,
    Proposed,
    Signalled,
    Standing,
    Step,
)
from trustcurve.errors import (
    FinalClassError,
    InvalidPositionError,
    InvalidValueError,
    OutOfOrderError,
    UnknownPromiseError,
    UnknownWordError,
)
from trustcurve.machine import (
    AsyncLiveCustomer,
    BusyCustomerError,
    Callbacks,
    LiveCustomer,
    Prospect,
    TrustMachine,
    Walker,
)
from trustcurve.machine.diagrams import Arrow, Chart, Hop, Label

CURVE = Curve.default()
HEARD: list[str] = []


def hear(step: Step) -> None:
    """Say so, from a function that pickling can find again."""
    HEARD.append(step.after.customer)


def live(callbacks: Callbacks, *events: Event, name: str = "ann") -> LiveCustomer:
    """Make a customer who lived through some events before anybody listened."""
    journey = CURVE.journey(events, customer=name, until=day(0)) if events else None
    return LiveCustomer(CURVE.begin(name, day(0)) if journey is None else journey.standing, callbacks)


def listening(*kinds: str) -> tuple[Callbacks, list[str]]:
    """Make callbacks that write down what they were registered for."""
    callbacks, heard = Callbacks(CURVE), list[str]()
    for kind in kinds:
        name, _, word = kind.partition(" ")
        register = getattr(callbacks, name)
        (register(word) if word else register)(lambda _, kind=kind: heard.append(kind))
    return callbacks, heard


def test_it_moves_as_advance_does() -> None:
    ann, standing = live(Callbacks(CURVE)), CURVE.begin("ann", day(0))
    for event in [Proposed(at=day(0)), PromiseMade(at=day(1), promise="p", due=day(3)), Complained(at=day(9))]:
        step = ann.apply(event)
        assert step == CURVE.advance(standing, event)
        standing = step.after
    assert ann.standing == standing
    assert (ann.customer, ann.position, ann.stage, ann.state) == (
        "ann",
        standing.position,
        "distrust",
        "distrust.competitive",
    )
    assert ann.next_due == CURVE.next_due(standing)
    assert ann.outlook() == CURVE.outlook(standing.position)
    assert repr(ann) == "<LiveCustomer 'ann' at distrust.competitive>"


def test_callbacks_are_called_in_the_order_of_what_happened() -> None:
    callbacks, heard = listening(
        "after", "on_rise", "on_fall", "on_enter distrust.competitive", "on_enter distrust", "on_leave hopeful",
        "on_signal broken_major", "on_signal complaint", "on_signal exchange", "before",
    )  # fmt: skip
    ann = live(callbacks, Proposed(at=day(0)), PromiseMade(at=day(0), promise="p", due=day(3)))
    ann.apply(Complained(at=day(9)))
    assert heard == [
        *("before", "on_signal broken_major", "on_leave hopeful", "on_enter distrust", "on_enter distrust.competitive"),
        *("on_fall", "on_signal complaint", "after"),
    ]


def test_a_posture_is_entered_without_entering_its_stage() -> None:
    callbacks, heard = listening(
        "on_enter distrust", "on_leave distrust", "on_enter distrust.competitive", "on_leave distrust.suspicious"
    )
    live(callbacks).apply(OneSided(at=day(1), by="company"))
    assert heard == ["on_leave distrust.suspicious", "on_enter distrust.competitive"]


def test_a_fall_and_a_rise_within_one_step_are_both_heard_and_each_once() -> None:
    callbacks, heard = listening("on_fall", "on_rise", "on_enter hopeful", "on_signal silence")
    ann = live(callbacks, Proposed(at=day(0)))
    step = ann.apply(Proposed(at=day(200)))
    assert not step.moved, "from hopeful to hopeful"
    assert heard == ["on_signal silence", "on_fall", "on_enter hopeful", "on_rise"]


def test_several_words_are_one_registration() -> None:
    callbacks, heard = Callbacks(CURVE), list[Step]()
    callbacks.on_signal("silence", "proposition")(heard.append)
    callbacks.on_enter("hopeful", "distrust")(heard.append)
    live(callbacks, Proposed(at=day(0))).apply(Proposed(at=day(200)))
    assert len(heard) == 2


def test_a_decorated_function_stays_what_it_was() -> None:
    callbacks = Callbacks(CURVE)
    assert callbacks.on_rise(hear) is hear
    assert callbacks.on_enter("advocate")(hear) is hear


def test_observing_runs_the_clock_and_calls_back() -> None:
    callbacks, heard = listening("on_fall", "after")
    ann = live(callbacks, Proposed(at=day(0)))
    due = ann.next_due
    assert due is not None
    step = ann.observe(due)
    assert (step.fell, ann.state, heard) == (True, "distrust.suspicious", ["on_fall", "after"])


# --- when a callback fails ------------------------------------------------------------------------


class OutOfPaperError(Exception):
    """What a callback may run into."""


@pytest.mark.parametrize("register", ["before", "on_rise", "after"])
@pytest.mark.parametrize("on_error", ["undo", "keep"])
def test_a_failing_callback_leaves_all_or_nothing(register: str, on_error: Any) -> None:
    callbacks = Callbacks(CURVE, on_error=on_error)

    def fail(_: Step) -> None:
        raise OutOfPaperError

    getattr(callbacks, register)(fail)
    ann = live(callbacks)
    before = ann.standing
    with pytest.raises(OutOfPaperError):
        ann.apply(Proposed(at=day(1)))
    assert ann.standing == (before if on_error == "undo" else CURVE.advance(before, Proposed(at=day(1))).after)
    assert ann.state == ("distrust.suspicious" if on_error == "undo" else "hopeful")


def test_after_a_failure_the_event_can_be_tried_again() -> None:
    callbacks, tries = Callbacks(CURVE), list[int]()

    @callbacks.before
    def fail_once(_: Step) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OutOfPaperError

    ann = live(callbacks)
    with pytest.raises(OutOfPaperError):
        ann.apply(Proposed(at=day(1)))
    assert ann.apply(Proposed(at=day(1))).rose


def test_while_callbacks_run_the_standing_is_the_old_one() -> None:
    callbacks, seen = Callbacks(CURVE), list[str]()
    ann = live(callbacks)
    callbacks.after(lambda _: seen.append(ann.state))
    ann.apply(Proposed(at=day(1)))
    assert (seen, ann.state) == (["distrust.suspicious"], "hopeful")


def test_an_invalid_event_calls_nothing_and_changes_nothing() -> None:
    callbacks, heard = listening("before", "after")
    ann = live(callbacks)
    before = ann.standing
    for event, error in [
        (Exchanged(at=day(-1)), OutOfOrderError),
        (Signalled(at=day(1), signal="applause"), UnknownWordError),
    ]:
        with pytest.raises(error):
            ann.apply(event)
    with pytest.raises(InvalidValueError, match="must be an Event"):
        ann.apply("exchange")  # type: ignore[arg-type]
    assert (ann.standing, heard) == (before, [])


def test_a_callback_cannot_apply_events_to_its_own_customer() -> None:
    callbacks = Callbacks(CURVE)
    ann, bob = live(callbacks), live(Callbacks(CURVE), name="bob")
    callbacks.on_rise(lambda _: bob.apply(Exchanged(at=day(1))))  # another one's is fine

    @callbacks.on_rise
    def again(_: Step) -> None:
        ann.apply(Exchanged(at=day(1)))

    with pytest.raises(BusyCustomerError, match="'ann' is in the middle of a step"):
        ann.apply(Proposed(at=day(1)))
    assert (ann.state, bob.position.doubt) == ("distrust.suspicious", 1)
    assert ann.apply(Exchanged(at=day(1))).after.position.doubt == 1, "and it is free again"


def test_customers_in_threads_that_wait_for_each_other_are_named() -> None:
    callbacks, errors, met = Callbacks(CURVE), list[BusyCustomerError](), Barrier(2)
    friends = {name: live(callbacks, name=name) for name in ("ann", "bob")}

    @callbacks.on_rise
    def pass_on(step: Step) -> None:
        met.wait()  # each thread has a customer now
        friends["bob" if step.after.customer == "ann" else "ann"].apply(Exchanged(at=day(3)))

    def apply(name: str) -> None:
        try:
            friends[name].apply(Proposed(at=day(2)))
        except BusyCustomerError as error:
            errors.append(error)

    threads = [Thread(target=apply, args=(name,), daemon=True) for name in friends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert len(errors) == 1, "one gives way, the other goes on"
    assert sorted(friend.state for friend in friends.values()) == ["distrust.suspicious", "hopeful"]


# --- questions ------------------------------------------------------------------------------------


def test_may_returns_what_would_happen_and_which_conditions_fail() -> None:
    callbacks, heard = listening("before", "after")
    ann = live(callbacks, *hopeful())
    before = ann.standing
    prospect = ann.may(Advocated(at=day(1)))
    assert not prospect
    assert str(prospect.refusals[0]) == (
        "advocacy.begins: stage hopeful, not customer_centric, kept 0 of 3, engaged 2 of 3"
    )
    assert "not advocacy.begins: stage hopeful, not customer_centric, kept 0 of 3, engaged 2 of 3" in prospect.explain()
    assert (ann.standing, heard) == (before, [])
    assert live(callbacks, *customer_centric()).may(Advocated(at=day(1)))
    with pytest.raises(UnknownPromiseError):
        ann.may(PromiseKept(at=day(1), promise="nobody made it"))


def test_a_prospect_is_about_the_event_and_not_the_clock() -> None:
    callbacks = Callbacks(CURVE)
    broken = live(callbacks, Proposed(at=day(0)), PromiseMade(at=day(0), promise="p", due=day(3)))
    falls_by_itself = broken.may(Exchanged(at=day(9)))
    assert falls_by_itself.step.fell
    assert not falls_by_itself
    cooled = live(callbacks, Proposed(at=day(0))).may(Proposed(at=day(200)))
    assert not cooled.step.moved, "the clock took what the event gives"
    assert cooled


def test_an_event_without_signal_has_no_refusals() -> None:
    made = PromiseMade(at=day(1), promise="p", weight="minor")
    assert live(Callbacks(CURVE)).may(made).refusals == ()


# --- words ----------------------------------------------------------------------------------------


def test_words_are_checked_against_the_curve_at_registration() -> None:
    callbacks = Callbacks(CURVE)
    with pytest.raises(UnknownWordError, match="place 'hopefull' is unknown; did you mean 'hopeful'"):
        callbacks.on_enter("hopefull")
    with pytest.raises(UnknownWordError, match="place"):
        callbacks.on_leave("suspicious")
    with pytest.raises(UnknownWordError, match="signal 'brocken_major'"):
        callbacks.on_signal("brocken_major")
    with pytest.raises(InvalidValueError, match="must name at least one"):
        callbacks.on_signal()
    with pytest.raises(InvalidValueError, match="callback"):
        callbacks.on_rise("hopeful")  # type: ignore[arg-type]
    with pytest.raises(UnknownWordError, match="on_error"):
        Callbacks(CURVE, on_error="retry")  # type: ignore[arg-type]


def test_invalid_arguments_raise() -> None:
    with pytest.raises(InvalidValueError, match="standing"):
        LiveCustomer("ann", Callbacks(CURVE))  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="callbacks"):
        LiveCustomer(CURVE.begin("ann", day(0)), CURVE)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="curve"):
        Callbacks("default")  # type: ignore[arg-type]
    small = Callbacks(Curve.default(doubt_max=8))
    doubting = CURVE.journey([OneSided(at=day(0), by="company")] * 5, customer="ann").standing
    with pytest.raises(InvalidPositionError):
        LiveCustomer(doubting, small)


@pytest.mark.parametrize("register", ["before", "on_rise"])
def test_an_awaitable_needs_the_async_class(register: str) -> None:
    class Writer:
        async def __call__(self, _: Step) -> None:
            """Write somewhere."""

    for call in (Writer(), Writer().__call__):
        callbacks = Callbacks(CURVE)
        getattr(callbacks, register)(call)
        ann = live(callbacks)
        with pytest.raises(InvalidValueError, match="AsyncLiveCustomer"):
            ann.apply(Proposed(at=day(1)))
        assert ann.standing == CURVE.begin("ann", day(0))


def test_a_generator_is_not_taken_for_a_callback() -> None:
    def sync(_: Step) -> Any:
        yield

    async def asynchronous(_: Step) -> Any:
        yield

    for call in (sync, asynchronous):
        with pytest.raises(InvalidValueError, match="a function with a yield only returns a generator"):
            Callbacks(CURVE).after(call)
        callbacks = Callbacks(CURVE)
        callbacks.after(lambda step, call=call: call(step))
        for kind in (LiveCustomer, AsyncLiveCustomer):
            customer: Any = kind(CURVE.begin("ann", day(0)), callbacks)
            with pytest.raises(InvalidValueError, match="a function with a yield only returns a generator"):
                asyncio.run(customer.apply(Proposed(at=day(1)))) if kind is AsyncLiveCustomer else customer.apply(
                    Proposed(at=day(1))
                )


def test_callbacks_registered_late_are_called_from_then_on() -> None:
    callbacks, heard = Callbacks(CURVE), list[str]()
    ann, bob = live(callbacks), live(callbacks, name="bob")
    callbacks.on_signal("exchange")(lambda _: heard.append("early"))
    ann.apply(Exchanged(at=day(1)))
    callbacks.on_signal("exchange")(lambda _: heard.append("late"))
    for customer in (ann, bob):
        customer.apply(Exchanged(at=day(2)))
    assert heard == ["early", *["early", "late"] * 2]


def test_a_thread_that_computes_while_another_registers_does_not_hide_the_new_callback() -> None:
    callbacks, heard = Callbacks(CURVE), list[str]()
    callbacks.on_rise(lambda _: heard.append("first"))
    rise = CURVE.react(CURVE.start, "proposition")
    known = callbacks._known
    callbacks.on_rise(lambda _: heard.append("second"))
    known[rise.signal, rise.state_before, rise.state_after] = ()  # what a slower thread still writes
    live(callbacks).apply(Proposed(at=day(1)))
    assert heard == ["first", "second"]


# --- one among many -------------------------------------------------------------------------------


def test_equal_customers_are_not_confused() -> None:
    callbacks = Callbacks(CURVE)
    one, other = live(callbacks), live(callbacks)
    assert one != other
    assert len({one, other}) == 2
    one.apply(Proposed(at=day(1)))
    assert (one.state, other.state) == ("hopeful", "distrust.suspicious")


def test_a_pickle_holds_no_other_customer() -> None:
    HEARD.clear()
    callbacks = Callbacks(CURVE)
    callbacks.on_rise(hear)
    crowd = [live(callbacks, name=f"customer {number}") for number in range(500)]
    alone = pickle.dumps(live(callbacks))
    assert abs(len(pickle.dumps(crowd[7])) - len(alone)) < 50
    assert b"customer 8" not in pickle.dumps(crowd[7])
    again = pickle.loads(alone)  # noqa: S301 - our own
    assert again.standing == CURVE.begin("ann", day(0))
    again.apply(Proposed(at=day(1)))
    assert HEARD == ["ann"]


def test_customers_that_were_pickled_apart_share_one_curve_again() -> None:
    callbacks = Callbacks(CURVE)
    ann, bob = (pickle.loads(pickle.dumps(live(callbacks, name=name))) for name in ("ann", "bob"))  # noqa: S301 - our own
    assert ann._callbacks.curve is bob._callbacks.curve


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


class Tagged(LiveCustomer):
    """A customer with attributes, and a constructor, of its own."""

    def __init__(self, standing: Standing, callbacks: Callbacks, crm: dict[str, int]) -> None:
        super().__init__(standing, callbacks)
        self.crm = crm
        self.tags = ["gold"]


class Slotted(LiveCustomer):
    """A customer with a slot of its own, and nothing else."""

    __slots__ = ("tags",)

    def __init__(self, standing: Standing, callbacks: Callbacks) -> None:
        super().__init__(standing, callbacks)
        self.tags = ["gold"]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
def test_copies_keep_what_a_subclass_adds(duplicate: Any) -> None:
    callbacks = Callbacks(CURVE)
    tagged = duplicate(Tagged(CURVE.begin("ann", day(0)), callbacks, {"id": 7}))
    slotted = duplicate(Slotted(CURVE.begin("ann", day(0)), callbacks))
    assert (tagged.tags, tagged.crm, slotted.tags) == (["gold"], {"id": 7}, ["gold"])
    assert tagged.apply(Proposed(at=day(1))).rose
    assert slotted.apply(Proposed(at=day(1))).rose


def test_a_copy_that_is_made_in_a_callback_is_free() -> None:
    callbacks, copies = Callbacks(CURVE), list[LiveCustomer]()
    ann = live(callbacks)

    @callbacks.on_rise
    def keep(_: Step) -> None:
        if not copies:
            copies.append(copy.copy(ann))

    ann.apply(Proposed(at=day(1)))
    assert copies[0].standing == CURVE.begin("ann", day(0))
    assert copies[0].apply(Proposed(at=day(1))).rose


@pytest.mark.parametrize("final", [Callbacks, Prospect, TrustMachine, Walker, Chart, Arrow, Hop, Label])
def test_the_other_classes_are_final(final: type) -> None:
    with pytest.raises(FinalClassError, match=f"cannot subclass {final.__name__}, which is final"):
        type("Mine", (final,), {})


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_goes_its_own_way(duplicate: Any) -> None:
    ann = live(Callbacks(CURVE))
    other = duplicate(ann)
    other.apply(Proposed(at=day(1)))
    assert (ann.state, other.state) == ("distrust.suspicious", "hopeful")


def test_customers_can_be_held_weakly() -> None:
    ann = live(Callbacks(CURVE))
    held = weakref.ref(ann)
    assert held() is ann
    del ann
    gc.collect()
    assert held() is None
