"""Live customers with callbacks, and the curve as a statechart: running on transitions, and as a picture."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trustcurve.machine.callbacks import Callbacks
from trustcurve.machine.errors import BusyCustomerError
from trustcurve.machine.live import LiveCustomer, Prospect

if TYPE_CHECKING:
    from trustcurve.machine.live_async import AsyncLiveCustomer
    from trustcurve.machine.statechart import TrustMachine
    from trustcurve.machine.walker import Walker

__all__ = [
    "AsyncLiveCustomer",
    "BusyCustomerError",
    "Callbacks",
    "LiveCustomer",
    "Prospect",
    "TrustMachine",
    "Walker",
]

# A live customer needs neither asyncio nor transitions; who asks for these names loads them.
_LAZY = {"AsyncLiveCustomer": "live_async", "TrustMachine": "statechart", "Walker": "walker"}


if not TYPE_CHECKING:  # a type checker would take every name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
