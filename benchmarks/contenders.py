"""The same small job for everyone: one guarded move per signal, round and round.

The machine for the other libraries is kept as light as it can be: six states, one trigger, a guard
that reads a counter, no automatic transitions, no callbacks but the guard. Ours does its whole job:
524 positions, the full reaction with its reason; `advance` with clock, promises and a full step.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from statemachine import State, StateMachine
from transitions import Machine
from transitions.extensions.nesting import HierarchicalMachine, NestedState

from trustcurve import Curve, Event, Exchanged, OneSided, Purchased
from trustcurve.machine import Callbacks, LiveCustomer, TrustMachine

Run = Callable[[], object]

STATES = ("suspicious", "competitive", "adversarial", "hopeful", "central", "advocate")
NEXT = tuple(zip(STATES, (*STATES[1:], STATES[0]), strict=True))
ENOUGH = 3

# A round trip over all stages of the curve, for those who look up one signal after another.
JOURNEY = (
    *("promise_made", "kept_major", "exchange", "exchange", "exchange"),
    *("promise_made", "kept_major", "promise_made", "kept_major", "exchange", "advocacy"),
    *("broken_major", "company_one_sided", "complaint", "repair", "departure", "return"),
)


class Model:
    """A customer as the other libraries want it: mutable, with a counter for the guard."""

    state = STATES[0]

    def __init__(self) -> None:
        self.kept = ENOUGH

    def enough(self) -> bool:
        """Guard the move."""
        return self.kept >= ENOUGH


def bare_dict(n: int) -> Run:
    """Look up (state, signal) in a dict: the floor."""
    moves = {(source, "keep"): target for source, target in NEXT}

    def run() -> None:
        state = STATES[0]
        for _ in range(n):
            state = moves[state, "keep"]

    return run


def react(n: int) -> Run:
    """Apply one signal after another to a position."""
    curve = Curve.default()
    curve.table()
    signals = (JOURNEY * (n // len(JOURNEY) + 1))[:n]

    def run() -> None:
        position, apply = curve.start, curve.react
        for signal in signals:
            position = apply(position, signal).after

    return run


def plain_events(n: int) -> list[Event]:
    """Make events without promises, an hour apart."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=i) for i in range(n)]
    kinds: list[Callable[[datetime], Event]] = [
        lambda at: Exchanged(at=at),
        lambda at: Purchased(at=at),
        lambda at: Exchanged(at=at),
        lambda at: OneSided(at=at, by="company"),
    ]
    return [kinds[i % len(kinds)](at) for i, at in enumerate(hours)]


def advance(n: int) -> Run:
    """Apply one event after another to a standing, each with its full step."""
    curve = Curve.default()
    curve.table()
    events = plain_events(n)
    stranger = curve.begin("ann", events[0].at)

    def run() -> None:
        standing, apply = stranger, curve.advance
        for event in events:
            standing = apply(standing, event).after

    return run


def event_and_advance(n: int) -> Run:
    """Make the event, then apply it."""
    curve = Curve.default()
    curve.table()
    times = [event.at for event in plain_events(n)]
    stranger = curve.begin("ann", times[0])

    def run() -> None:
        standing, apply = stranger, curve.advance
        for at in times:
            standing = apply(standing, Exchanged(at=at)).after

    return run


def live_customer(n: int) -> Run:
    """Apply one event after another to a live customer with one callback."""
    callbacks = Callbacks(Curve.default())
    callbacks.after(lambda _: None)
    events = plain_events(n)
    stranger = callbacks.curve.begin("ann", events[0].at)

    def run() -> None:
        apply = LiveCustomer(stranger, callbacks).apply
        for event in events:
            apply(event)

    return run


def trust_machine(n: int) -> Run:
    """Do the whole job on transitions: the curve's rows with their guards, counters and settling."""
    machine = TrustMachine(Curve.default())
    walker = machine.walker()
    signals = (JOURNEY * (n // len(JOURNEY) + 1))[:n]

    def run() -> None:
        for signal in signals:
            walker.trigger(signal)

    return run


def moving(n: int, keep: Callable[[], object], state: Callable[[], str]) -> Run:
    """Trigger ``keep`` n times, after a look whether it moves at all."""
    for _, target in NEXT:
        keep()
        if state() != target:
            message = f"the benchmark is broken: in {state()}, not in {target}"
            raise RuntimeError(message)

    def run() -> None:
        for _ in range(n):
            keep()

    return run


def transitions_flat(n: int) -> Run:
    """Trigger a guarded move of a flat machine."""
    model: Any = Model()
    machine = Machine(model, states=list(STATES), initial=STATES[0], auto_transitions=False)
    for source, target in NEXT:
        machine.add_transition("keep", source, target, conditions="enough")

    return moving(n, model.keep, lambda: model.state)


def transitions_nested(n: int) -> Run:
    """Trigger a guarded move of a hierarchical machine, its first three states nested."""

    class DottedState(NestedState):
        separator = "."

    class Dotted(HierarchicalMachine):
        state_cls = DottedState

    model: Any = Model()
    nested = {"name": "distrust", "children": list(STATES[:3]), "initial": STATES[0]}
    machine = Dotted(model, states=[nested, *STATES[3:]], initial=f"distrust.{STATES[0]}", auto_transitions=False)
    full = {state: f"distrust.{state}" if state in STATES[:3] else state for state in STATES}
    for source, target in NEXT:
        machine.add_transition("keep", full[source], full[target], conditions="enough")

    return moving(n, model.keep, lambda: model.state.rpartition(".")[2])


class Chart(StateMachine):
    """The same machine for python-statemachine (its StateChart is a little slower)."""

    suspicious = State(initial=True)
    competitive = State()
    adversarial = State()
    hopeful = State()
    central = State()
    advocate = State()

    keep = (
        suspicious.to(competitive, cond="enough")
        | competitive.to(adversarial, cond="enough")
        | adversarial.to(hopeful, cond="enough")
        | hopeful.to(central, cond="enough")
        | central.to(advocate, cond="enough")
        | advocate.to(suspicious, cond="enough")
    )

    kept = ENOUGH

    def enough(self) -> bool:
        """Guard the move."""
        return self.kept >= ENOUGH


def python_statemachine(n: int) -> Run:
    """Send a guarded move to a machine of python-statemachine."""
    chart: Any = Chart()

    return moving(n, chart.keep, lambda: chart.current_state_value)
