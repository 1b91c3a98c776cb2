"""The engines that are compared. What each can do, and what its times include, stands in its own file."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import Any

from peers import bm25s_engine, pisa_engine, rocchio_engine, tantivy_engine
from peers.engine import K1, B, Engine, Opened

ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (rocchio_engine.ENGINE, bm25s_engine.ENGINE, pisa_engine.ENGINE, tantivy_engine.ENGINE)
}
"""By name, in the order of the tables; rocchio is the first."""

__all__ = ["ENGINES", "K1", "B", "Engine", "Opened", "is_installed", "versions"]


def is_installed(engine: Any) -> bool:
    """Whether all modules that the engine needs can be imported."""
    return all(importlib.util.find_spec(module) is not None for module in engine.modules)


def versions(engines: list[Any]) -> str:
    """Name and version of the packages behind the engines."""
    names = dict.fromkeys(name for engine in engines for name in engine.packages)
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
