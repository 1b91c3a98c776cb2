"""The engines of the dense benchmark, each with some ways to build it; what they are stands in their own files."""

from __future__ import annotations

from peers_dense import (
    faiss_engine,
    hnswlib_engine,
    rocchio_engine,
    scann_engine,
    svs_engine,
    symphonyqg_engine,
    usearch_engine,
)
from peers_dense.engine import Engine, Matrix, Opened, Reads, Setting, rows_of

MODULES = (
    rocchio_engine,
    hnswlib_engine,
    faiss_engine,
    usearch_engine,
    svs_engine,
    scann_engine,
    symphonyqg_engine,
)
ENGINES: dict[str, Engine] = {engine.name: engine for module in MODULES for engine in module.ENGINES}
"""By name, in the order of the tables; rocchio is the first."""

__all__ = ["ENGINES", "Engine", "Matrix", "Opened", "Reads", "Setting", "rows_of"]
