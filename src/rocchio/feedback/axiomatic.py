"""Axiomatic expansion: terms that occur with the query's terms more than by chance (Fang and Zhai, SIGIR 2006)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.feedback.method import Expansion, check_count, check_weight
from rocchio.feedback.terms import FeedbackTerms, Floats, TermFilter, Weights

LEAST_WEIGHT = 1e-8


@dataclass(frozen=True)
class Axiomatic(Expansion):
    """The `terms` heaviest of those that share documents with the query's terms, as Anserini has it.

    Documents are the first `docs` and others drawn at random from `seed`, `docs` times `draws` in all. A term's weight
    is the sum over query terms of idf * beta * MI(query term, term) / MI(query term, query term), over the `nearest`
    terms of each; that of a query term to itself is its idf. Terms are two letters or more of a to z; query terms that
    are not keep their idf.
    """

    docs: int = 20
    terms: int = 20
    draws: int = 30
    nearest: int = 1000
    beta: float = 0.4
    seed: int = 42
    name: ClassVar[str] = "axiomatic"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("draws", "nearest"):
            check_count(name, getattr(self, name))
        check_count("seed", self.seed, 0)
        check_weight("beta", self.beta)

    @property
    def pool(self) -> int:
        return self.docs * (self.draws - 1)

    @property
    def filter(self) -> TermFilter:
        return TermFilter((2, 2**32 - 1), "letters")

    def expand(self, found: FeedbackTerms) -> Weights:
        shared = np.zeros((len(found.df), len(found.scores)), np.bool_)
        shared[found.entry_terms, found.entry_documents] = True
        names = {found.term(number): number for number in range(len(found.df))}
        total = np.zeros(len(names))
        kept: Weights = {}
        for term, weight in found.query.items():
            idf = weight * np.log((1 + found.collection.documents) // max(1, found.collection.df(term)))
            if term not in names:
                kept[term] = float(idf)
                continue
            total += self._shares(shared, names[term], float(idf))
        kept |= found.named(found.heaviest(total, self.terms), total)
        size = sum(map(abs, found.query.values()))
        in_order = dict.fromkeys([*(term for term in found.query if term in kept), *kept])  # the query's come first
        weights = {term: kept[term] / size for term in in_order if kept[term] > LEAST_WEIGHT}
        return weights or dict(found.query)

    def _shares(self, shared: np.ndarray, own: int, idf: float) -> Floats:
        """What one query term gives to each term, float64 (terms,)."""
        information = mutual_information(shared[own], shared)
        if information[own] <= 0:
            return np.where(np.arange(len(shared)) == own, idf, 0.0)
        given: Floats = idf * self.beta * information / information[own]
        given[own] = idf
        given[given <= LEAST_WEIGHT] = 0.0
        given[np.argsort(-given, kind="stable")[max(self.terms, self.nearest) :]] = 0.0
        return given


def mutual_information(term: np.ndarray, terms: np.ndarray) -> Floats:
    """Of one term with each of several, in nats, float64 (terms,); which documents hold them is bool (..., documents).

    0 where either is in all or in no documents.
    """
    size = len(term)
    both = (terms & term).sum(axis=1)
    own, others = int(term.sum()), terms.sum(axis=1)
    information = np.zeros(len(terms))
    for joint, one, other in (
        (both, own, others),
        (own - both, own, size - others),
        (others - both, size - own, others),
        (size - own - others + both, size - own, size - others),
    ):
        with np.errstate(divide="ignore", invalid="ignore"):
            part = joint / size * np.log(joint * size / (one * other))
        information += np.where(joint > 0, part, 0.0)
    return np.where((own in (0, size)) | (others == 0) | (others == size), 0.0, information)
