"""Every planted bug is found, with a witness of least length: a plain search that knows nothing of ours finds none shorter."""

from __future__ import annotations

import pytest

from tests.core.reading import HARMS
from tests.verification.plain import PlainLoop
from tests.verification.planted import CURVES, DEFAULT, PLANTED, POLICIES, Planted
from tests.verification.test_relations import least
from trustcurve import Curve, Position, Reaction
from trustcurve.verification import Counterexample, CurveCounterexample, Status, Verdict, check
from trustcurve.verification.loop_journey import LoopJourney
from trustcurve.verification.property import Safety


def decided(planted: Planted) -> Verdict:
    """Decide the property that a bug breaks."""
    about = {"policy": planted.policy, "environment": planted.environment}
    return check(planted.curve, planted.asked, **about, once_a_turn=True).verdicts[0]  # type: ignore[arg-type]


def reactions_from(curve: Curve, layer: list[Position]) -> list[Reaction]:
    return [curve.react(position, signal) for position in layer for signal in curve.signals]


def least_signals(planted: Planted) -> int | None:
    """Search for the least number of signals after which a reaction is wrong, by `react` alone."""
    if planted.wrong is None:
        return least(planted.curve.table(), HARMS, helps=True)
    layer, seen = [planted.curve.start], {planted.curve.start}
    length = 0
    while layer:
        length += 1
        reactions = reactions_from(planted.curve, layer)
        if any(map(planted.wrong, reactions)):
            return length
        layer = [after for after in dict.fromkeys(reaction.after for reaction in reactions) if after not in seen]
        seen |= set(layer)
    return None


def test_there_are_enough_of_them_and_deep_ones():
    assert len(PLANTED) >= 12
    assert sum(planted.deep for planted in PLANTED.values()) >= 4


@pytest.mark.parametrize("name", CURVES)
def test_a_bug_in_a_curve_is_shown_by_a_journey_of_least_length(name: str):
    planted = CURVES[name]
    verdict = decided(planted)
    assert verdict.status is Status.REFUTED
    witness = verdict.counterexample
    assert isinstance(witness, CurveCounterexample)
    assert len(witness) == least_signals(planted)
    assert (len(witness) > 10) == planted.deep
    assert "planted" in str(witness) or planted.wrong is None
    assert check(DEFAULT, planted.asked).proved, "and without the bug there is nothing to show"


@pytest.mark.parametrize("name", POLICIES)
def test_a_bug_in_a_policy_is_shown_by_a_journey_of_least_length(name: str):
    planted = POLICIES[name]
    verdict = decided(planted)
    assert verdict.status is Status.REFUTED
    witness = verdict.counterexample
    assert isinstance(witness, Counterexample)
    assert isinstance(planted.asked, Safety)
    assert planted.policy is not None
    plain = PlainLoop(curve=planted.curve, policy=planted.policy, environment=planted.environment)
    shortest = plain.shortest_violation(planted.asked)
    assert shortest is not None
    assert len(witness) == len(shortest)
    assert (len(witness.events) > 10) == planted.deep
    assert witness.journey.standing.position == plain_end(plain, witness)


def plain_end(plain: PlainLoop, witness: LoopJourney) -> Position:
    """Play the moves of a witness through the pure ledger, event by event."""
    place = plain.start
    for passage in witness.passages:
        happening = passage.happening
        moves = [move for move in plain.moves(place) if move.word == happening.move]
        place, turn, _ = plain.play(place, moves[happening.promise or 0])
        assert turn.actions == set(happening.actions or ())
    return place.standing.position
