"""Exact neighbours among vectors of up to four numbers: a k-d tree names the few that need to be scored.

scipy's tree takes the place of a grid of cells of our own: it is exact for any spread of the points, where cells need a
size that suits it. It compares distances in double precision; scores are float32, so that everything whose score may
round to the same number is taken along, and ties are for those who score to order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

LARGEST_DIM = 4
"""Beyond this a tree must look at most of its points."""

LEAST_POINTS = 4096
"""Fewer are compared one by one."""

RELATIVE = 1e-6
"""More than what rounding a score to float32 changes in a squared distance, as a share of it."""

ABSOLUTE = {"cosine": 5e-7, "l2": 1e-44}
"""The same for squared distances near 0, those of directions under cosine."""

MOST_SHARE = 8
"""A tree that is asked for more than this part of its points takes longer than comparing all."""

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.uint32]
Allowed = npt.NDArray[np.bool_]

Within: TypeAlias = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], npt.NDArray[np.float32]]
"""Query i has the rows and scores [offsets[i], offsets[i + 1]) of (offsets (q + 1,), rows, scores)."""


def suits(dim: int, metric: str, count: int) -> bool:
    """Whether a tree is worth its while."""
    return dim <= LARGEST_DIM and metric in ABSOLUTE and count >= LEAST_POINTS


class PointTree:
    """Points (n, dim), by `rows` (n,), under the metric cosine or l2."""

    def __init__(self, points: npt.NDArray[np.floating], rows: Rows, metric: str) -> None:
        from scipy.spatial import cKDTree  # takes a moment to load

        self._metric, self._rows = metric, rows
        self._tree: cKDTree = cKDTree(self._placed(points))

    def nearest(self, queries: npt.NDArray[np.float32], k: int, allowed: Allowed | None) -> list[Rows] | None:
        """For each query (q, dim) allowed rows among which are the best `k`, and all that tie with the last.

        `allowed` (rows,) says which may be found, None all may. None where a comparison of all is less work.
        """
        count = k
        while count <= len(self._rows) // MOST_SHARE:
            found = self._near(queries, count)
            if allowed is not None:
                found = [rows[allowed[rows]] for rows in found]
            if all(len(rows) >= k for rows in found):
                return found
            count *= 4
        return None

    def _near(self, queries: npt.NDArray[np.float32], count: int) -> list[Rows]:
        """For each query (q, dim) rows among which are the best `count`, and all that tie with the last."""
        placed = self._placed(queries)
        distances, _ = self._tree.query(placed, k=[count])
        return self._balls(placed, distances[:, 0])

    def within(self, queries: npt.NDArray[np.float32], least: npt.NDArray[np.float32]) -> list[Rows]:
        """For each query (q, dim) rows among which are all that score at least `least` (q,)."""
        scores = least.astype(np.float64)
        squares = -scores if self._metric == "l2" else 2 - 2 * scores  # |q - x|^2 = 2 - 2 cos of directions
        return self._balls(self._placed(queries), np.sqrt(np.maximum(squares, 0)))

    def _balls(self, placed: Floats, distances: Floats) -> list[Rows]:
        reach = np.sqrt(distances**2 * (1 + RELATIVE) + ABSOLUTE[self._metric])
        found = self._tree.query_ball_point(placed, reach, return_sorted=True)
        return [self._rows[np.array(places, np.int64)] for places in found]

    def _placed(self, vectors: npt.NDArray[np.floating]) -> Floats:
        """Vectors as points; directions under cosine."""
        points = vectors.astype(np.float64)
        if self._metric == "cosine":
            lengths = np.linalg.norm(points, axis=1, keepdims=True)
            points /= np.where(lengths > 0, lengths, 1)
        return points


def best_of(
    offsets: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The best `k` of each query, which has as many: rows and scores (q, k), ties by row."""
    begins = offsets.astype(np.int64)
    order = _in_order(begins, rows, scores)
    first = (begins[:-1, None] + np.arange(k)).ravel()
    return rows[order][first].reshape(-1, k), scores[order][first].reshape(-1, k)


def reaching(
    offsets: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    least: npt.NDArray[np.float32],
) -> Within:
    """Those that score at least `least` (q,), best first, ties by row."""
    begins = offsets.astype(np.int64)
    order = _in_order(begins, rows, scores)
    keep = scores[order] >= np.repeat(least, begins[1:] - begins[:-1])
    ends = np.concatenate([[0], np.cumsum(keep)])[begins].astype(np.uint64)
    return ends, rows[order][keep], scores[order][keep]


def _in_order(
    begins: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], scores: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    of_query = np.repeat(np.arange(len(begins) - 1), begins[1:] - begins[:-1])
    return np.lexsort((rows, -scores, of_query))
