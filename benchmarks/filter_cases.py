"""What the filter benchmark asks: vectors with numbers, filters on these, and the exact answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

PIVOTS, NEAR, RANDOM = 4, 25, 100
"""Questions that filters go by, queries for each of them, queries under random filters."""

KINDS = ("random", "positive", "negative")
"""Filters that have nothing to do with the queries, leave what is nearest to them, or what is farthest from them."""

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """Queries under one filter: lower <= field < upper (None: no such bound), its rows, and the exact answers."""

    queries: Matrix
    field: str
    lower: float | None
    upper: float | None
    allowed: npt.NDArray[np.bool_]
    truth: list[set[int]]

    @property
    def where(self) -> str:
        """The filter, as rocchio and SQL have it."""
        return f"{self.field} >= {self.lower}" if self.lower is not None else f"{self.field} < {self.upper}"

    def recall(self, found: Rows) -> float:
        """Mean share of the exact answers that were found; of no answers, all."""
        shares = [len(t & set(f.tolist())) / max(1, len(t)) for f, t in zip(found, self.truth, strict=True)]
        return float(np.mean(shares))

    def first(self, count: int) -> Case:
        """With the first queries only."""
        return replace(self, queries=self.queries[:count], truth=self.truth[:count])

    def at(self, query: int) -> Case:
        """With one query only."""
        return replace(self, queries=self.queries[query : query + 1], truth=self.truth[query : query + 1])


@dataclass(frozen=True)
class FilteredSet:
    """Vectors, queries, and a number for each filter: `u` is random, `pN` ascends with nearness to question N.

    All numbers are at least 0 and less than 1.
    """

    base: Matrix
    queries: Matrix
    numbers: dict[str, npt.NDArray[np.float64]]

    @classmethod
    def drawn(cls, base: Matrix, queries: Matrix) -> FilteredSet:
        """The same for the same vectors."""
        numbers = {"u": np.random.default_rng(5).random(len(base))}
        for number, pivot in enumerate(cls.pivots_of(queries)):
            numbers[f"p{number}"] = np.argsort(np.argsort(base @ pivot)) / len(base)
        return cls(base, queries, numbers)

    @staticmethod
    def pivots_of(queries: Matrix) -> Matrix:
        """The questions that filters go by."""
        pivots: Matrix = queries[np.random.default_rng(7).permutation(len(queries))[:PIVOTS]]
        return pivots

    def cases(self, kind: str, share: float, k: int) -> Iterator[Case]:
        """The queries and filters of a kind that leave a share of the vectors."""
        if kind == "random":
            yield self._case(self.queries[:RANDOM], "u", None, share, k)
            return
        for number, pivot in enumerate(self.pivots_of(self.queries)):
            near = self.queries[np.argsort(-(self.queries @ pivot))[:NEAR]]
            bounds = (round(1 - share, 6), None) if kind == "positive" else (None, share)
            yield self._case(near, f"p{number}", *bounds, k)

    def _case(self, queries: Matrix, field: str, lower: float | None, upper: float | None, k: int) -> Case:
        values = self.numbers[field]
        allowed = values >= lower if lower is not None else values < upper
        rows = np.flatnonzero(allowed)
        best = np.argsort(-(queries @ self.base[rows].T), axis=1, kind="stable")[:, :k]
        return Case(queries, field, lower, upper, allowed, [set(rows[each].tolist()) for each in best])


def padded(found: list[Any], k: int) -> Rows:
    """Rows found by query, -1 where there are fewer than k."""
    return np.array([[*each, *[-1] * (k - len(each))] for each in found], np.int64).reshape(len(found), k)
