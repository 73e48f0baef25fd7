"""Generate the sensitivity tables: which conclusions depend on numbers that are our choice, and which do not.

The page holds regions between ``<!-- sensitivity: what -->`` and ``<!-- end of sensitivity -->``; ``what`` is ``thresholds`` or
``churn``. ``python tools/sensitivity_page.py`` writes them; with ``--check`` it only says whether the page is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

from attrs import evolve

from trustcurve import Curve
from trustcurve.errors import InvalidCurveError, InvalidParameterError
from trustcurve.simulation import Scenario, load_scenario, solve, with_parameter

__all__ = ["PAGE", "renewed"]

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "explanation" / "sensitivity.md"
REGION = re.compile(
    r"(?P<opening><!-- sensitivity: (?P<what>\w+) -->\n).*?(?P<closing><!-- end of sensitivity -->)", re.DOTALL
)
SCENARIOS = {
    "spam": "spam_funnel/scenario",
    "solve": "solve_first/scenario",
    "silent": "delivery_crisis/say_nothing",
    "sorry": "delivery_crisis/apologise",
    "late": "late_thanks/scenario",
    "soon": "late_thanks/thanks_soon",
    "all": "promise_everything/promise_everything",
    "some": "promise_everything/promise_what_we_keep",
}
CHURN = (0.0, 0.25, 0.5, 0.77, 0.95)

Found = dict[str, dict[str, float]]
"""By scenario and stage: the share of customers who reached the stage."""

CLAIMS: dict[str, tuple[str, str, Callable[[Found], bool]]] = {
    "Under the spam funnel no customer becomes customer-centric.": (
        "spam", "customer_centric", lambda found: found["spam"]["customer_centric"] == 0,
    ),
    "The spam funnel loses more customers than solve first.": (
        "spam", "lost", lambda found: found["spam"]["lost"] > found["solve"]["lost"],
    ),
    "Solve first makes advocates.": ("solve", "advocate", lambda found: found["solve"]["advocate"] > 0),
    "After a crisis, apologising makes more advocates than saying nothing.": (
        "sorry", "advocate", lambda found: found["sorry"]["advocate"] > found["silent"]["advocate"],
    ),
    "Apologising loses fewer customers.": ("sorry", "lost", lambda found: found["sorry"]["lost"] < found["silent"]["lost"]),
    "Late thanks lose more customers than thanks given soon.": (
        "late", "lost", lambda found: found["late"]["lost"] > found["soon"]["lost"],
    ),
    "Promising everything loses more customers than promising what can be kept.": (
        "all", "lost", lambda found: found["all"]["lost"] > found["some"]["lost"],
    ),
}  # fmt: skip


@cache
def scenario(name: str) -> Scenario:
    """Load a scenario with its last segment alone and without word of mouth, so that it can be solved exactly."""
    whole = load_scenario(ROOT / "examples" / "scenarios" / f"{SCENARIOS[name]}.toml")
    return evolve(whole, segments=evolve(whole.segments[-1], share=1.0), arrivals=None, word_of_mouth=None)


def found_with(change: Callable[[Scenario], Scenario]) -> Found:
    """Return what becomes of customers in every scenario, with something changed."""
    found = {}
    for name in SCENARIOS:
        times = solve(change(scenario(name))).hitting_times()
        found[name] = dict(times.select("stage", "within_horizon").iter_rows())
    return found


def thresholds() -> Iterator[str]:
    """Write whether each conclusion holds if one parameter of the curve is one more or one less."""
    usual = found_with(lambda each: each)
    changed = {label: found_with(lambda each, curve=curve: evolve(each, curve=curve)) for label, curve in curves()}
    yield row("conclusion", "share", f"in {len(changed)} other curves", "holds in", "does not hold with")
    yield row(*["---"] * 5)
    for claim, (name, stage, holds) in CLAIMS.items():
        shares = [found[name][stage] for found in changed.values()]
        failing = [label for label, found in changed.items() if not holds(found)]
        yield row(
            claim, f"{usual[name][stage]:.0%}", f"{min(shares):.0%} to {max(shares):.0%}",
            "all" if not failing else str(len(changed) - len(failing)), ", ".join(failing) or "",
        )  # fmt: skip


def curves() -> Iterator[tuple[str, Curve]]:
    """Yield every valid curve that differs from the default curve by one in one whole number."""
    usual = Curve.default()
    for name, value in usual.parameters.items():
        for changed in () if isinstance(value, timedelta) else (value - 1, value + 1):
            try:
                yield f"`{name}` = {changed}", usual.with_parameters(**{name: changed})
            except (InvalidParameterError, InvalidCurveError):  # it contradicts another parameter
                continue


def churn() -> Iterator[str]:
    """Write what becomes of customers with other probabilities of leaving."""
    found = {
        chance: found_with(lambda each, chance=chance: with_parameter(each, "departures.churn_probability", chance))
        for chance in CHURN
    }
    yield row("churn over four quarters", *(f"{chance:.0%}" for chance in CHURN))
    yield row(*["---"] * (len(CHURN) + 1))
    for name, stage, says in (
        ("spam", "departed", "has left, spam funnel"),
        ("solve", "departed", "has left, solve first"),
        ("sorry", "advocate", "has recommended, after an apology"),
        ("silent", "advocate", "has recommended, after silence"),
    ):
        yield row(says, *(f"{found[chance][name][stage]:.0%}" for chance in CHURN))
    holding = [sum(holds(found[chance]) for *_, holds in CLAIMS.values()) for chance in CHURN]
    yield row(f"of {len(CLAIMS)} conclusions hold", *map(str, holding))


def row(*cells: str) -> str:
    """Format a row of a table."""
    return f"| {' | '.join(cells)} |"


def renewed() -> str:
    """Return the page with all tables regenerated."""

    def write(found: re.Match[str]) -> str:
        lines = {"thresholds": thresholds, "churn": churn}[found["what"]]()
        return "\n".join((found["opening"], *lines, "", found["closing"]))

    return REGION.sub(write, PAGE.read_text(encoding="utf-8"))


def main() -> int:
    """Write the page, or check that it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; return 1 where the page is out of date")
    only_check = parser.parse_args().check
    if (new := renewed()) == PAGE.read_text(encoding="utf-8"):
        return 0
    print(f"{PAGE.name}: {'out of date: run python tools/sensitivity_page.py' if only_check else 'written'}")
    if not only_check:
        PAGE.write_text(new, encoding="utf-8")
    return int(only_check)


if __name__ == "__main__":
    sys.exit(main())
