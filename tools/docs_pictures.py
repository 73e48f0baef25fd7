"""Draw the pictures of the documentation that follow from the code: the statechart, and two scenarios side by side.

``python tools/docs_pictures.py`` draws them (with Graphviz and matplotlib); with ``--check`` it only reports
what is out of date. Another version of these draws a slightly different picture, so what is compared
is what the picture was drawn from: its sha256 is stored in the file.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
from pathlib import Path

import polars as pl
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from trustcurve import Curve
from trustcurve.machine.diagrams import Chart, chart_of, dot_text, render
from trustcurve.report import draw_side_by_side
from trustcurve.simulation import Solution, load_scenario, solve

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "assets" / "statechart.svg"
SIDES = ROOT / "docs" / "assets" / "delivery_crisis.png"
CRISIS = ROOT / "examples" / "scenarios" / "delivery_crisis"


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


def scenarios_mark(answers: list[Solution]) -> str:
    """Return the sha256 of the exact results of scenarios, rounded."""
    rounded = [each.occupancy().with_columns(pl.col("share").round(6)).write_csv() for each in answers]
    return f"drawn from exact answers with sha256 {hashlib.sha256(''.join(rounded).encode()).hexdigest()}"


def scenarios_drawn(answers: list[Solution], mark: str) -> None:
    """Draw scenarios side by side, and write into the file what they were drawn from."""
    old, new = ((answer, None) for answer in answers)
    draw_side_by_side(SIDES, old, new)
    info = PngInfo()
    info.add_text("Description", mark)
    with Image.open(SIDES) as image:
        image.load()
        image.save(SIDES, pnginfo=info, optimize=True)


def main() -> int:
    """Draw the pictures, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="draw nothing; return 1 if a picture is out of date")
    check = parser.parse_args().check
    chart = chart_of(Curve.default())
    mark = f"<!-- drawn from DOT with sha256 {hashlib.sha256(dot_text(chart).encode()).hexdigest()} -->"
    drawn = PICTURE.read_text(encoding="utf-8") if PICTURE.exists() else ""
    answers = [solve(load_scenario(CRISIS / name)) for name in ("say_nothing.toml", "apologise.toml")]
    sides = scenarios_mark(answers)
    fresh = {
        PICTURE: is_fresh(drawn, chart, mark),
        SIDES: SIDES.exists() and sides.encode() in SIDES.read_bytes(),
    }
    stale = [path for path, is_it in fresh.items() if not is_it]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'out of date: run python tools/docs_pictures.py' if check else 'drawn'}")
    if stale and not check:
        PICTURE.write_text(picture(chart, mark), encoding="utf-8")
        scenarios_drawn(answers, sides)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
