"""Rocchio's feedback with documents as BM25 sees them, each as loud as the first pass is sure of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.feedback.method import Expansion, check_weight, scaled
from rocchio.feedback.terms import FeedbackTerms, TermFilter, Weights


@dataclass(frozen=True)
class SoftRocchio(Expansion):
    """The query plus `beta` times a mean of documents: weighted by BM25, of length 1, averaged by softmax of scores.

    A document's share is proportional to exp(`sharpness` * score). Where the first pass has a clear winner, feedback is
    that document alone and little else than the query is added; where many score alike, it is the mean of all. So it
    hurts less than fixed shares do where a query has one answer (benchmarks/results/feedback.md). `sharpness` is for
    the scale of the first pass's scores: 0.3 suits BM25, 1 suits sums of z-norms.
    """

    terms: int = 20
    beta: float = 1.0
    sharpness: float = 0.3
    name: ClassVar[str] = "soft_rocchio"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_weight("beta", self.beta)
        check_weight("sharpness", self.sharpness)

    @property
    def filter(self) -> TermFilter:
        return TermFilter()  # idf makes words that all documents have light

    def expand(self, found: FeedbackTerms) -> Weights:
        parts = found.collection.parts(
            found.df[found.entry_terms], found.frequencies, found.lengths[found.entry_documents]
        )
        norms = np.sqrt(found.by_document(parts**2))
        shares = np.exp(self.sharpness * (found.scores - found.scores.max(initial=-np.inf)))
        everything = np.sort(shares).sum()  # sorted, so that it does not depend on the order of documents
        shares = np.where(norms > 0, shares / everything / np.where(norms > 0, norms, 1.0), 0.0)
        weights = found.by_term(parts * shares[found.entry_documents])
        better = scaled(dict(found.query), math.sqrt(sum(weight**2 for weight in found.query.values())))
        for term, weight in found.named(found.heaviest(weights, self.terms), self.beta * weights).items():
            better[term] = better.get(term, 0.0) + weight
        return {term: weight for term, weight in better.items() if weight != 0}
