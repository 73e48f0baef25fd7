"""Whole logs at table speed: the ledger by columns, for all customers at once.

Needs the extra ``logs`` (Polars, NumPy).
"""

from trustcurve.errors import require

require("polars", "logs")
require("numpy", "logs")

from trustcurve.batch.frame_replay import FrameReplay, replay_frame  # noqa: E402

__all__ = ["FrameReplay", "replay_frame"]
