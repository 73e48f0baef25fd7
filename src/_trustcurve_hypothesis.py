"""The Hypothesis entry point: it makes the types of trustcurve known to ``st.from_type``, and loads nothing of trustcurve yet.

It is outside the package: Hypothesis imports it in everyone's test runs.
"""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Let ``st.from_type(Standing)`` and the like find our strategies once trustcurve is in use."""
    from hypothesis.strategies._internal import types  # noqa: PLC0415 - see below

    # Hypothesis calls these resolvers once their module is loaded, as for the types of numpy. The public function,
    # register_type_strategy, needs the classes themselves, and so the whole package in everyone's test runs.
    lazy: dict[str, Any] | None = getattr(types, "_global_extra_lookup", None)
    if lazy is None:
        _register_now()
    else:
        lazy["trustcurve"] = _strategy_of


def _strategy_of(thing: object) -> Any:
    if not getattr(thing, "__module__", "").startswith("trustcurve."):
        return None
    from trustcurve.testing.strategies import strategy_of_type  # noqa: PLC0415 - only where something is drawn

    return strategy_of_type(thing)


def _register_now() -> None:
    """Register every type at once: slower to import, and the same to use."""
    from hypothesis import strategies as st  # noqa: PLC0415

    from trustcurve.core.curve import Curve  # noqa: PLC0415
    from trustcurve.core.events import EVENTS, Event  # noqa: PLC0415
    from trustcurve.core.field_types import DueDate, Instant, Name  # noqa: PLC0415
    from trustcurve.core.journey import Journey  # noqa: PLC0415
    from trustcurve.core.promises import Promise  # noqa: PLC0415
    from trustcurve.core.standing import Position, Standing  # noqa: PLC0415
    from trustcurve.core.timetable import Timetable  # noqa: PLC0415
    from trustcurve.policies.policy import Policy  # noqa: PLC0415

    values = (Curve, Event, Journey, Policy, Position, Promise, Standing, Timetable)
    for kind in (*values, DueDate, Instant, Name, *EVENTS):
        st.register_type_strategy(kind, _strategy_of)
