"""A journey policy: what the company does next, given what it may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from attrs import define, field, fields_dict, frozen

from trustcurve.documents.forms import whole
from trustcurve.errors import InvalidDocumentError, TrustcurveError, final_class, plain_word
from trustcurve.policies.actions import ACTIONS, Action
from trustcurve.policies.decision_list import DecisionList
from trustcurve.policies.view import View

__all__ = ["ImpurePolicyError", "InvalidPolicyError", "Policy", "PolicyError", "policy"]


class PolicyError(TrustcurveError):
    """The root of the errors about policies and environments."""


class InvalidPolicyError(PolicyError, InvalidDocumentError):
    """A file is not a policy: ``findings``, all of them at once."""


@define(slots=False, repr=False)
class ImpurePolicyError(PolicyError):
    """A policy is not a pure function from views to actions: ``policy``, ``problem``."""

    policy: str
    problem: str

    def __str__(self) -> str:
        return (
            f"policy {self.policy!r} cannot be analysed: decide() must be a pure function of the view; {self.problem}"
        )


Decide = Callable[[View], Action]

REMEMBERED = whole(0, 8, "turns")
"""How many turns a policy may remember. Source: our choice; each one can double the automaton."""

DUE = whole(1, 24, "turns")
"""After how many turns a promise may fall due. Source: our choice; each one makes the automaton longer."""

OPEN_MAX = 4
"""The most promises that can be open at once when a policy is analysed. Source: our choice, for the same reason."""


@final
@frozen(kw_only=True)
class Policy:
    """A policy as a value: a name, a decision for every view, and how far its memory reaches.

    Args:
        name: What it is called.
        decide: A pure function from a ``View`` to an action: always the same action for the same view.
        remember: How many of its own last actions it sees (``view.last``), 0 to 8.
        window: Over how many last turns it counts its asks (``view.asks``), 0 to 8.
        promise_due: After how many turns a promise that it makes falls due, 1 to 24.
        description: What it is for.

    Examples:
        >>> @policy("solve first", promise_due=2)
        ... def solve_first(view):
        ...     return "repair" if view.account in ("slip", "breach") else "wait"
        >>> solve_first.name
        'solve first'
    """

    name: str
    decide: Decide
    remember: int = field(default=0, validator=REMEMBERED)
    window: int = field(default=0, validator=REMEMBERED)
    promise_due: int = field(default=2, validator=DUE)
    description: str = ""

    __init_subclass__ = final_class

    @property
    def is_data(self) -> bool:
        """Whether it is a decision list, as from a file: then it is pure, and is asked once."""
        return isinstance(self.decide, DecisionList)

    def action(self, view: View) -> Action:
        """Return the action for a view; a function is asked twice.

        Raises:
            ImpurePolicyError: The policy fails, reads something that is not in the view, returns something that is
                not an action, or returns two different actions for the same view.
        """
        answers = [self._ask(view) for _ in range(1 if self.is_data else 2)]
        if answers[0] != answers[-1]:
            raise ImpurePolicyError(
                self.name, f"it returned {answers[0]!r} and then {answers[-1]!r} for the same view, {view}"
            )
        action = plain_word(answers[0])
        if action not in ACTIONS:
            raise ImpurePolicyError(
                self.name, f"it returned {action!r}, which is not an action; known: {', '.join(ACTIONS)}"
            )
        return action

    def _ask(self, view: View) -> Action:
        try:
            return self.decide(view)
        except AttributeError as error:
            if error.obj is view:
                raise ImpurePolicyError(
                    self.name, f"it read view.{error.name}; a view has {', '.join(fields_dict(View))}"
                ) from None
            raise ImpurePolicyError(self.name, f"it failed with {error!r} on {view}") from error
        except Exception as error:
            raise ImpurePolicyError(self.name, f"it failed with {error!r} on {view}") from error


def policy(
    name: str, *, remember: int = 0, window: int = 0, promise_due: int = 2, description: str = ""
) -> Callable[[Decide], Policy]:
    """Decorate a function to make it a policy; for arguments see ``Policy``.

    Examples:
        >>> @policy("always ask")
        ... def always_ask(view):
        ...     return "ask"
        >>> always_ask.promise_due
        2
    """
    return lambda decide: Policy(
        name=name, decide=decide, remember=remember, window=window, promise_due=promise_due, description=description
    )
