"""Generate the results on the pages of the example policies: verdicts, journeys, probabilities.

A result stands between ``<!-- proof: what -->`` and ``<!-- end of proof -->``. ``python tools/policy_pages.py`` writes
all results; with ``--check`` it only reports which pages are out of date. ``what`` is one of:

- ``all verdicts``, ``all verdicts at any time``, ``all chances``: a table with a column for each policy; without "at any
  time", the environment makes one move in a turn, here and below;
- ``verdicts``: the verdicts of the policy of this page;
- ``journey PROPERTY``: the counterexample or the witness of a property.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
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
"""The properties on these pages that are not checked by default."""

PROPERTIES = (*POLICY_PROPERTIES, *OWN)

ON_THE_LAST_DAY = Environment(
    ["purchase", "advocacy"], keeps_promises=True, name="kind customers, and promises kept on their last day"
)
"""The kindest customers, and every promise is kept just in time."""

YEAR = Environment(
    {
        "purchase": 0.15, "complaint": 0.05, "advocacy": 0.1, "customer_one_sided": 0.03, "departure": 0.02, "return": 0.02
    },
    keeps_promises=True,
    name="an ordinary year",
)  # fmt: skip
"""The probability of each move in a month. Invented."""

TWO_YEARS = 24
CHANCES = (
    probability(lambda turn: turn.after.stage == "customer_centric", within=TWO_YEARS, name="becomes customer-centric"),
    probability(lambda turn: turn.after.stage == "advocate", within=TWO_YEARS, name="becomes an advocate"),
    probability(
        lambda turn: turn.after.stage == "distrust" and turn.before.stage not in ("distrust", "departed"),
        within=TWO_YEARS,
        name="falls back into distrust",
    ),
)


@cache
def policy(name: str) -> Policy:
    """Load one of the policies."""
    return load_policy(FOLDER / f"{name}.toml", CURVE)


@cache
def report(name: str, environment: Environment = ANY, *, once_a_turn: bool = True) -> Report:
    """Check all properties of one of the policies."""
    return check(CURVE, *PROPERTIES, policy=policy(name), environment=environment, once_a_turn=once_a_turn)


def short(verdict: Verdict) -> str:
    """Format a verdict for a table cell."""
    if verdict.status is not Status.REFUTED:
        return verdict.status.name.lower() + (" (vacuously)" if verdict.vacuous else "")
    turns = (
        ""
        if verdict.counterexample is None
        else f" in {len(verdict.counterexample)} turn{'s' if len(verdict.counterexample) > 1 else ''}"
    )
    return f"**refuted**{turns}"


def row(*cells: str) -> str:
    """Format a row of a table."""
    return f"| {' | '.join(cells)} |"


def by_policy(properties: tuple[Property, ...], cells: dict[str, list[str]]) -> Iterator[str]:
    """Write a table with a row for each property and a column for each policy."""
    yield row("", *(f"[{policy(name).name}]({name}.md)" for name in NAMES))
    yield row(*["---"] * (len(NAMES) + 1))
    for place, asked in enumerate(properties):
        label = asked.name if asked in CHANCES else f"`{asked.name}`"
        yield row(label, *(cells[name][place] for name in NAMES))


def all_verdicts(*, once_a_turn: bool) -> Iterator[str]:
    """Write the verdicts of every policy."""
    found = {name: report(name, once_a_turn=once_a_turn).verdicts for name in NAMES}
    return by_policy(PROPERTIES, {name: [short(verdict) for verdict in verdicts] for name, verdicts in found.items()})


def all_chances() -> Iterator[str]:
    """Write what happens to a stranger within two years, under every policy."""
    found = {name: check(CURVE, *CHANCES, policy=policy(name), environment=YEAR).verdicts for name in NAMES}
    return by_policy(CHANCES, {name: [f"{each.value:.1%}" for each in verdicts] for name, verdicts in found.items()})


def verdicts(name: str) -> Iterator[str]:
    """Write the verdicts of one policy, with the description of each property."""
    yield row("property", "what it protects", "verdict")
    yield row(*["---"] * 3)
    for verdict in report(name).verdicts:
        yield row(f"`{verdict.name}`", verdict.description, short(verdict))


def journey(name: str, asked: str) -> Iterator[str]:
    """Write a shortest journey."""
    verdict = report(name)[asked]
    yield from ("```text", *str(verdict.counterexample or verdict.witness).splitlines(), "```")


def region(name: str, what: str) -> Iterator[str]:
    """Write one result of the page of a policy."""
    kind, _, asked = what.partition(" ")
    if kind == "journey":
        return journey(name, asked)
    regions: dict[str, Callable[[], Iterator[str]]] = {
        "verdicts": lambda: verdicts(name),
        "all verdicts": lambda: all_verdicts(once_a_turn=True),
        "all verdicts at any time": lambda: all_verdicts(once_a_turn=False),
        "all chances": all_chances,
    }
    return regions[what]()


def renewed(path: Path) -> str:
    """Return the page with all results regenerated."""

    def write(found: re.Match[str]) -> str:
        return "\n".join((found["opening"], *region(path.stem, found["what"]), "", found["closing"]))

    return REGION.sub(write, path.read_text(encoding="utf-8"))


def main() -> int:
    """Write the pages, or check that they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; return 1 if a page is out of date")
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
