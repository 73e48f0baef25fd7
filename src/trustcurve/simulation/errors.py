"""What can be wrong with a simulation."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import InvalidDocumentError, TrustcurveError

__all__ = [
    "CoupledError",
    "InvalidScenarioError",
    "ProcessesEndedError",
    "SimulationError",
    "UnboundedPolicyError",
    "UnpairedRunsError",
]


class SimulationError(TrustcurveError):
    """The root of the errors about simulations."""


class InvalidScenarioError(SimulationError, InvalidDocumentError):
    """A file is not a scenario: ``findings``, all of them at once."""


@define(slots=False, repr=False)
class CoupledError(SimulationError):
    """An exact answer is asked for where customers influence each other: ``scenario``, ``coupled_by``."""

    scenario: str
    coupled_by: str

    def __str__(self) -> str:
        return f"scenario {self.scenario!r} has no exact answer: its customers influence each other by {self.coupled_by}; simulate it"


@define(slots=False, repr=False)
class ProcessesEndedError(SimulationError):
    """Processes that were started ended before their work was done: ``processes``."""

    processes: int

    def __str__(self) -> str:
        return (
            f"the {self.processes} processes ended before their work was done: let your script simulate below "
            "if __name__ == '__main__' (each process imports it), or use processes=1"
        )


@define(slots=False, repr=False)
class UnboundedPolicyError(SimulationError):
    """The loop of a policy has no end within the limits: ``policy``, ``problem``."""

    policy: str
    problem: str

    def __str__(self) -> str:
        return f"policy {self.policy!r} cannot be simulated: {self.problem}"


@define(slots=False, repr=False)
class UnpairedRunsError(SimulationError):
    """Two scenarios, or runs of them, cannot be compared pair by pair: ``what`` differs, ``old``, ``new``."""

    what: str
    old: object
    new: object

    def __str__(self) -> str:
        return (
            f"the two scenarios differ in {self.what} ({self.old} and {self.new}): only with the same they are a pair"
        )
