"""Rocchio's feedback on weighted terms (Rocchio, 1971), as Anserini has it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.feedback.method import Expansion, check_count, check_weight, scaled
from rocchio.feedback.terms import FeedbackTerms, Floats, TermFilter, Weights

LEAST_NORM = 0.001


@dataclass(frozen=True)
class Rocchio(Expansion):
    """alpha * query + beta * mean of the first `docs` documents - gamma * mean of the last `bottom_docs`.

    Query and documents have Euclidean length 1; each mean is cut to its `terms` heaviest terms and scaled to length 1
    again. Terms whose weight is not above 0 are dropped. Without `bottom_docs`, gamma counts only where documents are
    marked as not relevant.
    """

    alpha: float = 1.0
    beta: float = 0.75
    gamma: float = 0.15
    bottom_docs: int = 0
    most_share: float = 0.1
    name: ClassVar[str] = "rocchio"
    uses_negative: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("alpha", "beta", "gamma"):
            check_weight(name, getattr(self, name))
        check_count("bottom_docs", self.bottom_docs, 0)
        check_weight("most_share", self.most_share, 1)

    @property
    def bottom(self) -> int:
        return self.bottom_docs

    @property
    def filter(self) -> TermFilter:
        return TermFilter((2, 20), "any", self.most_share)

    def expand(self, found: FeedbackTerms) -> Weights:
        query = scaled(dict(found.query), euclidean(found.query))
        mixed = {term: self.alpha * weight for term, weight in query.items()}
        for share, first, last in (
            (self.beta, 0, found.positive),
            (-self.gamma, found.positive, len(found.scores)),
        ):
            for term, weight in self._mean(found, first, last).items():
                mixed[term] = mixed.get(term, 0.0) + share * weight
        return {term: weight for term, weight in mixed.items() if weight > 0}

    def _mean(self, found: FeedbackTerms, first: int, last: int) -> Weights:
        """The mean of the documents [first, last), cut and scaled."""
        shares = np.zeros(len(found.scores))
        shares[first:last] = 1 / max(1, last - first)
        return documents_of_length_one(found, shares, self.terms)


def documents_of_length_one(found: FeedbackTerms, shares: Floats, terms: int) -> Weights:
    """The sum of documents of Euclidean length 1, each times its share (documents,), cut to its heaviest terms and
    scaled to length 1.
    """
    norms = np.sqrt(found.by_document(found.frequencies**2))
    shares = np.where(norms > LEAST_NORM, shares / np.maximum(norms, LEAST_NORM), 0.0)
    weights = found.by_term(found.frequencies * shares[found.entry_documents])
    chosen = found.named(found.heaviest(weights, terms), weights)
    return scaled(chosen, euclidean(chosen))


def euclidean(weights: Mapping[str, float]) -> float:
    """The length of weights as a vector."""
    return math.sqrt(sum(weight * weight for weight in weights.values()))
