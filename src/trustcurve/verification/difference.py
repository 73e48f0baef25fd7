"""How two curves differ: the same signals to both, until they lead to different states."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import overload

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidValueError
from trustcurve.core.journeys import Journey
from trustcurve.core.reading import DURATIONS
from trustcurve.core.values import Value
from trustcurve.policies.actions import Action
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.verification.arguments import check_kind, check_whole
from trustcurve.verification.automaton import Edge
from trustcurve.verification.closed_loop import Loop, Node, Played
from trustcurve.verification.decisions import treated_alike
from trustcurve.verification.results import CurveWitness, Witness, indented

__all__ = ["CurveDifference", "PolicyDifference", "between_curves", "between_policies", "diff", "equivalent"]


@frozen(eq=False, repr=False)
class CurveDifference(Value):
    """How two curves differ; true where they do.

    Args:
        signals: The shortest signals after which a customer stands in another state, or None.
        states: Where on the old curve, and where on the new.
        pairs: In how many pairs of positions, reached by the same signals, the states differ.
        of: How many pairs of positions the same signals reach.
        only_old: Signals that the new curve does not have.
        only_new: Signals that the old curve did not have.
        share: The share of the journeys given that end in another state.
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

    def __bool__(self) -> bool:
        return self.signals is not None or bool(self.only_old) or bool(self.only_new) or bool(self.clock)

    @property
    def clock(self) -> tuple[str, ...]:
        """What the two clocks count differently, in words: the same events can then bring other signals."""
        counted = {name: (getattr(self.old, name), getattr(self.new, name)) for name in DURATIONS}
        return tuple(f"{name}: {was} becomes {now}" for name, (was, now) in counted.items() if was != now)

    def __str__(self) -> str:
        told = [f"only on the old curve: {', '.join(self.only_old)}"] if self.only_old else []
        told += [f"only on the new curve: {', '.join(self.only_new)}"] if self.only_new else []
        told += self.clock
        share = [f"share of customers who end elsewhere: {self.share:.1%}"] if self.share is not None else []
        if self.signals is None or self.states is None:
            return "\n".join([*told, "no difference: the same signals lead to the same states", *share])
        told.append(f"{self.states[0]} becomes {self.states[1]}; in {self.pairs} of {self.of} pairs of positions")
        told += share
        for title, curve in (("old", self.old), ("new", self.new)):
            told += [f"the shortest such journey, on the {title} curve:", indented(CurveWitness(curve, self.signals))]
        return "\n".join(told)


def between_curves(old: Curve, new: Curve, journeys: tuple[Journey, ...]) -> CurveDifference:
    """Find how two curves differ; for arguments see ``diff``."""
    one, two = old.table(), new.table()
    shared = [signal for signal in one.signals if signal in two.signals]
    columns = [(one.signals.index(signal), two.signals.index(signal)) for signal in shared]
    came: dict[tuple[int, int], tuple[str, ...]] = {(0, 0): ()}
    differing: list[tuple[int, int]] = []
    for pair in (queue := [(0, 0)]):
        if one.states[one.ranks[pair[0]]] != two.states[two.ranks[pair[1]]]:
            differing.append(pair)
        for signal, (left, right) in zip(shared, columns, strict=True):
            then = (one.next[pair[0]][left], two.next[pair[1]][right])
            if then not in came:
                came[then] = (*came[pair], signal)
                queue.append(then)
    first = differing[0] if differing else None
    moved = [old.state(j.standing.position) != _again(new, j) for j in journeys]
    return CurveDifference(
        signals=None if first is None else came[first],
        states=None if first is None else (one.states[one.ranks[first[0]]], two.states[two.ranks[first[1]]]),
        pairs=len(differing),
        of=len(came),
        only_old=tuple(signal for signal in one.signals if signal not in two.signals),
        only_new=tuple(signal for signal in two.signals if signal not in one.signals),
        share=sum(moved) / len(moved) if moved else None,
        old=old,
        new=new,
    )


def _again(curve: Curve, journey: Journey) -> str:
    """Replay a journey's events on another curve, and say where it ends."""
    events = [step.event for step in journey.steps if step.event is not None]
    start = curve.begin(journey.customer, journey.start.as_of)
    end = journey.standing.as_of
    return curve.state(curve.replay(events, start=start, until=end, rejects="keep").standing.position)


Pair = tuple[Node, Node]


