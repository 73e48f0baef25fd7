"""Curves in files: the only place that opens one."""

from __future__ import annotations

from os import PathLike, fspath

from trustcurve.core.curve import Curve, default_toml
from trustcurve.core.errors import Finding, InvalidCurveError

__all__ = ["default_toml", "load_curve"]


def load_curve(path: str | PathLike[str]) -> Curve:
    """Load a curve from a TOML file and check all of it.

    Args:
        path: The file.

    Raises:
        InvalidCurveError: With all findings at once: each names file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "mine.toml")
        ...     characters = file.write_text(default_toml(), encoding="utf-8")
        ...     load_curve(file) == Curve.default()
        True
    """
    name = fspath(path)
    with open(name, "rb") as file:  # noqa: PTH123 - pathlib is slow to import
        data = file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidCurveError((Finding(name, "the file", "", f"is not UTF-8: {error}"),)) from None
    return Curve.from_toml(text, name)
