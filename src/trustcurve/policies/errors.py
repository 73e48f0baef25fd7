"""What can be wrong with a policy or an environment."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import InvalidDocumentError, TrustcurveError

__all__ = ["InvalidPolicyError", "PolicyError", "UnfitPolicyError"]


class PolicyError(TrustcurveError):
    """The root of the errors about policies and environments."""


class InvalidPolicyError(PolicyError, InvalidDocumentError):
    """A file is not a policy: ``findings``, all of them at once."""


@define(slots=False, repr=False)
class UnfitPolicyError(PolicyError):
    """A policy cannot be proved: ``policy``, ``problem``. It reads or answers what a policy may not."""

    policy: str
    problem: str

    def __str__(self) -> str:
        return f"policy {self.policy!r} cannot be proved: {self.problem}"
