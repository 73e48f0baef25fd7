"""Read plain data (a parsed TOML or JSON document) piece by piece, and note all that is wrong with it.

Each finding names file, table and key; a wrong value is replaced by a harmless one, so that reading goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from attrs import define, field

from trustcurve.core.errors import Finding, did_you_mean
from trustcurve.core.rules import Number

__all__ = ["Reader"]

_UNITS = ("days", "hours", "minutes", "seconds")


@define(eq=False, repr=False)
class Reader:
    """Collects findings while plain data is read; a wrong value is replaced by a harmless one."""

    source: str
    findings: list[Finding] = field(factory=list)

    def wrong(self, table: str, key: str, says: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(self.source, table, key, says))

    def table(self, value: object, table: str, known: Iterable[str]) -> dict[str, Any]:
        """Read a table and note its unknown keys."""
        if not isinstance(value, Mapping):
            self.wrong(table, "", f"must be a table, not {value!r}")
            return {}
        names = tuple(known)
        for key in value:
            if key not in names:
                self.wrong(table, str(key), f"unknown word{did_you_mean(key, names) or '; known: ' + ', '.join(names)}")
        return {key: value[key] for key in value if key in names}

    def rows(self, value: object, table: str) -> list[tuple[str, object]]:
        """Read an array of tables: each with its place for messages."""
        if not isinstance(value, list | tuple):
            self.wrong(table, "", f"must be an array of tables, [[{table}]]")
            return []
        return [(_place(table, i, row), row) for i, row in enumerate(value)]

    def text(self, table: str, key: str, row: Mapping[str, Any], *, required: bool = True) -> str:
        """Read a text; a required one must not be empty."""
        value = row.get(key, "")
        if not isinstance(value, str) or (required and not value.strip()):
            self.wrong(table, key, "must be a text" + (" that is not empty" if required else ""))
            return ""
        return value

    def flag(self, table: str, key: str, row: Mapping[str, Any]) -> bool:
        """Read true or false; false where it is missing."""
        value = row.get(key, False)
        if not isinstance(value, bool):
            self.wrong(table, key, f"must be true or false, not {value!r}")
            return False
        return value

    def number(self, table: str, key: str, value: object) -> Number | None:
        """Read a whole number or the name of a parameter."""
        if (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value):
            return value
        self.wrong(table, key, f"must be a whole number or the name of a parameter, not {value!r}")
        return None

    def duration(self, table: str, key: str, value: object) -> timedelta | None:
        """Read a duration: a number of days, or a table of days, hours, minutes and seconds."""
        units = {"days": value} if isinstance(value, int | float) and not isinstance(value, bool) else value
        if (
            isinstance(units, Mapping)
            and units
            and all(
                unit in _UNITS and isinstance(n, int | float) and not isinstance(n, bool) for unit, n in units.items()
            )
        ):
            try:
                return timedelta(**units)
            except (OverflowError, ValueError):
                pass
        self.wrong(table, key, f"must be a number of days or a table such as {{ days = 90 }}, not {value!r}")
        return None


def _place(table: str, index: int, row: object) -> str:
    name = row.get("name") if isinstance(row, Mapping) else None
    return f"[[{table}]] {name if isinstance(name, str) and name else f'number {index + 1}'}"
