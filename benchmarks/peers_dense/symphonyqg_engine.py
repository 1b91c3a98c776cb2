"""SymphonyQG: a graph whose rows hold a float32 vector and 1-bit codes of its neighbours.

There is no package in a registry: the module `symphonyqg` is built from its public source
(github.com/gouyt13/SymphonyQG, folder python; needs AVX-512). Its binding takes one query a call, which costs it a
microsecond or two. It knows L2 only, which ranks unit vectors like the inner product.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from peers_dense.engine import Engine, Matrix, Setting

FILE = "index.qg"
DEGREES = (32, 64)
EF_BUILD, ROUNDS = 200, 3


def make_index(vectors: Matrix, degree: int) -> Any:
    """An empty index for so many vectors."""
    import symphonyqg

    count, dimensions = vectors.shape
    return symphonyqg.Index("QG", "L2", num_elements=count, dimension=dimensions, degree_bound=degree)


def build(vectors: Matrix, folder: Path, threads: int, *, degree: int) -> float:
    """Build, write the index."""
    started = time.perf_counter()
    index = make_index(vectors, degree)
    index.build_index(vectors, EF_BUILD, num_iter=ROUNDS, num_thread=threads)
    index.save(str(folder / FILE))
    return time.perf_counter() - started


class OpenedSymphony:
    """An index in memory."""

    efforts = (10, 2000)
    choices = (None,)

    def __init__(self, folder: Path, vectors: Matrix, *, degree: int) -> None:
        self._index = make_index(vectors, degree)
        self._index.load(str(folder / FILE))

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Rows; a call for each query."""
        self._index.set_ef(setting.effort)
        search = self._index.search
        return np.array([search(query, k) for query in queries])

    def name_of(self, setting: Setting) -> str:
        """Its parameter."""
        return f"ef={setting.effort}"


ENGINES = [
    Engine(
        name=f"SymphonyQG R={degree}",
        family="SymphonyQG",
        modules=("symphonyqg",),
        packages=(),
        build=partial(build, degree=degree),
        open=partial(OpenedSymphony, degree=degree),
        includes=f"degree_bound={degree} EF={EF_BUILD}, {ROUNDS} rounds, built from source.",
    )
    for degree in DEGREES
]