@frozen(eq=False, repr=False)
class PolicyDifference(Value):
    """How two policies differ on one curve; true where they do.

    Args:
        old: The shortest journey up to the turn in which they first act differently, under the old policy.
        new: The same journey under the new one: the same moves of the environment.
        actions: What each does in that turn.
        positions: In how many positions of the curve they can be met by such a turn.
        of: In how many positions they can be met at all, before they part.
        share: The probability that they part within some turns, for an environment with probabilities; or, of
            journeys that were given, the share in which they would have acted differently after some event or
            in some quiet turn.
        stopped: Which limit was hit, or None; beyond it there may be more such positions.
    """

    old: Witness | None
    new: Witness | None
    actions: tuple[Action, Action] | None
    positions: int
    of: int
    share: float | None = None
    stopped: str | None = None

    def __bool__(self) -> bool:
        return self.actions is not None

    def __str__(self) -> str:
        if self.old is None or self.new is None or self.actions is None:
            return "no difference: whatever happens, both do the same"
        share = "" if self.share is None else f"\nshare of customers treated differently: {self.share:.1%}"
        was, now = map(str, self.actions)
        if was == now:
            was, now = (f"{now} due in {each.loop.policy.promise_due} turns" for each in (self.old, self.new))
        stopped = "" if self.stopped is None else f"\n{self.stopped}: there may be more"
        return (
            f"they part in turn {len(self.old)}: {was} becomes {now}; "
            f"in {self.positions} of {self.of} positions{share}{stopped}\n"
            f"the shortest such journey, under the old policy:\n{indented(self.old)}\nunder the new one:\n{indented(self.new)}"
        )


@define(eq=False)
class _Walk:
    """A breadth-first search of the pairs of nodes to which the same moves lead both, while they act alike."""

    old: Loop
    new: Loop
    max_pairs: int
    came: dict[Pair, tuple[Pair, Played, Played] | None] = field(factory=dict)
    first: tuple[Pair, Played, Played] | None = None
    met: set[int] = field(factory=set)
    parted: set[int] = field(factory=set)
    stopped: tuple[str, int] | None = None

    def run(self) -> None:
        """Look at every pair, until a limit is hit."""
        begin = (self.old.start, self.new.start)
        self.came[begin] = None
        for pair in (queue := [begin]):
            for choice in self.old.choices(pair[0]):
                was, now = self.old.play(pair[0], choice), self.new.play(pair[1], choice)
                if was is None or now is None:
                    self.stopped = ("promises_max", self.old.promises_max)
                    continue
                self.met.add(was.met)
                if _act(self.old, was) != _act(self.new, now):
                    self.parted.add(was.met)
                    self.first = self.first or (pair, was, now)
                    continue
                then = (was.after, now.after)
                if then in self.came:
                    continue
                if len(self.came) < self.max_pairs:
                    self.came[then] = (pair, was, now)
                    queue.append(then)
                else:
                    self.stopped = ("max_pairs", self.max_pairs)
        self.old.asked.confirm()
        self.new.asked.confirm()

    def witnesses(self, pair: Pair, was: Played, now: Played) -> tuple[Witness, Witness]:
        """Tell the way to a turn in which they part, under each."""
        runs = ([was], [now])
        while (step := self.came[pair]) is not None:
            pair = step[0]
            runs[0].append(step[1])
            runs[1].append(step[2])
        old, new = (
            Witness(loop, tuple(Edge(-1, -1, played) for played in reversed(run)))
            for loop, run in zip((self.old, self.new), runs, strict=True)
        )
        return old, new


def between_policies(
    old: Loop, new: Loop, within: int, max_pairs: int, journeys: tuple[Journey, ...]
) -> PolicyDifference:
    """Find how the policies of two loops differ that are else alike; for arguments see ``diff``."""
    walk = _Walk(old, new, max_pairs)
    walk.run()
    if walk.first is None and walk.stopped is not None:
        limit, value = walk.stopped
        raise InvalidValueError(limit, value, "no difference was found up to this limit, but there is more: raise it")
    share = _share_of(journeys, old, new) if journeys else None
    if share is None and old.environment.probabilities is not None:
        share = _share(old, new, within)
    if walk.first is None:
        return PolicyDifference(None, None, None, 0, len(walk.met), share)
    pair, was, now = walk.first
    stopped = None if walk.stopped is None else "more than {}={}".format(*walk.stopped)
    actions = (was.action, now.action)
    return PolicyDifference(
        *walk.witnesses(pair, was, now), actions, len(walk.parted), len(walk.met), share=share, stopped=stopped
    )


def _act(loop: Loop, played: Played) -> tuple[Action, int]:
    """Answer with what the company does: the same promise with another date is another act."""
    return played.action, loop.policy.promise_due if played.action.startswith("promise_") else 0


def _share_of(journeys: tuple[Journey, ...], old: Loop, new: Loop) -> float:
    """Count the journeys in which the two would have acted differently after some event or in a quiet turn."""
    return sum(not treated_alike(old, new, journey) for journey in journeys) / len(journeys)


