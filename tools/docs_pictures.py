"""Draw the pictures of the documentation that follow from the code: the statechart, for README.md and for the site.

``python tools/docs_pictures.py`` draws them (with Graphviz); with ``--check`` it only says what is out
of date. An SVG of another version of Graphviz looks a little different, so what is held against the
code is the text that it was drawn from: its sha256 stands in the file.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
from pathlib import Path

from trustcurve import Curve
from trustcurve.machine.drawing import Chart, chart_of, dot_text, mermaid_text, render

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "assets" / "statechart.svg"
FENCE = re.compile(r"```mermaid\n.*?```", re.DOTALL)


def picture(chart: Chart, mark: str) -> str:
    """Draw the chart, and mark what it was drawn from."""
    return render(chart, "svg").decode().rstrip() + f"\n{mark}\n"


def is_fresh(drawn: str, chart: Chart, mark: str) -> bool:
    """Whether the stored picture is the one that would be drawn now."""
    if mark not in drawn or shutil.which("dot") is None:
        return mark in drawn
    now = picture(chart, mark)
    versions = [re.search(r"graphviz version (\S+)", text) for text in (drawn, now)]
    return None in versions or versions[0][1] != versions[1][1] or drawn == now  # type: ignore[index]


def main() -> int:
    """Draw the pictures, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="draw nothing; answer with 1 where one is out of date")
    check = parser.parse_args().check
    chart = chart_of(Curve.default())
    mark = f"<!-- drawn from DOT with sha256 {hashlib.sha256(dot_text(chart).encode()).hexdigest()} -->"
    text = README.read_text(encoding="utf-8")
    new = FENCE.sub(lambda _: f"```mermaid\n{mermaid_text(chart)}```", text)
    drawn = PICTURE.read_text(encoding="utf-8") if PICTURE.exists() else ""
    stale = [path for path, fresh in ((README, new == text), (PICTURE, is_fresh(drawn, chart, mark))) if not fresh]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'out of date: run python tools/docs_pictures.py' if check else 'drawn'}")
    if stale and not check:
        README.write_text(new, encoding="utf-8")
        PICTURE.write_text(picture(chart, mark), encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
