"""The pytest plugin beside other plugins, and what it costs a run that does not use it."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing.plugin_kit import DEAF, GOOD, RETAIL, VACUOUS, WALK, Kit

# --- beside other plugins -----------------------------------------------------------------------


def test_it_works_under_xdist(kit: Kit):
    done = kit(RETAIL + VACUOUS + DEAF, "-n", "2", "--trustcurve-cov", "--trustcurve-report=json")
    done.assert_outcomes(passed=2, failed=3)
    done.stdout.fnmatch_lines(
        [
            "curve default: * of 524 positions*",
            "vacuously true: partners (solve first)*",
            "wrote trustcurve-report.json",
        ]
    )
    assert len(json.loads((kit.path / "trustcurve-report.json").read_text())["properties"]) == 4


def test_it_covers_the_same_under_xdist(kit: Kit):
    alone, several = (
        re.search(r"curve default: .*", kit(GOOD + WALK, "--trustcurve-cov", *more).stdout.str())
        for more in ((), ("-n", "2"))
    )
    assert alone is not None
    assert several is not None
    assert alone[0] == several[0]


def test_it_works_under_coverage(kit: Kit):
    done = kit(GOOD, "--cov=.", "--trustcurve-cov")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["curve default: *", "TOTAL *"])


def test_it_leaves_the_options_of_hypothesis_alone(kit: Kit):
    drawn = "\n@given(journeys(curve))\ndef test_drawn(journey): ...\n"
    done = kit(GOOD + drawn, "--hypothesis-seed=3", "--hypothesis-show-statistics", "--hypothesis-verbosity=normal")
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(["*test_drawn*", "*passing*"])


# --- when it is not used ------------------------------------------------------------------------


def test_unused_it_loads_nothing_of_ours(kit: Kit):
    test = "def test():\n    import sys\n    assert [name for name in sys.modules if name.startswith('trustcurve')] == []\n"
    kit.path.joinpath("test_nothing.py").write_text(test)
    for command in (["-m", "pytest", "-q", "test_nothing.py"], ["-m", "pytest", "-q", "-n", "2", "test_nothing.py"]):
        done = subprocess.run([sys.executable, *command], cwd=kit.path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def processor_ms(folder: Path, *options: str) -> float:
    """Measure what an empty test run costs the processor, with no other plugins: they would cost more than they show."""
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", *options, "test_empty.py"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True, env=alone)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


@pytest.mark.slow
def test_unused_it_costs_less_than_ten_milliseconds(kit: Kit):
    (kit.path / "test_empty.py").write_text("def test(): ...\n")
    least = {"no:nothing": float("inf"), "_trustcurve_pytest": float("inf")}
    for tries in range(40):
        for plugin, so_far in least.items():
            least[plugin] = min(so_far, processor_ms(kit.path, "-p", plugin))
        # The least of five, or of more: a minimum only gets better.
        if tries >= 5 and least["_trustcurve_pytest"] - least["no:nothing"] < 10:
            break
    assert least["_trustcurve_pytest"] - least["no:nothing"] < 10


def test_where_something_is_missing_it_says_what_to_install(kit: Kit):
    (kit.path / "test_empty.py").write_text("def test(): ...\n")
    code = "import sys; sys.modules['scipy'] = None; import pytest; sys.exit(pytest.main(['-q', '--trustcurve-cov', 'test_empty.py']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=kit.path, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert (
        "module 'scipy' is not installed: it is part of the extra 'testing'; in a checkout of trustcurve, run pip install '.[testing]'"
        in done.stderr
    )
