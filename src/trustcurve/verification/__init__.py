"""Proofs about curves and journey policies: exhaustive search, with a shortest counterexample."""

from trustcurve.verification.checker import check
from trustcurve.verification.combinators import always, at_most, leads_to, never, possible, recoverable_to, relational
from trustcurve.verification.difference import CurveDifference, PolicyDifference, diff, equivalent
from trustcurve.verification.expectations import expected_turns, probability
from trustcurve.verification.explicit_model import export_model
from trustcurve.verification.guard import Allowed, Guard, Refused, UnprovedPropertyError, guard
from trustcurve.verification.loop_journey import Counterexample, Witness
from trustcurve.verification.named_properties import (
    CURVE_PROPERTIES,
    POLICY_PROPERTIES,
    PROPERTY_NAMES,
    advocate_is_earned,
    bounded_asks_while_distrusted,
    broken_never_helps,
    can_make_advocates,
    hysteresis,
    kept_never_hurts,
    no_ask_on_open_account,
    no_credit_for_asking,
    no_flapping,
    no_good_hurts,
    no_harm_helps,
    no_stage_skipping,
    nobody_forgotten,
    property_named,
    quiet_period,
    recoverable,
    recovery_comes_first,
    repair_within,
    silence_never_promotes,
    total_and_bounded,
    way_back,
)
from trustcurve.verification.property import Property
from trustcurve.verification.property_file import InvalidPropertiesError, load_properties, parse_properties
from trustcurve.verification.results import CurveCounterexample, Report, Status, Verdict
from trustcurve.verification.simulation_relation import dominance
from trustcurve.verification.tours import tour
from trustcurve.verification.turn import Turn
from trustcurve.verification.violations import Violation, watch

__all__ = [
    "CURVE_PROPERTIES",
    "POLICY_PROPERTIES",
    "PROPERTY_NAMES",
    "Allowed",
    "Counterexample",
    "CurveCounterexample",
    "CurveDifference",
    "Guard",
    "InvalidPropertiesError",
    "PolicyDifference",
    "Property",
    "Refused",
    "Report",
    "Status",
    "Turn",
    "UnprovedPropertyError",
    "Verdict",
    "Violation",
    "Witness",
    "advocate_is_earned",
    "always",
    "at_most",
    "bounded_asks_while_distrusted",
    "broken_never_helps",
    "can_make_advocates",
    "check",
    "diff",
    "dominance",
    "equivalent",
    "expected_turns",
    "export_model",
    "guard",
    "hysteresis",
    "kept_never_hurts",
    "leads_to",
    "load_properties",
    "never",
    "no_ask_on_open_account",
    "no_credit_for_asking",
    "no_flapping",
    "no_good_hurts",
    "no_harm_helps",
    "no_stage_skipping",
    "nobody_forgotten",
    "parse_properties",
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
    "watch",
    "way_back",
]
