"""How two policies differ on a curve: the same moves to both, until they act differently."""

from __future__ import annotations

from attrs import define, field, frozen

from trustcurve.core.journey import Journey
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError
from trustcurve.policies.actions import Action
from trustcurve.verification.answers.witnesses import Witness, indented
from trustcurve.verification.differences.seen import treated_alike
from trustcurve.verification.unrolling.automaton import Edge
from trustcurve.verification.unrolling.loop import Loop
from trustcurve.verification.unrolling.turns import Node, Played

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
