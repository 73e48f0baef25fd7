"""Journey policies: what the company does next with a customer, and what may happen that it does not choose."""

from trustcurve.policies.actions import ACTIONS, MOVES, Action, Move
from trustcurve.policies.environment import ANY, KEEPS_PROMISES, Environment
from trustcurve.policies.errors import InvalidPolicyError, PolicyError, UnfitPolicyError
from trustcurve.policies.policy import Policy, policy
from trustcurve.policies.policy_file import load_policy, parse_policy
from trustcurve.policies.view import View

__all__ = [
    "ACTIONS",
    "ANY",
    "KEEPS_PROMISES",
    "MOVES",
    "Action",
    "Environment",
    "InvalidPolicyError",
    "Move",
    "Policy",
    "PolicyError",
    "UnfitPolicyError",
    "View",
    "load_policy",
    "parse_policy",
    "policy",
]
