"""The pytest plugin, as a team would use it: pytest is run on small test files, in processes of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.testing.plugin_kit import DEAF, GOOD, HEAD, RETAIL, VACUOUS, WALK, Kit
from trustcurve import Curve, Journey
from trustcurve.snapshots import from_json

# --- holds --------------------------------------------------------------------------------------


def test_there_is_a_test_for_each_property(kit: Kit):
    done = kit(RETAIL, "-v")
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines_random(
        [
            "*::test_retail?repair_within(3)? FAILED*",
            "*::test_retail?no_ask_on_open_account? FAILED*",
            "*::test_retail?nobody_forgotten? PASSED*",
        ]
    )


def test_a_failure_shows_the_journey_and_nothing_of_the_kit(kit: Kit):
    done = kit(RETAIL)
    told = done.stdout.str()
    assert "REFUTED  no_ask_on_open_account" in told
    assert "a shortest counterexample:" in told
    assert re.search(r"turn 2: the company asks .* by company_one_sided\.unpaid", told)
    assert "property_tests.py" not in told
    assert "Traceback" not in told
    assert "trustcurve/testing" not in told


def test_one_property_can_be_run_by_its_node_id(kit: Kit):
    kit(RETAIL, "test_one_property_can_be_run_by_its_node_id.py::test_retail[nobody_forgotten]").assert_outcomes(
        passed=1
    )


def test_the_body_runs_afterwards_with_its_fixtures_in_functions_and_classes(kit: Kit):
    body = """
@pytest.fixture
def thing():
    return 3

@holds(curve, repair_within(3), policy=SOLVE_FIRST)
def test_plain(thing, request):
    assert thing == 3 and request.node.name == "test_plain[repair_within(3)]"

class TestAll:
    @holds(curve, repair_within(3), policy=SOLVE_FIRST)
    @pytest.mark.parametrize("number", [1, 2])
    def test_method(self, number, thing):
        assert number < thing

@holds(curve, repair_within(3), policy=SOLVE_FIRST)
def test_body_fails():
    assert 1 == 2
"""
    done = kit(body)
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines(["*assert 1 == 2*"])
    assert "property_tests.py" not in done.stdout.str()


def test_all_named_properties_are_asked_if_none_is_given(kit: Kit):
    kit("@holds(curve)\ndef test_curve(): ...\n").assert_outcomes(passed=11)


def test_in_unittest_one_test_asks_for_all(kit: Kit):
    cases = """
import unittest
class TestIt(unittest.TestCase):
    @holds(curve, repair_within(3), no_ask_on_open_account, policy=SOLVE_FIRST)
    def test_good(self):
        self.assertTrue(True)
    @holds(curve, nobody_forgotten, no_ask_on_open_account, policy=FUNNEL)
    def test_bad(self): ...
"""
    done = kit(cases)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*REFUTED  no_ask_on_open_account*"])


def test_marks_keep_their_meaning(kit: Kit):
    marked = (
        "@pytest.mark.xfail(strict=True)\n@holds(curve, no_ask_on_open_account, policy=FUNNEL)\ndef test_known(): ...\n"
    )
    kit(marked).assert_outcomes(xfailed=1)


def test_properties_beyond_the_limit_are_tested_by_examples(kit: Kit):
    done = kit(GOOD, "--trustcurve-states-max=20")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(
        [
            "not proved: repair_within(3) (solve first): there are more than states_max=20 states; tested by 100 examples*"
        ]
    )


def test_examples_refute_properties_beyond_the_limit(kit: Kit):
    done = kit(RETAIL, "--trustcurve-states-max=1", "-k", "no_ask")
    done.assert_outcomes(failed=1, deselected=2)
    done.stdout.fnmatch_lines(
        ["REFUTED  no_ask_on_open_account: found by an example; a shorter counterexample may exist"]
    )


def test_properties_that_neither_can_decide_fail_and_say_what_to_do(kit: Kit):
    done = kit("@holds(curve, way_back, policy=SOLVE_FIRST)\ndef test_it(): ...\n", "--trustcurve-states-max=5")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["UNKNOWN  way_back*", "*No example can decide it: raise --trustcurve-states-max*"])


@pytest.mark.parametrize(
    ("test", "says"),
    [
        (
            "@holds(curve, 'quiet', policy=SOLVE_FIRST)\ndef test_it(): ...",
            "properties[[]0] must be a property",
        ),
        ("@holds('default')\ndef test_it(): ...", "curve must be a Curve"),
        ("@holds(curve, policy='solve first')\ndef test_it(): ...", "policy must be a Policy"),
        ("@holds(curve)\nclass TestIt: ...", "test must be a plain function"),
        (
            "@holds(curve)\n@holds(curve)\ndef test_it(): ...",
            "must have one @holds, got *; write a test for each policy",
        ),
        ("@holds(curve)\nasync def test_it(): ...", "test must be a plain function"),
    ],
)
def test_invalid_arguments_raise_at_collection(kit: Kit, test: str, says: str):
    done = kit(test + "\n")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines([f"E *InvalidValueError: *{says}*"])


# --- reports ------------------------------------------------------------------------------------


class Words(HTMLParser):
    """Reads a page, and complains about tags that do not close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the base class gives them
        """Note what opens."""
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold it against what was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        self.words.append(data)


