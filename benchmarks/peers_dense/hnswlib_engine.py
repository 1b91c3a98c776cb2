"""hnswlib through its Python package: float32 vectors in the graph."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from peers_dense.engine import Engine, Matrix, Setting

DEGREES = (16, 24, 32)
EF_CONSTRUCTION = 200
FILE = "index.hnsw"


def build(vectors: Matrix, folder: Path, threads: int, *, degree: int) -> float:
    """Insert all vectors, write the index."""
    import hnswlib

    started = time.perf_counter()
    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=degree, ef_construction=EF_CONSTRUCTION, random_seed=1)
    index.add_items(vectors, num_threads=threads)
    index.save_index(str(folder / FILE))
    return time.perf_counter() - started


class OpenedHnswlib:
    """An index in memory."""

    efforts = (10, 2000)
    choices = (None,)

    def __init__(self, folder: Path, vectors: Matrix) -> None:
        import hnswlib

        self._index = hnswlib.Index(space="ip", dim=vectors.shape[1])
        self._index.load_index(str(folder / FILE))
        self._index.set_num_threads(1)

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Labels are rows."""
        self._index.set_ef(setting.effort)
        return self._index.knn_query(queries, k=k, num_threads=1)[0]

    def name_of(self, setting: Setting) -> str:
        """Its parameter."""
        return f"ef={setting.effort}"


ENGINES = [
    Engine(
        name=f"hnswlib M={degree}",
        family="hnswlib",
        modules=("hnswlib",),
        packages=("hnswlib",),
        build=partial(build, degree=degree),
        open=OpenedHnswlib,
        includes=f"M={degree} ef_construction={EF_CONSTRUCTION}, float32.",
    )
    for degree in DEGREES
]
