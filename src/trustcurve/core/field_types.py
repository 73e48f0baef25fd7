"""Types of the fields of events and promises, for tools that draw values by type: ``st.builds(Exchanged)`` of Hypothesis reads them.

Every time is an instance of ``Instant`` and of ``DueDate``, and every text of ``Name``: only their names say more. To
type checkers they are the plain types.
"""

from __future__ import annotations

from abc import ABC
from datetime import datetime
from typing import TYPE_CHECKING

__all__ = ["DueDate", "Instant", "Name"]

if TYPE_CHECKING:
    Instant = datetime
    DueDate = datetime
    Name = str
else:

    class Instant(ABC):  # noqa: B024 - nobody makes one
        """A time with a timezone."""

    class DueDate(ABC):  # noqa: B024
        """A time with a timezone that is not before that of any event."""

    class Name(ABC):  # noqa: B024
        """A text that is not empty."""

    Instant.register(datetime)
    DueDate.register(datetime)
    Name.register(str)
