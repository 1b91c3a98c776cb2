"""Runs a batch of queries through the kernels, on one thread or several."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio._native import Kernel, Searcher
from rocchio.engine.queries import QueryBatch
from rocchio.errors import Corruption, InvalidArgument
from rocchio.storage.segment import SegmentFile

PARTS_PER_THREAD = 4
"""Queries differ in cost: several parts a thread keep all threads busy to the end."""


@dataclass(frozen=True)
class Found:
    """Hits of a batch, best first: query i has hits [offsets[i], offsets[i+1])."""

    offsets: npt.NDArray[np.uint64]
    segments: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    scores: npt.NDArray[np.float32]
    id_bytes: npt.NDArray[np.uint8]
    id_offsets: npt.NDArray[np.int64]

    def doc_ids(self) -> list[str]:
        """The doc_ids of all hits."""
        buffers = pa.py_buffer(self.id_offsets), pa.py_buffer(self.id_bytes)
        try:
            ids: list[str] = pa.LargeStringArray.from_buffers(len(self.rows), *buffers).to_pylist()
        except UnicodeDecodeError as error:
            raise Corruption(SegmentFile.INDEX, None, "a doc_id is not UTF-8") from error
        return ids


def search_batch(searcher: Searcher, batch: QueryBatch, k: int, kernel: Kernel) -> Found:
    """Top k of every query, on this thread."""
    data, offsets = batch.term_buffers()
    return Found(*searcher.search(data, offsets, batch.offsets, batch.terms, batch.weights, k, [], kernel))


def search_threads(searcher: Searcher, batch: QueryBatch, k: int, kernel: Kernel, threads: int) -> list[Found]:
    """Top k of every query, in order, cut into parts for `threads` threads. The kernels do not hold the GIL."""
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InvalidArgument(f"expected threads of at least 1, found {threads!r}")
    if threads == 1:
        return [search_batch(searcher, batch, k, kernel)]
    step = max(1, -(-len(batch) // (threads * PARTS_PER_THREAD)))
    parts = [batch.part(first, min(first + step, len(batch))) for first in range(0, len(batch), step)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda part: search_batch(searcher, part, k, kernel), parts))
