"""Where in the closed loop a real customer is: the state of the automaton that belongs to a standing and a memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import frozen

from trustcurve.core.promises import Promise
from trustcurve.core.signals import KEPT
from trustcurve.core.standing import Standing
from trustcurve.policies.memory import Memory, kind_of
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.memory_rules import Remembered
from trustcurve.verification.turn_rules import ANY_DAY, Context, TurnRules

__all__ = ["LoopPlaces", "context_of"]


@frozen(eq=False)
class LoopPlaces:
    """Finds the states of an automaton in which real customers are.

    Args:
        automaton: The automaton, of a loop in which the environment may act at any time.
    """

    automaton: Automaton
    _contexts: dict[Context, list[int]]
    _memories: dict[Remembered, int]
    _states: dict[tuple[int, int, int], int]

    @classmethod
    def of(cls, automaton: Automaton) -> LoopPlaces:
        """Index the states of an automaton."""
        contexts: dict[Context, list[int]] = {}
        for number, context in enumerate(automaton.contexts):
            contexts.setdefault(_in_order(context), []).append(number)
        memories = {memory: number for number, memory in enumerate(automaton.memories)}
        parts = (automaton.position, automaton.context, automaton.memory)
        states = zip(*(each.tolist() for each in parts), strict=True)
        return cls(automaton, contexts, memories, {parts: state for state, parts in enumerate(states)})

    def states(self, standing: Standing, memory: Memory) -> list[int]:
        """Return the states in which a customer can be at ``standing.as_of``; none if the automaton knows of none.

        They differ only in the order in which promises were made, which makes no difference to anything later.
        """
        loop = self.automaton.loop
        context = context_of(loop.rules, standing, memory)
        if context is None or standing.position not in loop.table.numbers:
            return []
        position, remembered = loop.table.number(standing.position), self._memories.get(memory.values, -1)
        found = ((position, number, remembered) for number in self._contexts.get(_in_order(context), ()))
        return [self._states[parts] for parts in found if parts in self._states]


def _in_order(context: Context) -> Context:
    return context._replace(promises=tuple(sorted(context.promises)))


def context_of(rules: TurnRules, standing: Standing, memory: Memory) -> Context | None:
    """Return everything about a customer at ``standing.as_of`` that matters to the loop, but position and memory.

    Returns:
        None if the policy has not run yet, or not in the turn before.
    """
    run, at = memory.run, standing.as_of
    if run is None or not timedelta(0) <= at - run <= rules.turn:
        return None
    now = rules.moments(at - run)
    past = now - rules.moments(standing.quiet_since - run)
    phase = _phase(rules, standing, now, past)
    promises = tuple(_promise(rules, run, now, each, memory) for each in standing.promises if not each.overdue)
    late = [each for each in standing.promises if each.overdue]
    counts = "kept_late" in rules.environment.names
    overdue = counts and any(rules.curve.ends_silence[KEPT[each.weight]] == "always" for each in late)
    return Context(phase, rules.reduced(past), promises, overdue=overdue)


def _phase(rules: TurnRules, standing: Standing, moment: int, quiet: int) -> int:
    """Return the phase of a moment: where a silence comes in it, before or after that."""
    phases = [phase for phase in range(rules.last_phase + 1) if rules.moment(phase)[0] == moment]
    comes = quiet and not quiet % rules.quiet_period
    silence = quiet // rules.quiet_period * rules.curve.silence_after
    return phases[0] if comes and standing.as_of - standing.quiet_since <= silence else phases[-1]


def _promise(rules: TurnRules, run: datetime, now: int, promise: Promise, memory: Memory) -> tuple[str, int]:
    """Return an open promise as the loop sees it."""
    kind = rules.label(kind_of(promise.id, promise.weight, rules.policy.kinds))
    if promise.due is None or promise.id in memory.moved or (promise.due - run) % rules.turn:
        return kind, ANY_DAY
    return kind, rules.moments(promise.due + rules.curve.grace - run) - now
