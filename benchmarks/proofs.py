"""What proofs cost, and what they find beside a search by chance: hypothesis.stateful with a stated budget."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the planted bugs are the tests'

from tests.core.reading import GOODS, HARMS  # noqa: E402
from tests.verification.plain import PlainLoop  # noqa: E402
from tests.verification.planted import PLANTED, Planted  # noqa: E402
from tests.verification.reality import MOMENTS, Act, Reality  # noqa: E402
from trustcurve import Curve  # noqa: E402
from trustcurve.policies import ANY, load_policy  # noqa: E402
from trustcurve.verification import (  # noqa: E402
    Witness,
    check,
    dominance,
    no_ask_on_open_account,
    recovery_comes_first,
)
from trustcurve.verification.closed_loop import ClosedLoop  # noqa: E402

EXAMPLES, STEPS = 300, 30
"""The budget of hypothesis.stateful for each bug: journeys, and the most steps of each."""

TRIES = 5

JOURNEYS, TURNS = 300, 10
"""How many journeys a guard is asked about, and how many turns each has: once in each turn, at any instant."""


def least(run: Callable[[], object]) -> float:
    """Time a run several times, and return the least seconds."""
    times = []
    for _ in range(TRIES):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


def curve_seconds() -> dict[str, float]:
    """Time unrolling the default curve, the theorem on its table, and all properties of a curve nobody has asked yet."""
    curve = Curve.default()
    table = curve.table()
    return {
        "unroll": least(lambda: evolve(curve).table()),
        "theorem": least(lambda: dominance(table)),
        "all": least(lambda: check(evolve(curve))),
    }


def shipped() -> dict[str, tuple[float, str]]:
    """Time all properties of policies on each policy that is shipped, and count the verdicts."""
    found = {}
    for path in sorted((ROOT / "examples" / "policies").glob("*.toml")):
        ours = load_policy(path)
        start = perf_counter()
        report = check(Curve.default(), policy=ours)
        seconds = perf_counter() - start
        proved = len(report.verdicts) - len(report.refuted) - len(report.unknown)
        told = f"{proved}, {len(report.refuted)}, {len(report.unknown)}"
        found[path.stem] = (seconds, told)
    return found


def guarded() -> tuple[float, float]:
    """Return the seconds to make a guard of asks under solve first, and those of its calls at the 99th percentile."""
    curve, draw = Curve.default(), Random(1)  # noqa: S311 - repeatable
    ours = load_policy(ROOT / "examples" / "policies" / "solve_first.toml")
    start = perf_counter()
    may = ours.guard(curve, holds=[no_ask_on_open_account, recovery_comes_first], acts=["ask"])
    made, calls = perf_counter() - start, list[float]()
    for _ in range(JOURNEYS):
        real = Reality(ClosedLoop(curve=curve, policy=ours, any_time=True))
        for _ in range(TURNS):
            real.turn([Act(draw.choice(MOMENTS), draw.choice(ANY.names[1:]), draw.randint(0, 1)) for _ in range(2)])
            at = real.standing.as_of + draw.random() * (real.run + real.loop.turn - real.standing.as_of)
            start = perf_counter()
            may(real.standing, real.memory, "ask", at=at)
            calls.append(perf_counter() - start)
    return made, sorted(calls)[int(len(calls) * 0.99)]


def planted() -> dict[str, tuple[int, int, float, str, float]]:
    """Look for every planted bug, by proof and by chance: turns, events, seconds; what chance found, and its seconds."""
    found = {}
    for name, bug in PLANTED.items():
        start = perf_counter()
        about = {"policy": bug.policy, "environment": bug.environment, "once_a_turn": True}
        verdict = check(evolve(bug.curve), bug.asked, **about).verdicts[0]
        ours = perf_counter() - start
        witness = verdict.counterexample
        assert witness is not None
        events = len(witness.events) if isinstance(witness, Witness) else len(witness)
        start = perf_counter()
        steps = by_chance(bug)
        theirs = perf_counter() - start
        found[name] = (len(witness), events, ours, "not found" if steps is None else f"{steps} steps", theirs)
    return found


# --- hypothesis.stateful --------------------------------------------------------------------------


class FoundError(Exception):
    """A journey that breaks the property."""


def by_chance(bug: Planted) -> int | None:
    """Let hypothesis.stateful look for a bug within the budget, and return the steps of its journey, made small."""
    machine = policy_machine(bug) if bug.policy is not None else curve_machine(bug)
    budget = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    try:
        run_state_machine_as_test(machine, settings=budget)
    except FoundError as found:
        return int(found.args[0])
    return None


def policy_machine(bug: Planted) -> type[RuleBasedStateMachine]:
    """Make a machine that plays a policy, one turn a step."""
    asked: Any = bug.asked
    assert bug.policy is not None
    loop = PlainLoop(curve=bug.curve, policy=bug.policy, environment=bug.environment)

    class Turns(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.place, self.state, self.steps = loop.start, asked.monitor.start, 0

        @rule(pick=st.data())
        def turn(self, pick: st.DataObject) -> None:
            self.steps += 1
            move = pick.draw(st.sampled_from(list(loop.moves(self.place))))
            self.place, turn, _ = loop.play(self.place, move)
            self.state = asked.monitor.step(self.state, turn)
            if self.state == -2:  # violated
                raise FoundError(self.steps)

    return Turns


def curve_machine(bug: Planted) -> type[RuleBasedStateMachine]:
    """Make a machine that sends signals, one a step; where two journeys are compared, one of them gets one more."""
    curve = bug.curve

    class Signals(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.one = self.other = curve.start
            self.inserted, self.steps = "", 0

        @rule(signal=st.sampled_from(curve.signals))
        def send(self, signal: str) -> None:
            self.steps += 1
            reaction = curve.react(self.one, signal)
            self.one, self.other = reaction.after, curve.react(self.other, signal).after
            if bug.wrong is not None and bug.wrong(reaction):
                raise FoundError(self.steps)
            self.compare()

        @rule(signal=st.sampled_from((*HARMS, *GOODS)))
        def insert(self, signal: str) -> None:
            if self.inserted or bug.wrong is not None:
                return
            self.steps += 1
            self.inserted, self.one = signal, curve.react(self.one, signal).after
            self.compare()

        def compare(self) -> None:
            gained = curve.rank(self.one) - curve.rank(self.other)
            if (self.inserted in HARMS and gained > 0) or (self.inserted in GOODS and gained < 0):
                raise FoundError(self.steps)

    return Signals
