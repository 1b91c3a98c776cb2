"""Clicks as counts, and what each clicked document weighs when ranks are looked at unequally often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from rocchio.storage.click_log import Impression
from rocchio.types import DocId

Propensity: TypeAlias = Callable[[int], float]
"""How often a rank, from 1 on, is looked at, in proportion to the first."""


@dataclass
class QueryClicks:
    """What the log says of one query: its text as first written, how often a list was shown for it, and the clicks by
    (doc_id, rank).
    """

    query: str
    impressions: int = 0
    clicks: Counter[tuple[DocId, int]] = field(default_factory=Counter)


def same_query(text: str) -> str:
    """What queries that count as one have in common: all but case and white space."""
    return " ".join(text.casefold().split())


def by_query(impressions: Iterable[Impression]) -> dict[str, QueryClicks]:
    """The clicks of each query, by `same_query`, in the order of the log."""
    found: dict[str, QueryClicks] = {}
    for impression in impressions:
        query = found.setdefault(same_query(impression.query), QueryClicks(impression.query))
        query.impressions += 1
        for rank in impression.clicked:
            query.clicks[impression.shown[rank - 1], rank] += 1
    return found


def document_weights(query: QueryClicks, propensity: Propensity) -> dict[DocId, float]:
    """(1 / impressions) * sum over clicks of 1 / propensity(rank), by document (Zhuang et al., SIGIR 2022).

    Its expectation is how often a document would be clicked if every rank were looked at as often as the first.
    """
    weights: dict[DocId, float] = {}
    for (doc_id, rank), count in query.clicks.items():
        weights[doc_id] = weights.get(doc_id, 0.0) + count / propensity(rank) / query.impressions
    return weights


def mean_weights(parts: Iterable[Mapping[DocId, float]]) -> dict[DocId, float]:
    """The mean of the weights of several queries; a document that a query lacks weighs 0 there."""
    parts = list(parts)
    total: dict[DocId, float] = {}
    for part in parts:
        for doc_id, weight in part.items():
            total[doc_id] = total.get(doc_id, 0.0) + weight / len(parts)
    return total
