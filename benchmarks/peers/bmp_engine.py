"""BMP (block-max pruning) through its Python package; sparse vectors.

Documents are handed to its indexer in the order of the collection, in which neighbours are parts of one article, so
blocks are alike. Search is exact (alpha = beta = 1) but for its own rounding of query weights to 32 levels. A query
must have a term that the index knows; sparse_data sees to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peers.engine import Engine

BLOCK = 8
FILE = "index.bmp"


def build(source: Any, folder: Path) -> dict[str, float]:
    """Read the vectors, hand them over as dicts, write the index."""
    import bmp

    folder.mkdir()
    vectors = source.vectors()
    indexer = bmp.Indexer(str(folder / FILE), bsize=BLOCK, compress_range=False)
    for row, vector in enumerate(vectors.dicts([str(term) for term in range(vectors.dimensions)])):
        indexer.add_document(str(row), vector)
    indexer.finish()
    return {}


class OpenedBmp:
    """An index in memory."""

    def __init__(self, folder: Path, source: Any) -> None:
        del source
        import bmp

        self._search = bmp.Searcher(str(folder / FILE)).search

    def prepare(self, queries: Sequence[dict[int, float]], k: int) -> list[dict[str, float]]:
        """Term numbers as strings."""
        del k
        return [{str(term): weight for term, weight in query.items()} for query in queries]

    def search(self, prepared: list[dict[str, float]], k: int) -> Any:
        """(doc_ids, scores) by query."""
        return [self._search(query, k=k, alpha=1.0, beta=1.0) for query in prepared]

    def rows(self, found: Any, prepared: list[dict[str, float]], k: int) -> list[list[int]]:
        """Documents were named by their numbers."""
        del prepared, k
        return [[int(doc_id) for doc_id in doc_ids] for doc_ids, _ in found]


ENGINE = Engine(
    name="bmp",
    modules=("bmp",),
    packages=("bmp",),
    build=build,
    open=OpenedBmp,
    index_files=(FILE,),
    bytes_per_posting=None,
    build_threads=1,
    includes=f"build: vectors as dicts, blocks of {BLOCK} documents. Search: dicts of strings in, doc_id strings out, "
    "a call for each query; exact but for query weights rounded to 32 levels.",
)
