"""Every customer of a log as a journey, with all steps: for those who ask more of them than where they end."""

from __future__ import annotations

from datetime import datetime

from trustcurve.core.curve import Curve
from trustcurve.core.instants import instant
from trustcurve.core.journey import Journey
from trustcurve.core.steps import Step
from trustcurve.logs.columnar.fitting import check_signals
from trustcurve.logs.columnar.frames import map_log
from trustcurve.logs.folding.fold import Fold, Progress
from trustcurve.logs.folding.judging import Judge
from trustcurve.logs.mappings.mapping import Mapping
from trustcurve.logs.sources.readers import Log

__all__ = ["journeys_of"]


def journeys_of(
    log: Log, mapping: Mapping, curve: Curve, *, until: datetime | None = None, progress: Progress | None = None
) -> tuple[Journey, ...]:
    r"""Map a log to events and tell the journey of every customer; for arguments see ``replay_log``.

    All steps are kept in memory, about a kilobyte for each event. What could not be used is left out here, and told by
    ``replay_log``.

    Returns:
        The journeys, in the order in which the customers first appear.

    Raises:
        InvalidMappingError: The mapping does not fit the log.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.logs import parse_mapping, scan_log
        >>> rules = '[[rules]]\nwhen = { what = "advice" }\nevents = [{ event = "Exchanged" }]'
        >>> mapping = parse_mapping(f'[log]\ncustomer = "client"\ntime = "when"\ntimezone = "UTC"\n{rules}')
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.csv")
        ...     _ = path.write_text("client,when,what\nann,2026-01-01,advice\nbob,2026-01-02,advice\n")
        ...     journeys = journeys_of(scan_log(path), mapping, Curve.default())
        >>> [(journey.customer, len(journey.steps)) for journey in journeys]
        [('ann', 2), ('bob', 1)]
    """
    end = None if until is None else instant(until, "until")
    check_signals(mapping, curve)
    fold = Fold(Judge(curve, end), follow=lambda _: True)
    fold.run(map_log(log, mapping).events, progress)
    fold.finish(end or fold.last)
    steps: dict[str, list[Step]] = {customer: [] for customer in fold.standings}
    for each in fold.steps:
        steps[each.step.after.customer].append(each.step)
    return tuple(Journey(own[0].before, tuple(own)) for own in steps.values())
