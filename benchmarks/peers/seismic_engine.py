"""Seismic through its Python package; sparse vectors, approximate by design.

It is searched with the fastest of some settings that reaches a recall on the queries themselves, once for each
target. Vectors are given by term number. Build settings are its defaults, but that lists may be longer (the package
means them for millions of documents), and that there are two indexes: with its default share of a block's weight in
the block's summary, which suits SPLADE, and with nearly all of it, without which BM25's many rare terms are lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from peers.engine import Engine

THREADS = 2
POSTINGS = 10_000
SMALL_VOCABULARY = 1 << 16
QUERY_CUTS = (3, 5, 8, 12, 1000)
HEAP_FACTORS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
ENERGIES = (0.4, 0.9)


def index_class(dimensions: int, kind: str) -> Any:
    """`SeismicIndex` or `SeismicDataset`, or its form for more than 65,536 terms."""
    import seismic

    return getattr(seismic, kind if dimensions <= SMALL_VOCABULARY else f"{kind}LV")


def build(source: Any, folder: Path, *, energy: float) -> dict[str, float]:
    """Read the vectors, hand them over as arrays, cluster, summarise to a share `energy` of the weight, save."""
    folder.mkdir()
    vectors = source.vectors()
    dataset = index_class(vectors.dimensions, "SeismicDataset")(dim=vectors.dimensions)
    names = [str(row) for row in range(len(vectors))]
    weights = vectors.weights.astype(np.float32)
    dataset.add_documents_by_id(names, vectors.terms.astype(np.int64), weights, vectors.offsets)
    kind = index_class(vectors.dimensions, "SeismicIndex")
    index = kind.build_from_dataset(dataset, n_postings=POSTINGS, summary_energy=energy, num_threads=THREADS)
    index.save(str(folder / "vectors"))
    return {}


@dataclass(frozen=True)
class Prepared:
    """Queries in its form, and how carefully to search: terms looked at, part of the threshold a block must reach."""

    ids: Any
    terms: list[Any]
    weights: list[Any]
    query_cut: int
    heap_factor: float


class OpenedSeismic:
    """An index in memory."""

    def __init__(self, folder: Path, source: Any) -> None:
        (path,) = folder.glob("vectors*.seismic")
        self._index = index_class(source.vectors().dimensions, "SeismicIndex").load(str(path))

    def prepare(self, queries: Sequence[dict[int, float]], k: int) -> Prepared:
        """Arrays of strings and weights, with the most careful setting."""
        import seismic

        del k
        kind = seismic.get_seismic_string()
        terms = [np.array([str(term) for term in query], dtype=kind) for query in queries]
        weights = [np.array(list(query.values()), np.float32) for query in queries]
        ids = np.array([str(number) for number in range(len(queries))], dtype=kind)
        return Prepared(ids, terms, weights, QUERY_CUTS[-1], HEAP_FACTORS[0])

    def settings(self, prepared: Prepared) -> Iterator[Prepared]:
        """All of them."""
        for cut, factor in product(QUERY_CUTS, HEAP_FACTORS):
            yield replace(prepared, query_cut=cut, heap_factor=factor)

    def name_of(self, prepared: Prepared) -> str:
        """Its parameters."""
        return f"query_cut={prepared.query_cut} heap_factor={prepared.heap_factor}"

    def search(self, prepared: Prepared, k: int) -> Any:
        """Lists of (query id, score, doc_id) by query."""
        cut, factor = prepared.query_cut, prepared.heap_factor
        return self._index.batch_search(
            prepared.ids, prepared.terms, prepared.weights, k=k, query_cut=cut, heap_factor=factor, num_threads=1
        )

    def rows(self, found: Any, prepared: Prepared, k: int) -> list[list[int]]:
        """Documents were named by their numbers."""
        del k
        rows: list[list[int]] = [[] for _ in prepared.terms]
        for hits in found:
            for query, _, doc_id in hits:
                rows[int(query)].append(int(doc_id))
        return rows


def make_engine(energy: float) -> Engine:
    """Seismic with one kind of summaries."""
    return Engine(
        name=f"seismic-{energy}",
        modules=("seismic",),
        packages=("pyseismic-lsr",),
        build=partial(build, energy=energy),
        open=OpenedSeismic,
        index_files=("*.seismic",),
        bytes_per_posting=None,
        build_threads=THREADS,
        includes=f"summary_energy={energy}; build: vectors as arrays, clustering, summaries, saving. Search: one batch "
        "of string arrays in, doc_id strings out; approximate, with the fastest of "
        f"{len(QUERY_CUTS) * len(HEAP_FACTORS)} settings that reaches the recall named.",
    )


ENGINES = [make_engine(energy) for energy in ENERGIES]