def _share(old: Loop, new: Loop, within: int) -> float | None:
    """Compute the probability that the two act differently in some of the next turns; None where one promises too much."""
    likely: dict[Pair, float] = {(old.start, new.start): 1.0}
    parted = 0.0
    for _ in range(within):
        then: dict[Pair, float] = {}
        for pair, weight in likely.items():
            choices = old.choices(pair[0])
            for choice, p in zip(choices, old.environment.likely([each.move for each in choices]), strict=True):
                was, now = old.play(pair[0], choice), new.play(pair[1], choice)
                if was is None or now is None:
                    return None
                if _act(old, was) != _act(new, now):
                    parted += weight * p
                else:
                    after = (was.after, now.after)
                    then[after] = then.get(after, 0.0) + weight * p
        likely = then
    return min(parted, 1.0) if likely else 1.0


_JOURNEYS = "must be journeys, as replay makes them"


@overload
def diff(
    old: Curve,
    new: Policy,
    newer: Policy,
    /,
    *,
    environment: Environment = ANY,
    within: int = 12,
    max_pairs: int = 200_000,
    turn: timedelta | None = None,
    promises_max: int = 2,
    journeys: Iterable[Journey] = (),
) -> PolicyDifference: ...
@overload
def diff(old: Curve, new: Curve, /, *, journeys: Iterable[Journey] = ()) -> CurveDifference: ...
def diff(
    old: Curve,
    new: Curve | Policy,
    newer: Policy | None = None,
    /,
    *,
    environment: Environment = ANY,
    within: int = 12,
    max_pairs: int = 200_000,
    turn: timedelta | None = None,
    promises_max: int = 2,
    journeys: Iterable[Journey] = (),
) -> PolicyDifference | CurveDifference:
    """Find how two curves differ, ``diff(old_curve, new_curve)``, or two policies, ``diff(curve, old, new)``.

    Args:
        old: The old curve; or the curve of both policies.
        new: The new curve; or the old policy.
        newer: The new policy.
        environment: For policies: what may happen. With probabilities the share of customers is told.
        within: For policies: in how many turns that share is counted.
        max_pairs: For policies: the most pairs of states that are looked at.
        turn: For policies: how long a turn lasts; a third of the curve's quiet period if left out.
        promises_max: For policies: the most promises that may be open at once.
        journeys: Journeys of customers, to tell the share that ends in another state, or in which the
            policies would have acted differently after some event, or in some quiet turn since one.

    Raises:
        InvalidValueError: They are neither; or no difference was found, and more pairs than ``max_pairs`` or more
            promises than ``promises_max`` were left out.
        UnfitPolicyError: A policy reads or answers what a policy may not.

    Examples:
        >>> print(str(diff(Curve.default(), Curve.default(hopeful_lost_at=4))).splitlines()[0])
        hopeful becomes distrust.competitive; in 9883 of 13447 pairs of positions
    """
    check_kind("environment", environment, Environment, "must be an Environment")
    check_whole("within", within, 1)
    check_whole("max_pairs", max_pairs, 1)
    check_kind("journeys", journeys, Iterable, _JOURNEYS)
    told = tuple(journeys)
    for place, journey in enumerate(told):
        check_kind(f"journeys[{place}]", journey, Journey, _JOURNEYS)
    if isinstance(old, Curve) and isinstance(new, Curve) and newer is None:
        return between_curves(old, new, told)
    if isinstance(old, Curve) and isinstance(new, Policy) and isinstance(newer, Policy):
        before, after = (
            Loop(curve=old, policy=each, environment=environment, turn=turn, promises_max=promises_max)
            for each in (new, newer)
        )
        return between_policies(before, after, within, max_pairs, told)
    raise InvalidValueError("diff", (old, new, newer), "takes two curves, or a curve and two policies")


def equivalent(
    old: Curve,
    new: Curve | Policy,
    newer: Policy | None = None,
    /,
    *,
    environment: Environment = ANY,
    promises_max: int = 2,
) -> bool:
    """Whether two curves (and their clocks) lead every journey to the same states, or two policies always act alike.

    Raises:
        InvalidValueError: It cannot be told; see ``diff``.

    Examples:
        >>> equivalent(Curve.default(), Curve.default())
        True
    """
    if isinstance(new, Curve) and newer is None:
        return not diff(old, new)
    if isinstance(new, Policy) and newer is not None:
        return not diff(old, new, newer, environment=environment, promises_max=promises_max)
    raise InvalidValueError("equivalent", (old, new, newer), "takes two curves, or a curve and two policies")
