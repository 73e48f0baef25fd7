"""What Hypothesis draws: logs of many customers, with all that can go wrong in them."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve
from hypothesis import strategies as st

from tests.core.strategies import BEGIN, DAY, events_at
from trustcurve.core.replay import LoggedEvent

CUSTOMERS = ("ann", "bob", "cyd")
INSTANTS = [BEGIN + days * DAY for days in (0, 0, 1, 1, 2, 30, 60, 91, 92, 200)]

instants = st.sampled_from(INSTANTS)
untils = st.none() | st.sampled_from([BEGIN - DAY, BEGIN, BEGIN + DAY, BEGIN + 60 * DAY, BEGIN + 300 * DAY])


@st.composite
def rows(draw: st.DrawFn, number: int) -> list[LoggedEvent]:
    """Draw the events of one row: one, or several at few instants."""
    customer, name = draw(st.sampled_from(CUSTOMERS)), draw(st.sampled_from([None, None, "1", "2", "3"]))
    sequence = draw(st.sampled_from([None, None, 1, 2]))
    times = draw(st.lists(instants, min_size=1, max_size=2))
    made = []
    for place in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        event = evolve(draw(events_at(draw(st.sampled_from(times)))), customer=customer, id=name)
        if_open = hasattr(event, "promise") and draw(st.integers(0, 3)) == 0
        made.append(LoggedEvent(event, number, place, sequence, if_open=if_open))
    return made


@st.composite
def logs(draw: st.DrawFn, *, max_rows: int = 12) -> list[LoggedEvent]:
    """Draw a log: rows, some of them repeated, to the letter or with other content, in any order."""
    drawn: list[list[LoggedEvent]] = []
    for number in range(1, draw(st.integers(1, max_rows)) + 1):
        if drawn and draw(st.integers(0, 3)) == 0:
            again = draw(st.sampled_from(drawn))
            note = draw(st.sampled_from([None, None, "changed"]))
            drawn.append([evolve(each, row=number, event=_noted(each, note)) for each in again])
        else:
            drawn.append(draw(rows(number)))
    return draw(st.permutations([logged for row in drawn for logged in row]))


def _noted(logged: LoggedEvent, note: str | None) -> object:
    return logged.event if note is None else evolve(logged.event, note=note)


cuts: st.SearchStrategy[datetime] = st.sampled_from(sorted(set(INSTANTS)))
