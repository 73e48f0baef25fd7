"""Journey policies: what the company does next with a customer, and the environment: what it does not choose."""

from trustcurve.policies.actions import ACTIONS, MOVES, Action, Move, PromiseKind
from trustcurve.policies.decision import Decision
from trustcurve.policies.environment import ANY, KEEPS_PROMISES, Environment
from trustcurve.policies.environment_file import load_environment, parse_environment
from trustcurve.policies.memory import Memory
from trustcurve.policies.policy import Policy, policy
from trustcurve.policies.policy_errors import (
    ImpurePolicyError,
    InvalidEnvironmentError,
    InvalidPolicyError,
    PolicyError,
)
from trustcurve.policies.policy_file import load_policy, parse_policy
from trustcurve.policies.recall import Recall, since, times, trend, tries
from trustcurve.policies.view import OpenPromise, View

__all__ = [
    "ACTIONS",
    "ANY",
    "KEEPS_PROMISES",
    "MOVES",
    "Action",
    "Decision",
    "Environment",
    "ImpurePolicyError",
    "InvalidEnvironmentError",
    "InvalidPolicyError",
    "Memory",
    "Move",
    "OpenPromise",
    "Policy",
    "PolicyError",
    "PromiseKind",
    "Recall",
    "View",
    "load_environment",
    "load_policy",
    "parse_environment",
    "parse_policy",
    "policy",
    "since",
    "times",
    "trend",
    "tries",
]
