"""Which stages no customer can reach, because no rule of the mapping sends a signal that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.core.curve import Curve
from trustcurve.core.events import EVENTS, OneSided, PromiseBroken, PromiseKept, PromiseMade, Signalled
from trustcurve.core.signals import BROKEN, KEPT, MADE, SIDES, SILENCE, WEIGHTS
from trustcurve.logs.mapping import KINDS, EventTemplate, LogMapping

__all__ = ["mapped_signals", "reach_warnings"]


def mapped_signals(mapping: LogMapping, curve: Curve) -> frozenset[str]:
    """Return the signals that the rules of a mapping can send, with what the clock adds: silences, and breaks by date."""
    events = [event for rule in mapping.rules for event in rule.events]
    found, promised = {SILENCE}, set[str]()
    for event in events:
        if KINDS[event.kind] is PromiseMade:
            promised |= _words(event, "weight", WEIGHTS, "major")
    for event in events:
        kind = KINDS[event.kind]
        weights = promised | _words(event, "weight", WEIGHTS, None)
        if kind is PromiseMade:
            made = _words(event, "weight", WEIGHTS, "major")
            found |= {signal for weight, signal in MADE.items() if signal is not None and weight in made}
        elif kind is PromiseKept:
            found |= {KEPT[weight] for weight in WEIGHTS if weight in weights}
        elif kind is PromiseBroken:
            found |= {BROKEN[weight] for weight in WEIGHTS if weight in weights}
        elif kind is OneSided:
            found |= {f"{side}_one_sided" for side in _words(event, "by", SIDES, None)}
        elif kind is Signalled:
            found |= _words(event, "signal", curve.own_signals, None)
        else:
            found |= {*kind.signals}
    if any(event.due is not None for event in events):
        found |= {BROKEN[weight] for weight in WEIGHTS if weight in promised}
    return frozenset(found)


def _words(event: EventTemplate, key: str, words: Iterable[str], default: str | None) -> set[str]:
    """Return the words that a text of an event can have."""
    made_of = dict(event.texts).get(key)
    if made_of is None:
        return set() if default is None else {default}
    return {*words} if made_of.literal is None else {made_of.literal} & {*words}


def reach_warnings(mapping: LogMapping, curve: Curve) -> Iterator[str]:
    """Yield a sentence for each kind of event without which customers cannot reach stages across the barrier.

    A signal is missing if no rule sends it. It is needed for a stage if nothing leads there without it, whatever else is
    sent. Where no single one is needed, those are named that lead into the stages.
    """
    arrays = CurveArrays.of(curve)
    sent = mapped_signals(mapping, curve)
    reached = partial(_stages, curve, arrays)
    missing = [signal for signal in curve.signals if signal not in sent]
    all_, here = reached(curve.signals), reached(sent)
    out = [stage.name for stage in curve.stages if stage.name in all_ - here and not (stage.outside or stage.apart)]
    lost = {signal: frozenset(out) - reached(set(curve.signals) - {signal}) for signal in missing}
    explained = set[str]()
    unexplained = frozenset(out).difference(*lost.values())
    if unexplained:
        yield _sentence(_into(curve, arrays, frozenset(out), missing), out)
        return
    for stages in sorted(set(lost.values()), key=len, reverse=True):
        if stages - explained:
            explained |= stages
            yield _sentence([signal for signal in missing if lost[signal] == stages], filter(stages.__contains__, out))


def _sentence(signals: Iterable[str], stages: Iterable[str]) -> str:
    kinds = _listed(tuple(dict.fromkeys(map(_kind_of, signals))))
    return f"no rule makes {kinds}, so no customer can become {_listed(tuple(stages))}"


def _listed(words: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _kind_of(signal: str) -> str:
    """Return the kind of event that sends a signal."""
    for weights in (MADE, KEPT, BROKEN):
        for weight, sent in weights.items():
            if sent == signal:
                kind = next(each for each in EVENTS if signal in each.signals)
                return f"{kind.__name__} ({weight})"
    found = next((each.__name__ for each in EVENTS if signal in each.signals), None)
    return found or f"Signalled ({signal})"


def _stages(curve: Curve, arrays: CurveArrays, signals: Iterable[str]) -> frozenset[str]:
    """Return the stages that customers can reach by signals."""
    table = curve.table()
    columns = [arrays.columns[signal] for signal in signals]
    seen, found = np.zeros(len(table.positions), bool), np.array([table.number(curve.start)])
    while len(found):
        seen[found] = True
        after: Any = np.unique(arrays.next[found][:, columns])
        found = after[~seen[after]]
    return frozenset(table.positions[place].stage for place in np.flatnonzero(seen).tolist())


def _into(curve: Curve, arrays: CurveArrays, stages: frozenset[str], signals: Iterable[str]) -> list[str]:
    """Return the signals that lead into stages from another one."""
    inside = np.array([position.stage in stages for position in curve.table().positions])
    return [signal for signal in signals if bool((inside[arrays.next[:, arrays.columns[signal]]] & ~inside).any())]
