"""Types of the fields of events, for tools that draw values by type: ``st.builds(Exchanged)`` of Hypothesis reads them.

To type checkers they are the plain types, and no value is ever of one of these classes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

__all__ = ["DueDate", "Instant", "Name"]

if TYPE_CHECKING:
    Instant = datetime
    DueDate = datetime
    Name = str
else:

    class Instant(datetime):
        """A time with a timezone."""

    class DueDate(datetime):
        """A time with a timezone, not before that of the event."""

    class Name(str):
        """A text that is not empty."""

        __slots__ = ()
