"""Hold one run against a property: the same statement that the prover decides, asked of a single journey."""

from __future__ import annotations

from collections.abc import Sequence

from trustcurve.verification.automaton import Turn, turn_of
from trustcurve.verification.property import LeadsTo, Property, Safety
from trustcurve.verification.results import LoopJourney
from trustcurve.verification.search import VIOLATED

__all__ = ["breaks", "can_be_broken"]


def can_be_broken(prop: Property) -> bool:
    """Say whether a single run can show that a property does not hold.

    Of what must be possible, likely or recoverable no run shows that it is not; nor, where moves are fair, of what must
    come sooner or later.
    """
    return isinstance(prop, Safety) or (isinstance(prop, LeadsTo) and prop.fair == "nothing")


def breaks(prop: Property, run: LoopJourney) -> bool:
    """Say whether a run shows that a property does not hold.

    Something that must come sooner or later is missed by a run that comes to the same state of the loop again without it:
    it can go round like that for ever.

    Args:
        prop: A property that a single run can break: see ``can_be_broken``.
        run: The run, for example a witness of the prover.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import load_policy
        >>> from trustcurve.verification import check, no_ask_on_open_account
        >>> funnel = load_policy("examples/policies/funnel.toml")
        >>> (verdict,) = check(Curve.default(), no_ask_on_open_account, policy=funnel)
        >>> breaks(no_ask_on_open_account, verdict.counterexample)
        True
    """
    known: dict[tuple[object, ...], Turn] = {}
    turns = [turn_of(run.loop, edge.record, known) for edge in run.edges]
    if isinstance(prop, Safety):
        state = prop.monitor.start
        for turn in turns:
            state = prop.monitor.step(state, turn)
            if state == VIOLATED:
                return True
        return False
    assert isinstance(prop, LeadsTo)  # noqa: S101 - who asks has looked
    return _goes_round(prop, run, turns)


def _goes_round(prop: LeadsTo, run: LoopJourney, turns: Sequence[Turn]) -> bool:
    """Say whether a run comes back to a state without what was called for; what calls may also lie on the way round."""
    nodes = [run.loop.start, *(edge.record.after for edge in run.edges)]
    comes = [bool(prop.comes(turn)) for turn in turns]
    calls = [bool(prop.after(turn)) for turn in turns]
    waiting = [False]  # whether something is called for and did not come, after so many turns
    for called, came in zip(calls, comes, strict=True):
        waiting.append((waiting[-1] or called) and not came)
    for end, node in enumerate(nodes):
        for begin in range(end - 1, -1, -1):
            if comes[begin]:
                break  # any longer way round has it, too
            if nodes[begin] == node and (waiting[begin] or any(calls[begin:end])):
                return True
    return False
