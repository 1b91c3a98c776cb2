"""How often each rank is looked at, estimated from the log itself: nothing has to be shown at random.

Under the position-based model a click needs that a rank is looked at and that the document attracts. Where the same
document was shown at two ranks for the same query, because the ranking has changed in between, its attraction cancels
out (intervention harvesting; Agarwal et al., WSDM 2019). The ratio of two ranks' propensities is pooled over such
documents as a common risk ratio is over strata (Mantel and Haenszel, 1959, with the variance of Greenland and Robins,
1985); the ratios of all pairs of ranks are fitted by weighted least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from rocchio.errors import InvalidArgument
from rocchio.feedback.clicks import same_query
from rocchio.storage.click_log import Impression

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DEEPEST = 50
"""Ranks below are looked at so seldom that their clicks say nothing."""
LEAST_CLICKS = 5
"""On either side of a pair of ranks."""
LEAST_VARIANCE = 1e-6
"""Of the logarithm of a ratio."""
ROUNDS = 100
"""Of the bootstrap over impressions that gives the standard errors."""


@dataclass(frozen=True)
class PropensityEstimate:
    """`ranks[i]` is the propensity of rank i + 1 beside that of rank 1, `errors[i]` its standard error, nan where the
    log says nothing of the rank. `eta` of the power law (1 / rank)^eta that fits all of them, and its standard error.
    `documents` were shown at several ranks for the same query.
    """

    ranks: tuple[float, ...]
    errors: tuple[float, ...]
    eta: float
    eta_error: float
    documents: int

    def filled(self, depth: int) -> tuple[float, ...]:
        """Propensities of ranks 1 to `depth`: by the power law where the log says nothing of them."""
        known = {rank: value for rank, value in enumerate(self.ranks, start=1) if not np.isnan(value)}
        return tuple(known.get(rank, rank**-self.eta) for rank in range(1, depth + 1))

    def __str__(self) -> str:
        """A line for each rank."""
        lines = [f"eta {self.eta:.2f} (standard error {self.eta_error:.2f}) from {self.documents:,} documents"]
        for rank, (value, error) in enumerate(zip(self.ranks, self.errors, strict=True), start=1):
            lines.append(
                f"rank {rank:>3}  unknown" if np.isnan(value) else f"rank {rank:>3}  {value:.3f}  ({error:.3f})"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class _Observations:
    """Every time that a document which moved was shown: in which impression, in which cell, whether clicked.

    Cells are (query, document, rank), ordered by these; `document` and `rank` (from 0) are by cell.
    """

    impression: Ints
    cell: Ints
    clicked: Floats
    document: Ints
    rank: Ints


def estimate_propensities(
    impressions: Sequence[Impression], *, rounds: int = ROUNDS, seed: int = 42
) -> PropensityEstimate:
    """Propensities by rank with standard errors. Raises InvalidArgument for a log in which no document moved."""
    seen = _observations(impressions)
    ones = np.ones(len(impressions))
    ranks, eta = _fitted(seen, ones)
    if not np.isfinite(eta):
        raise InvalidArgument(
            "expected documents that were shown at several ranks for the same query and clicked at least "
            f"{LEAST_CLICKS} times at two of them, found none; log more, or give eta or propensities"
        )
    dice = np.random.default_rng(seed)
    again = [_fitted(seen, dice.poisson(1.0, len(impressions)).astype(np.float64)) for _ in range(rounds)]
    errors = _deviation(np.stack([_padded(values, len(ranks)) for values, _ in again]))
    errors[np.isnan(ranks)] = np.nan
    eta_error = _deviation(np.array([[value] for _, value in again]))[0]
    documents = len(np.unique(seen.document))
    return PropensityEstimate(tuple(ranks.tolist()), tuple(errors.tolist()), float(eta), float(eta_error), documents)


def _observations(impressions: Sequence[Impression]) -> _Observations:
    numbers: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, int, int, bool]] = []
    for place, impression in enumerate(impressions):
        query, clicked = same_query(impression.query), set(impression.clicked)
        for rank, doc_id in enumerate(impression.shown[:DEEPEST]):
            number = numbers.setdefault((query, doc_id), len(numbers))
            rows.append((place, number, rank, rank + 1 in clicked))
    table = np.array(rows, np.int64).reshape(-1, 4)
    keys, cell = np.unique(table[:, 1] * DEEPEST + table[:, 2], return_inverse=True)
    document, rank = np.divmod(keys, DEEPEST)
    moved = np.bincount(document, minlength=len(numbers))[document] > 1
    kept = moved[cell]
    renumbered = np.cumsum(moved) - 1
    return _Observations(
        table[kept, 0], renumbered[cell[kept]], table[kept, 3].astype(np.float64), document[moved], rank[moved]
    )


def _fitted(seen: _Observations, weights: Floats) -> tuple[Floats, float]:
    """(propensities by rank, eta) when impressions count with these weights; nan for what cannot be known."""
    cells = len(seen.rank)
    shown: Floats = np.bincount(seen.cell, weights[seen.impression], cells).astype(np.float64)
    clicks: Floats = np.bincount(seen.cell, weights[seen.impression] * seen.clicked, cells).astype(np.float64)
    depth = int(seen.rank.max()) + 1 if cells else 1
    logs, precision = _log_ratios(seen, shown, clicks, depth)
    distances = np.log(np.arange(1, depth + 1))
    distance = distances[None, :] - distances[:, None]
    total = (precision * distance**2).sum()
    eta = float((precision * logs * distance).sum() / total) if total > 0 else np.nan
    return _least_squares(logs, precision), eta


def _log_ratios(seen: _Observations, shown: Floats, clicks: Floats, depth: int) -> tuple[Floats, Floats]:
    """log(p_i / p_j) for ranks i < j (depth, depth), and how precise it is: 1 / variance, 0 for what is unknown."""
    sums = np.zeros((5, depth * depth))
    for lag in range(1, depth):
        here = np.flatnonzero(seen.document[lag:] == seen.document[:-lag])
        if not len(here):
            break  # cells of a document stand together
        there = here + lag
        n, m, a, b = shown[here], shown[there], clicks[here], clicks[there]
        both = np.maximum(n + m, 1e-300)
        variance = (n * m * (a + b) - a * b * both) / both**2
        key = seen.rank[here] * depth + seen.rank[there]
        for row, values in enumerate((a * m / both, b * n / both, variance, a, b)):
            sums[row] += np.bincount(key, values, depth * depth)
    above, below, variance, upper, lower = sums
    known = (above > 0) & (below > 0) & (np.minimum(upper, lower) >= LEAST_CLICKS)
    logs, precision = np.zeros(depth * depth), np.zeros(depth * depth)
    logs[known] = np.log(above[known] / below[known])
    # where everything that is shown is clicked nothing varies
    precision[known] = 1 / np.maximum(variance[known] / (above[known] * below[known]), LEAST_VARIANCE)
    return logs.reshape(depth, depth), precision.reshape(depth, depth)


def _least_squares(logs: Floats, precision: Floats) -> Floats:
    """Propensities (depth,) beside rank 1, nan for ranks that no chain of pairs ties to it."""
    depth = len(logs)
    _, parts = connected_components(precision, directed=False)
    tied = np.flatnonzero(parts == parts[0])[1:]
    both = precision + precision.T
    laplacian = np.diag(both.sum(axis=1)) - both
    moved = (precision * logs).sum(axis=1) - (precision * logs).sum(axis=0)
    found = np.full(depth, np.nan)
    found[0] = 1.0
    if len(tied):
        found[tied] = np.exp(np.linalg.solve(laplacian[np.ix_(tied, tied)], moved[tied]))
    return found


def _padded(values: Floats, size: int) -> Floats:
    return np.concatenate([values, np.full(size - len(values), np.nan)])


def _deviation(samples: Floats) -> Floats:
    """Standard deviations (n,) of samples (rounds, n), those that are nan left out; nan for fewer than two."""
    counts = np.isfinite(samples).sum(axis=0)
    means = np.nansum(samples, axis=0) / np.maximum(counts, 1)
    squares = np.nansum((samples - means) ** 2, axis=0)
    return np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)
