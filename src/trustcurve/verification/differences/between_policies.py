"""How two policies differ on a curve: the same moves to both, until they act differently."""

from __future__ import annotations

from attrs import frozen

from trustcurve.core.errors import InvalidValueError
from trustcurve.core.journeys import Journey
from trustcurve.core.values import Value
from trustcurve.policies.actions import Action
from trustcurve.policies.policy import Policy
from trustcurve.verification.answers.witnesses import Witness, indented
from trustcurve.verification.differences.seen import decisions
from trustcurve.verification.unrolling.automaton import Edge
from trustcurve.verification.unrolling.loop import Loop, Node, Played

__all__ = ["PolicyDifference", "between_policies"]

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
            journeys that were given, the share in which they would have acted differently after some event.
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
        if self.old is None or self.new is None or self.actions is None:
            return "no difference: whatever happens, both do the same"
        share = "" if self.share is None else f"\nshare of customers treated differently: {self.share:.1%}"
        was, now = map(str, self.actions)
        if was == now:
            was, now = (f"{now} due in {each.loop.policy.promise_due} turns" for each in (self.old, self.new))
        return (
            f"they part in turn {len(self.old)}: {was} becomes {now}; in {self.positions} of {self.of} positions{share}\n"
            f"the shortest such journey, under the old policy:\n{indented(self.old)}\nunder the new one:\n{indented(self.new)}"
        )


def between_policies(
    old: Loop, policy: Policy, within: int, max_pairs: int, journeys: tuple[Journey, ...]
) -> PolicyDifference:
    """Find how a loop's policy and another one differ; for arguments see ``diff``."""
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
            if _act(old, was) != _act(new, now):
                parted.add(was.met)
                first = first or (pair, was, now)
                continue
            then = (was.after, now.after)
            if then not in came:
                if len(came) >= max_pairs:
                    raise InvalidValueError("max_pairs", max_pairs, "there are more pairs of states: raise it")
                came[then] = (pair, was, now)
                queue.append(then)
    share = _share_of(journeys, old, new) if journeys else None
    if share is None and old.environment.probabilities is not None:
        share = _share(old, new, within)
    if first is None:
        return PolicyDifference(None, None, None, 0, len(met), share)
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
    return PolicyDifference(told[0], told[1], (was.action, now.action), len(parted), len(met), share)


def _act(loop: Loop, played: Played) -> tuple[Action, int]:
    """Answer with what the company does: the same promise with another date is another act."""
    return played.action, loop.policy.promise_due if played.action.startswith("promise_") else 0


def _share_of(journeys: tuple[Journey, ...], old: Loop, new: Loop) -> float:
    """Count the journeys in which the two would have acted differently after some event."""
    apart = [any(was != now for was, now in zip(decisions(old, j), decisions(new, j), strict=True)) for j in journeys]
    return sum(apart) / len(apart)


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
                if _act(old, was) != _act(new, now):
                    parted += weight * p
                else:
                    after = (was.after, now.after)
                    then[after] = then.get(after, 0.0) + weight * p
        likely = then
    return parted
