"""Figures of simulated and solved scenarios.

Needs the extras ``simulation`` and ``plot`` (matplotlib).
"""

from trustcurve.errors import require

require("matplotlib", "plot")

from trustcurve.report.figures import draw_all, draw_flow, draw_occupancy, draw_side_by_side, draw_times  # noqa: E402

__all__ = ["draw_all", "draw_flow", "draw_occupancy", "draw_side_by_side", "draw_times"]
