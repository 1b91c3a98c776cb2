"""rocchio's sparse field, through the calls its users make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from peers.engine import Engine

FIELD = "s"
ALPHAS = (0.95, 0.9, 0.8, 0.7, 0.6)
QUERY_CUTS = (None, 20, 10)


def build(source: Any, folder: Path) -> dict[str, float]:
    """Read the vectors, add documents with a dict of weights each, commit."""
    import rocchio

    vectors = source.vectors()
    names = [str(term) for term in range(vectors.dimensions)]
    col = rocchio.create(folder, fields={FIELD: rocchio.sparse(scale=1)})  # weights are whole
    col.add({"doc_id": str(row), FIELD: vector} for row, vector in enumerate(vectors.dicts(names)))
    col.commit()
    return {}


@dataclass(frozen=True)
class Prepared:
    """Queries and how to search them."""

    queries: list[dict[str, float]]
    alpha: float = 1.0
    query_cut: int | None = None


class OpenedSparse:
    """A collection."""

    def __init__(self, folder: Path, source: Any) -> None:
        del source
        import rocchio

        self._col = rocchio.open(folder)

    def prepare(self, queries: Sequence[dict[int, float]], k: int) -> Prepared:
        """Term numbers as strings, to be searched exactly."""
        del k
        return Prepared([{str(term): weight for term, weight in query.items()} for query in queries])

    def settings(self, prepared: Prepared) -> Iterator[Prepared]:
        """Those that are not exact."""
        for alpha, query_cut in product(ALPHAS, QUERY_CUTS):
            yield replace(prepared, alpha=alpha, query_cut=query_cut)

    def name_of(self, prepared: Prepared) -> str:
        """Its parameters."""
        return f"alpha={prepared.alpha} query_cut={prepared.query_cut}"

    def search(self, prepared: Prepared, k: int) -> Any:
        """A Run."""
        options = {"alpha": prepared.alpha, "query_cut": prepared.query_cut}
        return self._col.search(prepared.queries, field=FIELD, k=k, **options)

    def rows(self, found: Any, prepared: Prepared, k: int) -> list[list[int]]:
        """Documents were named by their numbers."""
        del prepared, k
        return [[int(doc_id) for doc_id in doc_ids] for doc_ids in found.doc_ids]


ENGINE = Engine(
    name="rocchio",
    modules=("rocchio",),
    packages=("rocchio", "numpy"),
    build=build,
    open=OpenedSparse,
    index_files=("index.arrays", "sparse-*.arrays"),
    bytes_per_posting=None,
    build_threads=1,
    includes="build: vectors as dicts, indexing, checksums, syncing. Search: one list of dicts in, doc_id strings out.",
)
