"""RM3: the query mixed with a relevance model of the feedback documents (Abdul-Jaleel et al., TREC 2004)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.feedback.method import Expansion, check_weight
from rocchio.feedback.terms import FeedbackTerms, TermFilter, Weights

LEAST_NORM = 0.001
"""Documents of fewer accepted tokens say nothing, as in Anserini."""


@dataclass(frozen=True)
class Rm3(Expansion):
    """RM3 as Anserini has it: documents weighed by their BM25 scores, each cut to its `terms` most frequent terms.

    `original` is the share of the query as it was given. Terms that more than `most_share` of the collection have are
    left out, and those not of 2 to 20 letters or digits. Scores stand for likelihoods: a document whose score is not
    above 0, as all are by distance, says nothing.
    """

    original: float = 0.5
    most_share: float = 0.1
    name: ClassVar[str] = "rm3"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_weight("original", self.original, 1)
        check_weight("most_share", self.most_share, 1)

    @property
    def filter(self) -> TermFilter:
        return TermFilter((2, 20), "letters or digits", self.most_share, self.terms)

    def model(self, found: FeedbackTerms) -> Weights:
        """The heaviest terms of the relevance model. The kernels compute the same (`relevance_models.cpp`)."""
        norms = found.by_document(found.frequencies)
        counts = (norms > LEAST_NORM) & (found.scores > 0)
        shares = np.where(counts, found.scores / np.maximum(norms, LEAST_NORM), 0.0)
        weights = found.by_term(found.frequencies * shares[found.entry_documents])
        return found.named(found.heaviest(weights, self.terms), weights)

    def mixed(self, query: Mapping[str, float], model: Weights) -> Weights:
        """The better query, from a relevance model."""
        return mix(query, model, self.original)

    def expand(self, found: FeedbackTerms) -> Weights:
        return self.mixed(found.query, self.model(found))


@dataclass(frozen=True)
class Rm3Terrier(Expansion):
    """RM3 as Terrier has it: documents weighed by the softmax of their scores, terms by their share of a document.

    Terms of one document of the collection, or of a tenth or more, are left out.
    """

    docs: int = 3
    original: float = 0.6
    name: ClassVar[str] = "rm3_terrier"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_weight("original", self.original, 1)

    @property
    def filter(self) -> TermFilter:
        return TermFilter(most_share=0.1)

    def expand(self, found: FeedbackTerms) -> Weights:
        likelihoods = np.exp(found.scores - found.scores.max(initial=-np.inf))
        # sorted, so that the sum does not depend on the order of documents
        shares = likelihoods / np.sort(likelihoods).sum() / np.maximum(found.lengths, 1.0)
        weights = found.by_term(found.frequencies * shares[found.entry_documents])
        usable = (found.df >= 2) & (found.df < int(0.1 * found.collection.documents))
        chosen = found.named(found.heaviest(np.where(usable, weights, 0.0), self.terms), weights)
        return mix(found.query, chosen, self.original)


def mix(query: Mapping[str, float], model: Weights, original: float) -> Weights:
    """The query, its weights summing to 1, mixed with the terms of a model, theirs summing to 1, without those
    that weigh 0; as it is without a model.
    """
    if not model:
        return dict(query)
    norm, size = sum(map(abs, query.values())) or 1.0, sum(model.values()) or 1.0
    mixed = {term: original * (weight / norm) for term, weight in query.items()}
    share = 1 - original
    for term, weight in model.items():
        mixed[term] = mixed.get(term, 0.0) + share * (weight / size)
    return {term: weight for term, weight in mixed.items() if weight != 0} if 0.0 in mixed.values() else mixed
