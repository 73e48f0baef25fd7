"""Give damaged documents, snapshots, events and logs to every door that reads them: each must raise a named error or none.

    make fuzz                                  # every door, on from where the last run ended
    python tools/fuzz.py curve log             # some doors
    python tools/fuzz.py log --only 4711       # one input again, with its traceback

Inputs are shipped files with random changes of their bytes or of their values. Input n of a door is always the same, so
that a failure can be repeated and a run can go on where the last one was stopped (``.fuzz`` remembers where).
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import tempfile
import tomllib
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import tomli_w

from trustcurve import Curve, Event, Journey, Standing, Step, TrustcurveError
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import parse_curve
from trustcurve.logs import parse_mapping, replay_log, scan_log
from trustcurve.policies import parse_policy
from trustcurve.records import event_of
from trustcurve.simulation import parse_scenario
from trustcurve.snapshots import from_dict, from_json

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "snapshots" / "golden"
SLOW_S = 5.0
"""An input that takes longer is a failure, too. Source: our choice: a hundred times what the slowest door takes."""

CURVE = Curve.default()
KINDS: tuple[type[Any], ...] = (Standing, Event, Step, Journey, Curve)
WORDS = ("", "x", "due", "-1", "kept_major", "hopeful", "{x}", "{", "\N{SNOWMAN}", "9" * 400, "2026-13-01", "a" * 5000)
JUNK: tuple[Any, ...] = (True, 0, -1, 10**30, 1.5, float("inf"), [], {}, [[]], {"x": {"y": []}}, *WORDS)


class Door(NamedTuple):
    """A door: what reads an input, the inputs from which others are made, and how many are tried by default."""

    read: Callable[[bytes], object]
    corpus: Callable[[], list[bytes]]
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


def events() -> list[bytes]:
    """Return records of events as JSON."""
    found = [json.loads(path.read_bytes()) for path in sorted(GOLDEN.glob("*/event*.json"))]
    return [json.dumps({key: value for key, value in each.items() if key != "schema"}).encode() for each in found]


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
    kinds = {".parquet": data.startswith(b"PAR1"), ".jsonl": data.startswith(b"{"), ".tsv": tabs, ".csv": True}
    ending = next(ending for ending, like in kinds.items() if like)
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        file.write(data)
        file.flush()
        done = replay_log(scan_log(file.name), MAPPING, CURVE)
    counts = done.counts
    assert counts.rows == counts.used + counts.ignored + counts.broken, counts
    return done


def logs() -> list[bytes]:
    """Return one log in every format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.csv")
        path.write_bytes(LOG)
        frame = scan_log(path).rows.drop("trustcurve.row").collect()
        frame.write_parquet(Path(folder, "log.parquet"))
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in frame.iter_rows(named=True))
        return [LOG, lines, LOG.replace(b",", b"\t"), Path(folder, "log.parquet").read_bytes()]


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


DOORS: dict[str, Door] = {
    "snapshot": Door(read_snapshot, snapshots, 100_000),
    "event": Door(read_event, events, 100_000),
    "mapping": Door(as_text(parse_mapping), lambda: documents("mapping"), 100_000),
    "policy": Door(as_text(parse_policy), lambda: documents("policy"), 100_000),
    "scenario": Door(
        as_text(parse_scenario, folder=ROOT / "examples" / "scenarios" / "delivery_crisis"),
        lambda: documents("scenario"),
        10_000,
    ),
    "curve": Door(as_text(parse_curve), lambda: [default_toml().encode(), *documents("curve")], 10_000),
    "log": Door(read_log, logs, 10_000),
}


# --- changes ---------------------------------------------------------------------------------------


def changed(corpus: list[bytes], name: str, number: int) -> bytes:
    """Return input ``number`` of a door."""
    draw = random.Random(f"{name} {number}")  # noqa: S311 - no secret
    data = draw.choice(corpus)
    values = _values(data) if draw.random() < 0.6 else None
    if values is not None:
        data = _written(values, draw, toml=not data.lstrip().startswith(b"{"))
        if draw.random() < 0.7:
            return data
    for _ in range(draw.randint(1, 4)):
        data = _bytes_changed(data, draw, draw.choice(corpus))
    return data


def _values(data: bytes) -> Any:
    try:
        return json.loads(data) if data.lstrip().startswith(b"{") else tomllib.loads(data.decode())
    except ValueError:
        return None


def _written(values: Any, draw: random.Random, *, toml: bool) -> bytes:
    """Change some values of a document, and write it."""
    values = copy.deepcopy(values)
    for _ in range(draw.randint(1, 3)):
        _change(values, draw)
    try:
        return tomli_w.dumps(values).encode() if toml else json.dumps(values, separators=(",", ":")).encode()
    except (TypeError, ValueError, AttributeError):
        return b""


def _change(values: Any, draw: random.Random) -> None:
    places = list(_places(values))
    if not places:
        return
    inner, key = draw.choice(places)
    kind = draw.randrange(4)
    if kind == 0:
        del inner[key]
    elif kind == 1:
        inner[key] = copy.deepcopy(draw.choice(JUNK))
    elif kind == 2:
        other, name = draw.choice(places)
        inner[key] = copy.deepcopy(other[name])
    elif isinstance(inner, dict):
        inner[draw.choice(WORDS)] = inner.pop(key)
    else:
        inner.append(copy.deepcopy(inner[key]))


def _places(values: Any) -> Any:
    """Yield every value's container and key."""
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in list(inner):
        yield values, key
        yield from _places(value)


def _bytes_changed(data: bytes, draw: random.Random, other: bytes) -> bytes:
    place, end = draw.randint(0, len(data)), draw.randint(0, len(data))
    low, high = min(place, end), max(place, end)
    kind = draw.randrange(6)
    if kind == 0:
        return data[:place] + bytes(draw.choices(range(256), k=draw.randint(1, 8))) + data[place:]
    if kind == 1:
        return data[:low] + data[min(high, low + 40) :]
    if kind == 2:
        return data[:place] + draw.choice(WORDS).encode() + data[place:]
    if kind == 3:
        return data[:high] + data[low:high][:200] * draw.choice((1, 3, 50)) + data[high:]
    if kind == 4:
        return data[:place] + other[draw.randint(0, len(other)) :]
    return data[:place] + draw.choice((b"[", b"{", b'"', b"\n", b",", b"\x00", b"\xff", b"[" * 3000)) + data[place:]


# --- runs ------------------------------------------------------------------------------------------


def problem(door: Door, data: bytes) -> str | None:
    """Return what is wrong with how a door reads an input, or None."""
    begun = perf_counter()
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
    seconds = perf_counter() - begun
    return f"took {seconds:.1f} s" if seconds > SLOW_S else None


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
        door, corpus = DOORS[name], DOORS[name].corpus()
        memory = ROOT / ".fuzz" / name
        first = asked.only if asked.only is not None else int(memory.read_text()) if memory.exists() else 0
        last = first + 1 if asked.only is not None else max(asked.count or door.count, 0)
        begun = perf_counter()
        for number in range(first, last):
            found = problem(door, changed(corpus, name, number))
            if found is not None:
                wrong += 1
                print(f"{name} {number}: {found}", flush=True)
            if asked.only is None and number % 100 == 0:
                memory.parent.mkdir(exist_ok=True)
                memory.write_text(str(number))
        if asked.only is None:
            memory.write_text(str(last))
        print(f"{name}: inputs {first:,} to {last:,} in {perf_counter() - begun:.0f} s", flush=True)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
