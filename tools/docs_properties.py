"""Rows for the tables of named properties in ``docs_tables.py``, from the descriptions in the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import getdoc, signature

from trustcurve.verification import (
    CURVE_PROPERTIES,
    POLICY_PROPERTIES,
    Property,
    bounded_asks_while_distrusted,
    can_make_advocates,
    no_flapping,
    quiet_period,
    repair_within,
    way_back,
)

__all__ = ["property_rows"]

MADE: tuple[Callable[..., Property], ...] = (repair_within, bounded_asks_while_distrusted, quiet_period, no_flapping)


def property_rows(*, of_policies: bool) -> Iterator[tuple[str, ...]]:
    """Yield a row for each named property; for properties of policies with the default arguments."""
    if not of_policies:
        yield from ((f"`{each.name}`", each.description) for each in CURVE_PROPERTIES)
        return
    made = {make.__name__: make for make in MADE}
    for each in POLICY_PROPERTIES:
        make = made.pop(each.name.partition("(")[0], None)
        if make is None:
            yield f"`{each.name}`", each.description, f"`{each.name}`"
        else:
            called = f"{make.__name__}({', '.join(signature(make).parameters)})"
            yield f"`{called}`", (getdoc(make) or "").partition("\n\n")[0].replace("``", "`"), f"`{each.name}`"
    assert not made, made
    yield from (
        (f"`{each.name}`", each.description, "not checked by default") for each in (can_make_advocates, way_back)
    )
