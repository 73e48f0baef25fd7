"""Populations: what a policy would do to many customers, exactly where that can be computed, and sampled.

Needs the extra ``simulation`` (numpy, scipy, polars).
"""

from trustcurve.errors import require

for module in ("numpy", "scipy", "polars"):
    require(module, "simulation")

from trustcurve.simulation.comparing.comparisons import Comparison, compare, compare_runs, exact_differences  # noqa: E402
from trustcurve.simulation.comparing.parameters import parameters_of, with_parameter  # noqa: E402
from trustcurve.simulation.comparing.sweeps import sweep  # noqa: E402
from trustcurve.simulation.errors import (  # noqa: E402
    CoupledError,
    InvalidScenarioError,
    ProcessesEndedError,
    SimulationError,
    UnboundedPolicyError,
    UnpairedRunsError,
)
from trustcurve.simulation.exact.expecting import Expected, expect_scenario, expected  # noqa: E402
from trustcurve.simulation.populations.hazards import Departures, WordOfMouth  # noqa: E402
from trustcurve.simulation.populations.scenarios import Arrivals, Scenario  # noqa: E402
from trustcurve.simulation.populations.segments import Segment, Turning  # noqa: E402
from trustcurve.simulation.sampling.runs import Run  # noqa: E402
from trustcurve.simulation.sampling.simulating import simulate, simulate_scenario  # noqa: E402
from trustcurve.simulation.scenario_file import load_scenario, parse_scenario  # noqa: E402
from trustcurve.simulation.tallies.files import write_frames  # noqa: E402

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
