"""Claims about what counts as what: the mapping guide says it, and its own example does it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.claims.moves import CURVE
from tests.claims.register import claim
from trustcurve.logs import LogJourneys, load_mapping, replay_journeys, scan_log

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "mapping.md"


@pytest.fixture(scope="module")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> LogJourneys:
    """The example of the guide, replayed."""
    folder = tmp_path_factory.mktemp("guide")
    text = GUIDE.read_text(encoding="utf-8")
    for name in ("contacts.csv", "contacts.toml"):
        block = re.search(rf'```\w+ title="{name}"\n(.*?)```', text, re.DOTALL)
        assert block is not None
        (folder / name).write_text(block[1], encoding="utf-8")
    return replay_journeys(scan_log(folder / "contacts.csv"), load_mapping(folder / "contacts.toml"), CURVE)


def signals(journeys: LogJourneys) -> list[str | None]:
    (journey,) = journeys
    return [step.event.signal or getattr(step.event, "by", None) for step in journey.steps if step.event is not None]


GUIDE_LINK = "the [mapping guide](../how-to/mapping.md#6-ask-who-gains)"


@claim("V7", "Learn what customers need by listening.",
       f"{GUIDE_LINK}: how a question that serves the customer differs from an ask, and when it becomes an exchange")  # fmt: skip
def test_v7_a_survey_is_an_ask_and_a_question_that_serves_becomes_an_exchange(journeys: LogJourneys):
    assert not journeys.rejects
    assert signals(journeys) == [
        "proposition", "company_one_sided", "company_one_sided", "exchange", "exchange",
    ]  # fmt: skip


@claim("R2", '"Follow us, join us" is an ask.', f"{GUIDE_LINK}, and the policy [funnel](../tutorials/policy.md)")
def test_r2_follow_us_is_an_ask(journeys: LogJourneys):
    (journey,) = journeys
    (asked,) = (step for step in journey.steps if step.event is not None and step.event.at.day == 9)
    assert asked.reactions[0].signal == "company_one_sided"


@claim(
    "R4",
    "Who opts in signals that a relation is wanted.",
    f"{GUIDE_LINK}: an opt-in answers a proposition, and is no exchange yet",
)
def test_r4_an_opt_in_moves_nobody(journeys: LogJourneys):
    (journey,) = journeys
    assert "2" not in {step.event.id for step in journey.steps if step.event is not None}
    assert journey.steps[0].after.position.stage == "hopeful", "the proposition had raised the hope already"
