"""What can be wrong with a policy or an environment."""

from __future__ import annotations

from attrs import define

from trustcurve.core.errors import Finding, TrustcurveError

__all__ = ["InvalidPolicyError", "PolicyError", "UnfitPolicyError"]


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
