"""Terms that diverge from the collection: Bo1 and KL (Amati, 2003), as Terrier has them, parameter-free."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.feedback.method import Expansion
from rocchio.feedback.terms import FeedbackTerms, TermFilter, Weights


@dataclass(frozen=True)
class Divergence(Expansion):
    """Query terms plus weights of the terms that are more frequent in the feedback documents than elsewhere.

    The documents are read as one text. A new term stands in at least two of them. At least as many terms are weighed as
    the query has. `terms=0` weighs the query's own terms only.
    """

    docs: int = 3
    least_terms: ClassVar[int] = 0

    @property
    def filter(self) -> TermFilter:
        return TermFilter()

    def expand(self, found: FeedbackTerms) -> Weights:
        query = dict(found.query)
        if not found.tokens:
            return query
        names = self._usable(found)
        here = found.by_term(found.frequencies)
        weights = np.zeros(len(here))
        for number, term in names.items():
            in_feedback = float(here[number])  # part of the collection: a damaged or rounded count says less
            in_collection = max(in_feedback, found.collection.frequency(term))
            weights[number] = self._weight(found, in_feedback, in_collection)
        best = int(np.argmax(weights)) if len(weights) else -1
        most = self._most(found, float(here[best])) if best >= 0 and weights[best] > 0 else 0.0
        if most <= 0:
            return query
        chosen = found.heaviest(weights, max(self.terms, len(query)))
        if self.terms == 0:
            chosen = [number for number in names if names[number] in found.query]
        for term, weight in found.named(chosen, weights / most).items():
            query[term] = query.get(term, 0.0) + weight
        return query

    def _usable(self, found: FeedbackTerms) -> dict[int, str]:
        """The terms that may be weighed, by number."""
        least = min(2, found.positive)
        names = {number: found.term(number) for number in range(len(found.df))}
        held = found.in_documents()
        return {number: term for number, term in names.items() if held[number] >= least or term in found.query}

    @abstractmethod
    def _weight(self, found: FeedbackTerms, in_feedback: float, in_collection: float) -> float:
        """The weight of a term that stands so often in the feedback documents and in the collection."""

    @abstractmethod
    def _most(self, found: FeedbackTerms, in_feedback: float) -> float:
        """What weights are divided by, given how often the best term stands in the feedback documents."""


@dataclass(frozen=True)
class Bo1(Divergence):
    """Bose-Einstein statistics: tf * log2((1 + f) / f) + log2(1 + f), f the mean frequency in the collection."""

    name: ClassVar[str] = "bo1"

    def _weight(self, found: FeedbackTerms, in_feedback: float, in_collection: float) -> float:
        mean = in_collection / found.collection.documents
        return float(in_feedback * np.log2((1 + mean) / mean) + np.log2(1 + mean))

    def _most(self, found: FeedbackTerms, in_feedback: float) -> float:
        return self._weight(found, in_feedback, in_feedback)


@dataclass(frozen=True)
class Kl(Divergence):
    """p * log2(p / c), p and c the shares of the feedback's and of the collection's tokens; 0 where p < c."""

    name: ClassVar[str] = "kl"

    def _weight(self, found: FeedbackTerms, in_feedback: float, in_collection: float) -> float:
        here, everywhere = in_feedback / found.tokens, in_collection / found.collection.tokens
        return 0.0 if here < everywhere else float(here * np.log2(here / everywhere))

    def _most(self, found: FeedbackTerms, in_feedback: float) -> float:
        return float(in_feedback * np.log2(found.collection.tokens / found.tokens) / found.tokens)


@dataclass(frozen=True)
class KlCorrect(Divergence):
    """KL with its second term, as Terrier's code has it: p * log2(p / c) + p * log2((1 - p) / (1 - c))."""

    name: ClassVar[str] = "kl_correct"

    def _weight(self, found: FeedbackTerms, in_feedback: float, in_collection: float) -> float:
        here, everywhere = in_feedback / found.tokens, in_collection / found.collection.tokens
        if here < everywhere or here >= 1:
            return 0.0
        return float(here * np.log2(here / everywhere) + here * np.log2((1 - here) / (1 - everywhere)))

    def _most(self, _found: FeedbackTerms, _in_feedback: float) -> float:
        return 1.0
