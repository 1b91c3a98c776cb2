"""Exact nearest neighbours, written down plainly: what every faster way is compared with.

Scores are computed in double precision and rounded to float32 once. Larger is better under each metric:

- cosine: dot(q, x) / (|q| |x|)
- ip: dot(q, x)
- l2: -|q - x|^2, from the differences, so that it is exact near 0 too
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.types import Mask

BLOCK_ROWS = 4096

Matrix = npt.NDArray[Any]
Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


def score_rows(queries: Matrix, vectors: Matrix, metric: str) -> npt.NDArray[np.float32]:
    """Scores of every query (q, dim) with every vector (n, dim): float32 (q, n)."""
    q, x = queries.astype(np.float64), vectors.astype(np.float64)
    if metric == "l2":
        differences = (((x - query) ** 2).sum(axis=1) for query in q)
        scores = -np.array([*differences]).reshape(len(q), len(x))
    else:
        scores = q @ x.T
    with np.errstate(all="ignore"):  # damaged vectors may give anything, without a word
        if metric == "cosine":
            scores /= np.outer(np.linalg.norm(q, axis=1), np.linalg.norm(x, axis=1))
        return scores.astype(np.float32)


def search_exactly(
    queries: Matrix, vectors: Matrix, metric: str, k: int, allowed: Mask | None, block_rows: int = BLOCK_ROWS
) -> Found:
    """Rows and scores of the best k vectors (n, dim) for each query (q, dim), best first, ties by row.

    `allowed` has a set bit for each row that may be found, None allows all. Returns rows int64 (q, k), -1 where fewer
    than k are allowed, and scores float32 (q, k), -inf there.
    """
    usable = np.ones(len(vectors), np.bool_) if allowed is None else unpacked(allowed, len(vectors))
    rows = np.empty((len(queries), 0), np.int64)
    scores = np.empty((len(queries), 0), np.float32)
    for first in range(0, len(vectors), block_rows):
        here = first + np.flatnonzero(usable[first : first + block_rows])
        if not len(here):
            continue
        more = score_rows(queries, vectors[here], metric)
        rows = np.hstack([rows, np.broadcast_to(here, more.shape)])
        scores = np.hstack([scores, more])
        # a stable sort keeps the order of rows among equal scores
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        rows, scores = np.take_along_axis(rows, best, 1), np.take_along_axis(scores, best, 1)
    missing = k - rows.shape[1]
    return (
        np.pad(rows, ((0, 0), (0, missing)), constant_values=-1),
        np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf),
    )


def unpacked(mask: Mask, rows: int) -> npt.NDArray[np.bool_]:
    """A packed mask by row."""
    return np.unpackbits(mask, count=rows, bitorder="little").astype(np.bool_)
