"""Give damaged documents, snapshots, events and logs to every door that reads them: each must raise a named error or none.

    make fuzz                                  # every door, on from where the last run ended
    python -m tools.fuzz curve log             # some doors
    python -m tools.fuzz log --only 4711       # one input again, with its traceback

Half of the inputs are shipped files with random changes of their bytes or of their values; the others are drawn by
Hypothesis, documents from their JSON Schemas, and every other one of them is changed, too. Input n of a door is always the
same, so that a failure can be repeated and a run can go on where the last one was stopped (``.fuzz`` remembers where).
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import tomli_w
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tools.damage import changed, with_values_changed
from tools.schema_values import values_of
from trustcurve import Curve, Event, Journey, Standing, Step, TrustcurveError
from trustcurve.cli.curve_command import schema_of
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import parse_curve
from trustcurve.logs import parse_mapping, replay_log, scan_log
from trustcurve.policies import Memory, parse_environment, parse_policy
from trustcurve.records import event_of
from trustcurve.simulation import parse_scenario
from trustcurve.snapshots import from_dict, from_json, to_json
from trustcurve.testing import events as events_drawn
from trustcurve.testing import standings
from trustcurve.verification import parse_properties

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "snapshots" / "golden"
SLOW_S = 5.0
"""An input that takes longer is a failure, too. Source: our choice: a hundred times what the slowest door takes."""

MEMORY_BYTES = 200_000_000
"""An input that lets the process grow by more is a failure. Source: our choice: a curve at the limit of positions."""

BLOCK = 200
"""So many inputs at a time are changes of shipped files, and as many after them drawn."""

CURVE = Curve.default()
KINDS: tuple[type[Any], ...] = (Standing, Event, Step, Journey, Curve, Memory)


class Door(NamedTuple):
    """A door: what reads an input, where inputs come from, and how many are tried by default."""

    read: Callable[[bytes], object]
    corpus: Callable[[], list[bytes]]
    drawn: Callable[[], st.SearchStrategy[bytes]]
    count: int


def texts(pattern: str) -> list[bytes]:
    """Return the contents of shipped files."""
    return [path.read_bytes() for path in sorted(ROOT.glob(pattern)) if path.is_file()]


def documents(kind: str) -> list[bytes]:
    """Return the shipped TOML files of a kind."""
    found = texts("examples/**/*.toml")
    return [text for text in found if f"/{kind}.schema.json".encode() in text.partition(b"\n")[0]]


def snapshots() -> list[bytes]:
    """Return golden snapshots of every version, except curves, which have a door of their own."""
    return [path.read_bytes() for path in sorted(GOLDEN.glob("*/*.json")) if not path.name.startswith("curve")]


def record(snapshot: str | bytes) -> bytes:
    """Return the record of an event from its snapshot."""
    return json.dumps({key: value for key, value in json.loads(snapshot).items() if key != "schema"}).encode()


def events() -> list[bytes]:
    """Return records of events as JSON."""
    return [record(path.read_bytes()) for path in sorted(GOLDEN.glob("*/event*.json"))]


LOG = b"""customer,time,event,order,due,note
ann,2026-01-01,made,o1,2026-02-01,"a note
of two lines"
bob,2026-01-02T10:00:00+02:00,kept,o2,,=1+1
ann,2026-01-20,kept,o1,,
"""
MAPPING = parse_mapping("""
[log]
customer = "customer"
time = "time"
timezone = "Europe/Berlin"
id = "{order}/{event}"
[[rules]]
when = { event = "made" }
events = [{ event = "PromiseMade", promise = "{order}", note = "{note}", due = { column = "due", end_of_day = true } }]
[[rules]]
when = { event = "kept" }
events = [{ event = "PromiseKept", promise = "{order}", weight = "minor" }]
""")


def read_log(data: bytes) -> object:
    """Replay a log, as a file of the kind that its beginning looks like."""
    tabs = b"\t" in data.partition(b"\n")[0]
    kinds = {".jsonl": data.startswith(b"{"), ".tsv": tabs, ".csv": True}
    ending = next(ending for ending, like in kinds.items() if like)
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        file.write(data)
        file.flush()
        done = replay_log(scan_log(file.name), MAPPING, CURVE)
    counts = done.counts
    assert counts.rows == counts.used + counts.ignored + counts.broken, counts
    return done


def logs() -> list[bytes]:
    """Return one log in every format of texts; Parquet is read by Polars, which some damage ends (SECURITY.md)."""
    heading, *rows = csv.reader(LOG.decode().splitlines(keepends=True))
    lines = [json.dumps(dict(zip(heading, row, strict=True))).encode() + b"\n" for row in rows]
    return [LOG, b"".join(lines), LOG.replace(b",", b"\t")]


def read_snapshot(data: bytes) -> object:
    """Read a snapshot of the kind that it says."""
    known = {kind.__name__.lower(): kind for kind in KINDS}
    kind = next((kind for name, kind in known.items() if b'"kind":"' + name.encode() in data), Standing)
    return from_json(kind, data, curve=CURVE)


def read_event(data: bytes) -> object:
    """Read a record of an event, and the same as a snapshot."""
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError):
        return None  # this door takes plain data
    with suppress(TrustcurveError):
        from_dict(Event, plain)
    if not isinstance(plain, dict):
        return None
    for key in ("at", "due"):
        with suppress(TypeError, ValueError):
            plain[key] = datetime.fromisoformat(plain.get(key))
    return event_of(plain)


def as_text(parse: Callable[..., object], **options: object) -> Callable[[bytes], object]:
    """Return a reader of bytes from a reader of text."""
    return lambda data: parse(data.decode("utf-8", "replace"), **options)


def documents_drawn(kind: str) -> Callable[[], st.SearchStrategy[bytes]]:
    """Return how documents are drawn of which the JSON Schema says that they are right."""
    return lambda: values_of(schema_of(kind)).map(lambda values: tomli_w.dumps(values).encode())


def snapshots_drawn() -> st.SearchStrategy[bytes]:
    """Draw snapshots of standings and of events."""
    return standings(CURVE).map(lambda standing: to_json(standing, curve=CURVE).encode()) | events_drawn(CURVE).map(
        lambda event: to_json(event).encode()
    )


def logs_drawn() -> st.SearchStrategy[bytes]:
    """Draw logs as JSON lines, with and without all of their cells."""
    cells = {
        "customer": ["ann", "bob", "", 7, None],
        "time": ["2026-01-01", "2026-03-29T02:30:00", "2026-01-02T10:00:00+02:00", "0001-01-01", "9999-12-31", 5, True],
        "event": ["made", "kept", "odd", None],
        "order": ["o1", "o2", 'a "b"', "{x}", 10**18],
    }
    strategies = {name: st.sampled_from(each) for name, each in cells.items()}
    row = st.fixed_dictionaries(strategies, optional={"due": strategies["time"], "note": st.text(max_size=20)})
    return st.lists(row, min_size=1, max_size=8).map(
        lambda rows: b"".join(json.dumps(each).encode() + b"\n" for each in rows)
    )


DOORS: dict[str, Door] = {
    "snapshot": Door(read_snapshot, snapshots, snapshots_drawn, 100_000),
    "event": Door(read_event, events, lambda: events_drawn(CURVE).map(to_json).map(record), 100_000),
    "mapping": Door(as_text(parse_mapping), lambda: documents("mapping"), documents_drawn("mapping"), 100_000),
    "environment": Door(
        as_text(parse_environment), lambda: documents("environment"), documents_drawn("environment"), 100_000
    ),
    "policy": Door(as_text(parse_policy), lambda: documents("policy"), documents_drawn("policy"), 100_000),
    "property": Door(as_text(parse_properties), lambda: documents("property"), documents_drawn("property"), 10_000),
    "scenario": Door(
        as_text(parse_scenario, folder=ROOT / "examples" / "scenarios" / "delivery_crisis"),
        lambda: documents("scenario"),
        documents_drawn("scenario"),
        10_000,
    ),
    "curve": Door(
        as_text(parse_curve),
        lambda: [default_toml().encode(), *documents("curve")],
        documents_drawn("curve"),
        10_000,
    ),
    "log": Door(read_log, logs, logs_drawn, 10_000),
}


# --- runs ------------------------------------------------------------------------------------------


def inputs(name: str, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    """Yield the inputs of a door from number ``first`` to before ``last``, each with its number."""
    corpus = DOORS[name].corpus()
    for block in range(first // BLOCK, -(-last // BLOCK)):
        numbers = range(block * BLOCK, (block + 1) * BLOCK)
        if block % 2:
            found = list(zip(numbers, drawn(name, block), strict=False))
        else:
            found = [(number, changed(corpus, random.Random(f"{name} {number}"))) for number in numbers]  # noqa: S311
        yield from (each for each in found if first <= each[0] < last)


def drawn(name: str, block: int) -> list[bytes]:
    """Return a block of inputs drawn by Hypothesis; of every other one some values are changed."""
    found: list[bytes] = []
    draw = random.Random(f"{name} {block}")  # noqa: S311 - no secret

    @seed(block)
    @settings(
        max_examples=BLOCK,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(DOORS[name].drawn())
    def collect(data: bytes) -> None:
        found.append(with_values_changed(data, draw) if len(found) % 2 else data)

    collect()
    return found


def problem(door: Door, data: bytes) -> str | None:
    """Return what is wrong with how a door reads an input, or None."""
    begun, memory = perf_counter(), _memory_most(anew=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            door.read(data)
    except TrustcurveError as error:
        if not str(error):
            return "an error without a message"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return traceback.format_exc()
    seconds, grown = perf_counter() - begun, _memory_most() - memory
    if seconds > SLOW_S:
        return f"took {seconds:.1f} s"
    return f"took {grown / 1e6:.0f} MB" if grown > MEMORY_BYTES else None


def _memory_most(*, anew: bool = False) -> int:
    """Return the most memory that this process has held, in bytes, or holds now if ``anew``; 0 where Linux is not there."""
    try:
        if anew:
            Path("/proc/self/clear_refs").write_text("5")  # the most begins at what is held now
        return 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    except OSError:
        return 0


def main() -> int:
    """Try inputs, and print each that fails; return 1 if one does."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("doors", nargs="*", choices=[*DOORS, []], help="the doors; default: all")
    parser.add_argument(
        "--count", type=int, help="how many inputs of each door; default: 100,000, of slow doors 10,000"
    )
    parser.add_argument("--only", type=int, help="try this input alone")
    asked = parser.parse_args()
    wrong = 0
    for name in asked.doors or DOORS:
        memory = ROOT / ".fuzz" / name
        memory.parent.mkdir(exist_ok=True)
        first = asked.only if asked.only is not None else int(memory.read_text()) if memory.exists() else 0
        last = first + 1 if asked.only is not None else asked.count or DOORS[name].count
        begun = perf_counter()
        for number, data in inputs(name, first, last):
            found = problem(DOORS[name], data)
            if found is not None:
                wrong += 1
                print(f"{name} {number}: {found}", flush=True)
            if asked.only is None and number % BLOCK == 0:
                memory.write_text(str(number))
        if asked.only is None:
            memory.write_text(str(last))
        print(f"{name}: inputs {first:,} to {last:,} in {perf_counter() - begun:.0f} s", flush=True)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
