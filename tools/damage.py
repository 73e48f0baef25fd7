"""Damage documents: change some of their values, or some of their bytes."""

from __future__ import annotations

import copy
import json
import random
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

import tomli_w

WORDS = ("", "x", "due", "-1", "kept_major", "hopeful", "{x}", "{", "\N{SNOWMAN}", "9" * 400, "2026-13-01", "a" * 5000)
JUNK: tuple[Any, ...] = (True, 0, -1, 10**30, 1.5, float("inf"), [], {}, [[]], {"x": {"y": []}}, *WORDS)


def changed(corpus: Sequence[bytes], draw: random.Random) -> bytes:
    """Return one of some documents, damaged."""
    data = draw.choice(corpus)
    if draw.random() < 0.6:
        data = with_values_changed(data, draw)
        if draw.random() < 0.7:
            return data
    for _ in range(draw.randint(1, 4)):
        data = _bytes_changed(data, draw, draw.choice(corpus))
    return data


def with_values_changed(data: bytes, draw: random.Random) -> bytes:
    """Return a document of TOML or JSON with one to three values changed; another document as it is."""
    toml = not data.lstrip().startswith(b"{")
    try:
        values = tomllib.loads(data.decode()) if toml else json.loads(data)
    except ValueError:
        return data
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


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
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
