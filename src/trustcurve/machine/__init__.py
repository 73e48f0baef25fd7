"""Live customers with callbacks, and the curve as a statechart: run by the library transitions, or drawn."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trustcurve.machine.callbacks import Callbacks
from trustcurve.machine.live import AsyncLiveCustomer, LiveCustomer, Prospect
from trustcurve.machine.machine_errors import BusyCustomerError

if TYPE_CHECKING:
    from trustcurve.machine.guards import Walker
    from trustcurve.machine.statechart import TrustMachine

__all__ = [
    "AsyncLiveCustomer",
    "BusyCustomerError",
    "Callbacks",
    "LiveCustomer",
    "Prospect",
    "TrustMachine",
    "Walker",
]

_LAZY = {"TrustMachine": "statechart", "Walker": "guards"}  # they load transitions; live customers do not need it


if not TYPE_CHECKING:  # a type checker would take every name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
