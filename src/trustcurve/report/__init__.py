"""Figures of simulated and solved scenarios, and of replayed logs.

Needs the extra ``plot`` (matplotlib); figures of scenarios need ``simulation``, those of logs ``logs``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trustcurve.errors import require

require("matplotlib", "plot")

if TYPE_CHECKING:
    from trustcurve.report.figures import draw_all, draw_flow, draw_occupancy, draw_side_by_side, draw_times
    from trustcurve.report.relation_figures import draw_log_relations, draw_relations

__all__ = [
    "draw_all",
    "draw_flow",
    "draw_log_relations",
    "draw_occupancy",
    "draw_relations",
    "draw_side_by_side",
    "draw_times",
]


def __getattr__(name: str) -> Any:
    """Import the module of a figure only when it is drawn: figures of logs need no scipy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "relation_figures" if name.endswith("_relations") else "figures"
    return getattr(import_module(f"{__name__}.{home}"), name)
