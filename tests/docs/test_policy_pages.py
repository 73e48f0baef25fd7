"""The pages about policies and proofs name all that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import fields_dict

from trustcurve import policies, report, simulation, verification
from trustcurve.policies import ACTIONS, ANY, View
from trustcurve.policies.decision_list import NUMBERS, WORDS
from trustcurve.verification import PROPERTY_NAMES
from trustcurve.verification.turn import Turn

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
HEAD = ("name", "description", "promise_due")
ROW = ("name", "when", "do", "because")
NAMED = ("since", "times", "tries", "left", "constants")


def told(name: str, heading: str = "") -> set[str]:
    """Return what stands between backticks in the first column of the tables under a heading."""
    page = (REFERENCE / f"{name}.md").read_text(encoding="utf-8")
    section = re.split(rf"^#+ {heading}\n", page, maxsplit=1, flags=re.MULTILINE)[1] if heading else page
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0] if heading else section
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("policy", HEAD),
        ("rules", ROW),
        ("Conditions", (*WORDS, "outside", *NUMBERS, *NAMED)),
        ("Actions", ACTIONS),
        ("Moves", ANY.names),
    ],
)
def test_the_page_of_the_file_names_every_word(heading: str, words: tuple[str, ...]):
    assert told("policy-file", heading) == set(words)


def test_a_row_can_ask_about_all_that_a_policy_sees():
    seen = {*fields_dict(View), *(name for name in vars(View) if not name.startswith("_"))} - {"at", "constant"}
    in_rows = {"promises": {"promised", "left"}, "recalled": {"last"}}
    parts = {part for name in seen for part in in_rows.get(name, {name})}
    assert told("policy-file", "Conditions") - {"posture"} == parts


def test_every_named_property_is_in_the_reference():
    named = {name.partition("(")[0] for name in PROPERTY_NAMES}
    assert named <= {name.partition("(")[0] for name in told("properties")}


def test_every_part_of_a_turn_is_in_the_reference():
    parts = {name for name in (*fields_dict(Turn), "changed") if not name.startswith("_")}
    assert told("properties", "What a turn has") == parts


@pytest.mark.parametrize("package", [policies, report, simulation, verification], ids=lambda package: package.__name__)
def test_every_public_name_is_on_a_page_of_the_reference(package: object):
    text = "\n".join(path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md"))
    names = package.__all__  # type: ignore[attr-defined]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []
