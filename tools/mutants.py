"""Try whether the tests notice changes of the code: each mutant is one change of one line, in a copy of the project.

    python tools/mutants.py               # all of them
    python tools/mutants.py chain search  # those whose file has one of these words in its name

A mutant is killed if a test fails, and survives if all pass. A survivor is a behaviour that no test states, or a change
that changes nothing; those that are known to change nothing are listed as such. Not part of ``make test``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TIMEOUT_S = 900


class Mutant(NamedTuple):
    """A change: in a file of the package, one text in place of another."""

    file: str
    old: str
    new: str


MUTANTS = (
    Mutant("core/promises.py", "yield from ((since, promise) for", "yield from ((0, promise) for"),
    Mutant("core/promises.py", "sorted(passed, key=itemgetter(0))", "passed"),
    Mutant("core/promises.py", "if due + grace > since:", "if due + grace >= since:"),
    Mutant("core/promises.py", "return bool(self._by_due) and self._by_due[0][0][0] < due", "return False"),
    Mutant("core/promises.py", "place if place == _RUN_MAX else _RUN_MAX // 2", "_RUN_MAX"),
    Mutant("core/clock.py", "elif coming is not None and n <= waiting:", "elif coming is not None and n < waiting:"),
    Mutant("core/clock.py", "if coming is not None and coming[0] <= at:", "if coming is not None and coming[0] < at:"),
    Mutant("core/clock.py", "        if at >= until:", "        if at > until:"),
    Mutant("core/ledger.py", "return None if found.overdue else signal, signal", "return signal, signal"),
    Mutant("core/signals.py", '"minor": None', '"minor": "promise_made"'),
    Mutant("core/ledger.py", "return datetime_of(at + 1) if at < LAST", "return datetime_of(at) if at < LAST"),
    Mutant("core/replay.py", "each.place <= last.place", "each.place < last.place"),
    Mutant("core/replay.py", "if until is not None and at > until:", "if until is not None and at >= until:"),
    Mutant("core/replay.py", '"duplicate" if first.event == logged.event else "conflict"', '"duplicate"'),
    Mutant("core/timetable.py", "if since > until:", "if since >= until:"),
    Mutant("core/timetable.py", "if found is not None and found <= at:", "if found is not None and found < at:"),
    Mutant("logs/csv_records.py", "if width and count != width:", "if False:"),
    Mutant("logs/csv_records.py", "is_right = is_right and not (quoted and end > place)", "pass"),
    Mutant("logs/numbers.py", 'over, under = (double > near) | pl.col("text").is_in(above)', "over, under = (double > near)"),
    Mutant("logs/numbers.py", "_of_double if given.dtype == pl.Float64 else _of_text", "_of_text"),
    Mutant("logs/typed_columns.py", "if text.strip().startswith(_HEX) else text", "if False else text"),
    Mutant("logs/typed_columns.py", "return source.fill_nan(None)", "return None"),
    Mutant("logs/local_times.py", "return begins if begins == ends else None", "return begins"),
    Mutant("logs/customer_rows.py", 'pl.lit(-1, pl.Int64).alias("place")', 'pl.lit(9, pl.Int64).alias("place")'),
    Mutant("logs/row_rules.py", "odd &= ((so_far == 0) & new) | key.is_null()", "pass"),
    Mutant("logs/row_rules.py", "(((so_far == 1) & new) | key.is_null())", "((so_far == 1) | key.is_null())"),
    Mutant("logs/until.py", "late[2 * late < times.total]", "late"),
    Mutant("logs/until.py", "takes >= period * _PERIODS_FEW", "takes > period * _PERIODS_FEW"),
    Mutant("batch/kernel.py", "np.maximum(lowest, table.patience + 1)", "np.maximum(lowest, table.patience)"),
    Mutant("batch/promise_columns.py", "(self.breaks_at[promise] < before)", "(self.breaks_at[promise] <= before)"),
    Mutant("batch/promise_columns.py", "some = some[self.counts[firsts]]", "pass"),
    Mutant("batch/log_books.py", "(events.about[rejected] != NONE) & (rejected != causes)", "rejected < 0"),
    Mutant("batch/log_books.py", "(again & found.crowded)", "(again & False)"),
    Mutant("batch/identity_columns.py", "found[number] = next(both) != next(both)", "found[number] = True"),
    Mutant("batch/timeline.py", "later = at[np.minimum(middle, len(at) - 1)] > when", "later = at[np.minimum(middle, len(at) - 1)] >= when"),
    Mutant("batch/frame_replay.py", "early[some] = columns.at[columns.starts[some]] < known.as_of[some]", "pass"),
    Mutant("batch/replay_frames.py", "np.maximum(n, curve.waiting_periods + 1)", "n"),
    Mutant("logs/outcomes.py", "used.get(mark.id, mark.row) != mark.row", "False"),
    Mutant("logs/outcomes.py", "(bisect_left(fates, mark.at, key=_time_of)", "(bisect_right(fates, mark.at, key=_time_of)"),
    Mutant("logs/outcomes.py", "times[later] - at <= rule.within", "times[later] - at < rule.within"),
    Mutant("logs/outcome_shares.py", "customers / (customers - 1) *", ""),
    Mutant("verification/chain.py", "self.at_once + self.away @ self.certain.astype(float)", "self.at_once"),
    Mutant("verification/chain.py", "if avoids[0] else 1.0", "if True else 1.0"),
    Mutant("verification/chain.py", "turns.max() <= TURNS_MAX", "turns.max() < TURNS_MAX / 2"),
    Mutant("verification/search.py", "(path.cost[0] + 1, path.cost[1]) >= best[0]", "path.cost >= best[0]"),
    Mutant("verification/search.py", "if wanted.calls is None and loopable[0]:", "if False:"),
    Mutant("verification/search.py", "left[label[source[~inside | ~usable]]] = True", "left[label[source[~inside]]] = True"),
    Mutant("verification/numbering.py", "new = unknown[first][:room]", "new = unknown[first]"),
    Mutant("verification/product.py", "return [(_VIOLATION, _Batch(at, at, parent[at], edges[at]))]", "return []"),
    Mutant("verification/turn_rules.py", "periods > self.curve.waiting_periods", "periods >= self.curve.waiting_periods"),
    Mutant("verification/turn_rules.py", "if quiet <= waiting + period", "if quiet < waiting + period"),
    Mutant("verification/turn_rules.py", "if each not in promises[:n]", ""),
    Mutant("verification/turn_rules.py", "for before in ((True, False) if moment % 2 else (False,))", "for before in (False,)"),
    Mutant("verification/turn_rules.py", "self._phases[phase][1] and quiet % self.quiet_period", "self._phases[phase][1]"),
    Mutant("verification/turn_rules.py", "silence + breaks if breaks_later else breaks + silence", "breaks + silence"),
    Mutant("verification/turn_rules.py", "ended._replace(phase=context.phase + 1) if", "ended if"),
    Mutant("verification/turn_rules.py", "heard = (*at_end.heard, *((_KEPT,) if kept else ()))", "heard = at_end.heard"),
    Mutant("verification/memory_rules.py", "if impression.joins:", "if False:"),
    Mutant("verification/memory_rules.py", "recall.heard(value, word, act=act)", "recall.heard(value, word)"),
    Mutant("verification/situations.py", '["impression"][kind], self.memory[situations]', '["impression"][kind], 0 * situations'),
    Mutant("verification/situations.py", 'for name in ("then", "ended")}\n        extend', 'for name in ("then", "then")}\n        extend'),
    Mutant("verification/situations.py", "if self.memory_rules.hears_changes:", "if False:"),
    Mutant("verification/situations.py", "flat[new[fits]] = ", "flat[new[~fits]] = "),
    Mutant("verification/context_changes.py", "np.where(idle, untold, told)", "told"),
    Mutant("verification/context_changes.py", "-1 if change is None else count + len(made)", "count + len(made)"),
    Mutant("verification/policy_table.py", "rows = seen & recalled if", "rows = seen if"),
    Mutant("verification/policy_table.py", "context.phase != self.rules.last_phase", "False"),
    Mutant("verification/chain.py", "np.column_stack([world, counts])", "counts"),
    Mutant("verification/turn_rules.py", "(self.environment.at(curve.state(each)), ", "(self.environment, "),
    Mutant("verification/interval_chain.py", "environment.at(states[begun[node]])", "environment"),
    Mutant("simulation/plan.py", "np.array(in_state)[structure.begun] * 2 + risky", "0 * structure.begun + risky"),
    Mutant("simulation/lumping.py", "structure.at_risk, *worlds]", "structure.at_risk]"),
    Mutant("policies/environment.py", "| dict(known.get(state, ()))", ""),
    Mutant("verification/vocabulary.py", "not isinstance(other, str) or str(other) not in self.known", "False"),
    Mutant("verification/vocabulary.py", 'asking.partition(".")[0] != __name__.partition(".")[0]', "False"),
    Mutant("verification/turn_rules.py", "found = (*map(_no_longer_new, found), self._joins(context))", "pass"),
    Mutant("policies/recall.py", "return 1 if did else", "return 0 if did else"),
    Mutant("policies/recall.py", "and not act and word in ANSWERS", "and word in ()"),
    Mutant("policies/recall.py", "return (value << 1 | bool(did))", "return (value | bool(did))"),
    Mutant("policies/memory.py", "if self.heard is None or occurrence.at >= self.heard:", "if True:"),
    Mutant("policies/memory.py", "if act and word in pending:", "if False:"),
    Mutant("policies/memory.py", "while run < at or (run == at and from_it):", "while run <= at:"),
    Mutant("policies/decision.py", "left = None if due is None or (due - now) % turn else", "left = None if due is None else"),
    Mutant("policies/decision.py", "((quiet - _MICROSECOND) % period + _MICROSECOND) // turn", "(quiet % period) // turn"),
    Mutant("arrays/curve_arrays.py", "(found | _FELL) & ~_ROSE_LAST", "found | _FELL"),
    Mutant("verification/guard.py", "(distance[graph.target] >= 0) | watched.at_once", "distance[graph.target] >= 0"),
    Mutant("verification/guard.py", "(distance[graph.target] >= 0) | watched.at_once", "watched.at_once"),
    Mutant("verification/guard.py", "~harmful & ~watched.violates)", "~watched.violates)"),
    Mutant("verification/loop_place.py", "standing.quiet_since <= silence else", "standing.quiet_since < silence else"),
    Mutant("verification/violations.py", "if each.at >= self.begun", "if True"),
    Mutant("verification/violations.py", "and not before_the_act and self._has_ended(at)", ""),
    Mutant("verification/paired_loops.py", "self._acts[0][ways.old] != self._acts[1][ways.new]", "ends & False"),
    Mutant("verification/paired_loops.py", "if each.old.happens and each.new.happens", ""),
    Mutant("verification/unrolling.py", "int(numbers.min()) < 0", "False"),
    Mutant("simulation/hitting_times.py", "return HittingTime(came, np.inf)", "return HittingTime(0.0, np.inf)"),
    Mutant("simulation/hitting_times.py", "possible & ~doomed & ~goal", "possible & ~doomed"),
    Mutant("simulation/intervals.py", "if coupled and replications > 1:", "if replications > 1:"),
    Mutant("simulation/plan.py", "structure.history[structure.target] == LOST", "structure.history[structure.source] == LOST"),
    Mutant("simulation/population.py", "self.ends[cohort - 1] if cohort else 0", "0"),
    Mutant("testing/service.py", "if all(at >= latest for at, each", "if all(at > latest for at, each"),
    Mutant("testing/coverage.py", "table.reactions[at][column] == reaction", "True"),
    Mutant("testing/minimisation.py", "width = min(width // 2, len(left))", "width = width // 2 - 1"),
    Mutant("testing/journey_builder.py", "due - MICROSECOND if action.wait ==", "due if action.wait =="),
    Mutant("testing/disagreement.py", "if found is None and number in comparable:", "if found is None:"),
)  # fmt: skip

TESTS = {
    "core/promises.py": "core/test_clock.py core/test_ledger_laws.py",
    "core/clock.py": "core/test_clock.py core/test_ledger_laws.py",
    "core/ledger.py": "core/test_events.py core/test_clock.py",
    "core/signals.py": "core/test_clock.py core/test_ledger_laws.py",
    "core/replay.py": "replay/test_rules.py replay/test_laws.py",
    "core/timetable.py": "core/test_timetable.py",
    "logs/csv_records.py": "logs/test_csv_records.py logs/test_dirty_files.py",
    "logs/numbers.py": "logs/test_conditions.py logs/test_order_and_ids.py",
    "logs/typed_columns.py": "logs/test_dirty_files.py logs/test_order_and_ids.py logs/test_customers.py",
    "logs/local_times.py": "logs/test_times.py",
    "logs/customer_rows.py": "logs/test_outcomes.py",
    "logs/row_rules.py": "logs/test_rules.py logs/test_conditions.py logs/test_continued_logs.py",
    "batch/kernel.py": "batch replay logs/test_continued_logs.py",
    "batch/promise_columns.py": "batch replay logs/test_continued_logs.py",
    "batch/log_books.py": "batch replay logs/test_continued_logs.py",
    "batch/identity_columns.py": "batch replay logs/test_continued_logs.py",
    "batch/timeline.py": "batch replay logs/test_continued_logs.py",
    "batch/frame_replay.py": "batch replay logs/test_continued_logs.py",
    "batch/replay_frames.py": "batch replay logs/test_continued_logs.py",
    "logs/until.py": "logs/test_until.py",
    "logs/outcomes.py": "logs/test_outcomes.py logs/test_outcome_times.py",
    "logs/outcome_shares.py": "logs/test_outcome_shares.py",
    "verification/chain.py": "verification/test_chances.py verification/test_chances_at_the_edges.py",
    "verification/search.py": "verification/test_searches.py verification/test_verdicts.py",
    "verification/product.py": "verification/test_verdicts.py verification/test_random_journeys.py",
    "verification/turn_rules.py": "verification/test_loop.py verification/test_turn_loop.py verification/test_any_time.py",
    "verification/numbering.py": "verification/test_numbering.py",
    "verification/unrolling.py": "verification/test_loop.py",
    "verification/memory_rules.py": "verification/test_loop.py verification/test_turn_loop.py verification/test_guard.py",
    "verification/situations.py": "verification/test_loop.py verification/test_turn_loop.py verification/test_any_time.py",
    "verification/context_changes.py": "verification/test_loop.py verification/test_turn_loop.py verification/test_any_time.py",
    "verification/policy_table.py": "verification/test_loop.py verification/test_turn_loop.py verification/test_any_time.py",
    "verification/vocabulary.py": "verification/test_vocabulary.py",
    "policies/recall.py": "verification/test_loop.py verification/test_running.py",
    "policies/memory.py": "verification/test_running.py verification/test_differences.py",
    "policies/decision.py": "verification/test_running.py verification/test_any_time.py",
    "arrays/curve_arrays.py": "arrays/test_curve_arrays.py",
    "verification/guard.py": "verification/test_guard.py",
    "verification/loop_place.py": "verification/test_running.py verification/test_guard.py",
    "verification/violations.py": "verification/test_violations.py",
    "verification/paired_loops.py": "verification/test_differences.py",
    "simulation/hitting_times.py": "simulation/test_solution.py",
    "simulation/intervals.py": "simulation/test_run.py",
    "simulation/plan.py": "simulation/test_run.py simulation/test_agreement.py",
    "simulation/lumping.py": "simulation/test_solution.py simulation/test_agreement.py",
    "policies/environment.py": "policies/test_environment.py policies/test_environment_files.py",
    "verification/interval_chain.py": "verification/test_interval_chains.py verification/test_intervals_of_chances.py",
    "simulation/population.py": "simulation/test_run.py",
    "testing/service.py": "testing/test_disagreement.py testing/test_service_driver.py",
    "testing/coverage.py": "testing/test_pytest_plugin.py",
    "testing/minimisation.py": "testing/test_minimisation.py",
    "testing/journey_builder.py": "testing/test_strategies.py testing/test_service_driver.py",
    "testing/disagreement.py": "testing/test_disagreement.py testing/test_service_driver.py",
}
"""The tests, below ``tests``, that should notice changes of a file: the first that state what it does."""

EQUIVALENT = {
    "_RUN_MAX": "how full runs are changes the speed alone",
    "path.cost >= best[0]": "a cycle has a turn at least, so some stems more are tried in vain",
    "possible & ~doomed": "customers who are at a goal are left out where it is used",
    "if quiet < waiting + period": "at that very number both branches give the same",
}
"""Mutants that change nothing, by their new text, and why."""


def main() -> int:
    """Try the mutants, and print a line for each; return how many survive."""
    words = sys.argv[1:]
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.file for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "project")
        ignored = shutil.ignore_patterns(".git", ".venv*", ".hypothesis", "site", "__pycache__", ".mypy_cache")
        shutil.copytree(ROOT, copy, ignore=ignored)
        for tests in sorted({TESTS[mutant.file] for mutant in chosen}):
            if not pass_(copy, tests):
                raise SystemExit(f"{tests}: a test fails without a mutant")
        for mutant in chosen:
            survives = try_(copy, mutant)
            said = "equivalent" if survives and mutant.new in EQUIVALENT else "SURVIVED" if survives else "killed"
            survivors += said == "SURVIVED"
            change = f"{mutant.old.strip()} -> {mutant.new.strip() or '(nothing)'}"
            print(f"{said:10} {mutant.file}: {change}", flush=True)
    print(f"{len(chosen)} tried, {survivors} survived")
    return survivors


def try_(copy: Path, mutant: Mutant) -> bool:
    """Return whether a mutant survives its tests."""
    path = copy / "src" / "trustcurve" / mutant.file
    code = path.read_text(encoding="utf-8")
    if mutant.old not in code:
        raise SystemExit(f"{mutant.file} has no {mutant.old!r}")
    path.write_text(code.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    try:
        return pass_(copy, TESTS[mutant.file])
    finally:
        path.write_text(code, encoding="utf-8")


def pass_(copy: Path, tests: str) -> bool:
    """Return whether the tests of some modules pass; tests that never end fail."""
    modules = [str(Path("tests", module)) for module in tests.split()]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *modules]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy / "src"), "HOME": str(copy)}
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=copy, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1, 2):
        raise SystemExit(done.stdout.decode()[-2000:])
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