def test_reports_show_every_property_with_its_journey(kit: Kit):
    kit(RETAIL + VACUOUS, "--trustcurve-report=json", "--trustcurve-report=html:build/proofs.html", "--trustcurve-cov")
    plain = json.loads((kit.path / "trustcurve-report.json").read_text())
    told = {each["name"]: each for each in plain["properties"]}
    assert {name: each["status"] for name, each in told.items()} == {
        "repair_within(3)": "REFUTED",
        "no_ask_on_open_account": "REFUTED",
        "nobody_forgotten": "PROVED",
        "partners": "PROVED",
    }
    assert told["partners"]["vacuous"]
    assert told["no_ask_on_open_account"]["test"].endswith("::test_retail[no_ask_on_open_account]")
    assert "the company asks" in told["no_ask_on_open_account"]["explanation"]
    assert plain["coverage"][0]["positions"] == 524
    page = (kit.path / "build" / "proofs.html").read_text()
    words = "".join(Words(page).words)
    assert "2 proved, 2 refuted" in words
    assert "turn 2: the company asks (policy row: close) -> hopeful" in words
    assert "524 positions" in words


# --- coverage -----------------------------------------------------------------------------------


def test_coverage_counts_the_positions_and_transitions_of_steps(kit: Kit):
    done = kit(WALK, "--trustcurve-cov")
    done.stdout.fnmatch_lines(
        [
            "curve default: 3 of 524 positions (0.6 %) and 2 of 8,384 transitions (0.0 %) covered; by journeys alone 3 and 2"
        ]
    )


def test_what_another_curve_does_is_not_covered(kit: Kit):
    walk = WALK.replace("start = ", "curve = Curve.default(one_sided_doubt=3); start = ")
    walk = walk.replace(
        "Exchanged(at=start.as_of)", "Exchanged(at=start.as_of), OneSided(at=start.as_of, by='customer')"
    )
    done = kit(walk.replace("import Exchanged,", "import Exchanged, OneSided,"), "--trustcurve-cov")
    done.stdout.fnmatch_lines(["curve default: 3 of 524 positions * and 2 of 8,384 transitions *"])


TWO = """
@given(journeys(curve))
def test_one(journey): ...

@given(journeys(Curve.default(doubt_max=9)))
def test_other(journey): ...
"""


def test_curves_of_one_name_are_told_apart(kit: Kit):
    done = kit(TWO, "--trustcurve-cov")
    ours, other = (curve.fingerprint[:8] for curve in (Curve.default(), Curve.default(doubt_max=9)))
    done.stdout.fnmatch_lines_random([f"curve default ({ours}): * of 524 *", f"curve default ({other}): * of 506 *"])


def test_coverage_counts_what_proofs_explored(kit: Kit):
    done = kit(GOOD, "--trustcurve-cov")
    told = re.search(r"curve default: (\d+) of 524 positions .* by journeys alone (\d+) and", done.stdout.str())
    assert told is not None
    assert int(told[1]) > 50
    assert int(told[2]) == 0


def test_coverage_shows_vacuously_true_properties(kit: Kit):
    done = kit(VACUOUS, "--trustcurve-cov")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["vacuously true: partners (solve first): its condition never occurs"])


@pytest.mark.parametrize(("least", "code"), [("0.5", pytest.ExitCode.OK), ("1", pytest.ExitCode.TESTS_FAILED)])
def test_too_little_coverage_fails(kit: Kit, least: str, code: pytest.ExitCode):
    done = kit(WALK, f"--trustcurve-cov-fail-under={least}")
    assert done.ret == code
    done.assert_outcomes(passed=1)
    assert ("FAIL: 0.6 % of the positions of curve default are covered, less than 1 %" in done.stdout.str()) == (
        least == "1"
    )


# --- saved journeys -----------------------------------------------------------------------------


def saved(kit: Kit) -> list[Path]:
    """Return the journeys that a run kept."""
    return sorted((kit.path / ".pytest_cache" / "d" / "trustcurve").glob("*.json"))


