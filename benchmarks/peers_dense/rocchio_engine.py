"""rocchio's vector field, through the calls its users make.

Its effort is the recall asked for, in thousandths: the least that delivers a recall on the queries is what is timed,
as for the other engines. What it delivers when asked for the recall itself is a section of its own.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from peers_dense.engine import Engine, Matrix, Setting

FIELD = "v"


def build(vectors: Matrix, folder: Path, threads: int) -> float:
    """Create a collection, add one Arrow table, commit: durable, with checksums. The commit says how many threads."""
    import pyarrow as pa

    import rocchio

    del threads
    started = time.perf_counter()
    col = rocchio.create(folder / "c.rocchio", fields={FIELD: rocchio.vector(vectors.shape[1], metric="ip")})
    values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    col.add(pa.table({"doc_id": np.arange(len(vectors)).astype(str), FIELD: values}))
    col.commit()
    return time.perf_counter() - started


class OpenedRocchio:
    """A collection."""

    efforts = (500, 999)
    choices = (None,)

    def __init__(self, folder: Path, vectors: Matrix) -> None:
        import rocchio

        del vectors
        self._col = rocchio.open(folder / "c.rocchio")

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """A Run's doc_ids as numbers: documents were named by their rows. Making numbers of them is timed too."""
        return self.search_at(queries, k, setting.effort / 1000)

    def search_at(self, queries: Matrix, k: int, recall: float) -> Any:
        """The same with the recall itself; 1 is exact."""
        if len(queries) == 1:
            hits = self._col.search(queries[0], field=FIELD, k=k, recall=recall)
            return np.array([[int(hit.doc_id) for hit in hits]])
        run = self._col.search(queries, field=FIELD, k=k, recall=recall)
        return np.array(run.doc_ids).astype(np.int64)

    def name_of(self, setting: Setting) -> str:
        """Its parameter."""
        return f"recall={setting.effort / 1000:.3f}"


ENGINES = [
    Engine(
        name="rocchio",
        family="rocchio",
        modules=("rocchio",),
        packages=("rocchio",),
        build=build,
        open=OpenedRocchio,
        includes="`create`, `add` of an Arrow table, `commit`: durable, with checksums. Search: doc_id strings out.",
        unread=("documents.arrow", "index.arrays", "checksums.bin", "manifest.json", "writer.lock"),
    )
]
