"""Vectors and queries of the dense benchmark, and the plain search that says what is right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from peers_dense import Matrix

BLOCK = 256
"""Queries compared at once: bounds the scores in memory."""


@dataclass(frozen=True)
class DenseSet:
    """Vectors and queries in two .npy files (float16 or float32, unit length)."""

    base_path: Path
    queries_path: Path

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.base_path.stem

    @cached_property
    def base(self) -> Matrix:
        """float32[vectors, dimensions]"""
        return read_vectors(self.base_path)

    @cached_property
    def queries(self) -> Matrix:
        """float32[queries, dimensions]"""
        return read_vectors(self.queries_path)

    @cached_property
    def _least(self) -> dict[int, npt.NDArray[np.float32]]:
        return {}

    def least_scores(self, k: int) -> npt.NDArray[np.float32]:
        """float32[queries]: the exact k-th largest inner product of each."""
        if k not in self._least:
            blocks = [self.queries[at : at + BLOCK] @ self.base.T for at in range(0, len(self.queries), BLOCK)]
            self._least[k] = np.concatenate([np.partition(scores, -k, axis=1)[:, -k] for scores in blocks])
        return self._least[k]

    def recall(self, found: npt.NDArray[Any], k: int) -> float:
        """Mean share of the k found of each query that are as good as the exact k-th: equal scores are equally right.

        A row that is found twice counts once; rows that are no rows (-1 where there were too few) do not count.
        """
        rows = np.asarray(found).astype(np.int64)[:, :k]
        there = (rows >= 0) & (rows < len(self.base))
        rows = np.where(there, rows, 0)
        scores = np.einsum("qkd,qd->qk", self.base[rows], self.queries[: len(rows)])
        good = there & (scores >= self.least_scores(k)[: len(rows), None] - 1e-6)
        distinct = [len(set(row[ok].tolist())) for row, ok in zip(rows, good, strict=True)]
        return float(np.mean(distinct)) / k


def read_vectors(path: Path) -> Matrix:
    """The matrix of a .npy file as float32."""
    return np.ascontiguousarray(np.load(path), dtype=np.float32)
