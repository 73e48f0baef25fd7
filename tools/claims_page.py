"""Generate the table of claims in ``docs/explanation/origins.md`` from the register of the tests.

python -m tools.claims_page           # write it
python -m tools.claims_page --check   # only say whether it is out of date
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from tests.claims.register import CLAIMS, NOT_MODELLED, Claim

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "origins.md"
REGION = re.compile(r"(?<=<!-- claims -->\n).*?(?=<!-- end of claims -->)", re.DOTALL)
SOURCES = "TVRNW"
"""The letters of the sources, in the order of the page."""

__all__ = ["renewed"]

for _claims in ("curve", "mapping", "policy"):
    import_module(f"tests.claims.test_{_claims}_claims")  # fills the register


def renewed(text: str) -> str:
    """Return the page with its table renewed."""
    claims = sorted({**CLAIMS, **NOT_MODELLED}.values(), key=_place)
    rows = [f"| {each.number} | {each.words} | {each.shown_by} |" for each in claims]
    table = "\n".join(["", "| | what the source says | what shows it here |", "| --- | --- | --- |", *rows, "", ""])
    return REGION.sub(lambda _: table, text)


def _place(claim: Claim) -> tuple[int, int]:
    return SOURCES.index(claim.number[0]), int(claim.number[1:])


def main() -> int:
    """Write the table, or check that it is up to date."""
    text = PAGE.read_text(encoding="utf-8")
    new = renewed(text)
    if new == text:
        return 0
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(new, encoding="utf-8")
    print(f"{PAGE.name}: {'out of date: run python -m tools.claims_page' if '--check' in sys.argv[1:] else 'written'}")
    return 1 if "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
