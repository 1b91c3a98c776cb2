"""Fusion written down as the papers have it, with dicts: what the fast version must equal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rocchio.fusion.borda import Borda
from rocchio.fusion.comb import CombMnz, CombSum
from rocchio.fusion.method import Fusion
from rocchio.fusion.rrf import Rrf
from rocchio.types import DocId

Scored = Mapping[DocId, float]
"""doc_id -> score of one ranked list, best first."""


def reference_scores(lists: Sequence[Scored], fusion: Fusion) -> dict[DocId, float]:
    """doc_id -> fused score, for every document of any list."""
    union = {doc_id for scored in lists for doc_id in scored}
    weights = fusion.list_weights(len(lists)).tolist()
    parts = [_parts(scored, union, fusion) for scored in lists]
    held = {doc_id: sum(doc_id in scored for scored in lists) for doc_id in union}
    return {
        doc_id: math.fsum(weight * part[doc_id] for weight, part in zip(weights, parts, strict=True))
        * (held[doc_id] if isinstance(fusion, CombMnz) else 1)
        for doc_id in union
    }


def _parts(scored: Scored, union: set[DocId], fusion: Fusion) -> dict[DocId, float]:
    """What one list adds to each document of the union, before weights."""
    ranks = {doc_id: rank for rank, doc_id in enumerate(scored, start=1)}
    if isinstance(fusion, Rrf):
        return {doc_id: 1 / (fusion.k + ranks[doc_id]) if doc_id in ranks else 0.0 for doc_id in union}
    if isinstance(fusion, Borda):
        shared = (len(union) - len(scored) + 1) / 2
        return {doc_id: len(union) + 1 - ranks[doc_id] if doc_id in ranks else shared for doc_id in union}
    if not scored:
        return dict.fromkeys(union, 0.0)
    lowest = min(scored.values())
    scale = max(scored.values()) - lowest
    if not isinstance(fusion, CombSum) and fusion.name == "znorm":
        mean = math.fsum(scored.values()) / len(scored)
        scale = math.sqrt(math.fsum((score - mean) ** 2 for score in scored.values()) / len(scored))
    same = 1.0 if scale == 0 else None
    return {
        doc_id: 0.0 if doc_id not in scored else same if same is not None else (scored[doc_id] - lowest) / scale
        for doc_id in union
    }