def test_failing_journeys_are_saved_and_fail_again_when_replayed(kit: Kit):
    done = kit(RETAIL, "-k", "no_ask")
    (file,) = saved(kit)
    done.stdout.fnmatch_lines([f"*saved; to test it again: pytest --trustcurve-replay {file}"])
    assert from_json(Journey, file.read_text(), curve=Curve.default()).customer == "witness"
    again = kit(RETAIL, "-k", "no_ask", "--trustcurve-replay", str(file))
    again.assert_outcomes(failed=1, deselected=2)
    again.stdout.fnmatch_lines(["REFUTED  no_ask_on_open_account: the saved journey shows it"])


def test_a_fixed_policy_passes_the_saved_journey(kit: Kit):
    kit(RETAIL, "-k", "no_ask")
    (file,) = saved(kit)
    mended = kit(GOOD, "--trustcurve-replay", str(file))
    mended.assert_outcomes(passed=2)
    mended.stdout.fnmatch_lines(["not proved: no_ask_on_open_account (solve first): only the saved journey was tested"])


def test_a_saved_journey_takes_the_place_of_drawn_ones(kit: Kit):
    kit(RETAIL, "-k", "no_ask")
    (file,) = saved(kit)
    drawn = "\n@given(journeys(curve))\ndef test_drawn(journey):\n    assert journey.customer == 'witness'\n"
    kit(drawn, "--trustcurve-replay", str(file)).assert_outcomes(passed=1)
    kit(drawn).assert_outcomes(failed=1)


def test_the_journey_of_a_service_is_saved_and_replayed(kit: Kit):
    done = kit(DEAF)
    done.assert_outcomes(failed=1)
    assert "trustcurve/testing" not in done.stdout.str()
    (file,) = saved(kit)
    again = kit(DEAF, "--trustcurve-replay", str(file))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["the service and the curve disagree after 1 delivery:"])
    kit(
        DEAF.replace("pass", "self.standing = curve.advance(self.standing, event).after"),
        "--trustcurve-replay",
        str(file),
    ).assert_outcomes(passed=1)


def test_without_a_cache_nothing_is_saved(kit: Kit):
    done = kit(RETAIL, "-k", "no_ask", "-p", "no:cacheprovider")
    done.assert_outcomes(failed=1, deselected=2)
    assert "saved;" not in done.stdout.str()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--trustcurve-replay=missing.json", "--trustcurve-replay missing.json: *No such file*"),
        (
            "--trustcurve-replay=test_wrong_options_are_usage_errors.py",
            "--trustcurve-replay *: snapshot is malformed at $: is not JSON: Expecting value*",
        ),
        ("--trustcurve-report=xml", "--trustcurve-report xml: must be html or json, with a file or without*"),
        ("--trustcurve-states-max=0", "--trustcurve-states-max 0: must be at least 1"),
        ("--trustcurve-cov-fail-under=101", "--trustcurve-cov-fail-under 101: must be a percentage from 0 to 100"),
    ],
)
def test_wrong_options_are_usage_errors(kit: Kit, option: str, says: str):
    done = kit("def test(): ...\n", option)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: {says}"])


@pytest.mark.parametrize(
    ("text", "says"), [("[" * 100_000 + "]" * 100_000, "nested too deeply"), ("9" * 5000, "too many digits")]
)
def test_a_saved_journey_beyond_the_limits_is_a_usage_error(kit: Kit, text: str, says: str):
    Path("journey.json").write_text(text, encoding="utf-8")
    done = kit("def test(): ...\n", "--trustcurve-replay=journey.json")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: --trustcurve-replay journey.json: snapshot is malformed at $: *{says}*"])


def test_tests_of_one_name_save_their_journeys_apart(kit: Kit):
    classes = "".join(
        f"class Test{n}:\n    @holds(curve, no_ask_on_open_account, policy=FUNNEL)\n    def test_it(self): ...\n"
        for n in (1, 2)
    )
    done = kit(classes)
    done.assert_outcomes(failed=2)
    assert len(saved(kit)) == 2


def test_a_saved_journey_is_not_for_tests_about_others(kit: Kit):
    kit(DEAF)
    (file,) = saved(kit)
    drawn = """
@given(journeys(curve, reach="advocate"))
def test_reach(journey):
    assert journey.standing.position.stage == "advocate"

@given(journeys(curve, max_size=0))
def test_short(journey):
    assert not journey.steps
"""
    kit(drawn, "--trustcurve-replay", str(file)).assert_outcomes(skipped=2)


