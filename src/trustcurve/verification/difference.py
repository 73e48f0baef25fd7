"""Differences: what a change of a curve or of a policy would do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, final, overload

from attrs import evolve, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.core.phrases import value_words
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.policies.actions import WAIT
from trustcurve.policies.environment import ANY, Environment, move_probabilities
from trustcurve.policies.policy import Policy
from trustcurve.verification.arguments import check_kind, check_whole
from trustcurve.verification.closed_loop import ClosedLoop, Node
from trustcurve.verification.decisions import affected_customers
from trustcurve.verification.loop_journey import Witness
from trustcurve.verification.paired_loops import PairedLoops, act_of, promised_dates
from trustcurve.verification.results import indented, signal_lines

__all__ = ["CurveDifference", "PolicyDifference", "diff", "equivalent"]

_JOURNEYS = "must be journeys, as replay makes them"
PAIRS_MAX: Final = 5_000_000
"""The most pairs of states by default. Source: our choice: some gigabytes."""

_CLOCK = ("silence_after", "grace", "waiting_periods")


@overload
def diff(
    old: Policy,
    new: Policy,
    /,
    *,
    curve: Curve,
    environment: Environment = ANY,
    within: int = 12,
    journeys: Iterable[Journey] = (),
    turn: timedelta | None = None,
    promises_max: int = 2,
    once_a_turn: bool = False,
    pairs_max: int = PAIRS_MAX,
) -> PolicyDifference: ...
@overload
def diff(old: Curve, new: Curve, /, *, journeys: Iterable[Journey] = ()) -> CurveDifference: ...
def diff(
    old: Curve | Policy,
    new: Curve | Policy,
    /,
    *,
    curve: Curve | None = None,
    environment: Environment = ANY,
    within: int = 12,
    journeys: Iterable[Journey] = (),
    turn: timedelta | None = None,
    promises_max: int = 2,
    once_a_turn: bool = False,
    pairs_max: int = PAIRS_MAX,
) -> PolicyDifference | CurveDifference:
    """Compare two curves, ``diff(old, new)``, or two policies on a curve, ``diff(old, new, curve=curve)``.

    Args:
        old: The old curve or policy.
        new: The new one.
        curve: The curve of both policies.
        environment: For policies: what may happen. With probabilities, the share of affected customers is computed.
        within: For policies: the number of turns for that share.
        journeys: Journeys of real customers, for the share of them that ends in another state, or to whom the policies
            would have done something else at some run.
        turn: For policies: how long a turn lasts. Default: a third of the curve's quiet period.
        promises_max: For policies: the most promises that may be open at once.
        once_a_turn: For policies: whether the environment makes at most one move in a turn, at the instant of the run, as in
            ``check``; two policies that act alike so can still act differently if it moves at other times. Environments with
            probabilities always move once a turn.
        pairs_max: For policies: the most pairs of states that are explored.

    Raises:
        InvalidValueError: They are not two curves or two policies; or no difference was found and a limit was reached.
        ImpurePolicyError: A policy is not a pure function of the view.

    Examples:
        >>> print(str(diff(Curve.default(), Curve.default(hopeful_lost_at=4))).splitlines()[0])
        hopeful becomes distrust.competitive; in 9883 of 13447 pairs of positions
    """
    check_kind("environment", environment, Environment, "must be an Environment")
    check_whole("within", within, 1)
    check_whole("pairs_max", pairs_max, 1)
    check_kind("journeys", journeys, Iterable, _JOURNEYS)
    given = tuple(journeys)
    for place, journey in enumerate(given):
        check_kind(f"journeys[{place}]", journey, Journey, _JOURNEYS)
    if isinstance(old, Curve) and isinstance(new, Curve):
        if curve is not None:
            raise InvalidValueError("curve", curve, "must be left out where two curves are compared")
        return _between_curves(old, new, given)
    if isinstance(old, Policy) and isinstance(new, Policy):
        if not isinstance(curve, Curve):
            raise InvalidValueError("curve", curve, "must be the Curve of both policies, for example Curve.default()")
        about: dict[str, Any] = {"environment": environment, "turn": turn, "promises_max": promises_max}
        any_time = not once_a_turn and not environment.has_chances
        before, after = (
            ClosedLoop(curve=curve, policy=each, any_time=any_time, tells_kinds=True, **about) for each in (old, new)
        )
        return _between_policies(before, after, within, pairs_max, given)
    raise InvalidValueError("old, new", (old, new), "must be two curves, or two policies with curve=...")


@overload
def equivalent(
    old: Policy,
    new: Policy,
    /,
    *,
    curve: Curve,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    once_a_turn: bool = False,
    pairs_max: int = PAIRS_MAX,
) -> bool: ...
@overload
def equivalent(old: Curve, new: Curve, /) -> bool: ...
def equivalent(
    old: Curve | Policy,
    new: Curve | Policy,
    /,
    *,
    curve: Curve | None = None,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    once_a_turn: bool = False,
    pairs_max: int = PAIRS_MAX,
) -> bool:
    """Return whether two curves (with their clocks) lead every journey to the same states, or two policies act alike.

    Raises:
        InvalidValueError: A limit was reached before it was decided; see ``diff``.

    Examples:
        >>> equivalent(Curve.default(), Curve.default())
        True
    """
    compare: Any = diff  # which checks what the overloads say
    about: dict[str, Any] = {"environment": environment, "turn": turn, "promises_max": promises_max}
    return not compare(old, new, curve=curve, once_a_turn=once_a_turn, pairs_max=pairs_max, **about)


# --- two curves -------------------------------------------------------------------------------------------


@final
@frozen(eq=False, repr=False)
class CurveDifference(Value):
    """How two curves differ; true if they do.

    Args:
        signals: The shortest signals after which a customer stands in different states, or None.
        states: The state on the old curve then, and that on the new one.
        pairs: In how many pairs of positions, reached by the same signals, the states differ.
        of: How many pairs of positions the same signals reach.
        only_old: Signals that only the old curve has.
        only_new: Signals that only the new curve has.
        share: The share of the given journeys that end in another state.
        old: The old curve.
        new: The new one.
    """

    signals: tuple[str, ...] | None
    states: tuple[str, str] | None
    pairs: int
    of: int
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    share: float | None
    old: Curve
    new: Curve

    __init_subclass__ = final_class

    def __bool__(self) -> bool:
        return self.signals is not None or bool(self.only_old) or bool(self.only_new) or bool(self.clock)

    def __repr__(self) -> str:
        return f"<CurveDifference: {self.pairs} of {self.of} pairs of positions>"

    @property
    def clock(self) -> tuple[str, ...]:
        """How the two clocks differ, in words: the same events can then bring other signals."""
        counted = {name: (self.old.parameters[name], self.new.parameters[name]) for name in _CLOCK}
        ends = {
            f"{signal} ends a silence": (was, self.new.ends_silence[signal])
            for signal, was in self.old.ends_silence.items()
            if signal in self.new.ends_silence
        }
        return tuple(
            f"{name}: {value_words(was)} becomes {value_words(now)}"
            for name, (was, now) in {**counted, **ends}.items()
            if was != now
        )

    def __str__(self) -> str:
        lines = [f"only on the old curve: {', '.join(self.only_old)}"] if self.only_old else []
        lines += [f"only on the new curve: {', '.join(self.only_new)}"] if self.only_new else []
        lines += self.clock
        share = [f"share of customers who end elsewhere: {self.share:.1%}"] if self.share is not None else []
        if self.signals is None or self.states is None:
            same = f"{'apart from that' if lines else 'no difference'}: the same signals lead to the same states"
            return "\n".join([*lines, same, *share])
        lines.append(f"{self.states[0]} becomes {self.states[1]}; in {self.pairs} of {self.of} pairs of positions")
        lines += share
        for title, curve in (("old", self.old), ("new", self.new)):
            lines.append(f"the shortest such journey, on the {title} curve:")
            lines += [f"  {line}" for line in signal_lines(curve, self.signals)]
        return "\n".join(lines)


def _between_curves(old: Curve, new: Curve, journeys: tuple[Journey, ...]) -> CurveDifference:
    """Search all pairs of positions that the same signals reach; for arguments see ``diff``."""
    one, two = old.table(), new.table()
    shared = [signal for signal in one.signals if signal in two.signals]
    columns = [(one.signals.index(signal), two.signals.index(signal)) for signal in shared]
    paths: dict[tuple[int, int], tuple[str, ...]] = {(0, 0): ()}
    differing: list[tuple[int, int]] = []
    for pair in (queue := [(0, 0)]):
        if one.states[one.ranks[pair[0]]] != two.states[two.ranks[pair[1]]]:
            differing.append(pair)
        for signal, (left, right) in zip(shared, columns, strict=True):
            then = (one.next[pair[0]][left], two.next[pair[1]][right])
            if then not in paths:
                paths[then] = (*paths[pair], signal)
                queue.append(then)
    first = differing[0] if differing else None
    elsewhere = [old.state(journey.standing.position) != _end_on(new, journey) for journey in journeys]
    return CurveDifference(
        signals=None if first is None else paths[first],
        states=None if first is None else (one.states[one.ranks[first[0]]], two.states[two.ranks[first[1]]]),
        pairs=len(differing),
        of=len(paths),
        only_old=tuple(signal for signal in one.signals if signal not in two.signals),
        only_new=tuple(signal for signal in two.signals if signal not in one.signals),
        share=sum(elsewhere) / len(elsewhere) if elsewhere else None,
        old=old,
        new=new,
    )


def _end_on(curve: Curve, journey: Journey) -> str:
    """Replay a journey's events on another curve, and return the state at its end."""
    # Without ids: all of these events were applied, also those of one row, which share its id.
    events = [evolve(step.event, id=None) for step in journey.steps if step.event is not None]
    start = curve.begin(journey.customer, journey.start.as_of)
    end = journey.standing.as_of
    return curve.state(curve.journey(events, start=start, until=end, rejects="keep").standing.position)


