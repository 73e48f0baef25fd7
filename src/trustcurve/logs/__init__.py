"""Event logs of the outside world: read them, map them to events, fold every customer.

Needs the extra ``logs`` (Polars).
"""

from trustcurve.core.extras import require

require("polars", "logs")

from trustcurve.logs.errors import InvalidMappingError, LogError, UnreadableLogError  # noqa: E402
from trustcurve.logs.journeys import journeys_of  # noqa: E402
from trustcurve.logs.mapping_file import load_mapping, parse_mapping  # noqa: E402
from trustcurve.logs.mappings.mapping import Mapping  # noqa: E402
from trustcurve.logs.replays import LogReplay, Story, replay_log, tell_story  # noqa: E402
from trustcurve.logs.sources.readers import scan_log  # noqa: E402

__all__ = [
    "InvalidMappingError",
    "LogError",
    "LogReplay",
    "Mapping",
    "Story",
    "UnreadableLogError",
    "journeys_of",
    "load_mapping",
    "parse_mapping",
    "replay_log",
    "scan_log",
    "tell_story",
]
