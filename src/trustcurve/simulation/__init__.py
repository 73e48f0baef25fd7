"""Populations: what a policy would do to many customers, solved exactly where possible, and sampled.

Needs the extra ``simulation`` (numpy, scipy, polars).
"""

from trustcurve.errors import require

for module in ("numpy", "scipy", "polars"):
    require(module, "simulation")

from trustcurve.records import write_tables  # noqa: E402
from trustcurve.simulation.chain_structure import SimulationError, UnboundedPolicyError  # noqa: E402
from trustcurve.simulation.comparison import (  # noqa: E402
    Comparison,
    IncomparableScenariosError,
    compare,
    compare_runs,
    exact_differences,
)
from trustcurve.simulation.population import TooManyCustomersError  # noqa: E402
from trustcurve.simulation.replication import ProcessesEndedError, simulate  # noqa: E402
from trustcurve.simulation.run import Run  # noqa: E402
from trustcurve.simulation.scenario import Arrivals, Scenario  # noqa: E402
from trustcurve.simulation.scenario_file import InvalidScenarioError, load_scenario, parse_scenario  # noqa: E402
from trustcurve.simulation.segment import ChangePoint, Departures, Segment, WordOfMouth  # noqa: E402
from trustcurve.simulation.solution import InteractingCustomersError, Solution, solve  # noqa: E402
from trustcurve.simulation.sweep import parameters_of, sweep, with_parameter  # noqa: E402

__all__ = [
    "Arrivals",
    "ChangePoint",
    "Comparison",
    "Departures",
    "IncomparableScenariosError",
    "InteractingCustomersError",
    "InvalidScenarioError",
    "ProcessesEndedError",
    "Run",
    "Scenario",
    "Segment",
    "SimulationError",
    "Solution",
    "TooManyCustomersError",
    "UnboundedPolicyError",
    "WordOfMouth",
    "compare",
    "compare_runs",
    "exact_differences",
    "load_scenario",
    "parameters_of",
    "parse_scenario",
    "simulate",
    "solve",
    "sweep",
    "with_parameter",
    "write_tables",
]
