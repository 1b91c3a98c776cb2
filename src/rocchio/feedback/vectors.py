"""Feedback on vectors: the query moved towards what it has found (Li et al., TOIS 2023)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument
from rocchio.feedback.method import check_count, check_weight

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FromVectors:
    """Feedback for a vector field. `docs` documents of the first pass are feedback, those that have a vector; `field`
    names the vector field, None the only one. Raises InvalidArgument.
    """

    docs: int = 3
    field: str | None = None
    name: ClassVar[str]
    reads_ranking: ClassVar[bool] = True
    """Whether documents of the first pass are feedback, or marked ones in their place."""

    def __post_init__(self) -> None:
        check_count("docs", self.docs)
        if self.field is not None and not isinstance(self.field, str):
            raise InvalidArgument(f"expected field as the name of a vector field, found {self.field!r}")

    @property
    def bottom(self) -> int:
        """How many of the last documents of the first pass the query moves away from."""
        return 0


@dataclass(frozen=True)
class VectorFeedback(FromVectors, ABC):
    """A way to move a query's vector."""

    @abstractmethod
    def move(self, query: Matrix, positive: Matrix, negative: Matrix) -> Matrix:
        """The better query (..., dim), from a query and documents (..., n, dim). Not scaled to any length."""


@dataclass(frozen=True)
class VectorAverage(VectorFeedback):
    """The mean of the query and the documents."""

    name: ClassVar[str] = "vector_average"

    def move(self, query: Matrix, positive: Matrix, negative: Matrix) -> Matrix:  # noqa: ARG002
        return _mean(np.concatenate([query[..., None, :], positive], axis=-2)).astype(np.float32)


@dataclass(frozen=True)
class VectorRocchio(VectorFeedback):
    """alpha * query + beta * mean of the first documents - gamma * mean of the last `bottom_docs`.

    Without documents on a side its term is left out. Without `bottom_docs`, gamma counts only where documents are
    marked as not relevant.
    """

    alpha: float = 0.8
    beta: float = 0.2
    gamma: float = 0.1
    bottom_docs: int = 0
    name: ClassVar[str] = "vector_rocchio"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("alpha", "beta", "gamma"):
            check_weight(name, getattr(self, name))
        check_count("bottom_docs", self.bottom_docs, 0)

    @property
    def bottom(self) -> int:
        return self.bottom_docs

    def move(self, query: Matrix, positive: Matrix, negative: Matrix) -> Matrix:
        moved = self.alpha * query.astype(np.float64)
        if positive.shape[-2]:
            moved += self.beta * _mean(positive)
        if negative.shape[-2]:
            moved -= self.gamma * _mean(negative)
        return moved.astype(np.float32)


@dataclass(frozen=True)
class Reencode(FromVectors):
    """The vector of the query's text followed by those of the documents, encoded anew: text-based feedback.

    What is beyond the encoder's length is cut off. The field needs an encoder, and documents a stored text.
    """

    name: ClassVar[str] = "reencode"


def _mean(vectors: Matrix) -> npt.NDArray[np.float64]:
    """Of rows (..., n, dim), float64 (..., dim); added in the order of their bytes, so that the given order does not
    matter, and one after the other, so that it makes no difference how many queries there are.
    """
    *queries, count, dim = vectors.shape
    rows = np.ascontiguousarray(vectors).reshape(-1, dim)
    as_bytes = rows.view(np.dtype((np.void, rows.itemsize * dim))).reshape(-1, count)
    order = as_bytes.argsort(axis=-1) + np.arange(0, len(rows), count)[:, None]
    total: npt.NDArray[np.float64] = rows[order[:, 0]].astype(np.float64)
    for place in range(1, count):
        total += rows[order[:, place]]
    total /= count
    mean: npt.NDArray[np.float64] = total.reshape(*queries, dim)
    return mean
