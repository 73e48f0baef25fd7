"""Adopting a standing without its history: the nearest position of another curve, and what was lost is said."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.stories import after, customer_centric, day, hopeful, standing_at
from tests.core.strategies import Numbers, curve_with, parameters, standings
from tests.core.test_own_curve import OURS
from trustcurve import Advocated, Curve, Departed, OneSided, Position, PromiseMade
from trustcurve.documents.curve_file import parse_curve, read_curve
from trustcurve.errors import InvalidPositionError, UnknownWordError


@pytest.fixture(scope="module")
def ours() -> Curve:
    return parse_curve(OURS)


def renamed(curve: Curve, *stages: str) -> Curve:
    """Return the same curve, with other names for some stages."""
    text = json.dumps(curve.to_plain())
    for stage in stages:
        text = text.replace(f'"{stage}"', f'"other {stage}"')
    return read_curve(json.loads(text))


@given(st.data())
def test_to_its_own_curve_nothing_is_lost(data: st.DataObject) -> None:
    curve = curve_with("the default")
    standing = data.draw(standings(curve))
    migration = curve.migrate(standing, from_curve=curve)
    assert migration.standing == standing
    assert migration.changes == ()


@settings(max_examples=25)
@given(parameters(kept_max=2, engaged_max=3, doubt_max=6), st.data())
def test_whatever_the_parameters_the_adopted_standing_is_one_of_the_new_curve(
    numbers: Numbers, data: st.DataObject
) -> None:
    old, new = curve_with("the default"), Curve.default(**numbers)
    standing = data.draw(standings(old))
    migration = new.migrate(standing, from_curve=old)
    position = migration.standing.position
    assert position in new.table().numbers
    assert standing_at(migration.standing, standing.position) == standing, "promises and times are kept"
    parts = ("stage", "kept", "engaged", "doubt", "account")
    changed = [part for part in parts if getattr(position, part) != getattr(standing.position, part)]
    assert [line.split()[0] for line in migration.changes if " became " in line] == changed
    if standing.position in new.table().numbers:
        assert not changed
    elif position.stage == standing.position.stage:
        assert position.doubt <= numbers["doubt_max"]
    assert new.migrate(migration.standing, from_curve=new).changes == (), "once is enough"


def test_smaller_counters(curve: Curve) -> None:
    modest = Curve.default(kept_max=1, advocate_kept=1, doubt_max=8)
    migration = modest.migrate(after(curve, *customer_centric()), from_curve=curve)
    assert migration.standing.position == Position("customer_centric", 1, 4, 0, "clear")
    assert migration.changes == ("kept 3 became 1",)
    doubtful = after(curve, *[OneSided(at=day(0), by="company")] * 6)
    migration = modest.migrate(doubtful, from_curve=curve)
    assert migration.standing.position == Position("distrust", 0, 0, 8, "clear")
    assert migration.changes == ("doubt 12 became 8",)


def test_a_stage_that_is_gone_becomes_the_next_lower_one(curve: Curve, ours: Curve) -> None:
    loyal = after(ours, *customer_centric())
    assert loyal.position.stage == "loyal"
    migration = curve.migrate(loyal, from_curve=ours)
    assert migration.standing.position == Position("customer_centric", 3, 4, 0, "clear")
    assert migration.changes == ("stage loyal became customer_centric",)


def test_a_stage_that_both_know_is_kept(curve: Curve, ours: Curve) -> None:
    advocate = after(curve, *customer_centric(), Advocated(at=day(1)))
    assert ours.migrate(advocate, from_curve=curve).standing.position.stage == "advocate"
    other = renamed(curve, "advocate")
    migration = other.migrate(advocate, from_curve=curve)
    assert migration.standing.position.stage == "customer_centric"
    assert migration.changes[0] == "stage advocate became customer_centric"


def test_a_posture_that_another_curve_calls_otherwise_is_said(curve: Curve) -> None:
    strict = Curve.default(suspicious_max=1)
    stranger = curve.begin("ann", day(0))
    migration = strict.migrate(stranger, from_curve=curve)
    assert migration.standing.position == stranger.position
    assert migration.changes == ("distrust.suspicious is distrust.competitive on this curve",)


def test_of_two_equally_near_it_is_the_more_doubtful(curve: Curve) -> None:
    even = curve.to_plain()
    even["parameters"]["broken_minor_doubt"]["value"] = 2
    for rule in even["rules"]:
        if rule.get("add", {}).get("doubt") == -1:
            rule["add"]["doubt"] = -2
    by_twos = read_curve(even)
    assert {position.doubt % 2 for position in by_twos.table().positions} == {0}
    stranger = curve.begin("ann", day(0))
    odd = standing_at(stranger, evolve(stranger.position, doubt=5))
    migration = by_twos.migrate(odd, from_curve=curve)
    assert migration.standing.position == evolve(stranger.position, doubt=6)
    assert migration.changes == ("doubt 5 became 6",)


def test_promises_and_times_come_along(curve: Curve, ours: Curve) -> None:
    promised = PromiseMade(at=day(1), promise="p", due=day(9))
    standing = after(curve, *hopeful(), promised)
    adopted = ours.migrate(standing, from_curve=curve).standing
    assert adopted == standing
    assert ours.next_due(adopted) == curve.next_due(standing)


def test_who_left_has_left_on_every_curve(curve: Curve, ours: Curve) -> None:
    departed = after(curve, *hopeful(), Departed(at=day(1)))
    assert ours.migrate(departed, from_curve=curve).standing.position.stage == "departed"


def test_nobody_leaves_by_being_adopted(curve: Curve) -> None:
    other = renamed(curve, "distrust")
    migration = other.migrate(curve.begin("ann", day(0)), from_curve=curve)
    assert migration.standing.position.stage == "other distrust"


def test_it_must_be_a_standing_of_the_curve_that_it_comes_from(curve: Curve, ours: Curve) -> None:
    loyal = after(ours, *customer_centric())
    with pytest.raises(UnknownWordError):
        ours.migrate(loyal, from_curve=curve)
    beyond = standing_at(loyal, Position("hopeful", 9, 0, 0, "clear"))
    with pytest.raises(InvalidPositionError):
        ours.migrate(beyond, from_curve=curve)
