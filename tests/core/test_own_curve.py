"""A curve of one's own: a stage, a signal and a rule more, written in TOML alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.dominance import shortest_paradox
from tests.core.reading import GOODS, HARMS
from tests.core.stories import after, customer_centric, day
from tests.core.test_curve_files import SHIPPED
from trustcurve import Complained, Curve, Exchanged, Position, Proposed, Purchased, Signalled
from trustcurve.documents.curve_file import curve_toml, parse_curve, read_curve
from trustcurve.errors import InvalidValueError, UnknownWordError

LOYAL_STAGE = """\
[[stages]]
name = "loyal"
description = "comes back by habit, and says so when asked"

[[stages]]
name = "advocate"
"""

LOYAL_FALLS = """\
[[settling]]
name = "loyal.falls"
when = { stage = "loyal", felt_doubt = { at_least = "loyal_lost_at" } }
set = { stage = "customer_centric" }
because = "too much doubt for a habit"

"""
LOYAL_RISES = """

[[settling]]
name = "loyal.rises"
when = { stage = "customer_centric", kept = { at_least = 2 }, engaged = { at_least = "engaged_max" }, felt_doubt = 0 }
set = { stage = "loyal" }
because = "two promises kept, and all the goodwill there can be, make a habit"
"""

APPLAUSE = """\
[signals]
applause = { by = "customer", one = "one round of applause", many = "{n} rounds of applause", ends_silence = "always" }
sigh = { by = "customer" }
"""

APPLAUSE_RULES = """\
[[rules]]
name = "applause.warms"
signal = "applause"
when = { outside = false, account = ["clear", "due"] }
add = { engaged = 1 }
because = "who applauds is there"

[[rules]]
name = "applause.is_polite"
signal = "applause"
because = "applause over an open account is politeness"

[[rules]]
name = "sigh.passes"
signal = "sigh"
because = "a sigh is only a sigh"

[[rules]]
name = "purchase.is_routine"
signal = "purchase"
when = { stage = ["loyal", "advocate"] }
because = "a purchase by habit is no new debt"

