"""Relevance feedback: better queries from what a first pass has found. Pure functions on term statistics and vectors."""

from rocchio.feedback.axiomatic import Axiomatic
from rocchio.feedback.bm25prf import Bm25Prf
from rocchio.feedback.divergence import Bo1, Kl, KlCorrect
from rocchio.feedback.method import Expansion
from rocchio.feedback.rm3 import Rm3, Rm3Terrier
from rocchio.feedback.rocchio import Rocchio
from rocchio.feedback.terms import FeedbackTerms, TermFilter, TermStatistics
from rocchio.feedback.vectors import Reencode, VectorAverage, VectorFeedback, VectorRocchio

EXPANSIONS: tuple[type[Expansion], ...] = (Rm3, Rm3Terrier, Rocchio, Bm25Prf, Axiomatic, Bo1, Kl, KlCorrect)
"""All lexical methods."""

__all__ = [
    "EXPANSIONS",
    "Axiomatic",
    "Bm25Prf",
    "Bo1",
    "Expansion",
    "FeedbackTerms",
    "Kl",
    "KlCorrect",
    "Reencode",
    "Rm3",
    "Rm3Terrier",
    "Rocchio",
    "TermFilter",
    "TermStatistics",
    "VectorAverage",
    "VectorFeedback",
    "VectorRocchio",
]
