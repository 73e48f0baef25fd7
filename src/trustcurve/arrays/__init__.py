"""A curve as arrays: the step of the ledger for many customers at once. Needs numpy."""

from typing import Any

Array = Any
"""An array of numpy; not typed, because numpy is an extra. Docstrings give the shapes."""
