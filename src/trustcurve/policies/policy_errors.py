"""What can be wrong with policies and environments."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import InvalidDocumentError, TrustcurveError

__all__ = ["ImpurePolicyError", "InvalidEnvironmentError", "InvalidPolicyError", "PolicyError"]


class PolicyError(TrustcurveError):
    """The root of the errors about policies and environments."""


class InvalidPolicyError(PolicyError, InvalidDocumentError):
    """A file is not a policy: ``findings``, all of them at once."""


class InvalidEnvironmentError(PolicyError, InvalidDocumentError):
    """A file is not a valid environment: ``findings``, all of them at once."""


@define(slots=False, repr=False)
class ImpurePolicyError(PolicyError):
    """A policy is not a pure function from views to actions: ``policy``, ``problem``."""

    policy: str
    problem: str

    def __str__(self) -> str:
        return (
            f"policy {self.policy!r} cannot be analysed: decide() must be a pure function of the view; {self.problem}"
        )
