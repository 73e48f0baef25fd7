"""Bad input: each has an error of its own name that carries its data, and the standing stays as it was."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import Enum
from typing import Any

import pytest

from tests.core.stories import after, day, hopeful
from trustcurve import (
    Curve,
    Event,
    Exchanged,
    OneSided,
    Position,
    Promise,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Reaction,
    Signalled,
    Standing,
    Step,
    Timetable,
    TrustcurveError,
    replay,
)
from trustcurve.core.replay import LoggedEvent
from trustcurve.errors import (
    CustomerMismatchError,
    DueBeforeEventError,
    FinalClassError,
    InvalidPositionError,
    InvalidValueError,
    NaiveTimeError,
    ObservedInThePastError,
    OutOfOrderError,
    PromiseAlreadyOpenError,
    PromiseOverdueError,
    UnknownPromiseError,
    UnknownWordError,
)

NAIVE = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - this is what must be refused
Refused = tuple[Callable[[], Any], type[TrustcurveError], dict[str, Any]]


class Nowhere(tzinfo):
    """A timezone that knows no offset."""

    def utcoffset(self, _when: datetime | None) -> timedelta | None:
        """Return nothing."""
        return None

    def dst(self, _when: datetime | None) -> timedelta | None:
        """Return nothing."""
        return None

    def tzname(self, _when: datetime | None) -> str:
        """Return a name all the same."""
        return "nowhere"


def check(call: Callable[[], Any], error: type[TrustcurveError], data: dict[str, Any]) -> None:
    with pytest.raises(TrustcurveError) as caught:
        call()
    assert type(caught.value) is error
    found = {name: getattr(caught.value, name) for name in data}
    assert found == data
    assert str(caught.value), "it can be read"
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (type(again), str(again)) == (error, str(caught.value))


# --- events that do not fit a standing --------------------------------------------------------------

ANN = {"customer": "ann"}


@pytest.fixture
def standing(curve: Curve) -> Standing:
    """A hopeful customer on day 20: promise "open" is due on day 40, promise "late" was due on day 10."""
    made = [PromiseMade(at=day(1), promise=name, due=day(due)) for name, due in (("open", 40), ("late", 10))]
    return curve.observe(after(curve, *hopeful(), *made), day(20)).after


@pytest.mark.parametrize(
    ("event", "error", "data"),
    [
        (Exchanged(at=day(19)), OutOfOrderError, {**ANN, "at": day(19), "as_of": day(20)}),
        (Exchanged(at=day(20), customer="bob"), CustomerMismatchError, {"expected": "ann", "value": "bob"}),
        (
            PromiseMade(at=day(20), promise="open"),
            PromiseAlreadyOpenError,
            {**ANN, "promise": "open", "overdue": False},
        ),
        (PromiseMade(at=day(20), promise="late"), PromiseAlreadyOpenError, {**ANN, "promise": "late", "overdue": True}),
        (PromiseMade(at=day(41), promise="open"), PromiseAlreadyOpenError, {**ANN, "promise": "open", "overdue": True}),
        (PromiseKept(at=day(20), promise="x"), UnknownPromiseError, {**ANN, "promise": "x", "event": "PromiseKept"}),
        (
            PromiseBroken(at=day(20), promise="x"),
            UnknownPromiseError,
            {**ANN, "promise": "x", "event": "PromiseBroken"},
        ),
        (
            PromiseMoved(at=day(20), promise="x", due=day(30)),
            UnknownPromiseError,
            {**ANN, "promise": "x", "event": "PromiseMoved"},
        ),
        (
            PromiseReleased(at=day(20), promise="x"),
            UnknownPromiseError,
            {**ANN, "promise": "x", "event": "PromiseReleased"},
        ),
        (
            PromiseMoved(at=day(20), promise="late", due=day(30)),
            PromiseOverdueError,
            {**ANN, "promise": "late", "due": day(10)},
        ),
        (
            PromiseMoved(at=day(41), promise="open", due=day(50)),
            PromiseOverdueError,
            {**ANN, "promise": "open", "due": day(40)},
        ),
        (Signalled(at=day(20), signal="exchange"), InvalidValueError, {"argument": "signal", "value": "exchange"}),
        (Signalled(at=day(20), signal="applause"), UnknownWordError, {"argument": "signal", "value": "applause"}),
        ("Exchanged", InvalidValueError, {"argument": "event", "value": "Exchanged"}),
        (None, InvalidValueError, {"argument": "event", "value": None}),
    ],
)
def test_an_event_that_does_not_fit_is_refused_and_the_standing_stays_as_it_was(
    curve: Curve, standing: Standing, event: Event, error: type[TrustcurveError], data: dict[str, Any]
) -> None:
    before = pickle.dumps(standing)
    check(lambda: curve.advance(standing, event), error, data)
    assert standing == pickle.loads(before)  # noqa: S301 - our own
    assert curve.advance(standing, Exchanged(at=day(20))).after.as_of == day(20)


def test_looking_back_is_refused(curve: Curve, standing: Standing) -> None:
    check(lambda: curve.observe(standing, day(19)), ObservedInThePastError, {**ANN, "at": day(19), "as_of": day(20)})


def test_an_event_that_names_its_own_customer_fits(curve: Curve, standing: Standing) -> None:
    assert curve.advance(standing, Exchanged(at=day(20), customer="ann")).after.customer == "ann"


# --- events that cannot be told ---------------------------------------------------------------------

CANNOT_BE_TOLD: dict[str, Refused] = {
    "a naive time": (lambda: Exchanged(at=NAIVE), NaiveTimeError, {"argument": "at", "value": NAIVE}),
    "a naive due date": (
        lambda: PromiseMade(at=day(0), promise="p", due=NAIVE),
        NaiveTimeError,
        {"argument": "due", "value": NAIVE},
    ),
    "a naive new date": (lambda: PromiseMoved(at=day(0), promise="p", due=NAIVE), NaiveTimeError, {"argument": "due"}),
    "a timezone without an offset": (
        lambda: Exchanged(at=NAIVE.replace(tzinfo=Nowhere())),
        NaiveTimeError,
        {"argument": "at"},
    ),
    "a date": (lambda: Exchanged(at=date(2026, 1, 1)), InvalidValueError, {"argument": "at"}),
    "a text": (lambda: Exchanged(at="2026-01-01"), InvalidValueError, {"argument": "at", "value": "2026-01-01"}),
    "a time before the calendar": (
        lambda: Exchanged(at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
        InvalidValueError,
        {"argument": "at"},
    ),
    "a due date before its event": (
        lambda: PromiseMade(at=day(2), promise="p", due=day(1)),
        DueBeforeEventError,
        {"promise": "p", "due": day(1), "at": day(2)},
    ),
    "a new date before its event": (
        lambda: PromiseMoved(at=day(2), promise="p", due=day(1)),
        DueBeforeEventError,
        {"promise": "p", "due": day(1), "at": day(2)},
    ),
    "a third side": (
        lambda: OneSided(at=day(0), by="partner"),
        UnknownWordError,
        {"argument": "by", "value": "partner", "known": ("company", "customer")},
    ),
    "a weight of a promise": (
        lambda: PromiseMade(at=day(0), promise="p", weight="mayor"),
        UnknownWordError,
        {"argument": "weight", "value": "mayor", "known": ("major", "minor")},
    ),
    "no weight of a promise": (
        lambda: PromiseMade(at=day(0), promise="p", weight=None),
        UnknownWordError,
        {"argument": "weight", "value": None},
    ),
    "a weight of its keeping": (
        lambda: PromiseKept(at=day(0), promise="p", weight="big"),
        UnknownWordError,
        {"argument": "weight", "value": "big"},
    ),
    "a weight of its breaking": (
        lambda: PromiseBroken(at=day(0), promise="p", weight=""),
        UnknownWordError,
        {"argument": "weight", "value": ""},
    ),
    "an event of no kind": (lambda: Event(at=day(0)), InvalidValueError, {"argument": "event"}),
    "a promise without id": (lambda: PromiseMade(at=day(0), promise=""), InvalidValueError, {"argument": "promise"}),
    "a promise with a number": (lambda: PromiseKept(at=day(0), promise=7), InvalidValueError, {"argument": "promise"}),
    "an empty event id": (lambda: Exchanged(at=day(0), id=""), InvalidValueError, {"argument": "id", "value": ""}),
    "an empty customer": (lambda: Exchanged(at=day(0), customer=""), InvalidValueError, {"argument": "customer"}),
    "a channel that is no text": (lambda: Exchanged(at=day(0), channel=1), InvalidValueError, {"argument": "channel"}),
    "a note that is no text": (lambda: Exchanged(at=day(0), note=b"x"), InvalidValueError, {"argument": "note"}),
    "an empty signal": (lambda: Signalled(at=day(0), signal=""), InvalidValueError, {"argument": "signal"}),
}


@pytest.mark.parametrize("name", CANNOT_BE_TOLD)
def test_what_cannot_be_told_is_refused(name: str) -> None:
    check(*CANNOT_BE_TOLD[name])


def test_near_misses_are_told_what_was_meant() -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'major'"):
        PromiseMade(at=day(0), promise="p", weight="mayor")
    with pytest.raises(UnknownWordError, match="known: company, customer"):
        OneSided(at=day(0), by="us")


# --- questions that cannot be asked -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "error", "data"),
    [
        (lambda c: c.begin("", day(0)), InvalidValueError, {"argument": "customer", "value": ""}),
        (lambda c: c.begin(7, day(0)), InvalidValueError, {"argument": "customer", "value": 7}),
        (lambda c: c.begin("ann", NAIVE), NaiveTimeError, {"argument": "at"}),
        (lambda c: c.observe(c.begin("ann", day(0)), NAIVE), NaiveTimeError, {"argument": "at"}),
        (lambda c: c.react(c.start, "exchnge"), UnknownWordError, {"argument": "signal", "value": "exchnge"}),
        (lambda c: c.state(Position("hope", 0, 0, 0, "clear")), UnknownWordError, {"argument": "stage"}),
        (lambda c: c.state(Position("hopeful", 0, 0, 0, "paid")), UnknownWordError, {"argument": "account"}),
        (lambda c: c.rank(Position("hopeful", 4, 0, 0, "clear")), InvalidPositionError, {"part": "kept", "value": 4}),
        (lambda c: c.rank(Position("hopeful", 0, -1, 0, "clear")), InvalidPositionError, {"part": "engaged"}),
        (lambda c: c.rank(Position("hopeful", 0, 0, 13, "clear")), InvalidPositionError, {"part": "doubt"}),
        (lambda c: c.rank(Position("hopeful", 0, 0, 1.5, "clear")), InvalidPositionError, {"value": 1.5}),
        (lambda c: c.path(c.start, "advocat"), UnknownWordError, {"argument": "goal", "value": "advocat"}),
        (lambda c: c.path(c.start, "advocate", by="us"), UnknownWordError, {"argument": "by", "value": "us"}),
        (lambda c: c.path(c.start, "advocate", by=[]), UnknownWordError, {"argument": "by", "value": []}),
        (lambda c: c.refusals(c.start, "nod"), UnknownWordError, {"argument": "signal", "value": "nod"}),
        (lambda c: c.table().number(Position("advocate", 0, 0, 0, "clear")), InvalidPositionError, {}),
    ],
)
def test_what_cannot_be_asked_is_refused(
    curve: Curve, ask: Callable[[Curve], Any], error: type[TrustcurveError], data: dict[str, Any]
) -> None:
    check(lambda: ask(curve), error, data)


@pytest.mark.parametrize("kept", [True, 1.0])
def test_what_equals_a_whole_number_is_none(kept: Any) -> None:
    with pytest.raises(InvalidPositionError, match="whole number"):
        Position("hopeful", kept, 0, 0, "clear")


# --- words and classes -----------------------------------------------------------------------------------


class Word(str, Enum):  # noqa: UP042 - this is how such members are often written
    """Members that are texts, too."""

    MAJOR = "major"
    MINE = "mine"
    CUSTOMER = "customer"
    ID = "p"
    EXCHANGE = "exchange"
    HOPEFUL = "hopeful"
    COMPANY = "company"


def test_a_member_of_an_enumeration_of_texts_is_the_text(curve: Curve) -> None:
    made = PromiseMade(at=day(0), promise=Word.ID, due=day(9), weight=Word.MAJOR)  # type: ignore[arg-type]
    assert [type(value) for value in (made.promise, made.weight)] == [str, str]
    act = OneSided(at=day(0), by=Word.CUSTOMER)  # type: ignore[arg-type]
    assert (type(act.by), act.signal) == (str, "customer_one_sided")
    assert curve.react(curve.start, Word.EXCHANGE) is curve.react(curve.start, "exchange")
    position = Position(Word.HOPEFUL, 0, 0, 0, "clear")
    assert type(position.stage) is str
    assert curve.path(curve.start, Word.HOPEFUL, by=Word.COMPANY) == curve.path(curve.start, "hopeful", by="company")  # type: ignore[arg-type]
    assert type(curve.begin(Word.MINE, day(0)).customer) is str
    later = curve.observe(curve.advance(curve.begin("ann", day(0)), made).after, day(10))
    assert [reaction.signal for reaction in later.reactions] == ["broken_major"]


def test_a_member_with_another_word_is_refused_as_the_word_is() -> None:
    with pytest.raises(UnknownWordError) as caught:
        PromiseMade(at=day(0), promise="p", weight=Word.MINE)  # type: ignore[arg-type]
    assert caught.value.argument == "weight"


@pytest.mark.parametrize("base", [Exchanged, PromiseMade, Standing, Position, Step, Reaction, Promise, Curve])
def test_what_is_final_says_so_when_it_is_subclassed(base: type) -> None:
    with pytest.raises(FinalClassError, match=base.__name__) as caught:
        type("Mine", (base,), {})
    assert (caught.value.name, caught.value.base) == ("Mine", base.__name__)
    assert isinstance(caught.value, TypeError)


NOON = day(0) + timedelta(hours=12)


@pytest.mark.parametrize(
    ("make", "error", "data"),
    [
        (lambda: Promise("p", NOON, "Major"), UnknownWordError, {"argument": "weight", "value": "Major"}),
        (lambda: Promise(3, NOON), InvalidValueError, {"argument": "id", "value": 3}),
        (lambda: Promise("", NOON), InvalidValueError, {"argument": "id", "value": ""}),
        (lambda: Promise("p", "2026-01-01"), InvalidValueError, {"argument": "due", "value": "2026-01-01"}),
        (lambda: Promise("p", NAIVE), NaiveTimeError, {"argument": "due"}),
        (lambda: Promise("p", NOON, overdue=1), InvalidValueError, {"argument": "overdue", "value": 1}),
        (lambda: Promise("p", overdue=True), InvalidValueError, {"argument": "overdue", "value": True}),
        (lambda: standing_of(customer=None), InvalidValueError, {"argument": "customer", "value": None}),
        (lambda: standing_of(customer=""), InvalidValueError, {"argument": "customer", "value": ""}),
        (lambda: standing_of(position=None), InvalidValueError, {"argument": "position", "value": None}),
        (lambda: standing_of(as_of=NAIVE), NaiveTimeError, {"argument": "as_of"}),
        (lambda: standing_of(promises=3), InvalidValueError, {"argument": "promises", "value": 3}),
        (lambda: standing_of(promises=["x"]), InvalidValueError, {"argument": "promises[0]", "value": "x"}),
        (
            lambda: standing_of(promises=[Promise("p", NOON), Promise("p")]),
            InvalidValueError,
            {"argument": "promises", "value": "p"},
        ),
        (lambda: standing_of(quiet_since=day(2)), InvalidValueError, {"argument": "quiet_since", "value": day(2)}),
    ],
)
def test_what_cannot_be_a_promise_or_a_standing_is_refused(
    make: Callable[[], Any], error: type[TrustcurveError], data: dict[str, Any]
) -> None:
    check(make, error, data)


def standing_of(**changes: Any) -> Standing:
    fields = {"customer": "ann", "as_of": day(1), "position": Position("hopeful", 0, 0, 0, "clear")}
    return Standing(**{**fields, "promises": (), "quiet_since": day(1), **changes})


def test_a_promise_with_the_member_of_an_enumeration_as_weight_can_break(curve: Curve) -> None:
    promise = Promise(Word.ID, NOON, Word.MAJOR)  # type: ignore[arg-type]
    standing = standing_of(customer=Word.MINE, as_of=day(0), quiet_since=day(0), promises=[promise])
    assert [type(value) for value in (standing.customer, promise.id, promise.weight)] == [str, str, str]
    assert [reaction.signal for reaction in curve.observe(standing, day(1)).reactions] == ["broken_major"]


@pytest.mark.parametrize(
    "given",
    [{"event": "x"}, {"row": "7"}, {"row": 2**63}, {"row": True}, {"place": None}, {"place": 1.5}, {"place": -(2**63) - 1},
     {"sequence": "7"}, {"sequence": 2**70}, {"if_open": 2}],
)  # fmt: skip
def test_what_cannot_be_in_a_log_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError) as caught:
        LoggedEvent(**{"event": Exchanged(at=day(0), customer="ann"), **given})
    assert {caught.value.argument: caught.value.value} == given


def test_a_log_of_something_else_is_refused(curve: Curve) -> None:
    with pytest.raises(InvalidValueError, match=r"events\[0\] must be an Event such as"):
        replay(["x"], {}, curve)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("used", "argument"),
    [
        (5, "used"),
        ([1], "used"),
        ({"ann": LoggedEvent(Exchanged(at=day(0)))}, "used"),
        ({("ann", "1"): LoggedEvent(Exchanged(at=day(0)))}, "used"),
        ({("ann", "1", "0"): LoggedEvent(Exchanged(at=day(0)))}, "used"),
        ({("ann", "1", 0): 5}, "used[('ann', '1', 0)]"),
        ({("ann", "1", 0): Exchanged(at=day(0))}, "used[('ann', '1', 0)]"),
    ],
)
def test_what_cannot_be_the_identities_used_so_far_is_refused(curve: Curve, used: Any, argument: str) -> None:
    event = Exchanged(at=day(1), customer="ann", id="1")
    with pytest.raises(InvalidValueError) as caught:
        replay([event], {}, curve, used=used)
    assert caught.value.argument == argument
    with pytest.raises(InvalidValueError) as caught:
        curve.journey([event], start=curve.begin("ann", day(0)), used=used)
    assert caught.value.argument == argument


def test_the_class_of_curves_is_no_curve() -> None:
    with pytest.raises(InvalidValueError, match=r"curve must be a Curve or a Timetable"):
        replay([], {}, Curve)  # type: ignore[arg-type]


HUGE = 10**5000  # Python prints no number of more than 4,300 digits


@pytest.mark.parametrize(
    "wrong",
    [
        lambda _curve: Curve.default(doubt_max=HUGE),
        lambda _curve: Curve.default(silence_after=HUGE),
        lambda _curve: PromiseMade(at=day(0), promise=HUGE),  # type: ignore[arg-type]
        lambda _curve: PromiseMade(at=day(0), promise="p", weight=HUGE),  # type: ignore[arg-type]
        lambda _curve: Exchanged(at=day(0), note=HUGE),  # type: ignore[arg-type]
        lambda curve: curve.begin(HUGE, day(0)),
        lambda curve: curve.react(curve.start, HUGE),
        lambda curve: curve.path(curve.start, HUGE),
        lambda curve: curve.state(Position("hopeful", HUGE, 0, 0, "clear")),
    ],
)
def test_a_number_that_cannot_be_printed_is_a_named_error(curve: Curve, wrong: Callable[[Curve], Any]) -> None:
    with pytest.raises(TrustcurveError) as caught:
        wrong(curve)
    assert "too many digits to print" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        (lambda curve: curve.react(None, "exchange"), "position"),
        (lambda curve: curve.state(None), "position"),
        (lambda curve: curve.advance(None, Exchanged(at=day(0))), "standing"),
        (lambda curve: curve.advance(curve.begin("ann", day(0)), None), "event"),
        (lambda curve: curve.observe(3, day(0)), "standing"),
    ],
)
def test_what_is_of_another_kind_is_named(curve: Curve, wrong: Callable[[Curve], Any], argument: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        wrong(curve)
    assert caught.value.argument == argument


def test_a_signal_that_is_not_a_text_is_unknown(curve: Curve) -> None:
    with pytest.raises(UnknownWordError):
        curve.react(curve.start, [])  # type: ignore[arg-type]


OTHER = Timetable(Curve.default(), [(day(1), Curve.default(hopeful_lost_at=2))])


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        (lambda _curve: Timetable(Curve.default(), 3), "changes"),  # type: ignore[arg-type]
        (lambda _curve: Timetable(Curve.default(), [(day(0), 3, 3)]), "changes"),  # type: ignore[list-item]
        (lambda _curve: OTHER.next_due(3), "standing"),  # type: ignore[arg-type]
        (lambda _curve: OTHER.observe(3, day(0)), "standing"),  # type: ignore[arg-type]
        (lambda _curve: OTHER.advance(3, Exchanged(at=day(0))), "standing"),  # type: ignore[arg-type]
        (lambda curve: curve.next_due(3), "standing"),
        (lambda curve: curve.observe(3, day(0)), "standing"),
        (lambda curve: curve.advance(3, Exchanged(at=day(0))), "standing"),
        (lambda curve: curve.advance(curve.begin("ann", day(0)), 3), "event"),
        (lambda curve: curve.migrate(3, from_curve=curve), "standing"),
        (lambda curve: curve.migrate(curve.begin("ann", day(0)), from_curve=3), "from_curve"),
        (lambda curve: curve.journey(3), "events"),
        (lambda curve: replay(3, {}, curve), "events"),  # type: ignore[arg-type]
        (lambda curve: replay([], 3, curve), "standings"),  # type: ignore[arg-type]
        (lambda curve: replay([], {"ann": 3}, curve), "standings['ann']"),  # type: ignore[dict-item]
        (lambda _curve: replay([], {}, 3), "curve"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_another_kind_is_a_named_error(
    curve: Curve, wrong: Callable[[Curve], Any], argument: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        wrong(curve)
    assert caught.value.argument == argument
