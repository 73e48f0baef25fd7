"""Every row of the table of events: the signal it sends, what becomes of its promise, and whether it ends a silence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.stories import after, customer_centric, day, hopeful
from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    OneSided,
    Promise,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Repaired,
    Returned,
)

PLAIN: list[tuple[type[Event], dict[str, Any], str]] = [
    (Proposed, {}, "proposition"),
    (OneSided, {"by": "company"}, "company_one_sided"),
    (OneSided, {"by": "customer"}, "customer_one_sided"),
    (Exchanged, {}, "exchange"),
    (Repaired, {}, "repair"),
    (Complained, {}, "complaint"),
    (Advocated, {}, "advocacy"),
    (Purchased, {}, "purchase"),
    (Departed, {}, "departure"),
    (Returned, {}, "return"),
]


@pytest.mark.parametrize(("kind", "fields", "signal"), PLAIN)
def test_an_event_sends_its_signal(curve: Curve, kind: type[Event], fields: dict[str, Any], signal: str) -> None:
    standing = after(curve, *hopeful())
    step = curve.advance(standing, kind(at=day(1), **fields))
    assert [reaction.signal for reaction in step.reactions] == [signal]
    assert step.reaction == curve.react(standing.position, signal)
    assert step.after.position == step.reactions[0].after
    assert step.after.as_of == day(1)
    assert step.after.customer == "ann"
    assert step.due == ()


# What is known of promise "p" before day 20, by name.
KNOWN: dict[str, list[Event]] = {
    "nothing": [],
    "major": [PromiseMade(at=day(1), promise="p")],
    "minor": [PromiseMade(at=day(1), promise="p", weight="minor")],
    "major, dated": [PromiseMade(at=day(1), promise="p", due=day(20))],
    "minor, dated": [PromiseMade(at=day(1), promise="p", due=day(20), weight="minor")],
    "major, overdue": [PromiseMade(at=day(1), promise="p", due=day(9))],
    "minor, overdue": [PromiseMade(at=day(1), promise="p", due=day(9), weight="minor")],
    "closed": [PromiseMade(at=day(1), promise="p", due=day(9)), PromiseKept(at=day(2), promise="p")],
}


def about_p(curve: Curve, known: str, event: Event) -> tuple[list[str], tuple[Promise, ...]]:
    """Return the signals of one event about promise "p", and the promises after it."""
    standing = after(curve, *hopeful(), *KNOWN[known])
    standing = curve.observe(standing, day(20)).after
    assert [promise.overdue for promise in standing.promises] == ["overdue" in known] * len(standing.promises)
    step = curve.advance(standing, event)
    return [reaction.signal for reaction in step.reactions], step.after.promises


@pytest.mark.parametrize("known", ["nothing", "closed"])
@pytest.mark.parametrize(
    ("fields", "signals", "promise"),
    [
        ({}, ["promise_made"], Promise("p")),
        ({"weight": "major"}, ["promise_made"], Promise("p")),
        ({"weight": "minor"}, [], Promise("p", None, "minor")),
        ({"due": day(30)}, ["promise_made"], Promise("p", day(30))),
        ({"due": day(20)}, ["promise_made"], Promise("p", day(20))),
        ({"due": day(30), "weight": "minor"}, [], Promise("p", day(30), "minor")),
    ],
)
def test_a_promise_made_is_open_and_a_closed_id_may_be_used_again(
    curve: Curve, known: str, fields: dict[str, Any], signals: list[str], promise: Promise
) -> None:
    assert about_p(curve, known, PromiseMade(at=day(20), promise="p", **fields)) == (signals, (promise,))


@pytest.mark.parametrize(("kind", "verb"), [(PromiseKept, "kept"), (PromiseBroken, "broken")])
@pytest.mark.parametrize(
    ("known", "own", "counts_as"),
    [
        ("major", None, "major"),
        ("minor", None, "minor"),
        ("major, dated", None, "major"),
        ("minor, dated", None, "minor"),
        # For an open promise the stored weight wins.
        ("major", "minor", "major"),
        ("minor, dated", "major", "minor"),
        # Too late to count, but no longer owed.
        ("major, overdue", None, None),
        ("minor, overdue", None, None),
        ("minor, overdue", "major", None),
        # Not every system logs when it promised.
        ("nothing", "major", "major"),
        ("nothing", "minor", "minor"),
        ("closed", "major", "major"),
    ],
)
def test_a_promise_kept_or_broken_counts_with_its_weight_and_is_closed(  # noqa: PLR0917 - columns of a table
    curve: Curve, kind: Any, verb: str, known: str, own: str | None, counts_as: str | None
) -> None:
    signals = [f"{verb}_{counts_as}"] if counts_as else []
    assert about_p(curve, known, kind(at=day(20), promise="p", weight=own)) == (signals, ())


@pytest.mark.parametrize(("kind", "signal"), [(PromiseKept, "kept_major"), (PromiseBroken, "broken_major")])
def test_with_a_weight_of_its_own_it_counts_each_time_it_is_recorded(curve: Curve, kind: Any, signal: str) -> None:
    twice = curve.journey([kind(at=day(1), promise="p", weight="major")] * 2, customer="ann")
    assert [reaction.signal for step in twice.steps for reaction in step.reactions] == [signal] * 2


@pytest.mark.parametrize(
    ("known", "moved"),
    [
        ("major", Promise("p", day(30))),
        ("minor", Promise("p", day(30), "minor")),
        ("major, dated", Promise("p", day(30))),
        ("minor, dated", Promise("p", day(30), "minor")),
    ],
)
def test_a_promise_moved_in_time_sends_no_signal(curve: Curve, known: str, moved: Promise) -> None:
    assert about_p(curve, known, PromiseMoved(at=day(20), promise="p", due=day(30))) == ([], (moved,))


def test_a_moved_promise_breaks_at_its_new_date_be_it_later_or_earlier(curve: Curve) -> None:
    for new in (15, 40):
        made = PromiseMade(at=day(1), promise="p", due=day(30))
        standing = after(curve, *hopeful(), made, PromiseMoved(at=day(2), promise="p", due=day(new)))
        assert [each.at for each in curve.observe(standing, day(50)).due] == [day(new)]


@pytest.mark.parametrize("known", [known for known in KNOWN if known not in ("nothing", "closed")])
def test_a_promise_released_is_closed_without_a_signal(curve: Curve, known: str) -> None:
    assert about_p(curve, known, PromiseReleased(at=day(20), promise="p")) == ([], ())


def test_promises_are_kept_in_the_order_of_their_ids(curve: Curve) -> None:
    made = [PromiseMade(at=day(1), promise=name) for name in ("b", "c", "a")]
    assert [promise.id for promise in after(curve, *made).promises] == ["a", "b", "c"]


def test_who_left_still_waits_for_what_was_promised(curve: Curve) -> None:
    made = PromiseMade(at=day(1), promise="p", due=day(9))
    standing = after(curve, *hopeful(), made, Departed(at=day(2)))
    assert standing.promises == (Promise("p", day(9)),)
    step = curve.observe(standing, day(10))
    assert [reaction.signal for reaction in step.reactions] == ["broken_major"]
    assert step.after.position.stage == "departed"
    assert step.after.position.doubt > standing.position.doubt
    kept = curve.advance(standing, PromiseKept(at=day(3), promise="p"))
    assert [reaction.signal for reaction in kept.reactions] == ["kept_major"]


def test_events_are_values_of_their_kind() -> None:
    exchanged = Exchanged(at=day(1), channel="shop")
    assert exchanged == Exchanged(at=day(1), channel="shop")
    assert hash(exchanged) == hash(Exchanged(at=day(1), channel="shop"))
    assert exchanged not in (Exchanged(at=day(1)), Repaired(at=day(1), channel="shop"), "Exchanged")
    assert repr(PromiseMoved(at=day(1), promise="p", due=day(2))).startswith("PromiseMoved(at=datetime.datetime(2026")
    with pytest.raises(AttributeError):
        exchanged.channel = "street"  # type: ignore[misc]


# --- what ends a silence ---------------------------------------------------------------------------

PROMISED = PromiseMade(at=day(1), promise="p")
LATE = PromiseMade(at=day(1), promise="p", due=day(3))


@pytest.mark.parametrize(
    ("before", "event"),
    [
        ([], Exchanged(at=day(5))),
        ([], Repaired(at=day(5))),
        ([], Purchased(at=day(5))),
        ([], Advocated(at=day(5))),
        ([], Returned(at=day(5))),
        ([PROMISED], PromiseKept(at=day(5), promise="p")),
        ([LATE], PromiseKept(at=day(5), promise="p")),
        ([], PromiseKept(at=day(5), promise="p", weight="minor")),
        # These two where they cross the barrier.
        ([], Proposed(at=day(5))),
        ([], PromiseMade(at=day(5), promise="q")),
    ],
)
def test_what_gives_the_customer_something_ends_a_silence(curve: Curve, before: list[Event], event: Event) -> None:
    standing = curve.begin("ann", day(0))
    for earlier in before:
        standing = curve.advance(standing, earlier).after
    assert curve.advance(standing, event).after.quiet_since == day(5)


@pytest.mark.parametrize(
    ("before", "event"),
    [
        ([], Proposed(at=day(5))),
        ([], PromiseMade(at=day(5), promise="q")),
        ([], PromiseMade(at=day(5), promise="q", weight="minor")),
        ([PROMISED], PromiseMoved(at=day(5), promise="p", due=day(9))),
        ([PROMISED], PromiseReleased(at=day(5), promise="p")),
        ([PROMISED], PromiseBroken(at=day(5), promise="p")),
        ([], PromiseBroken(at=day(5), promise="p", weight="minor")),
        ([], OneSided(at=day(5), by="company")),
        ([], OneSided(at=day(5), by="customer")),
        ([], Complained(at=day(5))),
        ([], Departed(at=day(5))),
    ],
)
def test_presence_without_value_ends_none(curve: Curve, before: list[Event], event: Event) -> None:
    standing = after(curve, *customer_centric(), *before)
    assert curve.advance(standing, event).after.quiet_since == day(0)


def test_a_pitch_on_deaf_ears_ends_no_silence(curve: Curve) -> None:
    doubtful = [OneSided(at=day(1), by="company"), Proposed(at=day(5)), PromiseMade(at=day(6), promise="p")]
    assert after(curve, *doubtful).quiet_since == day(0)
