"""Event logs of other systems: read them, map their rows to events, replay every customer.

Needs the extra ``logs`` (Polars, NumPy).
"""

from trustcurve.errors import require

require("polars", "logs")
require("numpy", "logs")

from trustcurve.logs.identities import Identities, read_run  # noqa: E402
from trustcurve.logs.log_errors import InvalidMappingError, LogError, UnreadableLogError  # noqa: E402
from trustcurve.logs.log_replay import (  # noqa: E402
    CustomerReplay,
    LogJourneys,
    LogReplay,
    replay_customer,
    replay_journeys,
    replay_log,
)
from trustcurve.logs.mapping import LogMapping  # noqa: E402
from trustcurve.logs.mapping_file import load_mapping, parse_mapping  # noqa: E402
from trustcurve.logs.sources import scan_log  # noqa: E402

__all__ = [
    "CustomerReplay",
    "Identities",
    "InvalidMappingError",
    "LogError",
    "LogJourneys",
    "LogMapping",
    "LogReplay",
    "UnreadableLogError",
    "load_mapping",
    "parse_mapping",
    "read_run",
    "replay_customer",
    "replay_journeys",
    "replay_log",
    "scan_log",
]
