"""Runs fused into one, query by query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rocchio.errors import InvalidArgument
from rocchio.fusion.lists import EMPTY, RankedList, fuse_lists
from rocchio.fusion.method import Fusion
from rocchio.fusion.parse import as_fusion
from rocchio.types import QueryId, Run


def fuse(runs: Sequence[Run], fusion: Fusion | str = "rrf", k: int = 1000) -> Run:
    """The best k of each query by `fusion`, a value or its text form: `znorm(0.4, 0.6)`, `rrf(k=60)`, `combmnz`.

    Queries come in the order of their first appearance. A run that lacks a query counts as an empty list. Scores are
    rounded to float32, ties ordered by doc_id: the order of the runs, weights along with them, does not matter.
    Raises InvalidArgument: no runs, another number of weights than runs, a query or a document twice in a run, scores
    that are not finite.
    """
    method = as_fusion(fusion)
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InvalidArgument(f"expected k of at least 1, found {k!r}; it is the number of results wanted")
    query_ids, lists = lists_of_runs(runs)
    method.list_weights(len(runs))
    fused = [fuse_lists(each, method, k) for each in lists]
    return Run(query_ids, [ids for ids, _ in fused], [scores for _, scores in fused], str(method).replace(" ", ""))


def lists_of_runs(runs: Sequence[Run]) -> tuple[list[QueryId], list[list[RankedList]]]:
    """All queries, in the order of their first appearance, and the ranked lists of each. Raises InvalidArgument."""
    if isinstance(runs, Run) or not runs or not all(isinstance(run, Run) for run in runs):
        raise InvalidArgument("expected a list of runs to fuse, found something else; see rocchio.sources.read_run")
    rows = [_rows(run) for run in runs]
    query_ids = list(dict.fromkeys(query_id for run in runs for query_id in run.query_ids))
    lists = [[_list(run, row.get(query_id)) for run, row in zip(runs, rows, strict=True)] for query_id in query_ids]
    return query_ids, lists


def _rows(run: Run) -> dict[QueryId, int]:
    rows = {query_id: row for row, query_id in enumerate(run.query_ids)}
    if len(rows) < len(run):
        raise InvalidArgument(f"expected every query once in a run, found one twice in {run.name!r}")
    return rows


def _list(run: Run, row: Any) -> RankedList:
    return EMPTY if row is None else RankedList(run.doc_ids[row], run.scores[row])
