"""Populations: what a policy would do to many customers, exactly where that can be computed, and sampled.

Needs the extra ``simulation`` (numpy, scipy, polars).
"""

from trustcurve.core.extras import require

for module in ("numpy", "scipy", "polars"):
    require(module, "simulation")

from trustcurve.simulation.chain_structure import SimulationError, UnboundedPolicyError  # noqa: E402
from trustcurve.simulation.comparison import Comparison, UnpairedRunsError, compare, compare_runs, exact_differences  # noqa: E402
from trustcurve.simulation.replication import ProcessesEndedError, simulate, simulate_scenario  # noqa: E402
from trustcurve.simulation.result_tables import write_frames  # noqa: E402
from trustcurve.simulation.run import Run  # noqa: E402
from trustcurve.simulation.scenario import Arrivals, Scenario  # noqa: E402
from trustcurve.simulation.scenario_file import InvalidScenarioError, load_scenario, parse_scenario  # noqa: E402
from trustcurve.simulation.segment import Departures, Segment, Turning, WordOfMouth  # noqa: E402
from trustcurve.simulation.solution import CoupledError, Expected, expect_scenario, expected  # noqa: E402
from trustcurve.simulation.sweep import parameters_of, sweep, with_parameter  # noqa: E402

__all__ = [
    "Arrivals",
    "Comparison",
    "CoupledError",
    "Departures",
    "Expected",
    "InvalidScenarioError",
    "ProcessesEndedError",
    "Run",
    "Scenario",
    "Segment",
    "SimulationError",
    "Turning",
    "UnboundedPolicyError",
    "UnpairedRunsError",
    "WordOfMouth",
    "compare",
    "compare_runs",
    "exact_differences",
    "expect_scenario",
    "expected",
    "load_scenario",
    "parameters_of",
    "parse_scenario",
    "simulate",
    "simulate_scenario",
    "sweep",
    "with_parameter",
    "write_frames",
]
