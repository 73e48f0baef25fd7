"""Pictures of what was simulated.

Needs the extras ``simulation`` and ``plot`` (matplotlib).
"""

from trustcurve.errors import require

require("matplotlib", "plot")

from trustcurve.report.drawing import draw_all, draw_flow, draw_occupancy, draw_side_by_side, draw_times  # noqa: E402

__all__ = ["draw_all", "draw_flow", "draw_occupancy", "draw_side_by_side", "draw_times"]
