"""What things cost that are done once: importing, loading, unrolling, storing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

from attrs import evolve
from transitions import Machine

from trustcurve import Curve, Event, Exchanged, PromiseKept, PromiseMade, load_curve
from trustcurve.documents.curve_file import curve_toml
from trustcurve.machine import AsyncLiveCustomer, Callbacks, LiveCustomer
from trustcurve.snapshots import to_json

IMPORTS = 10
TRIES = 10
CUSTOMERS, MODELS = 10_000, 200
PROMISES = 16_000


class Model:
    """A customer as users of transitions write one."""


def interleaved(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Time each run once a round, so that drift hits all alike, and return the least seconds of each."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            start = perf_counter()
            run()
            least[name] = min(least[name], perf_counter() - start)
    return least


def importing(module: str) -> Callable[[], object]:
    """Start a Python that imports one module and ends; the first start leaves compiled files behind."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> object:
        return subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment)

    run()
    return run


def import_seconds() -> dict[str, float]:
    """Time a bare start of Python, one that imports attrs, and one that imports trustcurve."""
    return interleaved({name: importing(name) for name in ("sys", "attrs", "trustcurve")}, IMPORTS)


def curve_seconds() -> dict[str, float]:
    """Time unrolling a curve that nobody has asked yet, and loading one with all checks."""
    curve = Curve.default()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "curve.toml")
        path.write_text(curve_toml(curve), encoding="utf-8")
        # A copy by its fields knows nothing yet; a curve with other parameters was unrolled when it was checked.
        return interleaved({"unroll": lambda: evolve(curve).table(), "load": lambda: load_curve(path)}, TRIES)


def customer_bytes() -> tuple[float, float, float]:
    """Measure the bytes of a live customer beyond its standing, of an asynchronous one, and of a model of transitions."""
    curve, now = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
    callbacks = Callbacks(curve)
    standings = iter([curve.begin(f"customer {number}", now) for number in range(2 * CUSTOMERS)])
    machine = Machine(model=None, states=list(curve.states), initial=curve.states[3], auto_transitions=False)
    for signal in curve.signals:
        machine.add_transition(signal, "*", "=")

    def model() -> object:
        made = Model()
        machine.add_model(made)
        return made

    return (
        bytes_each(lambda: LiveCustomer(next(standings), callbacks), CUSTOMERS),
        bytes_each(lambda: AsyncLiveCustomer(next(standings), callbacks), CUSTOMERS),
        bytes_each(model, MODELS),
    )


def bytes_each(make: Callable[[], object], count: int) -> float:
    """Measure what each of many objects holds."""
    kept: list[object] = [None] * count
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(count):
        kept[number] = make()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / count


def standing_bytes() -> int:
    """Count the bytes of a stored standing without open promises."""
    curve = Curve.default()
    at = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
    standing = curve.advance(curve.begin("customer-0000001", at), Exchanged(at=at)).after
    return len(to_json(standing, curve=curve).encode())


PROMISE_DATES: dict[str, Callable[[datetime], datetime | None]] = {
    "": lambda _: None,
    ", with dates": lambda _: datetime(2036, 1, 1, tzinfo=UTC),
    ", whose dates pass": lambda at: at + timedelta(hours=5),
}
"""When promises that are made a minute apart are due: never, long after the last one, or while others are made."""


def promise_seconds() -> dict[str, tuple[float, float]]:
    """Time a customer with many promises: all kept at once, and never closed."""
    curve, start = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)

    def chained(log: list[Event]) -> None:
        standing = curve.begin("ann", start)
        for event in log:
            standing = curve.advance(standing, event).after

    found = {}
    for name, run in {"chained advance": chained, "replay": lambda log: curve.journey(log, customer="ann")}.items():
        for words, due in PROMISE_DATES.items():
            times = [start + number * timedelta(minutes=1) for number in range(PROMISES)]
            made = [
                PromiseMade(at=at, promise=f"{number * 7919 % PROMISES:06}", due=due(at))
                for number, at in enumerate(times)
            ]
            kept = [each for one in made for each in (one, PromiseKept(at=one.at, promise=one.promise))]
            seconds = interleaved({"closed": partial(run, kept), "never": partial(run, made)}, 3)
            found[f"{name}{words}"] = (seconds["closed"], seconds["never"])
    return found
