"""What unrolling a loop costs beside version 0.1.0, and beside Storm, which reads the loops that we write and is asked the same.

Version 0.1.0 comes from the history of this repository, Storm from ``stormpy`` where it is installed. Both may be missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the questions to Storm are the tests'

from tests.verification.storm import agrees, answer, chain_questions, loaded, process_questions  # noqa: E402
from trustcurve import Curve  # noqa: E402
from trustcurve.policies import ANY, Environment, load_policy  # noqa: E402
from trustcurve.verification import check, export_model  # noqa: E402
from trustcurve.verification.checker import checker_for  # noqa: E402
from trustcurve.verification.explicit_model import write_model  # noqa: E402

VERSION_0_1_0 = "47267afd067715a28cb56bf89cfc3f1c16d09cb9"
"""The commit of version 0.1.0."""

ROUNDS = 3
OLD_STATES = 60_000
"""The most states that version 0.1.0 unrolls: it needs a kilobyte for each transition, and each takes as long as another."""

ORDINARY = Environment(
    {
        "purchase": 0.2,
        "kept": 0.5,
        "broken": 0.05,
        "complaint": 0.05,
        "advocacy": 0.1,
        "departure": 0.01,
        "return": 0.02,
    },
    name="an ordinary year",
)

# --- version 0.1.0 ------------------------------------------------------------------------------------------------

_RUN = """
import json, sys
from time import process_time
from trustcurve import Curve
from trustcurve.policies import load_policy
{imports}
curve, best = Curve.default(), None
curve.table()
for _ in range(int(sys.argv[2])):
    loop = {loop}(curve=curve, policy=load_policy(sys.argv[1]))
    start = process_time()
    found = unroll_loop(loop, int(sys.argv[3]))
    seconds = process_time() - start
    best = seconds if best is None else min(best, seconds)
print(json.dumps([{count}, best]))
"""
_OURS = _RUN.format(
    imports="from trustcurve.verification.closed_loop import ClosedLoop\n"
    "from trustcurve.verification.unrolling import unroll_loop",
    loop="ClosedLoop",
    count="found.transitions",
)
_THEIRS = _RUN.format(
    imports="from trustcurve.verification.unrolling.loop import Loop\n"
    "from trustcurve.verification.unrolling.automaton import unroll_loop",
    loop="Loop",
    count="len(found.edges)",
)


class Speed(NamedTuple):
    """How many transitions a loop has, and how many of them are unrolled in a second of the processor."""

    transitions: int
    per_second: float


def beside_0_1_0() -> dict[str, tuple[Speed, Speed]] | None:
    """Unroll loops once a turn, by us and by version 0.1.0; None if the history here does not reach back to it."""
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder, "0.1.0")
        if not extracted(old):
            return None
        found = {}
        for name, changes, tries in _LOOPS:
            files = []
            for whose, source in (("ours", ROOT), ("theirs", old)):
                text = (source / "examples" / "policies" / "loyalty.toml").read_text(encoding="utf-8")
                for before, after in changes.items():
                    assert before in text
                    text = text.replace(before, after)
                files.append(Path(folder, f"{whose}.toml"))
                files[-1].write_text(text, encoding="utf-8")
            runs = ((_OURS, ROOT, files[0], 10**7), (_THEIRS, old, files[1], OLD_STATES))
            pairs = [[_measured(*run, tries) for run in runs] for _ in range(ROUNDS)]
            ours, theirs = (max(each, key=lambda speed: speed.per_second) for each in zip(*pairs, strict=True))
            found[name] = (ours, theirs)
        return found


_LOOPS: list[tuple[str, dict[str, str], int]] = [
    ("loyalty", {}, 5),
    (
        "2 promises, 24 turns",
        {"promise_due = 6": "promise_due = 24", "when = { open = 0 }": "when = { open = { at_most = 1 } }"},
        1,
    ),
]
"""Loops: a name, what is changed in the policy with the largest one, and how often each round unrolls it."""


def extracted(folder: Path) -> bool:
    """Extract version 0.1.0 from the history; return whether it is there."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", VERSION_0_1_0, "src", "examples/policies"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return False
    if done.returncode:
        return False
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return True


