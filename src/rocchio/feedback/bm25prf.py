"""BM25 with relevance weights from feedback (Robertson and Sparck Jones, 1976), as Anserini has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rocchio.feedback.method import Expansion, check_weight
from rocchio.feedback.terms import FeedbackTerms, Floats, TermFilter, Weights

LEAST = 1e-6


@dataclass(frozen=True)
class Bm25Prf(Expansion):
    """Query terms and the best new ones, each with its relevance weight in place of idf; times `new_term_weight` if new.

    New terms stand in at least two feedback documents and have the largest offer weights (Sakai and Robertson, 2002).
    The second pass multiplies by idf, so weights are divided by it here: its scores are those of relevance weights.
    """

    terms: int = 20
    new_term_weight: float = 0.2
    name: ClassVar[str] = "bm25prf"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_weight("new_term_weight", self.new_term_weight)

    @property
    def filter(self) -> TermFilter:
        return TermFilter((2, 20), "no number")

    def expand(self, found: FeedbackTerms) -> Weights:
        held = found.in_documents()
        relevance = np.maximum(self.new_term_weight * self._relevance(found, held, found.df.astype(np.float64)), LEAST)
        offers = np.where(held >= 2, relevance * np.log(np.maximum(held, LEAST)), 0.0)
        names = {found.term(number): number for number in range(len(held))}
        for term in found.query:
            if term in names:
                offers[names[term]] = 0.0
        counts = {term: held[names[term]] if term in names else 0 for term in found.query}
        weights = {term: self._of_query(found, term, int(count)) for term, count in counts.items()}
        weights |= found.named(found.heaviest(offers, self.terms), relevance)
        idf = {term: found.statistics(term).idf for term in weights}
        return {term: weight / idf[term] for term, weight in weights.items() if idf[term] > 0}

    def _of_query(self, found: FeedbackTerms, term: str, held: int) -> float:
        df = np.array([found.statistics(term).df], np.float64)
        return max(float(self._relevance(found, np.array([held]), df)[0]), LEAST)

    def _relevance(self, found: FeedbackTerms, held: Floats | np.ndarray, df: Floats) -> Floats:
        """Robertson and Sparck Jones' weight, float64 (terms,)."""
        feedback, rest = found.positive, found.documents
        odds = (held + 0.5) * (rest - df - feedback + held + 0.5) / ((df - held + 0.5) * (feedback - held + 0.5))
        return np.log(np.maximum(odds, LEAST))
