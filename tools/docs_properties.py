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
    listens_more,
    no_flapping,
    promise_before_ask,
    quiet_period,
    repair_within,
    stays_in_touch,
    thanks_before_ask,
    thanks_within,
    way_back,
)

__all__ = ["property_rows"]

MADE: tuple[Callable[..., Property], ...] = (
    *(repair_within, bounded_asks_while_distrusted, quiet_period, no_flapping),
    *(stays_in_touch, thanks_within, listens_more),
)


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
            yield _called(make), _meaning(make), f"`{each.name}`"
    yield from ((_called(make), _meaning(make), "not checked by default") for make in made.values())
    more = (can_make_advocates, promise_before_ask, thanks_before_ask, way_back)
    yield from ((f"`{each.name}`", each.description, "not checked by default") for each in more)


def _called(make: Callable[..., Property]) -> str:
    return f"`{make.__name__}({', '.join(signature(make).parameters)})`"


def _meaning(make: Callable[..., Property]) -> str:
    return (getdoc(make) or "").partition("\n\n")[0].replace("``", "`").replace("\n", " ")
