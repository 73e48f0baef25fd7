"""What is proved happens in no journey that chance plays through the pure ledger; what is refuted happens as the witness says."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.verification.plain import PlainLoop
from tests.verification.strategies import small_policies
from tests.verification.test_planted import plain_end
from trustcurve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.verification import (
    Counterexample,
    Status,
    bounded_asks_while_distrusted,
    check,
    no_ask_on_open_account,
    no_flapping,
    possible,
    quiet_period,
    recovery_comes_first,
    repair_within,
)
from trustcurve.verification.loop_journey import LoopJourney

DEFAULT = Curve.default()
LIFE = Environment(["kept", "broken", "complaint", "advocacy", "departure", "return"])
ASKED = (
    *(recovery_comes_first, repair_within(2), no_ask_on_open_account, bounded_asks_while_distrusted(1)),
    *(quiet_period(2, 4), no_flapping(4, 1)),
)


def first_broken(asked: object, turns: list[object]) -> int | None:
    """Return the number of turns after which a property is broken."""
    state = asked.monitor.start  # type: ignore[attr-defined]
    for number, turn in enumerate(turns, start=1):
        state = asked.monitor.step(state, turn)  # type: ignore[attr-defined]
        if state == -2:  # violated
            return number
    return None


@settings(max_examples=60)
@given(small_policies, st.lists(st.lists(st.integers(0, 99), min_size=12, max_size=12), min_size=1, max_size=6))
def test_verdicts_agree_with_what_chance_finds(ours: Policy, journeys: list[list[int]]):
    report = check(DEFAULT, *ASKED, policy=ours, environment=LIFE, once_a_turn=True)
    plain = PlainLoop(curve=DEFAULT, policy=ours, environment=LIFE)
    for picks in journeys:
        place, turns = plain.start, []
        for pick in picks:
            moves = list(plain.moves(place))
            place, turn, _ = plain.play(place, moves[pick % len(moves)])
            turns.append(turn)
            if turn.open_after > 2:
                break  # more than were looked at
        for asked, verdict in zip(ASKED, report.verdicts, strict=True):
            broken = first_broken(asked, turns)  # type: ignore[arg-type]
            assert broken is None or verdict.status is not Status.PROVED
            if broken is not None and verdict.status is Status.REFUTED and not verdict.note:
                assert len(verdict.counterexample or ()) <= broken
    for asked, verdict in zip(ASKED, report.verdicts, strict=True):
        if isinstance(verdict.counterexample, Counterexample):
            turns = replayed(plain, verdict.counterexample)
            assert first_broken(asked, turns) == len(verdict.counterexample)
            assert verdict.counterexample.journey.standing.position == plain_end(plain, verdict.counterexample)
        if verdict.nearest_passing is not None:
            assert first_broken(asked, replayed(plain, verdict.nearest_passing)) is None


def replayed(plain: PlainLoop, witness: LoopJourney) -> list[object]:
    """Play the moves of a witness through the pure ledger, and return its turns."""
    place, turns = plain.start, []
    for passage in witness.passages:
        moves = [move for move in plain.moves(place) if move.word == passage.happening.move]
        place, turn, _ = plain.play(place, moves[passage.happening.promise or 0])
        turns.append(turn)
    return turns


@settings(max_examples=40)
@given(small_policies, st.sampled_from(["hopeful", "customer_centric", "departed"]))
def test_what_is_possible_is_shown_and_shortest(ours: Policy, stage: str):
    asked = possible(lambda turn: turn.after.stage == stage)
    verdict = check(DEFAULT, asked, policy=ours, environment=LIFE, once_a_turn=True).verdicts[0]
    assume(verdict.status is not Status.UNKNOWN)  # the policy promises more than the loop may keep open
    plain = PlainLoop(curve=DEFAULT, policy=ours, environment=LIFE)
    layer, seen, depth = [plain.start], {plain.key(plain.start)}, 0
    while layer and depth < 4:
        depth += 1
        then = [plain.play(place, move) for place in layer for move in plain.moves(place)]
        if any(turn.after.stage == stage for _, turn, _ in then):
            assert verdict.status is Status.PROVED
            assert len(verdict.witness or ()) == depth
            return
        fresh = {plain.key(place): place for place, _, _ in then}
        layer = [place for key, place in fresh.items() if key not in seen]
        seen |= set(fresh)
    assert verdict.witness is None or len(verdict.witness) > depth