def test_a_policy_that_fails_is_shown_with_its_place_and_nothing_of_the_kit(kit: Kit):
    broken = """
from trustcurve.policies import policy

@policy("broken")
def broken(view):
    return 1 / 0

@holds(curve, repair_within(3), policy=broken)
def test_broken(): ...
"""
    done = kit(broken)
    done.assert_outcomes(failed=1)
    said = done.stdout.str()
    assert (
        "policy 'broken' cannot be analysed: decide() must be a pure function of the view; it failed with ZeroDivisionError('division by zero')"
        in said
    )
    assert re.search(r"test_a_policy_that_fails\w*\.py:\d+, in broken", said)
    assert "unrolling" not in said


def test_a_journey_is_only_replayed_on_its_own_curve(kit: Kit):
    kit(RETAIL, "-k", "no_ask")
    (file,) = saved(kit)
    changed = "curve.with_parameters(initial_doubt=1)"
    other = GOOD.replace("holds(curve,", f"holds({changed},")
    drawn = f"@given(journeys({changed}))\ndef test_drawn(journey): ...\n"
    served = f"TestDeaf = service_machine({changed}, lambda standing: None).TestCase\n"
    done = kit(RETAIL + other + drawn + served, "--trustcurve-replay", str(file), "-rs")
    done.assert_outcomes(failed=1, passed=2, skipped=4)
    done.stdout.fnmatch_lines(["SKIPPED * the saved journey is not of this curve: * was made on curve *"])


def test_drawn_curves_have_no_coverage(kit: Kit):
    drawn = """
from hypothesis import settings
from trustcurve.testing import curves

@given(curves().flatmap(journeys))
@settings(max_examples=20)
def test_all_curves(journey): ...

@given(journeys(curve))
def test_ours(journey): ...
"""
    said = kit(drawn, "--trustcurve-cov").stdout.str()
    assert said.count("positions (") == 1


def test_a_report_that_cannot_be_written_hides_nothing(kit: Kit):
    done = kit(GOOD, "--trustcurve-report=json:/proc/nowhere/report.json", "--trustcurve-report=json:.")
    done.assert_outcomes(passed=2)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines_random(
        [
            "FAIL: --trustcurve-report json:/proc/nowhere/report.json cannot be written: *",
            "FAIL: --trustcurve-report json:. *",
        ]
    )


def test_collecting_covers_nothing_and_fails_nothing(kit: Kit):
    assert kit(GOOD, "--trustcurve-cov-fail-under=50", "--collect-only").ret == pytest.ExitCode.OK


def test_properties_in_unittest_are_reported_too(kit: Kit):
    case = """
import unittest

class TestRetail(unittest.TestCase):
    @holds(curve, no_ask_on_open_account, nobody_forgotten, policy=FUNNEL)
    def test_it(self): ...
"""
    done = kit(case, "--trustcurve-report=json")
    done.assert_outcomes(failed=1)
    assert "property_tests.py" not in done.stdout.str()
    told = json.loads((kit.path / "trustcurve-report.json").read_text())["properties"]
    assert [(each["name"], each["status"]) for each in told] == [
        ("no_ask_on_open_account", "REFUTED"),
        ("nobody_forgotten", "PROVED"),
    ]
    assert told[0]["test"].endswith("::TestRetail::test_it[no_ask_on_open_account]")


def test_a_profile_for_quick_runs_hides_no_refutation(kit: Kit):
    profile = """
from hypothesis import Phase, settings
settings.register_profile("quick", phases=[Phase.explicit, Phase.reuse])
settings.load_profile("quick")
"""
    kit(profile + RETAIL, "--trustcurve-states-max=3", "-k", "no_ask").assert_outcomes(failed=1)


def test_options_hold_for_one_run_and_not_for_the_next_in_the_same_process(kit: Kit):
    kit.pytester.makepyfile(test_good=HEAD + GOOD)
    code = """
import contextlib, io, sys, pytest

def said(*options):
    sys.modules.pop("test_good", None)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        pytest.main(["-q", "-p", "no:randomly", "test_good.py", *options])
    return out.getvalue()

first, limited, last = said(), said("--trustcurve-states-max=2"), said()
print(["not proved" in each for each in (first, limited, last)])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=kit.path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[False, True, False]"


def test_a_run_inside_another_has_options_of_its_own(kit: Kit):
    kit.pytester.makepyfile(test_good=HEAD + GOOD)
    outer = """
import contextlib, io, pytest
from trustcurve.testing.session import session

def test_outer():
    assert session().states_max == 77
    with contextlib.redirect_stdout(io.StringIO()) as out:
        pytest.main(["-q", "-p", "no:randomly", "test_good.py", "--trustcurve-states-max=2"])
    assert "not proved" in out.getvalue()
    assert session().states_max == 77
"""
    own = "test_a_run_inside_another_has_options_of_its_own.py"
    kit(outer, "--trustcurve-states-max=77", own).assert_outcomes(passed=1)
