"""What was simulated, as files."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Literal

import polars as pl

from trustcurve.errors import UnknownWordError

__all__ = ["FORMATS", "Form", "write_frames"]

Form = Literal["parquet", "csv"]
FORMATS: tuple[Form, ...] = ("parquet", "csv")


def write_frames(
    frames: Mapping[str, pl.DataFrame], folder: str | PathLike[str], form: Form = "parquet"
) -> tuple[Path, ...]:
    r"""Write tables to files in a folder, which is made where it is missing.

    Args:
        frames: The tables by name, as of ``Run.frames`` or ``Expected.frames``.
        folder: Where to.
        form: ``parquet`` or ``csv``.

    Returns:
        The files.

    Raises:
        UnknownWordError: The form is unknown.
        OSError: A file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     (file,) = write_frames({"shares": pl.DataFrame({"share": [0.5]})}, folder, "csv")
        ...     file.name, file.read_text()
        ('shares.csv', 'share\n0.5\n')
    """
    if form not in FORMATS:
        raise UnknownWordError("format", form, FORMATS)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in frames.items():
        path = target / f"{name}.{form}"
        if form == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_csv(path)
        written.append(path)
    return tuple(written)
