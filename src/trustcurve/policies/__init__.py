"""Journey policies: what the company does next with a customer, and the environment: what it does not choose."""

from trustcurve.policies.actions import ACTIONS, MOVES, Action, Move
from trustcurve.policies.environment import ANY, KEEPS_PROMISES, Environment
from trustcurve.policies.policy import ImpurePolicyError, InvalidPolicyError, Policy, PolicyError, policy
from trustcurve.policies.policy_file import load_policy, parse_policy
from trustcurve.policies.view import View

__all__ = [
    "ACTIONS",
    "ANY",
    "KEEPS_PROMISES",
    "MOVES",
    "Action",
    "Environment",
    "ImpurePolicyError",
    "InvalidPolicyError",
    "Move",
    "Policy",
    "PolicyError",
    "View",
    "load_policy",
    "parse_policy",
    "policy",
]
