"""All documents of a vector field that are near enough to a query: within a score, a radius, or a shell."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rocchio.engine.execution import DocIds, check_threads
from rocchio.engine.found import Found
from rocchio.engine.query_vectors import with_absent
from rocchio.engine.vector_view import VectorView, distances_of, one_vector_each
from rocchio.errors import InvalidArgument

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

QUERIES_AT_ONCE = 128
"""Queries that one thread searches in one go: four groups that share the reading of codes."""

ROUNDING = 1e-6
"""More than what rounding changes in a distance, relative to a radius of 1 or more."""


@dataclass(frozen=True)
class Neighbours:
    """The documents near to each query, nearest first, ties by doc_id.

    Query i has doc_ids[i] at distances[indptr[i]:indptr[i + 1]]. `indptr` int64 (n + 1,), `distances` float32:
    1 - cosine, or the length of the difference.
    """

    doc_ids: Sequence[Sequence[str]]
    indptr: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, query: int) -> list[tuple[str, float]]:
        """(doc_id, distance) of the neighbours of one query."""
        if not -len(self) <= query < len(self):
            raise IndexError(f"expected one of {len(self)} queries, found {query}")
        query %= len(self)
        begin, end = self.indptr[query : query + 2].tolist()
        return list(zip(self.doc_ids[query], self.distances[begin:end].tolist(), strict=True))


def search_within(view: VectorView, queries: npt.NDArray[np.float32], least: npt.NDArray[np.float32]) -> Found:
    """All rows that score at least `least` (n,) for each query (n, dim), best first, ties by doc_id."""
    parts = [segment.within(queries, least, live) for segment, live in zip(view.segments, view.live, strict=True)]
    ends = [offsets.astype(np.int64) for offsets, _, _ in parts]
    of_query = np.concatenate(
        [np.empty(0, np.int64), *(np.repeat(np.arange(len(queries)), end[1:] - end[:-1]) for end in ends)]
    )
    segments = np.repeat(np.arange(len(parts), dtype=np.uint32), [len(rows) for _, rows, _ in parts])
    rows = np.concatenate([np.empty(0, np.uint32), *(rows.astype(np.uint32) for _, rows, _ in parts)])
    scores = np.concatenate([np.empty(0, np.float32), *(scores for _, _, scores in parts)])
    order = np.lexsort((-scores, of_query))
    tied = (of_query[order][1:] == of_query[order][:-1]) & (scores[order][1:] == scores[order][:-1])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], tied, [False]]).astype(np.int8)))
    for begin, last in edges.reshape(-1, 2).tolist():
        run = order[begin : last + 1]
        names = view.names.doc_ids(segments[run], rows[run])
        order[begin : last + 1] = run[sorted(range(len(run)), key=names.__getitem__)]
    offsets = np.searchsorted(of_query[order], np.arange(len(queries) + 1)).astype(np.uint64)
    return Found(offsets, segments[order], rows[order], scores[order])


def range_search(
    snapshot: Snapshot, name: str, query: Any, radius: Any, inner: Any, where: Any, threads: int
) -> Neighbours:
    """Documents at a distance of at least `inner` and less than `radius` of each query. Raises InvalidArgument."""
    view = one_vector_each(snapshot, name)
    queries, present, _ = snapshot.query_vectors(query, name)
    outer = _bounds(radius, len(queries), "radius")
    inside = _bounds(inner, len(queries), "inner")
    if (inside >= outer).any():
        place = int(np.argmax(inside >= outer))
        raise InvalidArgument(
            f"expected inner to be less than the radius, found {inside[place]:g} and {outer[place]:g}"
        )
    check_threads(threads)
    allowed = snapshot.allowed(where)
    if allowed is not None:
        view = view.under(allowed.masks)
    chosen = np.flatnonzero(present)
    least = _least_scores(outer, view.metric)
    parts = [chosen[first : first + QUERIES_AT_ONCE] for first in range(0, len(chosen), QUERIES_AT_ONCE)]
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda part: search_within(view, queries[part], least[part]), parts))
    return _in_shells(with_absent(found, present), view, inside, outer)


def _in_shells(
    found: Found, view: VectorView, inner: npt.NDArray[np.float64], outer: npt.NDArray[np.float64]
) -> Neighbours:
    """What is found, cut to the distances that are asked for."""
    of_query = np.repeat(np.arange(len(outer)), found.counts)
    distances = distances_of(found.scores, view.metric)
    keep = (distances < outer[of_query]) & (distances >= inner[of_query])
    kept = found.chosen(keep)
    return Neighbours(DocIds(view.names, [kept]), kept.offsets.astype(np.int64), distances[keep])


def _bounds(given: Any, count: int, what: str) -> npt.NDArray[np.float64]:
    """One distance, or one for each query, as (count,)."""
    try:
        values = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        values = np.full(1, np.nan)
    if values.shape not in ((), (count,)):
        raise InvalidArgument(f"expected {what} as a number or one for each of {count} queries, found {given!r:.80}")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise InvalidArgument(f"expected {what} as finite distances from 0, found {given!r:.80}")
    return np.broadcast_to(values, (count,))


def _least_scores(radius: npt.NDArray[np.float64], metric: str) -> npt.NDArray[np.float32]:
    """A little less than the scores at these distances."""
    slack = ROUNDING * np.maximum(radius, 1)
    reach = radius + slack
    with np.errstate(over="ignore"):
        return (-(reach**2) if metric == "l2" else 1 - reach).astype(np.float32)


def best_of_each(found: Found, k: int) -> Found:
    """The first `k` hits of each query."""
    begins = found.offsets.astype(np.int64)
    places = np.arange(len(found.rows)) - np.repeat(begins[:-1], found.counts)
    return found.chosen(places < k)
