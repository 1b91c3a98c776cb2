"""Relevance feedback: better queries from what was found. Pure functions on term statistics and vectors."""

from rocchio.feedback.axiomatic import Axiomatic
from rocchio.feedback.bm25prf import Bm25Prf
from rocchio.feedback.divergence import Bo1, Kl, KlCorrect
from rocchio.feedback.method import Expansion
from rocchio.feedback.rm3 import Rm3, Rm3Terrier
from rocchio.feedback.rocchio import Rocchio
from rocchio.feedback.soft_rocchio import SoftRocchio
from rocchio.feedback.terms import Collection, FeedbackTerms, TermFilter
from rocchio.feedback.vectors import FromVectors, Reencode, VectorAverage, VectorFeedback, VectorRocchio

METHODS: tuple[type[Expansion | FromVectors], ...] = (
    *(Rm3, Rm3Terrier, Rocchio, SoftRocchio, Bm25Prf, Axiomatic, Bo1, Kl, KlCorrect),
    *(VectorAverage, VectorRocchio, Reencode),
)
"""All methods: of weighted terms, then of vectors."""

__all__ = [
    "METHODS",
    "Axiomatic",
    "Bm25Prf",
    "Bo1",
    "Collection",
    "Expansion",
    "FeedbackTerms",
    "FromVectors",
    "Kl",
    "KlCorrect",
    "Reencode",
    "Rm3",
    "Rm3Terrier",
    "Rocchio",
    "SoftRocchio",
    "TermFilter",
    "VectorAverage",
    "VectorFeedback",
    "VectorRocchio",
]
