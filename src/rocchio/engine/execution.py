"""Runs a batch of queries through the kernels, on one thread or several."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from rocchio._native import Kernel, Searcher
from rocchio.engine.found import Found
from rocchio.engine.grouping import best_documents
from rocchio.engine.queries import QueryBatch
from rocchio.engine.view import View
from rocchio.errors import InvalidArgument

PARTS_PER_THREAD = 4
"""Queries differ in cost: several parts a thread keep all threads busy to the end."""

DOC_IDS_AT_ONCE = 4096
"""About how many are read in one go while a batch's are iterated over."""


class DocIds(Sequence[Sequence[str]]):
    """The doc_ids of a batch by query, read from the index when asked for: many users of 1,000 hits look at few."""

    def __init__(self, searcher: Searcher, parts: Sequence[Found]) -> None:
        self._searcher, self._parts = searcher, parts

    @cached_property
    def _places(self) -> list[tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]]:
        return [
            (part.segments[begin:end], part.rows[begin:end])
            for part in self._parts
            for begin, end in pairwise(part.offsets.tolist())
        ]

    def __len__(self) -> int:
        return sum([len(part.offsets) - 1 for part in self._parts])

    def __getitem__(self, index: Any) -> Any:
        """The doc_ids of query `index`, best first; for a slice, a list of them."""
        if isinstance(index, slice):
            return [self._searcher.doc_ids(*places) for places in self._places[index]]
        return self._searcher.doc_ids(*self._places[index])

    def __iter__(self) -> Iterator[Sequence[str]]:
        """The doc_ids of each query, read for many queries at a time."""
        for part in self._parts:
            offsets = part.offsets.tolist()
            step = max(1, DOC_IDS_AT_ONCE * len(offsets) // max(1, len(part.rows)))
            for first in range(0, len(offsets) - 1, step):
                ends = offsets[first : first + step + 1]
                begin, end = ends[0], ends[-1]
                doc_ids = self._searcher.doc_ids(part.segments[begin:end], part.rows[begin:end])
                yield from [doc_ids[a - begin : b - begin] for a, b in pairwise(ends)]

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
    if view.groups is None:
        return _search_rows(view, batch, k, kernel)[0]
    return best_documents(
        view.groups, len(batch), k, lambda chosen, most: _search_rows(view, batch.chosen(chosen), most, kernel)[0]
    )


def _search_rows(view: View, batch: QueryBatch, k: int, kernel: Kernel, threads: int = 1) -> list[Found]:
    """Top k rows of every query, in parts; one thread makes one part."""
    data, offsets = batch.term_buffers()
    weights = batch.weights / view.scale
    arrays = data, offsets, batch.offsets, batch.terms, weights
    return [Found(*part) for part in view.searcher.search(*arrays, k, view.allowed, kernel, view.alpha, threads)]


def search_threads(view: View, batch: QueryBatch, k: int, kernel: Kernel, threads: int) -> list[Found]:
    """Top k of every query, in order, cut into parts for `threads` threads, which do not hold the GIL."""
    check_threads(threads)
    threads = min(threads, max(1, len(batch)))
    if view.groups is None:
        return _search_rows(view, batch, k, kernel, threads)
    if threads == 1:
        return [search_batch(view, batch, k, kernel)]
    step = max(1, -(-len(batch) // (threads * PARTS_PER_THREAD)))
    parts = [batch.part(first, min(first + step, len(batch))) for first in range(0, len(batch), step)]
    return on_threads(lambda part: search_batch(view, part, k, kernel), parts, threads)


Part = TypeVar("Part")
Made = TypeVar("Made")


def on_threads(work: Callable[[Part], Made], parts: Sequence[Part], threads: int) -> list[Made]:
    """`work` of each part, in their order; `threads` share the parts."""
    if threads == 1 or len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(min(threads, len(parts))) as pool:
        return list(pool.map(work, parts))


def parts_by_filter(where: Sequence[Hashable], threads: int) -> list[list[int]]:
    """The places of queries with equal filters, by filter, and as many parts of each as let `threads` share them."""
    groups: dict[Hashable, list[int]] = {}
    for place, each in enumerate(where):
        groups.setdefault(each, []).append(place)
    if threads == 1:
        return list(groups.values())
    most = max(1, -(-len(where) // (threads * PARTS_PER_THREAD)))
    parts = []
    for places in groups.values():
        count = -(-len(places) // most)  # of equal size: a part of few queries shares little among them
        ends = [len(places) * number // count for number in range(count + 1)]
        parts += [places[begin:end] for begin, end in pairwise(ends)]
    return parts


def check_threads(threads: Any) -> None:
    """Raises InvalidArgument for what is no number of threads."""
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InvalidArgument(f"expected threads of at least 1, found {threads!r}")
