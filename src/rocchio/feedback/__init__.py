"""Relevance feedback: better queries from what was found. Pure functions on term statistics and vectors."""

from rocchio.feedback.axiomatic import Axiomatic
from rocchio.feedback.bm25prf import Bm25Prf
from rocchio.feedback.clicks import QueryClicks, by_query, document_weights, mean_weights, same_query
from rocchio.feedback.corocchio import Corocchio, FromClicks, VectorCorocchio
from rocchio.feedback.divergence import Bo1, Kl, KlCorrect
from rocchio.feedback.method import Expansion
from rocchio.feedback.propensities import PropensityEstimate, estimate_propensities
from rocchio.feedback.rm3 import Rm3, Rm3Terrier
from rocchio.feedback.rocchio import Rocchio
from rocchio.feedback.soft_rocchio import SoftRocchio
from rocchio.feedback.terms import Collection, FeedbackTerms, TermFilter
from rocchio.feedback.vectors import FromVectors, Reencode, VectorAverage, VectorFeedback, VectorRocchio

METHODS: tuple[type[Expansion | FromVectors], ...] = (
    *(Rm3, Rm3Terrier, Rocchio, SoftRocchio, Bm25Prf, Axiomatic, Bo1, Kl, KlCorrect, Corocchio),
    *(VectorAverage, VectorRocchio, Reencode, VectorCorocchio),
)
"""All methods: of weighted terms, then of vectors."""

__all__ = [
    "METHODS",
    "Axiomatic",
    "Bm25Prf",
    "Bo1",
    "Collection",
    "Corocchio",
    "Expansion",
    "FeedbackTerms",
    "FromClicks",
    "FromVectors",
    "Kl",
    "KlCorrect",
    "PropensityEstimate",
    "QueryClicks",
    "Reencode",
    "Rm3",
    "Rm3Terrier",
    "Rocchio",
    "SoftRocchio",
    "TermFilter",
    "VectorAverage",
    "VectorCorocchio",
    "VectorFeedback",
    "VectorRocchio",
    "by_query",
    "document_weights",
    "estimate_propensities",
    "mean_weights",
    "same_query",
]
