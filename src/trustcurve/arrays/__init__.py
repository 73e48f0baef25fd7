"""A curve as arrays: the step of the ledger for many customers at once. Needs NumPy."""

from typing import Any

Array = Any
"""An array of NumPy; not typed, because NumPy is an extra. Docstrings give the shapes."""

from trustcurve.arrays.curve_arrays import CurveArrays  # noqa: E402 - it needs the name above

__all__ = ["Array", "CurveArrays"]
