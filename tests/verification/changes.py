"""Curves that are wrong on purpose, as changes of the default curve's rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trustcurve import Curve
from trustcurve.documents.curve_file import read_curve

Rows = dict[str, dict[str, Any]]
Change = Callable[[Rows], object]


def edit(rows: Rows, name: str, *drop: str, **parts: dict[str, Any]) -> None:
    """Change parts of a row (``set``, ``add``, ``at_least``, ``when``), and drop others."""
    for part in drop:
        del rows[name][part]
    for part, values in parts.items():
        rows[name][part] = {**rows[name].get(part, {}), **values}


def changed(curve: Curve, change: Change) -> Curve:
    """Make the curve that has one change."""
    document = curve.to_plain()
    rows = {row["name"]: row for row in (*document["rules"], *document["settling"])}
    change(rows)
    return read_curve(document)
