"""Searches a vector field over all segments of a snapshot, on one thread or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.dense.reference import score_rows
from rocchio.engine.execution import PARTS_PER_THREAD, check_threads
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

Queries = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Wanted:
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
        lambda chosen, most: _search_rows(view, queries[chosen], replace(wanted, k=most)),
    )


def _search_rows(view: VectorView, queries: Queries, wanted: Wanted) -> Found:
    """The wanted rows of every query."""
    parts = [_search_segment(view, number, queries, wanted) for number in range(len(view.segments))]
    if not parts:
        return Found(np.zeros(len(queries) + 1, np.uint64), *(np.empty(0, dtype) for dtype in ("u4", "u4", "f4")))
    best = _best(view, parts[0] if len(parts) == 1 else Places.merged(parts), wanted)
    kept = best.rows >= 0
    if kept.all():
        offsets = np.arange(len(queries) + 1, dtype=np.uint64) * np.uint64(kept.shape[1])
        return Found(offsets, best.segments.ravel(), best.rows.astype(np.uint32).ravel(), best.scores.ravel())
    offsets = np.zeros(len(queries) + 1, np.uint64)
    np.cumsum(kept.sum(axis=1), out=offsets[1:])
    return Found(offsets, best.segments[kept], best.rows[kept].astype(np.uint32), best.scores[kept])


@dataclass(frozen=True)
class Places:
    """What queries found: segments, rows and scores of shape (queries, places), row -1 where there is nothing."""

    segments: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]

    @staticmethod
    def merged(parts: Sequence[Places]) -> Places:
        """What the same queries found in several segments, best first."""
        segments = np.hstack([part.segments for part in parts])
        rows = np.hstack([part.rows for part in parts])
        scores = np.hstack([part.scores for part in parts])
        order = np.argsort(-scores, axis=1, kind="stable")
        return Places(*(np.take_along_axis(array, order, 1) for array in (segments, rows, scores)))  # type: ignore[arg-type]


def _search_segment(view: VectorView, number: int, queries: Queries, wanted: Wanted) -> Places:
    """The best k of a segment; of those that tie for the last places, the first by doc_id.

    A segment breaks ties by row, which would make answers depend on what was committed when.
    """
    segment, live = view.segments[number], view.live[number]
    k = min(wanted.k, segment.rows)
    effort = segment.effort(k, wanted.recall)
    rows, scores = segment.search(queries, min(k + 1, segment.rows), live, effort)
    if rows.shape[1] > k:
        tied = (rows[:, k] >= 0) & (scores[:, k] == scores[:, k - 1])
        for query in np.flatnonzero(tied).tolist() if tied.any() else ():
            count = k + 1
            more_rows, more_scores = rows[query], scores[query]
            while count < segment.rows and more_rows[-1] >= 0 and more_scores[-1] == scores[query, k - 1]:
                count = min(4 * count, segment.rows)
                (more_rows,), (more_scores,) = segment.search(queries[query : query + 1], count, live, effort)
            places = Places(np.full((1, len(more_rows)), number, np.uint32), more_rows[None], more_scores[None])
            best = _best(view, places, Wanted(k))
            rows[query, :k], scores[query, :k] = best.rows[0, :k], best.scores[0, :k]
    return Places(np.full((len(rows), k), number, np.uint32), rows[:, :k], scores[:, :k])


def _best(view: VectorView, places: Places, wanted: Wanted) -> Places:
    """The best k of places in order of their scores, ties by doc_id; row -1 for what scores too little."""
    segments, rows, scores = places.segments, places.rows, places.scores
    tied = (scores[:, 1:] == scores[:, :-1]) & (rows[:, 1:] >= 0)
    for query in np.flatnonzero(tied.any(axis=1)).tolist() if tied.any() else ():
        order = np.arange(rows.shape[1])
        _order_ties(view, order, np.flatnonzero(tied[query]), segments[query], rows[query], scores[query])
        segments[query], rows[query] = segments[query][order], rows[query][order]
    if wanted.min_score > -np.inf:
        rows = np.where(scores < np.float32(wanted.min_score), -1, rows)
    return Places(segments[:, : wanted.k], rows[:, : wanted.k], scores[:, : wanted.k])


def _order_ties(
    view: VectorView,
    order: npt.NDArray[np.int64],
    tied: npt.NDArray[np.int64],
    segments: npt.NDArray[np.uint32],
    rows: npt.NDArray[np.int64],
    ranked: npt.NDArray[np.float32],
) -> None:
    """Sort each run of equal scores by doc_id, in place; `tied` are the places that score like their successor."""
    found = int((rows >= 0).sum())
    begins = tied[np.flatnonzero(np.diff(tied, prepend=-2) > 1)]
    for begin in begins.tolist():
        end = begin + int(np.searchsorted(-ranked[begin:found], -ranked[begin], side="right"))
        run = order[begin:end]
        names = view.names.doc_ids(segments[run], rows[run].astype(np.uint32))
        order[begin:end] = run[sorted(range(len(run)), key=names.__getitem__)]


def search_vectors_threads(view: VectorView, queries: Queries, wanted: Wanted, threads: int) -> list[Found]:
    """The wanted documents of every query, in order, cut into parts for `threads` threads."""
    check_threads(threads)
    rows = sum(min(wanted.k, segment.rows) for segment in view.segments)
    step = max(1, min(PLACES_AT_ONCE // max(1, rows), len(queries)))
    if threads > 1:
        step = min(step, -(-len(queries) // (threads * PARTS_PER_THREAD))) or 1
    parts = [queries[first : first + step] for first in range(0, len(queries), step)]
    if threads == 1:
        return [search_vectors(view, part, wanted) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda part: search_vectors(view, part, wanted), parts))


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
    if isinstance(recall, bool) or not isinstance(recall, int | float | np.number) or not 0 < recall <= 1:
        raise InvalidArgument(f"expected recall above 0 and at most 1, found {recall!r}; 1 is exact")


def check_wanted(k: int | None, options: Mapping[str, Any]) -> Wanted:
    """What a search of a vector field is asked for; `k` None is 10, or all with `min_score`. Raises InvalidArgument."""
    recall, least = options.get("recall"), options.get("min_score")
    if recall is None:
        recall = DEFAULT_RECALL
    check_recall(recall)
    if least is None:
        return Wanted(check_k(10 if k is None else k), recall=float(recall))
    if isinstance(least, bool) or not isinstance(least, int | float | np.number) or not -np.inf < least < np.inf:
        raise InvalidArgument(f"expected a finite number as min_score, found {least!r}; leave it out for the best k")
    return Wanted(MAX_K if k is None else check_k(k), float(least))


def check_vector_options(options: Mapping[str, Any], name: str) -> None:
    """Raises InvalidArgument for an option that a vector field does not have."""
    for option in ("scoring", "alpha", "query_cut", "kernel"):
        if options.get(option) is not None:
            raise InvalidArgument(
                f"expected no {option} with the vector field {name!r}, found one; its metric is the scoring"
            )
