"""BMP (block-max pruning) through its Python package; sparse vectors.

Documents are handed to its indexer in the order of the collection; neighbours in Wikipedia are parts of one article,
so blocks are alike. Which size of blocks is fastest depends on the data, threefold either way, so there is an index
for each of three. Search is asked to be exact (alpha = beta = 1), but seems to round query weights to 32 levels:
scores of weighted queries are whole multiples, and recall is below 1 only for them. A query must have a term that the
index knows; sparse_data sees to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from peers.engine import Engine

BLOCKS = (8, 32, 128)
FILE = "index.bmp"


def build(source: Any, folder: Path, *, block: int) -> dict[str, float]:
    """Read the vectors, hand them over as dicts, write the index with blocks of `block` documents."""
    import bmp

    folder.mkdir()
    vectors = source.vectors()
    indexer = bmp.Indexer(str(folder / FILE), bsize=block, compress_range=False)
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


def make_engine(block: int) -> Engine:
    """BMP with blocks of one size."""
    return Engine(
        name=f"bmp-{block}",
        modules=("bmp",),
        packages=("bmp",),
        build=partial(build, block=block),
        open=OpenedBmp,
        index_files=(FILE,),
        bytes_per_posting=None,
        build_threads=1,
        includes=f"blocks of {block} documents; build: vectors as dicts. Search: dicts of strings in, doc_id strings "
        "out, a call for each query.",
    )


ENGINES = [make_engine(block) for block in BLOCKS]
