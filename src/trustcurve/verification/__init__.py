"""Proofs about curves and journey policies: by exhaustion, with the shortest counterexample."""

from trustcurve.verification.checking import check
from trustcurve.verification.curve_differences import CurveDifference
from trustcurve.verification.differences import diff, equivalent
from trustcurve.verification.named import PROPERTY_NAMES, property_named
from trustcurve.verification.of_curves import (
    CURVE_PROPERTIES,
    advocate_is_earned,
    broken_never_helps,
    hysteresis,
    kept_never_hurts,
    no_credit_for_asking,
    no_good_hurts,
    no_harm_helps,
    no_stage_skipping,
    recoverable,
    silence_never_promotes,
    total_and_bounded,
)
from trustcurve.verification.of_policies import (
    POLICY_PROPERTIES,
    bounded_asks_while_distrusted,
    can_make_advocates,
    no_ask_on_open_account,
    no_flapping,
    nobody_forgotten,
    quiet_period,
    recovery_comes_first,
    repair_within,
    way_back,
)
from trustcurve.verification.policy_differences import PolicyDifference
from trustcurve.verification.properties import (
    Property,
    always,
    at_most,
    leads_to,
    never,
    possible,
    probability,
    recoverable_to,
    relational,
)
from trustcurve.verification.relations import never_above
from trustcurve.verification.tours import tour
from trustcurve.verification.verdicts import Report, Status, Verdict
from trustcurve.verification.witnesses import CurveWitness, Witness

__all__ = [
    "CURVE_PROPERTIES",
    "POLICY_PROPERTIES",
    "PROPERTY_NAMES",
    "CurveDifference",
    "CurveWitness",
    "PolicyDifference",
    "Property",
    "Report",
    "Status",
    "Verdict",
    "Witness",
    "advocate_is_earned",
    "always",
    "at_most",
    "bounded_asks_while_distrusted",
    "broken_never_helps",
    "can_make_advocates",
    "check",
    "diff",
    "equivalent",
    "hysteresis",
    "kept_never_hurts",
    "leads_to",
    "never",
    "never_above",
    "no_ask_on_open_account",
    "no_credit_for_asking",
    "no_flapping",
    "no_good_hurts",
    "no_harm_helps",
    "no_stage_skipping",
    "nobody_forgotten",
    "possible",
    "probability",
    "property_named",
    "quiet_period",
    "recoverable",
    "recoverable_to",
    "recovery_comes_first",
    "relational",
    "repair_within",
    "silence_never_promotes",
    "total_and_bounded",
    "tour",
    "way_back",
]
