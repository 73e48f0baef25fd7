"""Odd values: what cannot be printed, has no offset, or is merely equal to a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

import numpy as np
import pytest

from tests.core.stories import day
from tests.core.test_bad_input import NAIVE, Nowhere
from trustcurve import (
    Curve,
    Event,
    Exchanged,
    OneSided,
    Promise,
    PromiseKept,
    PromiseMade,
    TrustcurveError,
)
from trustcurve.errors import (
    UnknownWordError,
)
from trustcurve.machine import Callbacks, TrustMachine
from trustcurve.machine.diagrams import chart_of, render
from trustcurve.records import EVENTS, sql_types, write_tables
from trustcurve.snapshots import MalformedSnapshotError, from_dict, json_schema, to_dict

# --- values that cannot be printed, times that have no offset ---


class Shy:
    """Raises if anybody prints it."""

    def __repr__(self) -> str:
        raise KeyError("shy")


class Far(Nowhere):
    """A timezone further from UTC than the earth is round."""

    def utcoffset(self, _when: datetime | None) -> timedelta | None:
        """Return 30 hours."""
        return timedelta(hours=30)


class Broken(Nowhere):
    """A timezone that raises."""

    def utcoffset(self, _when: datetime | None) -> timedelta | None:
        """Look in the wrong place."""
        raise KeyError("offset")


class Missing(datetime):
    """A value for a missing time, as pandas has one."""

    def __ne__(self, _other: object) -> bool:
        return True

    def utcoffset(self) -> timedelta | None:
        """Refuse."""
        raise ValueError("a missing time has no offset")


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (
            NAIVE.replace(tzinfo=Far()),
            r"^at must have a timezone that knows its offset, which raises ValueError\(.*, got datetime",
        ),
        (
            NAIVE.replace(tzinfo=Broken()),
            r"^at must have a timezone that knows its offset, which raises KeyError\('offset'\), got ",
        ),
        (Missing(2026, 1, 1), "^at must be a time, not a value for a missing one, got "),
        (NAIVE.replace(tzinfo=Nowhere()), "^at must have a timezone, got 2026-01-01T12:00:00; add one"),
        (
            datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=12))),
            "in UTC, got 9999-12-31T23:59:00-12:00$",
        ),
        (Shy(), "^at must be a datetime with a timezone, got a Shy whose repr raises KeyError$"),
    ],
)
def test_a_time_that_has_no_instant_is_named(at: Any, says: str) -> None:
    with pytest.raises(TrustcurveError, match=says):
        Exchanged(at=at)


def test_a_value_that_cannot_be_printed_does_not_hide_the_rule() -> None:
    with pytest.raises(
        UnknownWordError, match="weight a Shy whose repr raises KeyError is unknown; known: major, minor"
    ):
        PromiseMade(at=day(0), promise="p", weight=Shy())  # type: ignore[arg-type]


# --- values that are equal to a word, and are no text ---

ARRAY = np.array(["major", "minor"])
WORDS: dict[str, Callable[[Any], Any]] = {
    "weight": lambda word: PromiseMade(at=day(0), promise="p", weight=word),
    "weight of a kept one": lambda word: PromiseKept(at=day(0), promise="p", weight=word),
    "weight of a promise": lambda word: Promise("p", weight=word),
    "fault": lambda word: Exchanged(at=day(0), fault=word),
    "by": lambda word: OneSided(at=day(0), by=word),
    "goal": lambda word: Curve.default().path(Curve.default().start, word),
    "by of a path": lambda word: Curve.default().path(Curve.default().start, "hopeful", by=word),
    "rejects": lambda word: Curve.default().journey([], rejects=word),
    "on_error": lambda word: Callbacks(Curve.default(), on_error=word),
    "place": lambda word: Callbacks(Curve.default()).on_enter(word),
    "signal": lambda word: TrustMachine(Curve.default()).send(TrustMachine(Curve.default()).walker(), word),
    "format": lambda word: write_tables({}, "nowhere", word),
    "format of a picture": lambda word: render(chart_of(Curve.default()), word),
    "dialect": lambda word: sql_types(EVENTS, word),
    "schema": json_schema,
}


@pytest.mark.parametrize("value", [mock.ANY, ARRAY, []], ids=["anything", "an array", "a list"])
@pytest.mark.parametrize("name", WORDS)
def test_what_is_no_text_is_no_word(name: str, value: object) -> None:
    with pytest.raises(UnknownWordError, match="is unknown; known: ") as caught:
        WORDS[name](value)
    assert caught.value.value is value
    assert name.startswith(caught.value.argument)


def test_a_kind_that_is_equal_to_everything_is_refused() -> None:
    stored = {**to_dict(Exchanged(at=day(0))), "kind": mock.ANY}
    with pytest.raises(MalformedSnapshotError, match="must be 'event', got <ANY>"):
        from_dict(Event, stored)
