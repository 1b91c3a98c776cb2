"""BM25 with relevance weights from feedback (Robertson and Sparck Jones, 1976), as Anserini has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from rocchio.feedback.method import Expansion, check_weight
from rocchio.feedback.terms import FeedbackTerms, Floats, TermFilter, Weights

LEAST = 1e-6
_NEW = TermFilter((2, 20), "no number")


@dataclass(frozen=True)
class Bm25Prf(Expansion):
    """Query terms and the best new ones, with relevance weights in place of idf, times `new_term_weight` if new.

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
        return TermFilter()  # query terms count however they are written

    def expand(self, found: FeedbackTerms) -> Weights:
        names = {found.term(number): number for number in range(len(found.df))}
        everything = found.collection.documents
        new = np.array([term not in found.query and _NEW.accepts(term, 0, everything) for term in names], np.bool_)
        held, df = found.in_documents(), found.df.astype(np.float64)
        relevance = np.maximum(self.new_term_weight * self._relevance(found, held, df), LEAST)
        offers = np.where(new & (held >= 2), relevance * np.log(np.maximum(held, LEAST)), 0.0)
        weights = {}
        for term, weight in found.query.items():
            if weight <= 0:  # it stays what it is, against its documents
                weights[term] = weight
                continue
            count, documents = held[names[term]] if term in names else 0, found.collection.df(term)
            own = float(self._relevance(found, np.array([count]), np.array([float(documents)]))[0])
            weights[term] = _without_idf(found, max(own, LEAST), documents)
        for number in found.heaviest(offers, self.terms):
            weights[found.term(number)] = _without_idf(found, float(relevance[number]), int(df[number]))
        return {term: weight for term, weight in weights.items() if weight != 0}

    def _relevance(self, found: FeedbackTerms, held: npt.NDArray[np.int64], df: Floats) -> Floats:
        """Robertson and Sparck Jones' weight, float64 (terms,)."""
        feedback, rest = found.positive, found.collection.documents
        odds = (held + 0.5) * (rest - df - feedback + held + 0.5) / ((df - held + 0.5) * (feedback - held + 0.5))
        return np.log(np.maximum(odds, LEAST))


def _without_idf(found: FeedbackTerms, weight: float, df: int) -> float:
    """What the idf of the second pass makes the weight of; 0 where idf is."""
    idf = found.collection.idf(df) if df else 0.0
    return weight / idf if idf > 0 else 0.0
