"""Named properties, of curves and of policies, by what the command line and files call them."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.verification import curve_properties, policy_properties
from trustcurve.verification.property import Property

__all__ = ["PROPERTY_NAMES", "property_named"]

_DIGITS = 10

_ALL = {name: getattr(module, name) for module in (curve_properties, policy_properties) for name in module.__all__}
_VALUES: dict[str, Property] = {name: each for name, each in _ALL.items() if isinstance(each, Property)}
_FACTORIES: dict[str, Callable[..., Property]] = {
    name: each for name, each in _ALL.items() if callable(each) and name not in _VALUES
}
PROPERTY_NAMES: tuple[str, ...] = (
    *_VALUES,
    *(f"{name}({', '.join(signature(made).parameters)})" for name, made in _FACTORIES.items()),
)
"""The named properties as ``property_named`` and the command line accept them; the numbers may be left out."""


def property_named(text: str) -> Property:
    """Return a named property: "no_harm_helps", "repair_within", "repair_within(3)", "quiet_period(3, 4)".

    Raises:
        UnknownWordError: There is no property of this name.
        InvalidValueError: There are too many numbers, or too few.

    Examples:
        >>> property_named("repair_within(3)").description
        'A slip or a breach is made good within 3 turns.'
    """
    name, _, numbers = text.strip().partition("(")
    listed = [each.strip() for each in numbers.removesuffix(")").split(",")] if numbers.strip(" )") else []
    if name in _VALUES and not listed:
        return _VALUES[name]
    if name not in _FACTORIES or (numbers and not numbers.endswith(")")):
        raise UnknownWordError("property", text, PROPERTY_NAMES)
    if not all(each.isascii() and each.isdecimal() and len(each) <= _DIGITS for each in listed):
        raise InvalidValueError(
            "property",
            text,
            f"must have whole numbers between its brackets, of at least 0 and at most {_DIGITS} digits",
        )
    given = [int(each) for each in listed]
    wanted = list(signature(_FACTORIES[name]).parameters)
    if given and len(given) != len(wanted):
        raise InvalidValueError(
            "property",
            text,
            f"must have the arguments {', '.join(wanted)}; for example {name}({', '.join('3' for _ in wanted)})",
        )
    return _FACTORIES[name](*given)
