"""The JSON Schema of a curve's document, in the shape of its TOML file.

The words of its tables come from the classes and the vocabulary; a document that passes can still be
refused by the curve's own checks, which know what the words mean.
"""

from __future__ import annotations

from typing import Any

from trustcurve.core.reading import CLOCK, DURATIONS
from trustcurve.core.rules import TEST_WORDS
from trustcurve.core.signals import ACCOUNT_LEVELS, COUNTERS, LEDGER_SIGNALS, PARTS, SILENCE_ENDINGS

__all__ = ["CURVE_DOCUMENT"]

_TEXT = {"type": "string"}
_SAID = {"type": "string", "minLength": 1}
_FLAG = {"type": "boolean"}
_NUMBER = {"type": ["integer", "string"], "description": "a whole number, or the name of a parameter"}
_BOUNDS = [test for test in TEST_WORDS if test != "is"]


def _table(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or [], "additionalProperties": False}


def _one_or_many(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


_DURATION = {
    "anyOf": [
        {"type": "number", "description": "days"},
        _table({unit: {"type": "number"} for unit in ("days", "hours", "minutes", "seconds")}),
    ]
}
_PARAMETER = {
    "anyOf": [
        {"type": "integer"},
        _table({"value": {"type": "integer"}, **dict.fromkeys(_BOUNDS, _NUMBER), "says": _TEXT}, ["value"]),
    ]
}
_TESTS = {"anyOf": [*_one_or_many(_NUMBER)["anyOf"], _table(dict.fromkeys(_BOUNDS, _NUMBER))]}
_WHEN = _table(
    {
        "stage": _one_or_many(_TEXT),
        "posture": _one_or_many(_TEXT),
        "outside": _FLAG,
        "account": _one_or_many({"enum": list(ACCOUNT_LEVELS)}),
        **dict.fromkeys((*COUNTERS, "felt_doubt"), _TESTS),
    }
)
_CHANGE = _table(dict.fromkeys(PARTS, _NUMBER))
_ROW = {
    "name": _SAID,
    "when": _WHEN,
    "set": _CHANGE,
    "at_least": _CHANGE,
    "add": _CHANGE,
    "because": _SAID,
    "source": _TEXT,
}
_POSTURE = _table({"name": _SAID, "above": _NUMBER, "says": _TEXT}, ["name"])
_STAGE = _table(
    {"name": _SAID, "outside": _FLAG, "apart": _FLAG, "says": _TEXT, "postures": {"type": "array", "items": _POSTURE}},
    ["name"],
)
_SIGNAL = _table(
    {
        "by": {"enum": ["company", "customer", "both", "clock"]},
        "one": _TEXT,
        "many": _TEXT,
        "ends_silence": {"enum": list(SILENCE_ENDINGS)},
    }
)

CURVE_DOCUMENT: dict[str, Any] = _table(
    {
        "curve": _table(
            {"name": _SAID, "start": _table(dict.fromkeys(PARTS, _NUMBER), list(PARTS))}, ["name", "start"]
        ),
        "counters": _table(
            {name: _table({"max": _NUMBER, "says": _TEXT}, ["max"]) for name in COUNTERS}, list(COUNTERS)
        ),
        "parameters": {
            "type": "object",
            "properties": dict.fromkeys(DURATIONS, _DURATION),
            "required": list(CLOCK),
            "additionalProperties": _PARAMETER,
        },
        "stages": {"type": "array", "items": _STAGE, "minItems": 1},
        "signals": {"type": "object", "required": list(LEDGER_SIGNALS), "additionalProperties": _SIGNAL},
        "rules": {"type": "array", "items": _table({"signal": _SAID, **_ROW}, ["name", "signal", "because"])},
        "settling": {"type": "array", "items": _table(_ROW, ["name", "because"])},
    },
    ["curve", "counters", "parameters", "stages", "signals", "rules"],
)
"""The schema of what ``Curve.to_plain`` writes and ``Curve.from_plain`` reads."""