# --- two policies -----------------------------------------------------------------------------------------

_Pair = tuple[Node, Node]


@final
@frozen(eq=False, repr=False)
class PolicyDifference(Value):
    """How two policies differ on one curve; true if they do.

    Args:
        old: The shortest journey up to the turn in which they first act differently, under the old policy.
        new: The same journey under the new one: with the same moves of the environment.
        actions: What each does in that turn.
        positions: In how many positions of the curve the customer can be in such a turn.
        of: In how many positions the customer can be at all until then.
        scope: What the environment can do: "at any time", or "one move in a turn".
        share: The probability that they act differently within some turns, for an environment with probabilities; or,
            for given journeys, the share in which they would have acted differently at some run.
        stopped: The limit that was reached, or None; beyond it there may be more such positions.
    """

    old: Witness | None
    new: Witness | None
    actions: tuple[tuple[str, ...], tuple[str, ...]] | None
    positions: int
    of: int
    scope: str
    share: float | None = None
    stopped: str | None = None

    __init_subclass__ = final_class

    def __bool__(self) -> bool:
        return self.actions is not None

    def __repr__(self) -> str:
        return f"<PolicyDifference: {self.positions} of {self.of} positions>"

    def __str__(self) -> str:
        if self.old is None or self.new is None or self.actions is None:
            return f"no difference: whatever happens, {self.scope}, both do the same"
        share = "" if self.share is None else f"\nshare of customers treated differently: {self.share:.1%}"
        was, now = (" and ".join(actions) or WAIT for actions in self.actions)
        if was == now:
            loops = (self.old.loop, self.new.loop)
            was, now = (_with_dates(loop, actions) for loop, actions in zip(loops, self.actions, strict=True))
        stopped = "" if self.stopped is None else f"\n{self.stopped}: there may be more"
        return (
            f"they first differ in turn {len(self.old)}: {was} becomes {now}; "
            f"in {self.positions} of {self.of} positions{share}{stopped}\n"
            f"the shortest such journey, under the old policy:\n{indented(self.old)}\nunder the new one:\n{indented(self.new)}"
        )


