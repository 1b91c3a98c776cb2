"""faiss with IDSelectorBitmap: inverted lists of 8-bit codes, and all vectors compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from filter_cases import Case, FilteredSet, Rows


def selector(case: Case) -> Any:
    """The filter as faiss has it; making it is timed."""
    return faiss.IDSelectorBitmap(np.packbits(case.allowed, bitorder="little"))


class FaissLists:
    """`IVF,SQ8` with 4 sqrt(n) lists; effort: nprobe."""

    name = "faiss IVF,SQ8"
    packages: tuple[str, ...] = ("faiss-cpu",)
    most_queries: int | None = None

    def build(self, data: FilteredSet, folder: Path) -> None:
        del folder
        faiss.omp_set_num_threads(1)
        lists = int(4 * len(data.base) ** 0.5)
        self.index = faiss.index_factory(data.base.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        self.index.train(data.base)
        self.index.add(data.base)

    def efforts(self, k: int) -> Sequence[int]:
        del k
        probes = [1 << step for step in range(20) if 1 << step < self.index.nlist]
        return [*probes, self.index.nlist]

    def search(self, case: Case, k: int, effort: int) -> Rows:
        parameters = faiss.SearchParametersIVF(sel=selector(case), nprobe=effort)
        rows: Rows = self.index.search(case.queries, k, params=parameters)[1]
        return rows


class FaissFlat:
    """All vectors that are left, in float32."""

    name = "faiss Flat"
    packages: tuple[str, ...] = ("faiss-cpu",)
    most_queries: int | None = None

    def build(self, data: FilteredSet, folder: Path) -> None:
        del folder
        faiss.omp_set_num_threads(1)
        self.index = faiss.IndexFlatIP(data.base.shape[1])
        self.index.add(data.base)

    def efforts(self, k: int) -> Sequence[None]:
        del k
        return [None]

    def search(self, case: Case, k: int, effort: None) -> Rows:
        del effort
        rows: Rows = self.index.search(case.queries, k, params=faiss.SearchParameters(sel=selector(case)))[1]
        return rows