[[rules]]
name = "purchase.owes"
"""


def edited(text: str, *edits: tuple[str, str]) -> str:
    """Edit a text as one does by hand: each place once, and it must be there."""
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


CUSTOMER_CENTRIC_FALLS = '[[settling]]\nname = "customer_centric.falls"\n'
OURS = (
    edited(
        SHIPPED,
        ('name = "default"', 'name = "ours"'),
        ('[[stages]]\nname = "advocate"\n', LOYAL_STAGE),
        ("[signals]\n", APPLAUSE),
        ('[[rules]]\nname = "purchase.owes"\n', APPLAUSE_RULES),
        ("silence_after = {", "loyal_lost_at = { value = 2, at_least = 1 }\nsilence_after = {"),
        (
            'name = "advocacy.begins"\nsignal = "advocacy"\nwhen = { stage = "customer_centric"',
            'name = "advocacy.begins"\nsignal = "advocacy"\nwhen = { stage = "loyal"',
        ),
        (
            'name = "advocacy.begins_in_debt"\nsignal = "advocacy"\nwhen = { stage = "customer_centric"',
            'name = "advocacy.begins_in_debt"\nsignal = "advocacy"\nwhen = { stage = "loyal"',
        ),
        (CUSTOMER_CENTRIC_FALLS, LOYAL_FALLS + CUSTOMER_CENTRIC_FALLS),
    )
    + LOYAL_RISES
)


@pytest.fixture(scope="module")
def ours() -> Curve:
    return parse_curve(OURS, "ours.toml")


def test_it_is_a_curve_like_any_other(ours: Curve, curve: Curve) -> None:
    assert ours.name == "ours"
    assert ours.fingerprint != curve.fingerprint
    assert parse_curve(curve_toml(ours)) == ours
    assert len(ours.table().signals) == 18
    assert ours.start == curve.start


def test_its_stage_has_a_place_in_the_rank(ours: Curve) -> None:
    assert ours.states[-3:] == ("customer_centric", "loyal", "advocate")
    loyal = after(ours, *customer_centric()).position
    assert ours.state(loyal) == "loyal"
    assert ours.rank(loyal) == 6
    assert ours.react(loyal, "advocacy").after.stage == "advocate"
    assert ours.react(loyal, "broken_major").after.stage == "hopeful", "falls cascade"
    assert ours.react(loyal, "customer_one_sided").after.stage == "customer_centric"


def test_one_stage_down_is_its_own_step(ours: Curve) -> None:
    silent = Position("advocate", 3, 0, 0, "clear")
    assert ours.react(silent, "silence").after == Position("loyal", 3, 0, 0, "clear")
    assert ours.react(Position("loyal", 3, 0, 0, "clear"), "silence").after.stage == "customer_centric"


def test_one_stage_down_never_leads_out_of_the_curve_nor_back_into_it(curve: Curve) -> None:
    document = curve.to_plain()
    document["rules"] = [rule for rule in document["rules"] if rule["name"] != "silence.unheard"]
    heard = read_curve(document)
    for stage in ("distrust", "departed"):
        position = Position(stage, 0, 0, 2, "clear")
        assert heard.react(position, "silence").rule.name == "silence.cools"
        assert heard.react(position, "silence").after == position


def test_its_rule_comes_before_the_ones_that_were_there(ours: Curve, curve: Curve) -> None:
    loyal = after(ours, *customer_centric())
    step = ours.advance(loyal, Purchased(at=day(1)))
    assert step.because == "a purchase by habit is no new debt"
    assert step.after.position == loyal.position
    usual = after(curve, *customer_centric())
    assert curve.advance(usual, Purchased(at=day(1))).after.position.account == "due"


def test_its_signals_are_recorded_as_events(ours: Curve) -> None:
    standing = after(ours, Proposed(at=day(0)), Exchanged(at=day(0)))
    step = ours.advance(standing, Signalled(at=day(80), signal="applause", channel="theatre"))
    assert step.because == "who applauds is there"
    assert step.after.position.engaged == standing.position.engaged + 1
    assert "signal 'applause' [theatre]" in step.explain()
    complained = ours.advance(standing, Complained(at=day(1))).after
    polite = ours.advance(complained, Signalled(at=day(2), signal="applause"))
    assert polite.because == "applause over an open account is politeness"


def test_one_ends_a_silence_and_the_other_does_not(ours: Curve) -> None:
    standing = after(ours, Proposed(at=day(0)), Exchanged(at=day(0)))
    applauded = ours.advance(standing, Signalled(at=day(80), signal="applause")).after
    assert applauded.quiet_since == day(80)
    assert ours.next_due(applauded) == day(170) + timedelta(microseconds=1)
    sighed = ours.advance(standing, Signalled(at=day(80), signal="sigh")).after
    assert sighed.quiet_since == day(0)


def test_only_its_own_signals_need_that_event(ours: Curve, curve: Curve) -> None:
    applause = Signalled(at=day(1), signal="applause")
    with pytest.raises(UnknownWordError, match="applause"):
        curve.advance(curve.begin("ann", day(0)), applause)
    with pytest.raises(InvalidValueError, match="event of its own"):
        ours.advance(ours.begin("ann", day(0)), Signalled(at=day(1), signal="exchange"))


def test_its_words_are_used(ours: Curve) -> None:
    almost = Position("hopeful", 1, 2, 0, "clear")
    assert str(ours.path(almost, "customer_centric")) == "one exchange", "a curve's own signals come last"
    assert str(ours.path(Position("hopeful", 1, 0, 0, "clear"), "loyal")) == "one major promise kept, four exchanges"
    words = {row.name: (row.count(1), row.count(12)) for row in ours.signal_rows}
    assert words["sigh"] == ("one sigh", "12 times sigh")


def test_the_theorem_can_be_asked_of_it_too(ours: Curve) -> None:
    table = ours.table()
    assert {position.stage for position in table.positions} == {stage.name for stage in ours.stages}
    assert shortest_paradox(table, harms=(*HARMS, "sigh"), goods=(*GOODS, "applause")) is None


def test_and_finds_what_one_may_overlook() -> None:
    # Were a purchase no new debt for the loyal alone, an advocate would better fall silent before buying.
    narrow = parse_curve(edited(OURS, ('when = { stage = ["loyal", "advocate"] }', 'when = { stage = "loyal" }')))
    paradox = shortest_paradox(narrow.table(), harms=HARMS, goods=GOODS)
    assert paradox is not None
    assert (paradox.position.stage, paradox.inserted) == ("advocate", "silence")
    assert "purchase" in paradox.signals
