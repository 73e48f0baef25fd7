"""What Hypothesis calls when it is imported: it learns of trustcurve's types, and none of trustcurve is loaded yet.

A module of its own, outside the package, so that whoever uses Hypothesis for other things pays nothing for us.
"""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Let ``st.from_type(Standing)`` and its like find our strategies, once trustcurve is in use."""
    from hypothesis.strategies._internal import types  # noqa: PLC0415 - see below

    # Hypothesis asks these resolvers once their module is loaded; that is how it knows numpy's types. The public way,
    # register_type_strategy, wants the classes themselves, and so the whole package, in everybody's test run.
    lazy: dict[str, Any] | None = getattr(types, "_global_extra_lookup", None)
    if lazy is None:
        _register_now()
    else:
        lazy["trustcurve"] = _strategy_for


def _strategy_for(thing: object) -> Any:
    if not getattr(thing, "__module__", "").startswith("trustcurve."):
        return None
    from trustcurve.testing.strategies.by_type import strategy_for  # noqa: PLC0415 - only who draws needs it

    return strategy_for(thing)


def _register_now() -> None:
    """Register every type at once: slower to import, and the same to use."""
    from hypothesis import strategies as st  # noqa: PLC0415

    from trustcurve.core.curve import Curve  # noqa: PLC0415
    from trustcurve.core.events import EVENTS, Event  # noqa: PLC0415
    from trustcurve.core.journey import Journey  # noqa: PLC0415
    from trustcurve.core.standing import Position, Standing  # noqa: PLC0415
    from trustcurve.policies.policy import Policy  # noqa: PLC0415

    for kind in (Curve, Event, Journey, Policy, Position, Standing, *EVENTS[:-1]):
        st.register_type_strategy(kind, _strategy_for)
