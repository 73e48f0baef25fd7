"""Named properties, found by what users write: "no_harm_helps", "repair_within(3)"."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import signature

from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.verification.properties.kinds import Property
from trustcurve.verification.properties.of_curves import CURVE_PROPERTIES
from trustcurve.verification.properties.of_policies import (
    bounded_asks_while_distrusted,
    can_make_advocates,
    no_ask_on_open_account,
    no_flapping,
    nobody_forgotten,
    quiet_period,
    recovery_comes_first,
    repair_within,
    way_back,
)

__all__ = ["PROPERTY_NAMES", "property_named"]

_MADE: dict[str, Callable[..., Property]] = {
    made.__name__: made for made in (repair_within, no_flapping, bounded_asks_while_distrusted, quiet_period)
}
_READY: dict[str, Property] = {
    each.name: each
    for each in (
        *CURVE_PROPERTIES,
        no_ask_on_open_account,
        recovery_comes_first,
        nobody_forgotten,
        can_make_advocates,
        way_back,
    )
}
PROPERTY_NAMES: tuple[str, ...] = (
    *_READY,
    *(f"{name}({', '.join(signature(made).parameters)})" for name, made in _MADE.items()),
)
"""How each named property is asked for, by ``property_named`` and on the command line."""


def property_named(text: str) -> Property:
    """Find a named property: "no_harm_helps", "repair_within(3)", "quiet_period(3, 4)".

    Raises:
        UnknownWordError: There is no property of this name.
        InvalidValueError: Its numbers are wrong, or too many, or missing.

    Examples:
        >>> property_named("repair_within(3)").says
        'What went wrong is made good within 3 turns.'
    """
    found = re.fullmatch(r"(\w+)(?:\(([\d\s,]*)\))?", text.strip())
    name, numbers = (found[1], found[2]) if found else (text, None)
    if name in _READY and not numbers:
        return _READY[name]
    if name not in _MADE:
        raise UnknownWordError("property", text, PROPERTY_NAMES)
    given = [int(number) for number in re.findall(r"\d+", numbers or "")]
    wanted = list(signature(_MADE[name]).parameters)
    if len(given) != len(wanted):
        raise InvalidValueError(
            "property", text, f"takes {', '.join(wanted)}: for example {name}({', '.join('3' for _ in wanted)})"
        )
    return _MADE[name](*given)
