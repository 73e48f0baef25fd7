"""Rows for the tables of named properties in ``docs_tables.py``, from the descriptions in the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import getdoc, signature

from trustcurve.verification import (
    CURVE_PROPERTIES,
    MORE_CURVE_PROPERTIES,
    POLICY_PROPERTIES,
    Property,
    policy_properties,
)

__all__ = ["property_rows"]

NAMED = {name: getattr(policy_properties, name) for name in policy_properties.__all__}
MADE: tuple[Callable[..., Property], ...] = tuple(
    each for each in NAMED.values() if callable(each) and not isinstance(each, Property)
)


def property_rows(*, of_policies: bool) -> Iterator[tuple[str, ...]]:
    """Yield a row for each named property; for properties of policies with the default arguments."""
    if not of_policies:
        for properties, default in ((CURVE_PROPERTIES, "yes"), (MORE_CURVE_PROPERTIES, "no")):
            yield from ((f"`{each.name}`", each.description, default) for each in properties)
        return
    made = {make.__name__: make for make in MADE}
    for each in POLICY_PROPERTIES:
        make = made.pop(each.name.partition("(")[0], None)
        if make is None:
            yield f"`{each.name}`", each.description, f"`{each.name}`"
        else:
            yield _called(make), _meaning(make), f"`{each.name}`"
    yield from ((_called(make), _meaning(make), "not checked by default") for make in made.values())
    default = {each.name for each in POLICY_PROPERTIES}
    more = (each for each in NAMED.values() if isinstance(each, Property) and each.name not in default)
    yield from ((f"`{each.name}`", each.description, "not checked by default") for each in more)


def _called(make: Callable[..., Property]) -> str:
    return f"`{make.__name__}({', '.join(signature(make).parameters)})`"


def _meaning(make: Callable[..., Property]) -> str:
    return (getdoc(make) or "").partition("\n\n")[0].replace("``", "`").replace("\n", " ")
