"""rocchio's vector field, through the calls its users make.

Its effort is the recall asked for, in ten-thousandths: the least that delivers a recall on the queries is what is
timed, as for the other engines. What it delivers when asked for the recall itself is a section of its own.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from peers_dense.engine import Engine, Matrix, Reads, Setting

FIELD = "v"


def build(vectors: Matrix, folder: Path, threads: int) -> float:
    """Create a collection, add the array, commit: durable, with checksums. The commit says how many threads."""
    import rocchio

    del threads
    started = time.perf_counter()
    field = rocchio.vector(vectors.shape[1], metric="ip", dtype="float16")
    col = rocchio.create(folder / "c.rocchio", fields={FIELD: field})
    col.add(rocchio.columns(doc_id=np.arange(len(vectors)).astype(str).tolist(), v=vectors))
    col.commit()
    return time.perf_counter() - started


class OpenedRocchio:
    """A collection."""

    efforts = (5000, 9999)
    choices = (None,)

    def __init__(self, folder: Path, vectors: Matrix) -> None:
        import rocchio

        del vectors
        self._col = rocchio.open(folder / "c.rocchio")

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Hits, or a Run whose doc_ids were read."""
        return self.search_at(queries, k, setting.effort / 10000)

    def search_at(self, queries: Matrix, k: int, recall: float) -> Any:
        """The same with the recall itself; 1 is exact."""
        if len(queries) == 1:
            return self._col.search(queries[0], field=FIELD, k=k, recall=recall)
        return list(self._col.search(queries, field=FIELD, k=k, recall=recall).doc_ids)

    def rows(self, answer: Any) -> Matrix:
        """Documents were named by their rows."""
        doc_ids = answer if isinstance(answer[0], list) else [[hit.doc_id for hit in answer]]
        return np.array(doc_ids).astype(np.int64)

    def reads(self, queries: Matrix, k: int, setting: Setting) -> Reads:
        """Sign codes with their rows and factors, eight-bit codes with their constants, originals in float16."""
        (segment,) = self._col._snapshot.segments
        vectors, width = segment.vectors[0], -(-queries.shape[1] // 64) * 64
        effort = vectors.effort(k, setting.effort / 10000)
        if effort is None:
            return Reads(vectors.count * (width + 16), vectors.count * width)
        *_, work = vectors.index.search(queries.ravel(), k, None, effort.probes, effort.refine, 0)
        lists, entries, refined, rescored, _ = (number / len(queries) for number in work)
        of_lists = entries * (width / 8 + 8)
        total = of_lists + refined * (width + 16) + rescored * 2 * queries.shape[1] + vectors.lists * (width + 16)
        return Reads(total, int(of_lists / lists))

    def name_of(self, setting: Setting) -> str:
        """Its parameter."""
        return f"recall={setting.effort / 10000:.4f}"


ENGINES = [
    Engine(
        name="rocchio",
        family="rocchio",
        modules=("rocchio",),
        packages=("rocchio",),
        build=build,
        open=OpenedRocchio,
        includes="`create`, `add` of the array, `commit`: durable, with checksums. Search: doc_id strings out. In "
        "memory: codes and lists; the originals stay on disk, and pages of them that scores need are mapped.",
        unread=("vectors-*.arrays", "documents.arrow", "index.arrays", "checksums.bin", "manifest.json", "writer.lock"),
    )
]
