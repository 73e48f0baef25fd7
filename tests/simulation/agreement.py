"""Whether what was sampled agrees with the exact answer: a test that is hardly ever wrong, and misses little.

At a fixed step, customers who do not influence each other are independent, so that the number of those who are in a state,
who have been at a stage, to whom something happens or for whom the company does something is binomial. Each of these numbers
is tested by the exact tails of its distribution, and all of them together by Bonferroni: whatever they have to do with each
other, the chance of a false alarm is at most FAMILYWISE.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from trustcurve.simulation import Run, Solution

FAMILYWISE = 1e-9


def p_values(run: Run, answer: Solution) -> NDArray[np.float64]:
    """Return the two-sided p-value of each number that was counted; all replications together."""
    found = []
    for place, exact in enumerate(answer._counts):
        size = sum(exact.sizes)
        sampled = [each.counts[place] for each in run._replications]
        of = sum(sum(tally.sizes) for tally in sampled)
        for what in ("actions", "moves", "reached"):
            counts = sum(getattr(tally, what) for tally in sampled)
            chances = getattr(exact, what) / size
            found.append(tails(counts, of, chances))
        for what in ("states", "retained"):
            counts = sum(getattr(tally, what)[0] for tally in sampled)
            found.append(tails(counts, of, getattr(exact, what)[0] / size))
    return np.concatenate([each.ravel() for each in found])


def tails(counts: NDArray[np.int64], of: int | NDArray[np.int64], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return twice the smaller tail of a binomial distribution."""
    chances = np.clip(chances, 0, 1)
    at_most = np.where(counts >= of, 1, betainc(of - np.minimum(counts, of - 1), counts + 1, 1 - chances))
    at_least = np.where(counts <= 0, 1, betainc(np.maximum(counts, 1), of - counts + 1, chances))
    return np.minimum(2 * np.minimum(at_most, at_least), 1)


def agrees(run: Run, answer: Solution, families: int = 1) -> bool:
    """Whether no number is too unlikely; with several families, the chance of a false alarm in any is FAMILYWISE."""
    found = p_values(run, answer)
    return bool(found.min() >= FAMILYWISE / families / len(found))
