"""The effectiveness of a run, query by query and on average."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument
from rocchio.evaluation.measures import Measure, parse_measures
from rocchio.types import Qrels, QueryId, Run

MAX_GRADE = 1_000


@dataclass(frozen=True)
class Evaluation:
    """What a run is worth by some measures.

    `name` of the run; `measures` as text; `query_ids` judged, in the order of the qrels; `values[measure][i]`
    (float64) of query i; `means[measure]`, the mean over all judged queries (the sum for the counts NumQ, NumRel,
    NumRet, as ir-measures has it); `missing` judged queries that the run lacks, counted as 0; `unjudged` queries
    of the run without judgements, which are not measured.
    """

    name: str
    measures: tuple[str, ...]
    query_ids: tuple[QueryId, ...]
    values: Mapping[str, npt.NDArray[np.float64]]
    means: Mapping[str, float]
    missing: tuple[QueryId, ...]
    unjudged: tuple[QueryId, ...]

    def per_query(self, measure: str) -> dict[QueryId, float]:
        """Query id -> value. Raises: InvalidArgument for a measure that was not computed."""
        if measure not in self.values:
            raise InvalidArgument(f"expected one of {', '.join(self.measures)}, found {measure!r}")
        return dict(zip(self.query_ids, self.values[measure].tolist(), strict=True))

    def to_dict(self, *, per_query: bool = True) -> dict[str, Any]:
        """Plain values for JSON; a value that is not a number is None."""
        summary: dict[str, Any] = {
            "run": self.name,
            "queries": len(self.query_ids),
            "missing": list(self.missing),
            "unjudged": list(self.unjudged),
            "means": {measure: _number(mean) for measure, mean in self.means.items()},
        }
        if per_query:
            rows = {measure: self.per_query(measure) for measure in self.measures}
            summary["per_query"] = {
                measure: {query_id: _number(value) for query_id, value in row.items()} for measure, row in rows.items()
            }
        return summary


def evaluate(run: Run, qrels: Qrels, measures: str | Iterable[str | Measure]) -> Evaluation:
    """Measure the ranking of a run, as it is ordered, against judgements.

    Judged queries that the run lacks count as 0; queries of the run without judgements are left out; both are
    listed. What is measured is the order of `run.doc_ids`. The scores are not looked at: trec_eval would sort by
    score again and break ties by descending doc_id, ir-measures' RR@k by ascending doc_id, so one run with ties
    would be two rankings. Here every library gets rank-derived, strictly decreasing scores.

    Raises: InvalidArgument: measures that `parse_measures` refuses, no judged query, a query or document twice
    in the run, a grade beyond 1,000 in size.
    """
    parsed = parse_measures(measures)
    judged = {query_id: grades for query_id, grades in qrels.items() if grades}
    if not judged:
        raise InvalidArgument("expected judgements of at least one query, found none in the qrels")
    positions = _positions(run)
    query_ids = tuple(judged)
    rankings = [run.doc_ids[positions[query_id]] if query_id in positions else () for query_id in query_ids]
    values, means = _measure(parsed, [dict(judged[query_id]) for query_id in query_ids], rankings)
    return Evaluation(
        name=run.name,
        measures=tuple(map(str, parsed)),
        query_ids=query_ids,
        values=values,
        means=means,
        missing=tuple(query_id for query_id in query_ids if query_id not in positions),
        unjudged=tuple(query_id for query_id in run.query_ids if query_id not in judged),
    )


def _positions(run: Run) -> dict[QueryId, int]:
    positions: dict[QueryId, int] = {}
    for index, query_id in enumerate(run.query_ids):
        if positions.setdefault(query_id, index) != index:
            raise InvalidArgument(f"expected every query once in the run, found {query_id!r} again")
        if len(set(run.doc_ids[index])) != len(run.doc_ids[index]):
            raise InvalidArgument(f"expected every document once per query, found one twice for query {query_id!r}")
    return positions


def _measure(
    measures: tuple[Measure, ...], judged: list[dict[str, int]], rankings: list[Any]
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, float]]:
    """Values per measure and query, and their aggregates.

    The libraries see query numbers and ranks in place of ids: an id with a space breaks the files that some of
    them write, one with a NUL is cut in C, and ERR accepts no query id but a number.
    """
    import ir_measures

    ranks = [f"r{rank}" for rank in range(max(map(len, rankings)))]
    # whole numbers up to 2**24 are exact in trec_eval's float32 scores
    scores = [-float(rank) for rank in range(len(ranks))]
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for number, (grades, ranking) in enumerate(zip(judged, rankings, strict=True)):
        _check_grades(grades)
        renamed = {ranks[rank]: grades.pop(doc_id) for rank, doc_id in enumerate(ranking) if doc_id in grades}
        renamed.update((f"u{index}", grade) for index, grade in enumerate(grades.values()))
        qrels[str(number)] = renamed
        if ranking:
            run[str(number)] = dict(zip(ranks[: len(ranking)], scores, strict=False))
    values = {str(measure): np.full(len(judged), float(measure.DEFAULT)) for measure in measures}
    # judgements as tuples: ERR's library wants the iteration column, which a dict of dicts lacks
    rows = [ir_measures.Qrel(query, doc, grade, "0") for query, docs in qrels.items() for doc, grade in docs.items()]
    try:
        for metric in ir_measures.iter_calc(list(measures), rows, run):
            values[str(metric.measure)][int(metric.query_id)] = metric.value
    except (ValueError, TypeError, RuntimeError, ArithmeticError, OSError, subprocess.SubprocessError) as error:
        # ERR@k and nDCG(dcg='exp-log2')@k run a Perl script, which wants Perl and grades of at most 4
        found = f"{type(error).__name__}: {str(error)[:200]}"
        raise InvalidArgument(
            f"cannot compute {' '.join(values)} on these judgements, found {found}; try the measures one by one"
        ) from error
    return values, {str(measure): _aggregate(measure, values[str(measure)]) for measure in measures}


def _check_grades(grades: Mapping[str, int]) -> None:
    """trec_eval has an array with an entry for every grade up to the largest: one of 10**8 takes minutes."""
    for doc_id, grade in grades.items():
        if not isinstance(grade, int | np.integer) or abs(int(grade)) > MAX_GRADE:
            expected = f"whole numbers from -{MAX_GRADE} to {MAX_GRADE} as grades"
            raise InvalidArgument(f"expected {expected}, found {grade!r} for document {doc_id!r}")


def _aggregate(measure: Measure, values: npt.NDArray[np.float64]) -> float:
    aggregator = measure.aggregator()
    for value in values.tolist():
        aggregator.add(value)
    return float(aggregator.result())


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