def _between_policies(
    old: ClosedLoop, new: ClosedLoop, within: int, pairs_max: int, journeys: tuple[Journey, ...]
) -> PolicyDifference:
    """Compare the policies of two loops that are otherwise alike; for arguments see ``diff``."""
    pairs = PairedLoops(old, new, pairs_max)
    found = pairs.search()
    if found is None and pairs.stopped is not None:
        limit, value = pairs.stopped
        raise InvalidValueError(limit, value, "must be larger to find a difference")
    share = len(affected_customers(old, new, journeys)) / len(journeys) if journeys else None
    if share is None and old.environment.probabilities is not None:
        share = _share(old, new, within)
    scope = "at any time" if old.any_time else "one move in a turn"
    if found is None:
        return PolicyDifference(None, None, None, 0, pairs.positions, scope, share)
    stopped = None if pairs.stopped is None else "more than {}={}".format(*pairs.stopped)
    return PolicyDifference(*found, pairs.parted, pairs.positions, scope, share=share, stopped=stopped)


def _with_dates(loop: ClosedLoop, actions: tuple[str, ...]) -> str:
    """Return actions in words, each promise with its date."""
    due = promised_dates(loop, actions)
    return " and ".join(f"{each} due in {due[each]} turns" if each in due else each for each in actions)


def _share(old: ClosedLoop, new: ClosedLoop, within: int) -> float | None:
    """Return the probability that the two act differently in some of the next turns; None where one promises too much."""
    likely: dict[_Pair, float] = {(old.start, new.start): 1.0}
    parted = 0.0
    for _ in range(within):
        then: dict[_Pair, float] = {}
        for pair, weight in likely.items():
            moves = old.moves(pair[0])
            chances = move_probabilities(old.world(pair[0]), [move.name for move in moves])  # type: ignore[misc]
            for move, p in zip(moves, chances, strict=True):
                was, now = old.play(pair[0], move), new.play(pair[1], move)
                if was is None or now is None:
                    return None
                if act_of(old, was.happening) != act_of(new, now.happening):
                    parted += weight * p
                else:
                    after = (was.after, now.after)
                    then[after] = then.get(after, 0.0) + weight * p
        likely = then
    return min(parted, 1.0) if likely else 1.0
