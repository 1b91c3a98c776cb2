"""usearch through its Python package: HNSW over bfloat16 or 8-bit vectors."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from peers_dense.engine import Engine, Matrix, Setting

FILE = "index.usearch"
RECIPES = ((16, "bf16"), (24, "bf16"), (24, "i8"))
EXPANSION_ADD = 200


def build(vectors: Matrix, folder: Path, threads: int, *, degree: int, dtype: str) -> float:
    """Insert all vectors, write the index."""
    import numpy as np
    from usearch.index import Index

    started = time.perf_counter()
    index = Index(
        ndim=vectors.shape[1], metric="ip", dtype=dtype, connectivity=degree, expansion_add=EXPANSION_ADD, multi=False
    )
    index.add(np.arange(len(vectors), dtype=np.uint64), vectors, threads=threads)
    index.save(str(folder / FILE))
    return time.perf_counter() - started


class OpenedUsearch:
    """An index in memory."""

    efforts = (10, 2000)
    choices = (None,)

    def __init__(self, folder: Path, vectors: Matrix) -> None:
        from usearch.index import Index

        del vectors
        self._index = Index.restore(str(folder / FILE))

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Keys are rows; a single query gives a single list."""
        self._index.expansion_search = setting.effort
        return self._index.search(queries, k, threads=1).keys.reshape(len(queries), -1)

    def name_of(self, setting: Setting) -> str:
        """Its parameter."""
        return f"expansion_search={setting.effort}"


ENGINES = [
    Engine(
        name=f"usearch M={degree} {dtype}",
        family="usearch",
        modules=("usearch",),
        packages=("usearch",),
        build=partial(build, degree=degree, dtype=dtype),
        open=OpenedUsearch,
        includes=f"connectivity={degree} expansion_add={EXPANSION_ADD}, {dtype}.",
    )
    for degree, dtype in RECIPES
]
