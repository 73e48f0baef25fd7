"""A journey policy: what the company does next, given what it may see."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, fields_dict, frozen

from trustcurve.documents.forms import whole
from trustcurve.policies.actions import ACTIONS, Action
from trustcurve.policies.errors import UnfitPolicyError
from trustcurve.policies.rules import RuleBook
from trustcurve.policies.view import View

__all__ = ["Policy", "policy"]

Decide = Callable[[View], Action]

REMEMBERED = whole(0, 8, "turns")
"""How many turns a policy may remember. Source: our choice; each one can double the automaton."""

DUE = whole(1, 24, "turns")
"""After how many turns a promise may fall due. Source: our choice; each one makes the automaton longer."""

OPEN_MAX = 4
"""The most promises that can be open at once where a policy is proved. Source: our choice, for the same reason."""


@frozen(kw_only=True)
class Policy:
    """A policy as a value: a name, a decision for every view, and how far its memory reaches.

    Args:
        name: What it is called.
        decide: From a ``View`` to an action: a pure function, the same answer to the same view always.
        remember: How many of its own last actions it sees (``view.last``), 0 to 8.
        window: Over how many last turns it counts its asks (``view.asks``), 0 to 8.
        promise_due: After how many turns a promise that it makes falls due, at least 1.
        says: What it is for, in words.

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
    says: str = ""

    @property
    def is_data(self) -> bool:
        """Whether it is made of rows, as from a file: then it cannot answer one view in two ways, and is asked once."""
        return isinstance(self.decide, RuleBook)

    def action(self, view: View) -> Action:
        """Ask for the action, a function twice, and hold it against the words.

        Raises:
            UnfitPolicyError: The policy fails, reads what it may not, answers with no action, or answers
                the same view in two ways.
        """
        answers = [self._ask(view) for _ in range(1 if self.is_data else 2)]
        if answers[0] != answers[-1]:
            raise UnfitPolicyError(
                self.name, f"it answers {answers[0]!r} and then {answers[-1]!r} to the same view, {view}"
            )
        if answers[0] not in ACTIONS:
            raise UnfitPolicyError(
                self.name, f"it answers {answers[0]!r}, which is no action; known: {', '.join(ACTIONS)}"
            )
        return answers[0]

    def _ask(self, view: View) -> Action:
        try:
            return self.decide(view)
        except AttributeError as error:
            if error.obj is view:
                raise UnfitPolicyError(
                    self.name, f"it reads view.{error.name}; a policy sees {', '.join(fields_dict(View))}"
                ) from None
            raise UnfitPolicyError(self.name, f"it fails with {error!r} on {view}") from error
        except Exception as error:
            raise UnfitPolicyError(self.name, f"it fails with {error!r} on {view}") from error


def policy(
    name: str, *, remember: int = 0, window: int = 0, promise_due: int = 2, says: str = ""
) -> Callable[[Decide], Policy]:
    """Make a policy of a function; for arguments see ``Policy``.

    Examples:
        >>> @policy("always ask")
        ... def always_ask(view):
        ...     return "ask"
        >>> always_ask.promise_due
        2
    """
    return lambda decide: Policy(
        name=name, decide=decide, remember=remember, window=window, promise_due=promise_due, says=says
    )
