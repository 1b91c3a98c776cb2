"""ScaNN through its Python package: a tree, anisotropic 4-bit codes of two dimensions each, float32 to re-rank."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from peers_dense.engine import Engine, Matrix, Setting

REORDERS = (30, 50, 100, 200)
LEAVES_BY_ROOT = 3


def build(vectors: Matrix, folder: Path, threads: int) -> float:
    """Train, add, write the index."""
    import scann

    started = time.perf_counter()
    builder = scann.scann_ops_pybind.builder(vectors, 10, "dot_product").set_n_training_threads(threads)
    leaves = int(LEAVES_BY_ROOT * len(vectors) ** 0.5)
    builder.tree(num_leaves=leaves, num_leaves_to_search=leaves // 20, training_sample_size=len(vectors))
    builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(REORDERS[-1])
    builder.build().serialize(str(folder))
    return time.perf_counter() - started


class OpenedScann:
    """An index in memory."""

    efforts = (1, 1000)
    choices = REORDERS

    def __init__(self, folder: Path, vectors: Matrix) -> None:
        import scann

        del vectors
        self._index = scann.scann_ops_pybind.load_searcher(str(folder))

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Rows."""
        reorder = int(setting.choice or REORDERS[-1])
        return self._index.search_batched(
            queries, final_num_neighbors=k, pre_reorder_num_neighbors=reorder, leaves_to_search=setting.effort
        )[0]

    def name_of(self, setting: Setting) -> str:
        """Its parameters."""
        return f"leaves={setting.effort} reorder={setting.choice}"


ENGINES = [
    Engine(
        name="ScaNN tree,AH2,reorder",
        family="ScaNN",
        modules=("scann",),
        packages=("scann",),
        build=build,
        open=OpenedScann,
        includes=f"{LEAVES_BY_ROOT} sqrt(n) leaves, AH with 2 dimensions a block, float32 to re-rank.",
    )
]
