"""Counterfactual Rocchio: feedback from a click log, with each click weighed against the bias of its rank.

CoRocchio of Zhuang, Li and Zuccon (SIGIR 2022) on vectors; the same on weighted terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rocchio.errors import InvalidArgument
from rocchio.feedback.clicks import Propensity
from rocchio.feedback.method import Expansion, check_count, check_weight, scaled
from rocchio.feedback.rocchio import documents_of_length_one, euclidean
from rocchio.feedback.terms import FeedbackTerms, TermFilter, Weights
from rocchio.feedback.vectors import FromVectors, Matrix

ESTIMATED = "estimated"


@dataclass(frozen=True)
class FromClicks:
    """What both share. The `docs` clicked documents of the largest weight are feedback.

    A click at a rank counts 1 / propensity, which is (1 / rank)^`eta`, or by `propensities`: of ranks 1, 2, ..., the
    last of them for all below, or "estimated" from the log. None is taken to be below `clip`, which bounds how much one
    click can do. A query that the log has no clicks for takes the mean of its `neighbours` nearest logged ones, of a
    cosine of at least `least_similarity`: between their vectors for a vector field with an encoder, between their
    words weighed by idf otherwise. Raises InvalidArgument.
    """

    eta: float = 1.0
    propensities: Any = None
    neighbours: int = 3
    least_similarity: float = 0.5
    clip: float = 0.0

    def check_clicks(self) -> None:
        """Raises InvalidArgument for settings out of range."""
        check_weight("eta", self.eta, 10)
        check_count("neighbours", self.neighbours, 0)
        check_weight("least_similarity", self.least_similarity, 1)
        check_weight("clip", self.clip, 1)
        if isinstance(self.propensities, list | tuple):
            for value in self.propensities:
                check_weight("propensities", value, 1)
            if not self.propensities or min(self.propensities) <= 0:
                raise InvalidArgument(f"expected propensities above 0, found {self.propensities!r}")
            object.__setattr__(self, "propensities", tuple(map(float, self.propensities)))
        elif self.propensities not in (None, ESTIMATED):
            raise InvalidArgument(
                f"expected propensities by rank, like [1.0, 0.6, 0.4], or estimated, found {self.propensities!r}"
            )

    def propensity(self, estimated: tuple[float, ...]) -> Propensity:
        """By rank; `estimated` are those of the log, where they are asked for."""
        ranks = estimated if self.propensities == ESTIMATED else self.propensities
        if ranks is None:
            return lambda rank: max(self.clip, rank**-self.eta)
        return lambda rank: max(self.clip, ranks[min(rank, len(ranks)) - 1])


@dataclass(frozen=True)
class Corocchio(FromClicks, Expansion):
    """alpha * query + beta * sum of the clicked documents, each by its weight, on weighted terms.

    As in `Rocchio`, query and documents have Euclidean length 1, and the sum is cut to its `terms` heaviest terms and
    scaled to length 1, so that `beta` says what the clicks count beside the query however many there are.
    """

    docs: int = 100
    terms: int = 10
    alpha: float = 0.4
    beta: float = 0.6
    most_share: float = 0.1
    name: ClassVar[str] = "corocchio"
    reads_ranking: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_clicks()
        check_weight("alpha", self.alpha)
        check_weight("beta", self.beta)
        check_weight("most_share", self.most_share, 1)

    @property
    def filter(self) -> TermFilter:
        return TermFilter((2, 20), "any", self.most_share)

    def expand(self, found: FeedbackTerms) -> Weights:
        mixed = {term: self.alpha * weight for term, weight in scaled(found.query, euclidean(found.query)).items()}
        for term, weight in documents_of_length_one(found, found.scores, self.terms).items():
            mixed[term] = mixed.get(term, 0.0) + self.beta * weight
        return {term: weight for term, weight in mixed.items() if weight > 0} or dict(found.query)


@dataclass(frozen=True)
class VectorCorocchio(FromClicks, FromVectors):
    """alpha * query + beta * sum of the clicked documents' vectors, each by its weight. Not scaled to any length."""

    docs: int = 100
    alpha: float = 0.4
    beta: float = 0.6
    name: ClassVar[str] = "vector_corocchio"
    reads_ranking: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_clicks()
        check_weight("alpha", self.alpha)
        check_weight("beta", self.beta)

    def move_by(self, query: Matrix, documents: Matrix, weights: np.ndarray) -> Matrix:
        """The better query (dim,), from a query and documents (n, dim) of these weights (n,)."""
        moved = self.alpha * query.astype(np.float64) + self.beta * (weights @ documents.astype(np.float64))
        return moved.astype(np.float32)
