"""rocchio's sparse field, through the calls its users make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peers.engine import Engine

FIELD = "s"


def build(source: Any, folder: Path) -> dict[str, float]:
    """Read the vectors, add documents with a dict of weights each, commit."""
    import rocchio

    vectors = source.vectors()
    names = [str(term) for term in range(vectors.dimensions)]
    col = rocchio.create(folder, fields={FIELD: rocchio.sparse(scale=1)})  # weights are whole
    col.add({"doc_id": str(row), FIELD: vector} for row, vector in enumerate(vectors.dicts(names)))
    col.commit()
    return {}


class OpenedSparse:
    """A collection."""

    def __init__(self, folder: Path, source: Any) -> None:
        del source
        import rocchio

        self._col = rocchio.open(folder)

    def prepare(self, queries: Sequence[dict[int, float]], k: int) -> list[dict[str, float]]:
        """Term numbers as strings."""
        del k
        return [{str(term): weight for term, weight in query.items()} for query in queries]

    def search(self, prepared: list[dict[str, float]], k: int) -> Any:
        """A Run."""
        return self._col.search(prepared, field=FIELD, k=k)

    def rows(self, found: Any, prepared: list[dict[str, float]], k: int) -> list[list[int]]:
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
