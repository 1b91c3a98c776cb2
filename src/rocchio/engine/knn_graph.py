"""The nearest neighbours of every document, as a sparse matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.engine.snapshot import Snapshot
from rocchio.engine.vector_search import Wanted, check_wanted, search_vectors_threads
from rocchio.engine.vector_view import VectorView, distances_of, one_vector_each

ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class KnnGraph:
    """Node i is the document doc_ids[i]; its neighbours are indices[indptr[i]:indptr[i + 1]], nearest first.

    `indptr` int64 (n + 1,), `indices` int64, `distances` float32: 1 - cosine, or the length of the difference.
    """

    doc_ids: list[str]
    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float32]

    def csr(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """What `scipy.sparse.csr_matrix` takes for the (n, n) matrix of distances."""
        return self.distances, self.indices, self.indptr


def knn_graph(
    snapshot: Snapshot,
    name: str,
    k: int,
    recall: float | None,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> KnnGraph:
    """Search with every vector of the field. Raises InvalidArgument."""
    view = one_vector_each(snapshot, name)
    wanted = check_wanted(k, {"recall": recall})
    nodes = _Nodes(view)
    counts, indices, distances = [np.zeros(1, np.int64)], [], []
    for segment, rows in nodes.blocks():
        queries = view.segments[segment].originals.gather(rows).astype(np.float32)
        found = search_vectors_threads(view, queries, Wanted(wanted.k + 1, recall=wanted.recall), threads)
        of_query = np.repeat(
            np.arange(len(rows)), np.concatenate([np.diff(part.offsets.astype(np.int64)) for part in found])
        )
        neighbours = nodes.number(
            np.concatenate([part.segments for part in found]), np.concatenate([part.rows for part in found])
        )
        keep = _others(of_query, neighbours, nodes.number(np.full(len(rows), segment), rows), wanted.k)
        counts.append(np.bincount(of_query[keep], minlength=len(rows)))
        indices.append(neighbours[keep])
        distances.append(distances_of(np.concatenate([part.scores for part in found])[keep], view.metric))
        if progress is not None:
            progress(sum(map(len, counts)) - 1, nodes.count)
    return KnnGraph(
        nodes.doc_ids(),
        np.cumsum(np.concatenate(counts)),
        np.concatenate([*indices, np.empty(0, np.int64)]),
        np.concatenate([*distances, np.empty(0, np.float32)]),
    )


class _Nodes:
    """Live documents that have a vector, numbered over segments."""

    def __init__(self, view: VectorView) -> None:
        self._view = view
        self._rows = []
        for segment, live in zip(view.segments, view.live, strict=True):
            there = segment.originals.is_present
            if live is not None:
                there = there & np.unpackbits(live, count=segment.rows, bitorder="little").astype(np.bool_)
            self._rows.append(np.flatnonzero(there))
        self._firsts = np.cumsum([0, *map(len, self._rows)])

    @property
    def count(self) -> int:
        return int(self._firsts[-1])

    def blocks(self) -> list[tuple[int, npt.NDArray[np.int64]]]:
        """Segments and some of their rows, in order."""
        return [
            (segment, rows[first : first + ROWS_AT_ONCE])
            for segment, rows in enumerate(self._rows)
            for first in range(0, len(rows), ROWS_AT_ONCE)
        ]

    def number(self, segments: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Node numbers of rows that are nodes."""
        numbers = np.empty(len(rows), np.int64)
        for segment in np.unique(segments).tolist():
            chosen = segments == segment
            numbers[chosen] = self._firsts[segment] + np.searchsorted(self._rows[segment], rows[chosen])
        return numbers

    def doc_ids(self) -> list[str]:
        """Names by number."""
        segments = np.repeat(np.arange(len(self._rows), dtype=np.uint32), np.diff(self._firsts))
        rows = np.concatenate([*self._rows, np.empty(0, np.int64)]).astype(np.uint32)
        return list(self._view.names.doc_ids(segments, rows))


def _others(
    of_query: npt.NDArray[np.int64], neighbours: npt.NDArray[np.int64], itself: npt.NDArray[np.int64], k: int
) -> npt.NDArray[np.bool_]:
    """Which neighbours stay: the first k of each query that are not the query itself."""
    other = neighbours != itself[of_query]
    before = np.cumsum(other) - other
    firsts = np.searchsorted(of_query, np.arange(len(itself)))
    starts = np.append(before, before[-1:] + 1)[firsts] if len(before) else firsts
    keep: npt.NDArray[np.bool_] = other & (before - starts[of_query] < k)
    return keep
