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
    from rocchio.encoders.chat_judge import ChatJudge as ChatJudge
    from rocchio.engine.collection import Collection as Collection
    from rocchio.engine.columns import columns as columns
    from rocchio.engine.encoding import vector as vector
    from rocchio.engine.mixed import query as query
    from rocchio.engine.opening import create as create
    from rocchio.engine.opening import open as open
    from rocchio.engine.plan import Plan as Plan
    from rocchio.engine.snapshot import Snapshot as Snapshot
    from rocchio.feedback.judging import Budget as Budget
    from rocchio.filters.expression import field as field
    from rocchio.fusion import fuse as fuse
    from rocchio.fusion import parse_fusion as parse_fusion
    from rocchio.lexical.scoring import Bm25 as Bm25
    from rocchio.pipelines.named import axiomatic as axiomatic
    from rocchio.pipelines.named import bm25 as bm25
    from rocchio.pipelines.named import bm25prf as bm25prf
    from rocchio.pipelines.named import bo1 as bo1
    from rocchio.pipelines.named import corocchio as corocchio
    from rocchio.pipelines.named import gate as gate
    from rocchio.pipelines.named import hybrid as hybrid
    from rocchio.pipelines.named import kl as kl
    from rocchio.pipelines.named import kl_correct as kl_correct
    from rocchio.pipelines.named import offline as offline
    from rocchio.pipelines.named import pseudo_embeddings as pseudo_embeddings
    from rocchio.pipelines.named import reencode as reencode
    from rocchio.pipelines.named import rm3 as rm3
    from rocchio.pipelines.named import rm3_terrier as rm3_terrier
    from rocchio.pipelines.named import rocchio as rocchio
    from rocchio.pipelines.named import soft_rocchio as soft_rocchio
    from rocchio.pipelines.named import vector_average as vector_average
    from rocchio.pipelines.named import vector_corocchio as vector_corocchio
    from rocchio.pipelines.named import vector_rocchio as vector_rocchio
    from rocchio.pipelines.parse import parse_plan as parse_plan
    from rocchio.storage.passages import passages as passages
    from rocchio.storage.schema import boolean as bool
    from rocchio.storage.schema import date as date
    from rocchio.storage.schema import keyword as keyword
    from rocchio.storage.schema import number as number
    from rocchio.storage.schema import sparse as sparse
    from rocchio.storage.schema import text as text
    from rocchio.storage.tenancy import ALL_TENANTS as ALL_TENANTS
    from rocchio.storage.tenancy import tenants as tenants
    from rocchio.tuning import tune as tune
    from rocchio.types import Hit as Hit
    from rocchio.types import Passage as Passage
    from rocchio.types import Run as Run

__version__ = "0.1.0"

_HOMES = {
    "Analyzer": ("rocchio.analysis", "Analyzer"),
    "Bm25": ("rocchio.lexical.scoring", "Bm25"),
    "Budget": ("rocchio.feedback.judging", "Budget"),
    "ChatJudge": ("rocchio.encoders.chat_judge", "ChatJudge"),
    "Collection": ("rocchio.engine.collection", "Collection"),
    "Hit": ("rocchio.types", "Hit"),
    "Passage": ("rocchio.types", "Passage"),
    "Run": ("rocchio.types", "Run"),
    "Snapshot": ("rocchio.engine.snapshot", "Snapshot"),
    "bool": ("rocchio.storage.schema", "boolean"),
    "columns": ("rocchio.engine.columns", "columns"),
    "create": ("rocchio.engine.opening", "create"),
    "date": ("rocchio.storage.schema", "date"),
    "field": ("rocchio.filters.expression", "field"),
    "fuse": ("rocchio.fusion", "fuse"),
    "keyword": ("rocchio.storage.schema", "keyword"),
    "number": ("rocchio.storage.schema", "number"),
    "open": ("rocchio.engine.opening", "open"),
    "parse_analyzer": ("rocchio.analysis", "parse_analyzer"),
    "parse_fusion": ("rocchio.fusion", "parse_fusion"),
    "parse_plan": ("rocchio.pipelines.parse", "parse_plan"),
    "Plan": ("rocchio.engine.plan", "Plan"),
    "passages": ("rocchio.storage.passages", "passages"),
    "query": ("rocchio.engine.mixed", "query"),
    "sparse": ("rocchio.storage.schema", "sparse"),
    "ALL_TENANTS": ("rocchio.storage.tenancy", "ALL_TENANTS"),
    "tenants": ("rocchio.storage.tenancy", "tenants"),
    "text": ("rocchio.storage.schema", "text"),
    "tune": ("rocchio.tuning", "tune"),
    "vector": ("rocchio.engine.encoding", "vector"),
}

_STEPS = (
    "axiomatic",
    "bm25",
    "bm25prf",
    "bo1",
    "corocchio",
    "gate",
    "hybrid",
    "kl",
    "kl_correct",
    "offline",
    "pseudo_embeddings",
    "reencode",
    "rm3",
    "rm3_terrier",
    "rocchio",
    "soft_rocchio",
    "vector_average",
    "vector_corocchio",
    "vector_rocchio",
)
_HOMES |= {name: ("rocchio.pipelines.named", name) for name in _STEPS}

__all__ = [
    "ALL_TENANTS",
    "Analyzer",
    "Bm25",
    "Budget",
    "ChatJudge",
    "Collection",
    "Hit",
    "Passage",
    "Plan",
    "Run",
    "Snapshot",
    "__version__",
    "axiomatic",
    "bm25",
    "bm25prf",
    "bo1",
    "bool",
    "columns",
    "corocchio",
    "create",
    "date",
    "errors",
    "field",
    "fuse",
    "gate",
    "hybrid",
    "keyword",
    "kl",
    "kl_correct",
    "number",
    "offline",
    "open",
    "parse_analyzer",
    "parse_fusion",
    "parse_plan",
    "passages",
    "pseudo_embeddings",
    "query",
    "reencode",
    "rm3",
    "rm3_terrier",
    "rocchio",
    "soft_rocchio",
    "sparse",
    "tenants",
    "text",
    "tune",
    "vector",
    "vector_average",
    "vector_corocchio",
    "vector_rocchio",
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
