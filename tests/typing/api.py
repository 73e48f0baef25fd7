"""A user's program, as type checkers see it: checked by mypy and pyright, never run.

Lines that must be refused carry an ignore for each checker; an ignore that nothing needs is an error.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

from hypothesis.strategies import SearchStrategy

import trustcurve
from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    InvalidCurveError,
    Journey,
    Migration,
    OneSided,
    Position,
    Promise,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Reaction,
    Repaired,
    Returned,
    Signalled,
    Standing,
    Step,
    Transition,
    TrustcurveError,
    load_curve,
)
from trustcurve.documents.curve_file import curve_toml, parse_curve
from trustcurve.machine import Callbacks, LiveCustomer
from trustcurve.policies import Environment, Policy, load_environment
from trustcurve.snapshots import SnapshotError, from_dict, from_json, json_schema, to_dict, to_json
from trustcurve.testing import falsify, holds, journeys, service_machine, standings
from trustcurve.verification import Counterexample, Property, Report, check, load_properties, repair_within

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_curves() -> Curve:
    """Make curves of all sorts."""
    assert_type(Curve.default(), Curve)
    assert_type(Curve.default(initial_doubt=3, grace=timedelta(hours=12)), Curve)
    assert_type(parse_curve("", source="mine.toml"), Curve)
    assert_type(load_curve("mine.toml"), Curve)
    assert_type(load_curve(Path("mine.toml")), Curve)
    curve = trustcurve.load_curve("mine.toml").with_parameters(kept_max=5)
    assert_type(curve, Curve)
    assert_type(curve_toml(curve), str)
    assert_type(curve.fingerprint, str)
    assert_type(curve.signals, tuple[str, ...])
    assert_type(curve.states, tuple[str, ...])
    assert_type(curve.silence_after, timedelta)
    numbers: Mapping[str, object] = curve.parameters
    words: set[Curve] = {curve}
    assert numbers
    assert words
    Curve.default(initial_doubt="three")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    load_curve(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return curve


def ask_a_curve(curve: Curve, position: Position) -> None:
    """Ask what needs no clock."""
    reaction = curve.react(curve.start, "exchange")
    assert_type(reaction, Reaction)
    assert_type(reaction.before, Position)
    assert_type(reaction.because, str)
    assert_type(reaction.change, int)
    assert_type(reaction.rose, bool)
    assert_type(reaction.rule.name, str)
    assert_type([row.because for row in reaction.settling], list[str])
    assert_type(curve.state(position), str)
    assert_type(curve.rank(position), int)
    assert_type(curve.outlook(position), dict[str, Reaction])
    for refusal in curve.refusals(position, "advocacy"):
        assert_type(refusal.rule.name, str)
        assert_type([failure.description for failure in refusal.failures], list[str])
    path = curve.path(position, "advocate", by="company")
    if path is not None:
        assert_type(path.signals, tuple[str, ...])
    table = curve.table()
    assert_type(table.positions[0], Position)
    assert_type(table.next[0][0], int)
    curve.path(position, "advocate", by="chance")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    curve.react("hopeful", "exchange")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def make_positions() -> Position:
    """Make a position; its account is one of four words."""
    Position("hopeful", 1, 2, 0, "owed")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return Position(stage="hopeful", kept=1, engaged=2, doubt=0, account="due")


def record_events() -> list[Event]:
    """Record one of each kind."""
    OneSided(at=NOW, by="nobody")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Exchanged(NOW)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    Exchanged(at="yesterday")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    PromiseMade(at=NOW)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    PromiseMade(at=NOW, promise="o-1", weight="huge")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    PromiseMoved(at=NOW, promise="o-1", due=None)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return [
        Proposed(at=NOW, channel="mail", note="spring offer", id="e-1", customer="ann"),
        PromiseMade(at=NOW, promise="o-1", due=NOW + timedelta(days=2)),
        PromiseMade(at=NOW, promise="o-2", weight="minor"),
        PromiseKept(at=NOW, promise="o-1"),
        PromiseBroken(at=NOW, promise="o-2", weight="minor"),
        PromiseMoved(at=NOW, promise="o-3", due=NOW + timedelta(days=3)),
        PromiseReleased(at=NOW, promise="o-3"),
        OneSided(at=NOW, by="company"),
        Exchanged(at=NOW),
        Repaired(at=NOW),
        Complained(at=NOW),
        Advocated(at=NOW),
        Purchased(at=NOW),
        Departed(at=NOW),
        Returned(at=NOW),
        Signalled(at=NOW, signal="praised"),
    ]


def follow_a_customer(curve: Curve, other: Curve) -> Standing:
    """Advance, observe, set a timer, adopt."""
    standing = curve.begin("ann", NOW)
    assert_type(standing, Standing)
    assert_type(standing.promises, tuple[Promise, ...])
    step = curve.advance(standing, Exchanged(at=NOW))
    assert_type(step, Step)
    assert_type(step.event, Event | None)
    assert_type(step.reactions, tuple[Reaction, ...])
    assert_type(step.after, Standing)
    assert_type(step.moved or step.rose or step.fell, bool)
    assert_type(step.explain(), str)
    for move in step.transitions:
        assert_type(move, Transition)
        assert_type(move.at, datetime)
        assert_type(move.promise, str | None)
    assert_type(curve.observe(standing, NOW), Step)
    assert_type(curve.next_due(standing), datetime | None)
    migration = other.migrate(standing, from_curve=curve)
    assert_type(migration, Migration)
    assert_type(migration.changes, tuple[str, ...])
    standing.customer = "bob"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
    curve.advance("ann", Exchanged(at=NOW))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return migration.standing


def replay_a_journey(curve: Curve, events: list[Event]) -> Journey:
    """Fold events, and go on from there."""
    journey = curve.journey(events, customer="ann")
    assert_type(journey, Journey)
    assert_type(journey.standing, Standing)
    assert_type(journey.steps, tuple[Step, ...])
    assert_type(journey.transitions, tuple[Transition, ...])
    assert_type(journey.explain(), str)
    for reject in journey.rejects:
        assert_type(reject.error, TrustcurveError)
    curve.journey(events, rejects="hide")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return curve.journey(events, start=journey, until=NOW, rejects="keep")


def catch_errors() -> None:
    """Catch errors with their data."""
    try:
        load_curve("mine.toml")
    except InvalidCurveError as error:
        assert_type([finding.problem for finding in error.findings], list[str])
    except TrustcurveError as error:
        assert_type(str(error), str)


def store_a_standing(curve: Curve, standing: Standing) -> None:
    """Store, and take up again."""
    assert_type(to_json(standing, curve=curve), str)
    assert_type(to_dict(standing, curve=curve), dict[str, Any])
    assert_type(json_schema("standing"), dict[str, Any])
    try:
        assert_type(from_json(Standing, "{}", curve=curve), Standing)
        assert_type(from_json(Event, b"{}"), Event)
        assert_type(from_dict(Curve, {}), Curve)
    except SnapshotError as error:
        assert_type(str(error), str)
    to_json("ann", curve=curve)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def prove_from_files(curve: Curve, retail: Policy) -> Report:
    """Load properties and an environment, and check a policy."""
    assert_type(load_environment("year.toml"), Environment)
    assert_type(load_properties(Path("manners.toml"), curve), tuple[Property, ...])
    load_properties("manners.toml", curve, policy=retail)
    load_properties("manners.toml", "default")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return check(curve, *load_properties("manners.toml"), policy=retail, environment=load_environment("year.toml"))


def test_with_the_kit(curve: Curve, retail: Policy) -> None:
    """Draw, prove and drive."""
    assert_type(journeys(curve, policy=retail, max_size=10), SearchStrategy[Journey])
    assert_type(journeys(curve, reach=lambda at: at.kept == 1), SearchStrategy[Journey])
    assert_type(standings(curve), SearchStrategy[Standing])
    assert_type(falsify(curve, repair_within(3), policy=retail), Counterexample | None)

    @holds(curve, repair_within(3), policy=retail)
    def test_retail(number: int) -> None:
        """Hold."""

    test_retail(3)
    service_machine(curve, lambda standing: LiveCustomer(standing, Callbacks(curve)), redeliver=True)
    journeys("default")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    holds(curve, "quiet", policy=retail)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
