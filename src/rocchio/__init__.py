"""rocchio: a retrieval engine that lives inside a Python program.

>>> import rocchio
>>> col = rocchio.create("papers.rocchio", fields={"text": rocchio.text()})       # doctest: +SKIP
>>> col.add({"doc_id": "a1", "text": "relevance feedback"}); col.commit()         # doctest: +SKIP
>>> col.search("feedback", k=10)                                                  # doctest: +SKIP

Names are loaded when first used, so `import rocchio` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rocchio import errors as errors
    from rocchio.analysis import Analyzer as Analyzer
    from rocchio.analysis import parse_analyzer as parse_analyzer
    from rocchio.engine.collection import Collection as Collection
    from rocchio.engine.columns import columns as columns
    from rocchio.engine.encoding import vector as vector
    from rocchio.engine.mixed import query as query
    from rocchio.engine.opening import create as create
    from rocchio.engine.opening import open as open
    from rocchio.engine.plan import parse_plan as parse_plan
    from rocchio.engine.plan import rm3 as rm3
    from rocchio.engine.snapshot import Snapshot as Snapshot
    from rocchio.fusion import fuse as fuse
    from rocchio.fusion import parse_fusion as parse_fusion
    from rocchio.lexical.scoring import Bm25 as Bm25
    from rocchio.storage.passages import passages as passages
    from rocchio.storage.schema import boolean as bool
    from rocchio.storage.schema import date as date
    from rocchio.storage.schema import keyword as keyword
    from rocchio.storage.schema import number as number
    from rocchio.storage.schema import sparse as sparse
    from rocchio.storage.schema import text as text
    from rocchio.tuning import tune as tune
    from rocchio.types import Hit as Hit
    from rocchio.types import Passage as Passage
    from rocchio.types import Run as Run

__version__ = "0.1.0"

_HOMES = {
    "Analyzer": ("rocchio.analysis", "Analyzer"),
    "Bm25": ("rocchio.lexical.scoring", "Bm25"),
    "Collection": ("rocchio.engine.collection", "Collection"),
    "Hit": ("rocchio.types", "Hit"),
    "Passage": ("rocchio.types", "Passage"),
    "Run": ("rocchio.types", "Run"),
    "Snapshot": ("rocchio.engine.snapshot", "Snapshot"),
    "bool": ("rocchio.storage.schema", "boolean"),
    "columns": ("rocchio.engine.columns", "columns"),
    "create": ("rocchio.engine.opening", "create"),
    "date": ("rocchio.storage.schema", "date"),
    "fuse": ("rocchio.fusion", "fuse"),
    "keyword": ("rocchio.storage.schema", "keyword"),
    "number": ("rocchio.storage.schema", "number"),
    "open": ("rocchio.engine.opening", "open"),
    "parse_analyzer": ("rocchio.analysis", "parse_analyzer"),
    "parse_fusion": ("rocchio.fusion", "parse_fusion"),
    "parse_plan": ("rocchio.engine.plan", "parse_plan"),
    "passages": ("rocchio.storage.passages", "passages"),
    "query": ("rocchio.engine.mixed", "query"),
    "rm3": ("rocchio.engine.plan", "rm3"),
    "sparse": ("rocchio.storage.schema", "sparse"),
    "text": ("rocchio.storage.schema", "text"),
    "tune": ("rocchio.tuning", "tune"),
    "vector": ("rocchio.engine.encoding", "vector"),
}

__all__ = [
    "Analyzer",
    "Bm25",
    "Collection",
    "Hit",
    "Passage",
    "Run",
    "Snapshot",
    "__version__",
    "bool",
    "columns",
    "create",
    "date",
    "errors",
    "fuse",
    "keyword",
    "number",
    "open",
    "parse_analyzer",
    "parse_fusion",
    "parse_plan",
    "passages",
    "query",
    "rm3",
    "sparse",
    "text",
    "tune",
    "vector",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        module, attribute = _HOMES[name]
        value = getattr(importlib.import_module(module), attribute)
    elif name == "errors":
        value = importlib.import_module("rocchio.errors")
    else:
        raise AttributeError(f"module 'rocchio' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
