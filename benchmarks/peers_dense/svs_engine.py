"""SVS through its Python package `scalable-vs`: Vamana over float16, LVQ or LeanVec vectors.

On processors that are not Intel's its LVQ and LeanVec may be refused or run slowly; what fails to build is left out.
LeanVec learns its two matrices from the vectors alone here. The search buffer holds `window * choice` vectors: the
compressed ones re-rank all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from peers_dense.engine import Engine, Matrix, Setting

WINDOW = 200
INPUT = "input.fvecs"
LVQ_CAPACITIES = (1.0, 1.5, 3.0)


def float16(path: Path, dimensions: int) -> Any:
    """Half-precision vectors; `path` is not used, as an array can be handed over."""
    del path, dimensions


def lvq(path: Path, dimensions: int, *, primary: int, residual: int) -> Any:
    """Locally-adaptive quantisation in two levels."""
    import svs

    loader = svs.VectorDataLoader(str(path), svs.DataType.float32, dims=dimensions)
    return svs.LVQLoader(loader, primary=primary, residual=residual, strategy=svs.LVQStrategy.Auto)


def leanvec(path: Path, dimensions: int, *, reduced: int) -> Any:
    """Reduced dimensions in 8 bits, all dimensions in 8 bits to re-rank."""
    import svs

    loader = svs.VectorDataLoader(str(path), svs.DataType.float32, dims=dimensions)
    kind = svs.LeanVecKind.lvq8
    return svs.LeanVecLoader(loader, leanvec_dims=reduced, primary_kind=kind, secondary_kind=kind)


def build(vectors: Matrix, folder: Path, threads: int, *, degree: int, make_loader: Callable[..., Any]) -> float:
    """Write the input where the compressed kinds read it (not timed), build, save."""
    import numpy as np
    import svs

    svs.write_vecs(vectors, str(folder / INPUT))
    started = time.perf_counter()
    data = make_loader(folder / INPUT, vectors.shape[1])
    data = vectors.astype(np.float16) if data is None else data
    parameters = svs.VamanaBuildParameters(graph_max_degree=degree, window_size=WINDOW, alpha=0.95)
    index = svs.Vamana.build(parameters, data, svs.DistanceType.MIP, num_threads=threads)
    index.save(*(str(folder / part) for part in ("config", "graph", "data")))
    return time.perf_counter() - started


class OpenedSvs:
    """An index in memory."""

    efforts = (10, 1500)

    def __init__(self, folder: Path, vectors: Matrix, *, make_loader: Callable[..., Any]) -> None:
        import svs

        del vectors
        if make_loader is float16:
            data: Any = svs.VectorDataLoader(str(folder / "data"), svs.DataType.float16)
            self.choices: tuple[float | None, ...] = (None,)
        else:
            saved = svs.SerializedObject(str(folder / "data"))
            kind = svs.LeanVecLoader if getattr(make_loader, "func", None) is leanvec else svs.LVQLoader
            data, self.choices = kind(saved), LVQ_CAPACITIES
        graph = svs.GraphLoader(str(folder / "graph"))
        self._index = svs.Vamana(str(folder / "config"), graph, data, svs.DistanceType.MIP, num_threads=1)
        self._svs = svs

    def search(self, queries: Matrix, k: int, setting: Setting) -> Any:
        """Rows."""
        parameters = self._index.search_parameters
        capacity = int(setting.effort * (setting.choice or 1.0))
        parameters.buffer_config = self._svs.SearchBufferConfig(setting.effort, capacity)
        self._index.search_parameters = parameters
        return self._index.search(queries, k)[0]

    def name_of(self, setting: Setting) -> str:
        """Its parameters."""
        return f"window={setting.effort}" + (f" buffer={setting.choice:g}x" if setting.choice else "")


def make_engine(name: str, degree: int, make_loader: Callable[..., Any]) -> Engine:
    """SVS with one degree and one kind of vectors."""
    return Engine(
        name=f"SVS R={degree} {name}",
        family="SVS",
        modules=("svs",),
        packages=("scalable-vs",),
        build=partial(build, degree=degree, make_loader=make_loader),
        open=partial(OpenedSvs, make_loader=make_loader),
        includes=f"Vamana graph_max_degree={degree} window_size={WINDOW} alpha=0.95, {name}.",
        unread=(INPUT,),
    )


ENGINES = [
    make_engine("float16", 32, float16),
    make_engine("float16", 64, float16),
    make_engine("LVQ4x8", 32, partial(lvq, primary=4, residual=8)),
    make_engine("LVQ8", 32, partial(lvq, primary=8, residual=0)),
    make_engine("LeanVec192", 32, partial(leanvec, reduced=192)),
]
