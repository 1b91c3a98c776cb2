"""Fusion written down as the papers have it, with dicts: what the fast version must equal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rocchio.fusion.borda import Borda
from rocchio.fusion.comb import CombMnz
from rocchio.fusion.convex import ZNorm
from rocchio.fusion.method import Fusion
from rocchio.fusion.rrf import Rrf
from rocchio.types import DocId

Scored = Mapping[DocId, float]
"""doc_id -> score of one ranked list, best first."""


def reference_scores(lists: Sequence[Scored], fusion: Fusion, zeros: Sequence[int]) -> dict[DocId, float]:
    """doc_id -> fused score, for every document of any list; list i goes on with `zeros[i]` documents of score 0."""
    union = {doc_id for scored in lists for doc_id in scored}
    weights = fusion.list_weights(len(lists)).tolist()
    parts = [_parts(scored, union, fusion, more) for scored, more in zip(lists, zeros, strict=True)]
    held = {doc_id: sum(doc_id in scored for scored in lists) for doc_id in union}
    return {
        doc_id: math.fsum(weight * part[doc_id] for weight, part in zip(weights, parts, strict=True))
        * (held[doc_id] if isinstance(fusion, CombMnz) else 1)
        for doc_id in union
    }


def _parts(scored: Scored, union: set[DocId], fusion: Fusion, zeros: int) -> dict[DocId, float]:
    """What one list adds to each document of the union, before weights."""
    ranks = {doc_id: rank for rank, doc_id in enumerate(scored, start=1)}
    if isinstance(fusion, Rrf):
        return {doc_id: 1 / (fusion.k + ranks[doc_id]) if doc_id in ranks else 0.0 for doc_id in union}
    if isinstance(fusion, Borda):
        shared = (len(union) - len(scored) + 1) / 2
        return {doc_id: len(union) + 1 - ranks[doc_id] if doc_id in ranks else shared for doc_id in union}
    if not scored:
        return dict.fromkeys(union, 0.0)
    scores = [*scored.values(), *[0.0] * zeros]
    lowest = min(scores)
    scale = max(scores) - lowest
    if scale == 0:
        return {doc_id: 1.0 if doc_id in scored else 0.0 for doc_id in union}
    if isinstance(fusion, ZNorm):
        mean = math.fsum(scores) / len(scores)
        scale = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores))
    absent = 0.0 if zeros else lowest
    return {doc_id: (scored.get(doc_id, absent) - lowest) / scale for doc_id in union}
