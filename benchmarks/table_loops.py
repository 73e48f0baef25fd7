"""The same signals of the same customers by our kernel, by a loop in C, and by ``transitions``."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from attrs import frozen
from costs import interleaved
from transitions import Machine

from trustcurve import Curve
from trustcurve.arrays.curve_arrays import ENDINGS, CurveArrays
from trustcurve.batch.kernel import Beginning, KernelTable, run_kernel
from trustcurve.batch.timeline import Ranks, Timeline

_ROUNDS = 5
_SIGNALS = {
    "exchange": "exchange",
    "purchase": "purchase",
    "ask": "company_one_sided",
    "offer": "proposition",
    "complaint": "complaint",
    "amends": "repair",
    "recommendation": "advocacy",
    "misuse": "customer_one_sided",
    "closed": "departure",
    "reopened": "return",
}
"""The signals of a plain log's words."""


@frozen(eq=False)
class _Rows:
    """A plain log, one customer after the other: where each begins, and instant, signal and so on of each row."""

    starts: Any
    at: Any
    signal: Any
    ends: Any
    dated: Any


def _usable(log: str) -> pl.LazyFrame:
    """Return the rows of a plain log that send signals."""
    rows = pl.scan_parquet(log).select("customer", "time", "what")
    return rows.filter(pl.col("time").is_not_null() & pl.col("what").is_in([*_SIGNALS]))


def _rows(log: str, curve: Curve, arrays: CurveArrays) -> _Rows:
    frame = _usable(log).sort("customer", "time", maintain_order=True).collect()
    customer = frame["customer"].to_numpy()
    starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1], True])
    signal = frame["what"].replace_strict({word: arrays.columns[name] for word, name in _SIGNALS.items()}).to_numpy()
    ending = np.array([ENDINGS[curve.ends_silence[name]] for name in arrays.columns], np.int8)
    dated = (np.arange(len(frame)) % 4 == 0).astype(np.int32)  # as if every fourth row were followed by waiting
    at = frame["time"].dt.epoch("us").to_numpy()
    return _Rows(starts, at, signal.astype(np.int32), ending[signal], dated)


# --- the kernel, and C ------------------------------------------------------------------------------------------------


def _kernel(rows: _Rows, curve: Curve, arrays: CurveArrays) -> Any:
    """Run our kernel: the only place that knows how it is called. Return the positions after all rows.

    Laying out the rows by rank is a part of it.
    """
    ranks = Ranks.of(np.diff(rows.starts))
    places = ranks.places()
    at, code, waiting = np.empty_like(rows.at), np.empty(len(places), np.int8), np.empty(len(places), bool)
    at[places], code[places], waiting[places] = rows.at, rows.signal, rows.dated > 0
    none = np.zeros(0, np.int64)
    first = rows.at[rows.starts[:-1]][ranks.customers]
    start = np.full(len(first), curve.table().number(curve.start))
    begin = Beginning(start, first.copy(), first, np.zeros(len(first), bool))
    timeline = Timeline(ranks, at, code, waiting, none, none, None)
    return run_kernel(timeline, KernelTable.of(curve, arrays), begin, int(rows.at.max())).after[places]


def _compiled(folder: Path) -> Any:
    """Compile the loop in C; None where there is no gcc."""
    if shutil.which("gcc") is None:
        return None
    source, library = Path(__file__).with_name("table_loop.c"), folder / "table_loop.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)  # noqa: S607 - wherever it is
    return ctypes.CDLL(str(library)).run


def _c_loop(function: Any, rows: _Rows, curve: Curve, arrays: CurveArrays) -> Callable[[], Any]:
    """Return a run of the loop in C over all rows, which returns the positions after them."""
    after, quiet = np.zeros(len(rows.at), np.int32), np.zeros(len(rows.at), np.int64)
    following, silences = arrays.next.astype(np.int32), arrays.silences.astype(np.int32)
    crosses, start = arrays.crosses.astype(np.uint8), curve.table().number(curve.start)
    given = (
        len(rows.starts) - 1, rows.starts, rows.at, rows.signal, rows.ends, rows.dated, following, crosses,
        following.shape[1], silences, silences.shape[1], len(silences) - 1,
        curve.silence_after_us, curve.waiting_periods, ctypes.c_int32(start), after, quiet,
    )  # fmt: skip
    passed = [
        each.ctypes.data_as(ctypes.c_void_p)
        if isinstance(each, np.ndarray)
        else ctypes.c_int64(each)
        if isinstance(each, int)
        else each
        for each in given
    ]

    def run() -> Any:
        function(*passed)
        return after

    return run


def kernel_seconds(log: str) -> dict[str, float]:
    """Run a plain log's signals by our kernel and by C, and compare where all customers get.

    Returns:
        The number of rows, and the seconds of each: "kernel" and, where gcc is, "c".
    """
    curve = Curve.default()
    arrays = CurveArrays.of(curve)
    rows = _rows(log, curve, arrays)
    runs: dict[str, Callable[[], object]] = {"kernel": lambda: _kernel(rows, curve, arrays)}
    with tempfile.TemporaryDirectory() as folder:
        function = _compiled(Path(folder))
        if function is not None:
            runs["c"] = loop = _c_loop(function, rows, curve, arrays)
            assert (np.asarray(loop()) == np.asarray(_kernel(rows, curve, arrays))).all()
        return {"rows": len(rows.at), **interleaved(runs, _ROUNDS)}


# --- transitions ------------------------------------------------------------------------------------------------------


class _Model:
    """A customer, as users of transitions write one."""

    state = ""

    def enough(self) -> bool:
        """Guard a move."""
        return bool(self.state)


def _machine(curve: Curve) -> Machine:
    """Make a flat machine: where each signal leads from some position of each state, with a guard."""
    table, start = curve.table(), curve.state(curve.start)
    machine = Machine(model=None, states=list(curve.states), initial=start, auto_transitions=False)
    firsts = {curve.state(position): number for number, position in reversed([*enumerate(table.positions)])}
    for signal in _SIGNALS.values():
        for state, position in firsts.items():
            after = table.reactions[position][table.signals.index(signal)].state_after
            machine.add_transition(signal, state, after, conditions="enough")
    return machine


def machine_seconds(log: str, customers: int) -> dict[str, float]:
    """Run some customers of a plain log by ``transitions``: one machine, a model for each customer.

    Returns:
        The number of rows, and the seconds from the file to all states ("whole") and of the triggers alone ("triggers").
    """
    curve = Curve.default()
    curve.table()
    begin = perf_counter()
    sample = _usable(log).filter(pl.col("customer") < 100_000 + customers).sort("time", maintain_order=True).collect()
    machine, models = _machine(curve), dict[int, _Model]()
    for customer in sample["customer"].unique().to_list():
        models[customer] = _Model()
        machine.add_model(models[customer])
    made = perf_counter()
    words = sample["what"].replace_strict(_SIGNALS).to_list()
    for customer, signal in zip(sample["customer"].to_list(), words, strict=True):
        getattr(models[customer], signal)()
    end = perf_counter()
    return {"rows": len(words), "whole": end - begin, "triggers": end - made}
