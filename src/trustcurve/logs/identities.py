"""What a later run of a log must know of the rows before: the identities that were used, and the values of ``once_per``."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import polars as pl
from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_path
from trustcurve.errors import InvalidValueError
from trustcurve.records import EVENTS, ONCE_PER, RUNS, STANDINGS, Schema, polars_types

__all__ = ["Identities", "read_run"]


def _empty(schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=polars_types(schema))


@frozen(eq=False)
class Identities:
    """The identities and values that rows have used; later rows must not use them again.

    Args:
        events: The events with ids that were applied: a table of ``EVENTS``.
        once_per: The values of rules with ``once_per`` that were seen: a table of ``ONCE_PER``.
    """

    events: pl.DataFrame = field(factory=lambda: _empty(EVENTS))
    once_per: pl.DataFrame = field(factory=lambda: _empty(ONCE_PER))


def read_run(folder: str | PathLike[str], curve: Curve) -> tuple[pl.DataFrame, Identities]:
    """Return the standings and identities of an earlier run, from the Parquet files that it wrote.

    Args:
        folder: The folder, written with ``write_replay(..., resumable=True)``.
        curve: The curve, which must be that of the earlier run.

    Raises:
        InvalidValueError: A file is missing or damaged, or the curve is another one.
    """
    found = Path(checked_path("folder", folder))
    run = _read(found, RUNS)
    fingerprint = run["curve"][0] if run.height else None
    if fingerprint != curve.fingerprint:
        rule = f"must have been written with this curve ({curve.fingerprint[:12]}), not with {str(fingerprint)[:12]}"
        raise InvalidValueError("folder", str(found), rule)
    identities = Identities(_read(found, Schema("identities", EVENTS.columns)), _read(found, ONCE_PER))
    return _read(found, STANDINGS), identities


def _read(folder: Path, schema: Schema) -> pl.DataFrame:
    path = folder / f"{schema.name}.parquet"
    try:
        frame = pl.read_parquet(path, glob=False)
    except OSError:
        rule = f"must have {path.name}: write it with --out and --resumable, as Parquet"
        raise InvalidValueError("folder", str(folder), rule) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise InvalidValueError("folder", str(folder), f"has a damaged file: {path.name}") from None
    types = polars_types(schema)
    if dict(frame.schema) != types:
        raise InvalidValueError("folder", str(folder), f"has a file with other columns than {schema.name}: {path.name}")
    return frame
