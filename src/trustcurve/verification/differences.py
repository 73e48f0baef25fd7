"""What a change of a policy or of a curve would do: the first journey that is treated differently, and how much is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidValueError
from trustcurve.core.journeys import Journey
from trustcurve.core.values import Value
from trustcurve.policies.actions import Action
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.verification.automaton import Edge
from trustcurve.verification.loop import Loop, Node, Played
from trustcurve.verification.witnesses import CurveWitness, Witness

__all__ = ["CurveDifference", "PolicyDifference", "diff", "equivalent"]

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
        share: The probability that they part within ``turns``, for an environment with probabilities.
    """

    old: Witness | None
    new: Witness | None
    actions: tuple[Action, Action] | None
    positions: int
    of: int
    share: float | None = None

    def __bool__(self) -> bool:
        return self.actions is not None

    def __str__(self) -> str:
        if self.old is None or self.actions is None:
            return "no difference: whatever happens, both do the same"
        share = "" if self.share is None else f"\nshare of customers treated differently: {self.share:.1%}"
        was, now = self.actions
        return (
            f"they part in turn {len(self.old)}: {was} becomes {now}; in {self.positions} of {self.of} positions{share}\n"
            f"the shortest such journey, under the old policy:\n{_indented(self.old)}\nunder the new one:\n{_indented(self.new)}"
        )


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
        return self.signals is not None or bool(self.only_old) or bool(self.only_new)

    def __str__(self) -> str:
        told = [f"only on the old curve: {', '.join(self.only_old)}"] if self.only_old else []
        told += [f"only on the new curve: {', '.join(self.only_new)}"] if self.only_new else []
        if self.signals is None or self.states is None:
            return "\n".join([*told, "no difference: the same signals lead to the same states"])
        told.append(f"{self.states[0]} becomes {self.states[1]}; in {self.pairs} of {self.of} pairs of positions")
        told += [f"share of customers who end elsewhere: {self.share:.1%}"] if self.share is not None else []
        for title, curve in (("old", self.old), ("new", self.new)):
            told += [f"the shortest such journey, on the {title} curve:", _indented(CurveWitness(curve, self.signals))]
        return "\n".join(told)


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
        journeys: For curves: journeys of customers, to tell the share that ends in another state.

    Raises:
        InvalidValueError: They are neither, or there are more pairs than ``max_pairs``.

    Examples:
        >>> print(str(diff(Curve.default(), Curve.default(hopeful_lost_at=4))).splitlines()[0])
        hopeful becomes distrust.competitive; in 9883 of 13447 pairs of positions
    """
    if isinstance(new, Curve) and newer is None:
        return _curves(old, new, tuple(journeys))
    if isinstance(new, Policy) and isinstance(newer, Policy):
        return _policies(Loop(curve=old, policy=new, environment=environment), newer, within, max_pairs)
    raise InvalidValueError("diff", (old, new, newer), "takes two curves, or a curve and two policies")


def equivalent(
    old: Curve, new: Curve | Policy, newer: Policy | None = None, /, *, environment: Environment = ANY
) -> bool:
    """Whether two curves lead every journey to the same states, or two policies always act alike; see ``diff``.

    Examples:
        >>> equivalent(Curve.default(), Curve.default())
        True
    """
    if isinstance(new, Curve):
        return not diff(old, new)
    if newer is None:
        raise InvalidValueError("equivalent", (old, new), "takes two curves, or a curve and two policies")
    return not diff(old, new, newer, environment=environment)


def _indented(told: object) -> str:
    return "\n".join(f"  {line}" for line in str(told).splitlines())


# --- curves ---------------------------------------------------------------------------------------


def _curves(old: Curve, new: Curve, journeys: tuple[Journey, ...]) -> CurveDifference:
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


# --- policies -------------------------------------------------------------------------------------


def _policies(old: Loop, policy: Policy, within: int, max_pairs: int) -> PolicyDifference:
    new = Loop(curve=old.curve, policy=policy, environment=old.environment)
    begin = (old.start, new.start)
    came: dict[Pair, tuple[Pair, Played, Played] | None] = {begin: None}
    first: tuple[Pair, Played, Played] | None = None
    met, parted = set[int](), set[int]()
    for pair in (queue := [begin]):
        for choice in old.choices(pair[0]):
            was, now = old.play(pair[0], choice), new.play(pair[1], choice)
            if was is None or now is None:
                raise InvalidValueError(
                    "policy", old.policy.name if was is None else policy.name, "promises too much at once"
                )
            met.add(was.met)
            if was.action != now.action:
                parted.add(was.met)
                first = first or (pair, was, now)
                continue
            then = (was.after, now.after)
            if then not in came:
                if len(came) >= max_pairs:
                    raise InvalidValueError("max_pairs", max_pairs, "there are more pairs of states: raise it")
                came[then] = (pair, was, now)
                queue.append(then)
    if first is None:
        return PolicyDifference(None, None, None, 0, len(met), None if old.environment.probabilities is None else 0.0)
    pair, was, now = first
    runs = ([was], [now])
    while (step := came[pair]) is not None:
        pair = step[0]
        runs[0].append(step[1])
        runs[1].append(step[2])
    told = [
        Witness(loop, tuple(Edge(-1, -1, played) for played in reversed(run)))
        for loop, run in zip((old, new), runs, strict=True)
    ]
    share = None if old.environment.probabilities is None else _share(old, new, within)
    return PolicyDifference(told[0], told[1], (was.action, now.action), len(parted), len(met), share)


def _share(old: Loop, new: Loop, within: int) -> float:
    """Compute the probability that the two act differently in some of the next turns."""
    likely: dict[Pair, float] = {(old.start, new.start): 1.0}
    parted = 0.0
    for _ in range(within):
        then: dict[Pair, float] = {}
        for pair, weight in likely.items():
            choices = tuple(old.choices(pair[0]))
            for choice, p in zip(choices, old.environment.likely([each.move for each in choices]), strict=True):
                was, now = old.play(pair[0], choice), new.play(pair[1], choice)
                assert was is not None  # noqa: S101 - seen before
                assert now is not None  # noqa: S101 - seen before
                if was.action != now.action:
                    parted += weight * p
                else:
                    after = (was.after, now.after)
                    then[after] = then.get(after, 0.0) + weight * p
        likely = then
    return parted
