"""What can be wrong with a policy or an environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field, fields_dict, frozen

from trustcurve.core.errors import Finding, InvalidValueError, TrustcurveError
from trustcurve.policies.actions import ACTIONS, Action
from trustcurve.policies.decision_list import RuleBook
from trustcurve.policies.view import View

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = ["InvalidPolicyError", "Policy", "PolicyError", "UnfitPolicyError", "policy"]


class PolicyError(TrustcurveError):
    """The root of the errors about policies and environments."""


@define(slots=False, repr=False)
class InvalidPolicyError(PolicyError):
    """A policy's file does not make a policy: ``findings``, all of them at once."""

    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


@define(slots=False, repr=False)
class UnfitPolicyError(PolicyError):
    """A policy cannot be proved: ``policy``, ``problem``. It reads or answers what a policy may not."""

    policy: str
    problem: str

    def __str__(self) -> str:
        return f"policy {self.policy!r} cannot be proved: {self.problem}"


Decide = Callable[[View], Action]

REMEMBERED_MAX = 8
"""The most turns that a policy may remember. Source: our choice; each one can double the automaton."""

OPEN_MAX = 4
"""The most promises that can be open at once where a policy is proved. Source: our choice, for the same reason."""


def _turns(least: int, most: int) -> Callable[[object, Attribute[int], int], None]:
    def check(_: object, attribute: Attribute[int], value: int) -> None:
        if type(value) is not int or not least <= value <= most:
            raise InvalidValueError(attribute.name, value, f"must be a whole number of turns from {least} to {most}")

    return check


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
    remember: int = field(default=0, validator=_turns(0, REMEMBERED_MAX))
    window: int = field(default=0, validator=_turns(0, REMEMBERED_MAX))
    promise_due: int = field(default=2, validator=_turns(1, 24))
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