def _measured(code: str, source: Path, policy: Path, most: int, tries: int) -> Speed:
    """Unroll a loop in a Python of its own."""
    command = [sys.executable, "-c", code, str(policy), str(tries), str(most)]
    environment = {**os.environ, "PYTHONPATH": str(source / "src")}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment, cwd=source)
    transitions, seconds = json.loads(done.stdout)
    return Speed(transitions, transitions / seconds)


# --- Storm --------------------------------------------------------------------------------------------------------


class Reading(NamedTuple):
    """A loop: the suffix of its file, its transitions, and the seconds to unroll it, to write it, and until Storm has it."""

    suffix: str
    transitions: int
    unrolled: float
    written: float
    read: float


def storm_is_here() -> bool:
    """Return whether Storm is installed."""
    return find_spec("stormpy") is not None


def beside_storm() -> list[tuple[str, Reading]]:
    """Unroll and write loops, and let Storm read them."""
    curve, found = Curve.default(), list[tuple[str, Reading]]()
    for name, policy, suffix, environment, once in (_MODELS[0], *_MODELS):  # the first one warms up
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"loop{suffix}")
            unrolled, automaton = _timed(lambda: _unrolled(curve, policy, environment, once))  # noqa: B023 - called at once
            written, _ = _timed(lambda: write_model(automaton, path))  # noqa: B023 - as above
            read, model = _timed(lambda: loaded(path))  # noqa: B023 - as above
            assert model.nr_states == automaton.states
            found.append((name, Reading(suffix, automaton.transitions, unrolled, written, read)))
    return found[1:]


_MODELS = [
    ("funnel, once", "funnel", ".drn", ANY, True),
    ("funnel, once", "funnel", ".prism", ANY, True),
    ("loyalty, once", "loyalty", ".drn", ANY, True),
    ("loyalty, ordinary", "loyalty", ".drn", ORDINARY, True),
    ("solve_first, any time", "solve_first", ".drn", ANY, False),
]


def _unrolled(curve: Curve, policy: str, environment: Environment, once: bool) -> Any:  # noqa: FBT001 - of a table
    loaded_policy = load_policy(ROOT / "examples" / "policies" / f"{policy}.toml")
    checker = checker_for(
        curve,
        loaded_policy,
        environment=environment,
        turn=None,
        promises_max=2,
        once_a_turn=once,
        states_max=10**7,
    )
    return checker.automaton("this benchmark")


def _timed(run: Any) -> tuple[float, Any]:
    start = process_time()
    found = run()
    return process_time() - start, found


def agreement() -> dict[str, Counter[str]]:
    """Ask Storm what we decide about each shipped policy, and count: verdicts that agree, that do not, or that are UNKNOWN."""
    curve, found = Curve.default(), {}
    for path in sorted((ROOT / "examples" / "policies").glob("*.toml")):
        policy = load_policy(path)
        about: tuple[tuple[str, Any, dict[str, Any]], ...] = (
            ("once a turn", process_questions(curve, once_a_turn=True), {"environment": ANY, "once_a_turn": True}),
            ("an ordinary year", chain_questions(curve), {"environment": ORDINARY}),
        )
        for scope, questions, how in about:
            counts = Counter[str]()
            with tempfile.TemporaryDirectory() as folder:
                export_model(curve, Path(folder, "loop.drn"), policy=policy, **how)
                model = loaded(Path(folder, "loop.drn"))
            verdicts = check(curve, *(each.asked for each in questions), policy=policy, **how).verdicts
            for verdict, question in zip(verdicts, questions, strict=True):
                same = agrees(verdict, answer(model, question.query))
                word = "unknown" if same is None else "agree" if same else f"NOT: {question.query}"
                counts[word] += 1
            found[f"{path.stem}, {scope}"] = counts
    return found
