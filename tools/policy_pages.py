"""Write what is proved of the example policies into their pages: verdicts, journeys, chances.

A page holds a region between ``<!-- proof: what -->`` and ``<!-- end of proof -->``. ``python tools/policy_pages.py``
writes them; with ``--check`` it only says which pages are out of date. What can stand there:

- ``all verdicts``, ``all chances``: of every policy, a column each;
- ``verdicts``: of the policy whose page it is;
- ``journey PROPERTY``: the shortest journey that refutes it, or that shows what is possible.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from trustcurve import Curve
from trustcurve.policies import ANY, Environment, Policy, load_policy
from trustcurve.verification import (
    POLICY_PROPERTIES,
    Property,
    Report,
    Status,
    Verdict,
    always,
    can_make_advocates,
    check,
    probability,
    way_back,
)

FOLDER = Path(__file__).parent.parent / "examples" / "policies"
REGION = re.compile(r"(?P<opening><!-- proof: (?P<what>[^\n]+) -->\n).*?(?P<closing><!-- end of proof -->)", re.DOTALL)
NAMES = ("funnel", "frequency_cap", "win_back", "loyalty", "solve_first")
CURVE = Curve.default()
STAGES = [stage.name for stage in CURVE.stages]

OWN: tuple[Property, ...] = (
    always(
        lambda turn: STAGES.index(turn.after.stage) >= STAGES.index(turn.met.stage),
        name="never_pushed_down",
        description="Nothing that the company does makes a customer fall by a stage.",
    ),
    way_back,
    can_make_advocates,
)
"""What these pages ask beyond what is asked of every policy."""

PROPERTIES = (*POLICY_PROPERTIES, *OWN)

ON_THE_LAST_DAY = Environment(
    ["purchase", "advocacy"], keeps_promises=True, name="kind customers, and promises kept on their last day"
)
"""Nobody could be kinder; and what is promised comes just in time."""

YEAR = Environment(
    {
        "purchase": 0.15, "complaint": 0.05, "advocacy": 0.1, "customer_one_sided": 0.03, "departure": 0.02, "return": 0.02
    },
    keeps_promises=True,
    name="an ordinary year",
)  # fmt: skip
"""How likely what is in a month. Made up."""

TWO_YEARS = 24
CHANCES = (
    probability(lambda turn: turn.after.stage == "customer_centric", within=TWO_YEARS, name="is customer-centric once"),
    probability(lambda turn: turn.after.stage == "advocate", within=TWO_YEARS, name="is an advocate once"),
    probability(
        lambda turn: turn.after.stage == "distrust" and turn.before.stage not in ("distrust", "departed"),
        within=TWO_YEARS,
        name="falls back into distrust once",
    ),
)


@cache
def policy(name: str) -> Policy:
    """Load one of the policies."""
    return load_policy(FOLDER / f"{name}.toml", CURVE)


@cache
def report(name: str, environment: Environment = ANY) -> Report:
    """Decide everything about one of the policies."""
    return check(CURVE, *PROPERTIES, policy=policy(name), environment=environment)


def short(verdict: Verdict) -> str:
    """Say a verdict in a cell of a table."""
    if verdict.status is not Status.REFUTED:
        return verdict.status.name.lower() + (" (vacuously)" if verdict.vacuous else "")
    turns = (
        ""
        if verdict.counterexample is None
        else f" in {len(verdict.counterexample)} turn{'s' if len(verdict.counterexample) > 1 else ''}"
    )
    return f"**refuted**{turns}"


def row(*cells: str) -> str:
    """Write a row of a table."""
    return f"| {' | '.join(cells)} |"


def by_policy(properties: tuple[Property, ...], cells: dict[str, list[str]]) -> Iterator[str]:
    """Write a table with a row for each property and a column for each policy."""
    yield row("", *(f"[{policy(name).name}]({name}.md)" for name in NAMES))
    yield row(*["---"] * (len(NAMES) + 1))
    for place, asked in enumerate(properties):
        label = asked.name if asked in CHANCES else f"`{asked.name}`"
        yield row(label, *(cells[name][place] for name in NAMES))


def all_verdicts() -> Iterator[str]:
    """Write the verdicts of every policy."""
    return by_policy(PROPERTIES, {name: [short(verdict) for verdict in report(name).verdicts] for name in NAMES})


def all_chances() -> Iterator[str]:
    """Write what becomes of a stranger in two years, under every policy."""
    found = {name: check(CURVE, *CHANCES, policy=policy(name), environment=YEAR).verdicts for name in NAMES}
    return by_policy(CHANCES, {name: [f"{each.value:.1%}" for each in verdicts] for name, verdicts in found.items()})


def verdicts(name: str) -> Iterator[str]:
    """Write the verdicts of one policy, with what each property protects."""
    yield row("property", "what it protects", "verdict")
    yield row(*["---"] * 3)
    for verdict in report(name).verdicts:
        yield row(f"`{verdict.name}`", verdict.description, short(verdict))


def journey(name: str, asked: str) -> Iterator[str]:
    """Write a shortest journey."""
    verdict = report(name)[asked]
    yield from ("```text", *str(verdict.counterexample or verdict.witness).splitlines(), "```")


def region(name: str, what: str) -> Iterator[str]:
    """Write what stands in a region of the page of a policy."""
    kind, _, asked = what.partition(" ")
    if kind == "journey":
        return journey(name, asked)
    return {"verdicts": lambda: verdicts(name), "all verdicts": all_verdicts, "all chances": all_chances}[what]()


def renewed(path: Path) -> str:
    """Write every region of a page anew."""

    def write(found: re.Match[str]) -> str:
        return "\n".join((found["opening"], *region(path.stem, found["what"]), "", found["closing"]))

    return REGION.sub(write, path.read_text(encoding="utf-8"))


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; answer with 1 where a page is out of date")
    only_check = parser.parse_args().check
    stale = {
        path: new for path in sorted(FOLDER.glob("*.md")) if (new := renewed(path)) != path.read_text(encoding="utf-8")
    }
    for path, new in stale.items():
        print(f"{path.name}: {'out of date: run python tools/policy_pages.py' if only_check else 'written'}")
        if not only_check:
            path.write_text(new, encoding="utf-8")
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
