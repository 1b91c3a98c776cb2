"""Searches a vector field over all segments of a snapshot, on one thread or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rocchio.dense.reference import score_rows
from rocchio.engine.execution import PARTS_PER_THREAD, check_threads, on_threads
from rocchio.engine.found import Found
from rocchio.engine.grouping import best_documents
from rocchio.engine.queries import MAX_K, check_k
from rocchio.engine.range_search import best_of_each, search_within
from rocchio.engine.vector_view import VectorView
from rocchio.errors import InvalidArgument, NotFound
from rocchio.types import Explanation, VectorMatch

PLACES_AT_ONCE = 1 << 23
"""Of queries times results that are found in one go: bounds what a search with a very large k holds."""

DEFAULT_RECALL = 0.99
"""Where a search does not say: what is missed is rarely missed, for a fraction of an exact search's time."""

_NUMBER = (int, float, np.number)

Queries = npt.NDArray[np.float32]

Part: TypeAlias = tuple[int, npt.NDArray[np.int64], npt.NDArray[np.float32]]
"""What queries found in a segment, by its number: rows and scores (queries, places), row -1 where there is nothing."""


class Wanted(NamedTuple):
    """The best `k`, and none that scores below `min_score`; `recall` is the share of them that is enough."""

    k: int
    min_score: float = -np.inf
    recall: float = 1.0


def search_vectors(view: VectorView, queries: Queries, wanted: Wanted) -> Found:
    """The wanted documents of every query (n, dim), on this thread; ties are ordered by doc_id."""
    if view.groups is None and wanted.min_score > -np.inf:
        least = np.full(len(queries), wanted.min_score, np.float32)
        return best_of_each(search_within(view, queries, least), wanted.k)
    if view.groups is None:
        return _search_rows(view, queries, wanted)
    return best_documents(
        view.groups,
        len(queries),
        wanted.k,
        lambda chosen, most: _search_rows(view, queries[chosen], wanted._replace(k=most)),
    )


def _search_rows(view: VectorView, queries: Queries, wanted: Wanted) -> Found:
    """The wanted rows of every query."""
    parts = [_search_segment(view, number, queries, wanted) for number in range(len(view.segments))]
    asked = len(queries), wanted.k, wanted.min_score
    found, tied = view.names.best_rows(parts, *asked)
    if tied:
        for part, query in tied:
            _settle_ties(view, parts[part], query, queries, wanted)
        found, _ = view.names.best_rows(parts, *asked)
    return Found(*found)


def _search_segment(view: VectorView, number: int, queries: Queries, wanted: Wanted) -> Part:
    """The best k of a segment and the next one, which tells whether rows that tie for the last places are missing."""
    segment = view.segments[number]
    effort = segment.effort(min(wanted.k, segment.rows), wanted.recall)
    return number, *segment.search(queries, min(wanted.k + 1, segment.rows), view.live[number], effort)


def _settle_ties(view: VectorView, part: Part, query: int, queries: Queries, wanted: Wanted) -> None:
    """Of all rows that tie for a query's last places in a segment, keep the first by doc_id, in place.

    A segment breaks ties by row, which would make answers depend on what was committed when.
    """
    number, rows, scores = part
    segment, live, k = view.segments[number], view.live[number], wanted.k
    effort = segment.effort(k, wanted.recall)
    count, more_rows, more_scores = k + 1, rows[[query]], scores[[query]]
    while count < segment.rows and more_rows[0, -1] >= 0 and more_scores[0, -1] == scores[query, k - 1]:
        count = min(4 * count, segment.rows)
        more_rows, more_scores = segment.search(queries[query : query + 1], count, live, effort)
    (_, _, best, best_scores), _ = view.names.best_rows([(number, more_rows, more_scores)], 1, k, -np.inf)
    rows[query] = -1
    rows[query, : len(best)], scores[query, : len(best)] = best, best_scores


def search_vectors_threads(view: VectorView, queries: Queries, wanted: Wanted, threads: int) -> list[Found]:
    """The wanted documents of every query, in order, cut into parts for `threads` threads."""
    check_threads(threads)
    if len(queries) == 1:
        return [search_vectors(view, queries, wanted)]
    rows = sum(min(wanted.k, segment.rows) for segment in view.segments)
    step = max(1, min(PLACES_AT_ONCE // max(1, rows), len(queries)))
    if threads > 1:
        step = min(step, -(-len(queries) // (threads * PARTS_PER_THREAD))) or 1
    parts = [queries[first : first + step] for first in range(0, len(queries), step)]
    return on_threads(lambda part: search_vectors(view, part, wanted), parts, threads)


def explain_vector(view: VectorView, query: npt.NDArray[np.float32], segment: int, row: int) -> Explanation:
    """Why the document at (segment, row) has its score; computed anew from the original. Raises NotFound."""
    vector = view.segments[segment].originals.vector(row)
    (doc_id,) = view.names.doc_ids(np.array([segment], np.uint32), np.array([row], np.uint32))
    if vector is None:
        raise NotFound(f"expected a document with a vector in the field, {doc_id!r} has none")
    (score,) = score_rows(query[None], vector[None], view.metric)[0].tolist()
    q, x = query.astype(np.float64), vector.astype(np.float64)
    match = VectorMatch(
        view.metric, float(q @ x), float(np.linalg.norm(q)), float(np.linalg.norm(x)), float(np.linalg.norm(q - x))
    )
    return Explanation(doc_id, score, view.metric, (), 0.0, 0.0, 0.0, match)


def check_recall(recall: Any) -> None:
    """Raises InvalidArgument."""
    if isinstance(recall, bool) or not isinstance(recall, _NUMBER) or not 0 < recall <= 1:
        raise InvalidArgument(f"expected recall above 0 and at most 1, found {recall!r}; 1 is exact")


def check_wanted(k: int | None, options: Mapping[str, Any]) -> Wanted:
    """What a search of a vector field is asked for; `k` None is 10, or all with `min_score`. Raises InvalidArgument."""
    recall, least = options.get("recall"), options.get("min_score")
    if recall is None:
        recall = DEFAULT_RECALL
    check_recall(recall)
    if least is None:
        return Wanted(check_k(10 if k is None else k), recall=float(recall))
    if isinstance(least, bool) or not isinstance(least, _NUMBER) or not -np.inf < least < np.inf:
        raise InvalidArgument(f"expected a finite number as min_score, found {least!r}; leave it out for the best k")
    return Wanted(MAX_K if k is None else check_k(k), float(least))


def check_vector_options(options: Mapping[str, Any], name: str) -> None:
    """Raises InvalidArgument for an option that a vector field does not have."""
    for option in ("scoring", "alpha", "query_cut", "kernel"):
        if options.get(option) is not None:
            raise InvalidArgument(
                f"expected no {option} with the vector field {name!r}, found one; its metric is the scoring"
            )
