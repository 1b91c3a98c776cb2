"""faiss on CPU through its Python package: graphs over 8-bit codes, and inverted lists with product quantisation.

The vectors kept for the re-ranking of IVF (`RFlat`, float32 or float16) count as memory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from peers_dense.engine import Engine, Matrix, Reads, Setting

FILE = "index.faiss"
LISTS_BY_ROOT = 4
"""Inverted lists by square root of the number of vectors: the lower end of faiss's guideline of 4 to 16."""
K_FACTORS = (2, 4, 8, 16)


@dataclass(frozen=True)
class Recipe:
    """faiss's factory string for n vectors, and how much work an insertion into a graph may do."""

    graph: bool
    factory: str
    ef_construction: int = 200

    def text(self, count: int) -> str:
        """The string, with the number of lists that suits `count` vectors."""
        return self.factory.replace("LISTS", str(int(LISTS_BY_ROOT * count**0.5)))


RECIPES = {
    "faiss HNSW32,SQ8": Recipe(True, "HNSW32_SQ8"),
    "faiss HNSW32,SQfp16": Recipe(True, "HNSW32_SQfp16"),
    "faiss IVF,PQ192x4fs,RFlat": Recipe(False, "IVFLISTS,PQ192x4fs,RFlat"),
    "faiss IVF,PQ96x4fs,Refine(SQfp16)": Recipe(False, "IVFLISTS,PQ96x4fs,Refine(SQfp16)"),
    "faiss IVF,SQ8": Recipe(False, "IVFLISTS,SQ8"),
}


def build(vectors: Matrix, folder: Path, threads: int, *, recipe: Recipe) -> float:
    """Train, add, write the index."""
    import faiss

    faiss.omp_set_num_threads(threads)
    started = time.perf_counter()
    index = faiss.index_factory(vectors.shape[1], recipe.text(len(vectors)), faiss.METRIC_INNER_PRODUCT)
    if recipe.graph:
        index.hnsw.efConstruction = recipe.ef_construction
    index.train(vectors)
    index.add(vectors)
    faiss.write_index(index, str(folder / FILE))
    return time.perf_counter() - started


class OpenedGraph:
    """A graph in memory."""

    efforts = (10, 2000)
    choices = (None,)

    def __init__(self, folder: Path, vectors: Matrix) -> None:
        import faiss

        del vectors
        faiss.omp_set_num_threads(1)
        self._faiss, self._index = faiss, faiss.read_index(str(folder / FILE))

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Rows."""
        self._index.hnsw.efSearch = setting.effort
        return self._index.search(queries, k)[1]

    def name_of(self, setting: Setting) -> str:
        """Its parameter."""
        return f"efSearch={setting.effort}"

    def reads(self, queries: Matrix, k: int, setting: Setting) -> Reads:
        """Codes compared and neighbour lists read, from faiss's counters."""
        stats = self._faiss.cvar.hnsw_stats
        stats.reset()
        self.search(queries, k, setting)
        code, row = self._faiss.downcast_index(self._index.storage).code_size, 4 * self._index.hnsw.nb_neighbors(0)
        return Reads((stats.ndis * code + stats.nhops * row) / len(queries), code)


class OpenedLists:
    """Inverted lists in memory, with a second stage that re-ranks k_factor * k candidates where there is one."""

    efforts = (1, 1000)

    def __init__(self, folder: Path, vectors: Matrix) -> None:
        import faiss

        del vectors
        faiss.omp_set_num_threads(1)
        self._faiss, self._index = faiss, faiss.read_index(str(folder / FILE))
        self._lists = faiss.extract_index_ivf(self._index)
        self.choices: tuple[float | None, ...] = K_FACTORS if hasattr(self._index, "k_factor") else (None,)

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Rows."""
        self._lists.nprobe = setting.effort
        if setting.choice is not None:
            self._index.k_factor = setting.choice
        return self._index.search(queries, k)[1]

    def name_of(self, setting: Setting) -> str:
        """Its parameters."""
        return f"nprobe={setting.effort}" + (f" k_factor={setting.choice:.0f}" if setting.choice else "")


def make_engine(name: str, recipe: Recipe) -> Engine:
    """faiss with one factory string."""
    return Engine(
        name=name,
        family="faiss HNSW" if recipe.graph else "faiss IVF",
        modules=("faiss",),
        packages=("faiss-cpu",),
        build=partial(build, recipe=recipe),
        open=OpenedGraph if recipe.graph else OpenedLists,
        includes=f"`{recipe.factory}`, "
        + (f"efConstruction={recipe.ef_construction}." if recipe.graph else f"{LISTS_BY_ROOT} sqrt(n) lists."),
    )


ENGINES = [make_engine(name, recipe) for name, recipe in RECIPES.items()]


class Flat:
    """Every vector compared, float32."""

    name = "faiss IndexFlatIP"

    def __init__(self, vectors: Matrix) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def search(self, queries: Matrix, k: int) -> Any:
        """Rows."""
        return self._index.search(queries, k)[1]
