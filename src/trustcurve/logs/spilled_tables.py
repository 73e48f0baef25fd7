"""The tables of a replay in parts, which wait in files until they are read: they may be larger than memory."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final, NoReturn
from weakref import finalize

import polars as pl
from attrs import define, field

from trustcurve.batch.frame_replay import FrameReplay
from trustcurve.core.replay import FATES, EventCounts
from trustcurve.errors import InvalidValueError
from trustcurve.records import EVENTS, STANDINGS, TRANSITIONS, polars_types

__all__ = ["SpilledTables"]

_TABLES: Final = {"standings": STANDINGS, "observed": STANDINGS, "transitions": TRANSITIONS, "identities": EVENTS}


@define(eq=False, weakref_slot=True)
class SpilledTables:
    """The tables of a replay in parts: the customers of one part come after those of another.

    Args:
        keeps_identities: Whether identities are kept, too.
        until: The instant at which all customers are observed.
        customers: The number of customers who have a standing.
    """

    keeps_identities: bool
    until: datetime | None = None
    customers: int = 0
    _counts: dict[str, int] = field(factory=lambda: dict.fromkeys(FATES, 0))
    _folder: Path = field(factory=lambda: Path(mkdtemp(prefix="trustcurve-")))
    _parts: int = 0

    def __attrs_post_init__(self) -> None:
        finalize(self, rmtree, self._folder, ignore_errors=True)  # at the latest when the program ends

    def add(self, done: FrameReplay) -> None:
        """Write the tables of a part."""
        for name in _TABLES:
            if name != "identities" or self.keeps_identities:
                done.frame(name).write_parquet(self._path(name, self._parts))
        for fate in FATES:
            self._counts[fate] += getattr(done.counts, fate)
        self.customers += done.customers
        self.until = done.until
        self._parts += 1

    def _path(self, name: str, part: int) -> Path:
        return self._folder / f"{name}.{part}.parquet"

    @property
    def counts(self) -> EventCounts:
        """The number of events, by fate."""
        return EventCounts(**self._counts)

    def scan(self, name: str) -> pl.LazyFrame:
        """Return a table that is read when it is collected."""
        if name == "identities" and not self.keeps_identities:
            raise InvalidValueError("memory", name, "keeps no identities: replay with resumable=True")
        paths = [self._path(name, part) for part in range(self._parts)]
        if not paths:
            return pl.LazyFrame(schema=polars_types(_TABLES[name]))
        return pl.scan_parquet(paths, glob=False)

    def frame(self, name: str) -> pl.DataFrame:
        """Return a whole table, in memory."""
        return self.scan(name).collect()

    @property
    def standings(self) -> pl.DataFrame:
        """The standing of each customer at their last event: a table of ``STANDINGS``."""
        return self.frame("standings")

    @property
    def observed(self) -> pl.DataFrame:
        """All customers, observed at ``until``: a table of ``STANDINGS``."""
        return self.frame("observed")

    @property
    def transitions(self) -> pl.DataFrame:
        """Every change of leaf state: a table of ``TRANSITIONS``, those of one part by time and customer."""
        return self.frame("transitions")

    @property
    def identities(self) -> pl.DataFrame:
        """The events with ids that were applied: a table of ``EVENTS``."""
        return self.frame("identities")

    def replay(self) -> NoReturn:
        """Raise: events are not kept, of which transitions are made."""
        raise InvalidValueError("memory", None, "keeps tables only: read .tables, or replay without memory")
