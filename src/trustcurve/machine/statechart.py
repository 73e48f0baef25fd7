"""The curve as a hierarchical state machine of the library transitions: a second execution of its rules.

It interprets the rules as they are written in the curve's file, and shares nothing with ``react``. So
the tests can use it as an oracle for ``react``.
"""

from __future__ import annotations

from typing import Any, final

from transitions import EventData
from transitions.extensions.nesting import HierarchicalMachine, NestedState

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Rule
from trustcurve.core.standing import Position
from trustcurve.core.values import checked_word
from trustcurve.errors import final_class
from trustcurve.machine.guards import (
    PLACED,
    Change,
    Felt,
    Guard,
    Walker,
    felt_doubt,
    holds_in,
    leaf_of,
    number,
    target_of,
    walker_of,
)

__all__ = ["TrustMachine"]

_POSTURE = "settle posture"


class _DottedState(NestedState):
    """A state whose children are named with a dot: the default "_" would split customer_centric."""

    separator = "."


@final
class TrustMachine(HierarchicalMachine):
    """A curve's statechart, running: leaf states nested under their stages, a trigger for each signal.

    Every rule is a transition (one for each leaf state in which it can apply), with its conditions as
    guards and its effects as ``before`` callbacks. After it the settling rules are triggered one after
    the other. A rule that keeps the state is an internal transition.

    Use it to work with the curve in transitions, or as an oracle. For customers in a service use
    ``LiveCustomer``, which has promises and the clock and costs a fraction. The machine keeps its walkers,
    as transitions does; ``machine.remove_model(walker)`` releases one.

    Args:
        curve: The curve.

    Examples:
        >>> from trustcurve import Curve
        >>> walker = TrustMachine(Curve.default()).walker()
        >>> walker.trigger("proposition"), walker.state
        (True, 'hopeful')
    """

    state_cls = _DottedState

    __init_subclass__ = final_class

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self._tops = {counter.name: number(curve, counter.max) for counter in curve.counters}
        states: list[Any] = [
            {"name": s.name, "initial": s.postures[0].name, "children": [posture.name for posture in s.postures]}
            if s.postures
            else s.name
            for s in curve.stages
        ]
        super().__init__(model=None, states=states, initial=None, auto_transitions=False, send_event=True)
        for rule in curve.rules:
            self._add_row(str(rule.signal), rule, after=[self._read_posture, self._settle])
        for rule in curve.settling:
            self._add_row(_settling(rule), rule, after=[self._read_posture])
            for leaf in curve.states:  # if the rule does not hold, nothing happens
                self.add_transition(_settling(rule), leaf, None)
        self._add_postures()

    def walker(self, position: Position | None = None) -> Walker:
        """Return a new walker at a position, or at the start of the curve.

        Raises:
            UnknownWordError: The position is not of this curve.
            InvalidPositionError: A counter is out of its range.
        """
        at = self.curve.start if position is None else position
        walker = Walker(at.kept, at.engaged, at.doubt, at.account)
        self.add_model(walker, initial=self._leaf(at))
        return walker

    def place(self, walker: Walker, position: Position) -> None:
        """Move a walker to another position; for errors see ``walker``."""
        leaf = self._leaf(position)
        walker.kept, walker.engaged, walker.doubt = position.kept, position.engaged, position.doubt
        walker.account = position.account
        self.set_state(leaf, walker)

    def send(self, walker: Walker, signal: str) -> Position:
        """Trigger a signal and return the new position.

        Raises:
            UnknownWordError: The signal is not of this curve.

        Examples:
            >>> from trustcurve import Curve
            >>> machine = TrustMachine(Curve.default())
            >>> machine.send(machine.walker(), "exchange")
            Position(stage='distrust', kept=0, engaged=0, doubt=1, account='clear')
        """
        walker.trigger(checked_word("signal", signal, self.curve.signals))
        return walker.position

    def _leaf(self, position: Position) -> str:
        stage = self.curve.stage(position)  # raises if the position is not of this curve
        return leaf_of(self.curve, stage, felt_doubt(position.doubt, position.account))

    # --- building ---------------------------------------------------------------------------------

    def _add_row(self, trigger: str, rule: Rule, after: list[Any]) -> None:
        placed = [condition for condition in rule.when if condition.part in PLACED]
        guards = [Guard(self.curve, condition) for condition in rule.when if condition.part not in PLACED]
        effects = [Change(self.curve, effect, self._tops) for effect in rule.effects if effect.part != "stage"]
        for stage in self.curve.stages:
            target = target_of(self.curve, stage, rule.effects)
            for leaf in stage.states:
                if all(holds_in(stage, leaf, condition) for condition in placed):
                    dest = None if target is stage else target.name
                    self.add_transition(trigger, leaf, dest, conditions=guards, before=effects, after=after)  # type: ignore[arg-type]

    def _add_postures(self) -> None:
        for stage in self.curve.stages:
            for leaf in stage.states:
                for other in stage.states:
                    if other != leaf:
                        self.add_transition(_POSTURE, leaf, other, conditions=Felt(self.curve, stage, other))
                self.add_transition(_POSTURE, leaf, None)

    # --- running ----------------------------------------------------------------------------------

    def _read_posture(self, event: EventData) -> None:
        """Update the posture from felt doubt, in a stage that has postures."""
        if "." in walker_of(event).state:
            walker_of(event).trigger(_POSTURE)

    def _settle(self, event: EventData) -> None:
        """Trigger the settling rules, one after the other."""
        for rule in self.curve.settling:
            walker_of(event).trigger(_settling(rule))


def _settling(rule: Rule) -> str:
    return f"settle {rule.name}"
