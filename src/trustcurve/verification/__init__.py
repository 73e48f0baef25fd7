"""Proofs about curves and journey policies: by exhaustion, with the shortest counterexample."""

from trustcurve.verification.answers.verdicts import Report, Status, Verdict
from trustcurve.verification.answers.witnesses import CurveWitness, Witness
from trustcurve.verification.checking import check
from trustcurve.verification.deciding.relations import never_above
from trustcurve.verification.differences.between_curves import CurveDifference
from trustcurve.verification.differences.between_policies import PolicyDifference
from trustcurve.verification.differences.diffs import diff, equivalent
from trustcurve.verification.properties.chances import expected_turns, probability
from trustcurve.verification.properties.combinators import (
    always,
    at_most,
    leads_to,
    never,
    possible,
    recoverable_to,
    relational,
)
from trustcurve.verification.properties.kinds import Property
from trustcurve.verification.properties.named import PROPERTY_NAMES, property_named
from trustcurve.verification.properties.of_curves import (
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
from trustcurve.verification.properties.of_policies import (
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
from trustcurve.verification.tours import tour

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
    "expected_turns",
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
