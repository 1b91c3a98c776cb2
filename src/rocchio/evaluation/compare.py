"""Runs against a baseline: differences, significance, and the queries that gain and lose most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument
from rocchio.evaluation.evaluate import Evaluation
from rocchio.evaluation.significance import ROUNDS, holm, randomisation_test
from rocchio.types import QueryId

_SAME = 1e-9
"""Values of a measure this close are a tie: measures are sums in float64, in an order that may differ."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One run against the baseline by one measure.

    `baseline_mean`, `mean`, `difference` (mean - baseline_mean); `p` of the two-sided randomisation test, `p_holm`
    corrected for the number of runs compared; `wins`, `losses`, `ties` count queries; `best` and `worst` are
    (query id, difference) of the queries that gain and lose most, extreme first.
    """

    run: str
    measure: str
    baseline_mean: float
    mean: float
    difference: float
    p: float
    p_holm: float
    wins: int
    losses: int
    ties: int
    best: tuple[tuple[QueryId, float], ...]
    worst: tuple[tuple[QueryId, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        for name in ("best", "worst"):
            row[name] = [{"query_id": query_id, "difference": value} for query_id, value in row[name]]
        return row


@dataclass(frozen=True)
class Comparison:
    """`differences` run by run (in the given order), in each measure by measure; `queries` were compared."""

    baseline: str
    queries: int
    measures: tuple[str, ...]
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "baseline": self.baseline,
            "queries": self.queries,
            "test": "paired two-sided randomisation test, Holm correction over the runs",
            "differences": [row.to_dict() for row in self.differences],
        }


def compare(
    baseline: Evaluation,
    others: Sequence[Evaluation],
    *,
    extremes: int = 5,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Comparison:
    """Compare runs with a baseline, query by query; Holm's correction is over `others`, for each measure.

    `extremes` queries at most are listed as best and worst; `rounds` and `seed` go to `randomisation_test`.

    Raises: InvalidArgument when nothing is given to compare, or when an evaluation has other queries or measures
    than the baseline.
    """
    if not others:
        raise InvalidArgument("expected at least one run to compare with the baseline, found none")
    for other in others:
        _check_comparable(baseline, other)
    table: list[list[Difference]] = [[] for _ in others]
    for measure in baseline.measures:
        rows = [other.values[measure] - baseline.values[measure] for other in others]
        p_values = [randomisation_test(row, rounds=rounds, seed=seed) for row in rows]
        for index, p_holm in enumerate(holm(p_values)):
            gains = _Gains(rows[index], baseline.query_ids, extremes)
            table[index].append(_difference(baseline, others[index], measure, (p_values[index], p_holm), gains))
    return Comparison(
        baseline=baseline.name,
        queries=len(baseline.query_ids),
        measures=baseline.measures,
        differences=tuple(row for rows_of_run in table for row in rows_of_run),
    )


def _check_comparable(baseline: Evaluation, other: Evaluation) -> None:
    if other.query_ids != baseline.query_ids:
        raise InvalidArgument(
            f"expected {other.name!r} to be evaluated on the {len(baseline.query_ids)} queries of "
            f"{baseline.name!r}, found {len(other.query_ids)} other ones; evaluate both with the same qrels"
        )
    if other.measures != baseline.measures:
        raise InvalidArgument(
            f"expected {other.name!r} to have the measures {' '.join(baseline.measures)}, "
            f"found {' '.join(other.measures)}"
        )


class _Gains:
    """Wins, losses, ties and the extreme queries of a row of per-query differences."""

    def __init__(self, row: npt.NDArray[np.float64], query_ids: Sequence[QueryId], extremes: int) -> None:
        self.wins = int(np.count_nonzero(row > _SAME))
        self.losses = int(np.count_nonzero(row < -_SAME))
        self.ties = len(row) - self.wins - self.losses
        order = np.argsort(row, kind="stable").tolist()  # equal differences stay in the order of the qrels
        falling = np.argsort(-row, kind="stable").tolist()
        self.worst = tuple((query_ids[i], float(row[i])) for i in order[: min(extremes, self.losses)])
        self.best = tuple((query_ids[i], float(row[i])) for i in falling[: min(extremes, self.wins)])


def _difference(
    baseline: Evaluation, other: Evaluation, measure: str, p_values: tuple[float, float], gains: _Gains
) -> Difference:
    return Difference(
        run=other.name,
        measure=measure,
        baseline_mean=baseline.means[measure],
        mean=other.means[measure],
        difference=other.means[measure] - baseline.means[measure],
        p=p_values[0],
        p_holm=p_values[1],
        wins=gains.wins,
        losses=gains.losses,
        ties=gains.ties,
        best=gains.best,
        worst=gains.worst,
    )
