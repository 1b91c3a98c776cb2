"""Runs a batch of queries through the kernels, on one thread or several."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio._native import Kernel, Searcher
from rocchio.engine.queries import QueryBatch
from rocchio.engine.view import View
from rocchio.errors import InvalidArgument

PARTS_PER_THREAD = 4
"""Queries differ in cost: several parts a thread keep all threads busy to the end."""


@dataclass(frozen=True)
class Found:
    """Hits of a batch, best first: query i has hits [offsets[i], offsets[i+1])."""

    offsets: npt.NDArray[np.uint64]
    segments: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    scores: npt.NDArray[np.float32]

    def scores_by_query(self) -> list[npt.NDArray[np.float32]]:
        """A view of the scores for each query."""
        return [self.scores[begin:end] for begin, end in pairwise(self.offsets.tolist())]


class DocIds(Sequence[Sequence[str]]):
    """The doc_ids of a batch by query, read from the index when asked for: many users of 1,000 hits look at few."""

    def __init__(self, searcher: Searcher, parts: Sequence[Found]) -> None:
        self._searcher = searcher
        self._places = [
            (part.segments[begin:end], part.rows[begin:end])
            for part in parts
            for begin, end in pairwise(part.offsets.tolist())
        ]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: Any) -> Any:
        """The doc_ids of query `index`, best first; for a slice, a list of them."""
        if isinstance(index, slice):
            return [self._searcher.doc_ids(*places) for places in self._places[index]]
        return self._searcher.doc_ids(*self._places[index])

    def places(self, index: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """(segments, rows) of the documents of query `index`, best first."""
        return self._places[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content, like a list

    def __repr__(self) -> str:
        return repr(list(self))


def search_batch(view: View, batch: QueryBatch, k: int, kernel: Kernel) -> Found:
    """Top k of every query, on this thread."""
    data, offsets = batch.term_buffers()
    weights = batch.weights / view.scale
    arrays = data, offsets, batch.offsets, batch.terms, weights
    return Found(*view.searcher.search(*arrays, k, view.allowed, kernel, view.alpha))


def search_threads(view: View, batch: QueryBatch, k: int, kernel: Kernel, threads: int) -> list[Found]:
    """Top k of every query, in order, cut into parts for `threads` threads. The kernels do not hold the GIL."""
    check_threads(threads)
    if threads == 1:
        return [search_batch(view, batch, k, kernel)]
    step = max(1, -(-len(batch) // (threads * PARTS_PER_THREAD)))
    parts = [batch.part(first, min(first + step, len(batch))) for first in range(0, len(batch), step)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda part: search_batch(view, part, k, kernel), parts))


def check_threads(threads: Any) -> None:
    """Raises InvalidArgument for what is no number of threads."""
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InvalidArgument(f"expected threads of at least 1, found {threads!r}")
