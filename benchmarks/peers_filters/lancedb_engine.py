"""LanceDB, embedded, with a B-tree on each number and filters before the search (its default).

Its threads are its own: one for each kind of work, by its environment variables. Results are read as Arrow columns.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("LANCE_CPU_THREADS", "TOKIO_WORKER_THREADS", "RAYON_NUM_THREADS"), "1")
os.environ.setdefault("RUST_LOG", "error")  # before the library is loaded

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lancedb
import numpy as np
import pyarrow as pa

from filter_cases import Case, FilteredSet, Rows, padded


class Effort(NamedTuple):
    """Lists, candidates of a graph, and rows compared again in float32 for each of k."""

    probes: int
    candidates: int | None
    refined: int


class _Lance:
    """A table of vectors and numbers."""

    packages: tuple[str, ...] = ("lancedb",)
    most_queries: int | None = None
    index: dict[str, Any]

    def build(self, data: FilteredSet, folder: Path) -> None:
        size = data.base.shape[1]
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(data.base.ravel()), size)
        columns = {"row": np.arange(len(data.base)), "v": vectors, **data.numbers}
        self.table = lancedb.connect(folder).create_table("t", pa.table(columns))
        self.table.create_index(metric="dot", vector_column_name="v", **self.index)
        for number in data.numbers:
            self.table.create_scalar_index(number)

    def search(self, case: Case, k: int, effort: Effort) -> Rows:
        if len(case.queries) == 1:  # a list of one answers in another form
            return padded([self._query(case, case.queries[0], k, effort)["row"].to_pylist()], k)
        found = self._query(case, list(case.queries), k, effort)
        rows, of = found["row"].to_numpy(), found["query_index"].to_numpy()
        return padded([rows[of == query].tolist() for query in range(len(case.queries))], k)

    def _query(self, case: Case, queries: Any, k: int, effort: Effort) -> pa.Table:
        query = self.table.search(queries, vector_column_name="v").distance_type("dot")
        query = query.where(case.where, prefilter=True).nprobes(effort.probes).limit(k)
        if effort.candidates:
            query = query.ef(effort.candidates)
        return query.refine_factor(effort.refined).select(["row", "_distance"]).to_arrow()


class LanceLists(_Lance):
    """`IVF_PQ`, a list for each 1,024 vectors, a code byte for each 8 dimensions; effort: nprobes, refine_factor."""

    name = "LanceDB IVF_PQ"

    def build(self, data: FilteredSet, folder: Path) -> None:
        self.lists = max(1, len(data.base) // 1024)
        self.index = {"index_type": "IVF_PQ", "num_partitions": self.lists, "num_sub_vectors": data.base.shape[1] // 8}
        super().build(data, folder / "lance-lists")

    def efforts(self, k: int) -> Sequence[Effort]:
        del k
        steps = [(2, 4), (4, 4), (8, 4), (16, 4), (16, 10), (32, 10), (64, 10), (64, 30), (self.lists, 100)]
        return [Effort(min(probes, self.lists), None, refined) for probes, refined in steps]


class LanceGraph(_Lance):
    """`IVF_HNSW_SQ`, its default of one list for a million vectors; effort: ef."""

    name = "LanceDB IVF_HNSW_SQ"

    def build(self, data: FilteredSet, folder: Path) -> None:
        self.index = {"index_type": "IVF_HNSW_SQ", "num_partitions": max(1, len(data.base) // 1_000_000)}
        super().build(data, folder / "lance-graph")

    def efforts(self, k: int) -> Sequence[Effort]:
        return [Effort(1, max(k, candidates), 2) for candidates in (20, 40, 80, 160, 320, 640, 1280)]
