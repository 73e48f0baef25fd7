"""Tables of figures, and whether targets are met."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

Row = tuple[str, ...]


def verdict(target: str, *, met: bool) -> str:
    """Say whether a target is met."""
    return f"{target} {'met' if met else 'MISSED'}"


def show(title: str, head: Row, rows: list[Row]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(head):
        table.add_column(name, justify="left" if number == 0 or name == "target" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.width = max(console.width, 170)
    console.print(table)


def markdown(title: str, head: Row, rows: list[Row]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ("---", *["--:"] * (len(head) - 1)), *rows)]
    return "\n".join((f"**{title}**", "", *lines, ""))
