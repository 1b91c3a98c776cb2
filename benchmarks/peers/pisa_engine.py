"""PISA through the native module of pyterrier-pisa, without PyTerrier's tables and without Java.

Documents are given as codes of the shared terms, one ASCII word each, to its own C++ indexer. BM25 is exact (its
option of impacts quantised to a byte is off), postings are block_simdbp, the default of the package. It knows weights
as repeated terms, so they are whole numbers; queries whose terms all weigh 1 go without weights, which is cheaper.
Its idf is Robertson's, ours Lucene's: rankings with very frequent terms differ a little. The algorithm is the fastest
of three on a sample of the very queries, for each set of queries and each k.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data import Query, Source
from peers.engine import K1, B, Engine

ALGORITHMS = ("block_max_maxscore", "maxscore", "block_max_wand")
ENCODING = "block_simdbp"
BATCH = 100_000
THREADS = 2
SAMPLE = 200


def prepare_index(folder: Path) -> Any:
    """Block maxima and compressed postings, made where they are missing, then mapped."""
    from pyterrier_pisa import _pisathon

    context = _pisathon.RetrievalContext()
    _pisathon.prepare_index(context, str(folder), ENCODING, "bm25", "", quantize=0, bm25_k1=K1, bm25_b=B, stop_fname="")
    return context


def build(source: Source, folder: Path) -> dict[str, float]:
    """Read the codes, index, invert, compress."""
    from pyterrier_pisa import _pisathon

    folder.mkdir()
    path = folder / "codes.txt"
    with path.open("w", encoding="ascii") as lines:
        lines.writelines(f"{row} {text}\n" for row, text in enumerate(source.tokens().code_texts().to_pylist()))
    _pisathon.index(str(path), str(folder), "", BATCH, THREADS)
    path.unlink()
    prepare_index(folder)
    return {}


@dataclass(frozen=True)
class Prepared:
    """Queries in the two forms PISA takes, and the algorithm that suits them."""

    plain: list[tuple[int, dict[str, float]]]
    weighted: list[tuple[int, dict[str, float]]]
    algorithm: str


class OpenedPisa:
    """A mapped index."""

    def __init__(self, folder: Path, source: Source) -> None:
        from pyterrier_pisa import _pisathon

        self._retrieve = _pisathon.retrieve
        self._context = prepare_index(folder)
        self._codes = source.tokens().codes()
        self._chosen: dict[tuple[bool, int], str] = {}

    def prepare(self, queries: Sequence[Query], k: int) -> Prepared:
        """Codes with weights, numbered; the algorithm is chosen at the first call for this kind of queries and k."""
        plain, weighted = [], []
        for number, query in enumerate(queries):
            codes = {self._codes[t]: float(weight) for t, weight in query.terms.items() if t in self._codes}
            (plain if all(weight == 1 for weight in codes.values()) else weighted).append((number, codes))
        kind = (len(weighted) > len(plain), k)
        if kind not in self._chosen and len(queries) > 1:
            self._chosen[kind] = min(ALGORITHMS, key=lambda name: self._sample_seconds(plain, weighted, name, k))
        return Prepared(plain, weighted, self._chosen.get(kind, ALGORITHMS[0]))

    def _sample_seconds(self, plain: list[Any], weighted: list[Any], algorithm: str, k: int) -> float:
        sample = Prepared(plain[:SAMPLE], weighted[:SAMPLE], algorithm)
        times = []
        for _ in range(3):
            started = time.process_time()  # unlike the clock, it leaves out what other programs take
            self.search(sample, k)
            times.append(time.process_time() - started)
        return min(times)

    def search(self, prepared: Prepared, k: int) -> Any:
        """(query numbers, document numbers as strings, scores) of each part."""
        parts = ((prepared.plain, 0), (prepared.weighted, 1))
        return [self._search(queries, weights, prepared.algorithm, k) for queries, weights in parts if queries]

    def _search(self, queries: list[Any], weights: int, algorithm: str, k: int) -> Any:
        size = len(queries) * k
        numbers, ranks = np.empty(size, np.int32), np.empty(size, np.int32)
        documents, scores = np.empty(size, object), np.empty(size, np.float32)
        found = self._retrieve(
            self._context, algorithm, queries, k=k, threads=1, pretokenised=1, query_weighted=weights,
            result_qidxs=numbers, result_docnos=documents, result_ranks=ranks, result_scores=scores,
        )  # fmt: skip
        return numbers[:found], documents[:found], scores[:found]

    def rows(self, found: Any, prepared: Prepared, k: int) -> list[list[int]]:
        """Documents were named by their numbers."""
        del k
        rows: list[list[int]] = [[] for _ in range(len(prepared.plain) + len(prepared.weighted))]
        for numbers, documents, _ in found:
            for number, document in zip(numbers.tolist(), documents.tolist(), strict=True):
                rows[number].append(int(document))
        return rows


ENGINE = Engine(
    name="pisa",
    modules=("pyterrier_pisa",),
    packages=("pyterrier_pisa",),
    build=build,
    open=OpenedPisa,
    index_files=(f"bm25.*.{ENCODING}", "bm25.*.bmw.64", "fwd.termlex", "fwd.doclex"),
    bytes_per_posting=None,
    build_threads=THREADS,
    includes="build: writing and reading texts of term codes (analysed before, not counted), indexing, inverting, "
    "block maxima, compressing; no documents stored. "
    "Search: looking the codes up, exact top k with weights, document numbers as strings.",
)
