"""k-means on coded vectors, on several threads: the same centroids for any number of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rocchio._native import Centroids, list_means
from rocchio.dense.index_format import CONSTANTS_OF_ROW, Codes, Floats, Rows

ROWS_AT_ONCE = 8192
"""Rows that a thread assigns in one go."""

SAMPLED_ROWS = (12, 12, 24, 48, 48)
"""Rows a centroid that k-means looks at in each of its rounds, at most: what moves far at first needs few."""

T = TypeVar("T")


@dataclass(frozen=True)
class CodedVectors:
    """Vectors as codes: `codes` (n * width,), `constants` (n * 4,)."""

    codes: Codes
    constants: Floats
    width: int

    def decoded(self, rows: Rows) -> Floats:
        """What the codes of some rows stand for: (rows, width)."""
        constants = self.constants.reshape(-1, CONSTANTS_OF_ROW)[rows]
        decoded: Floats = self.codes.reshape(-1, self.width)[rows] * constants[:, 0:1] + constants[:, 1:2]
        return decoded


@dataclass(frozen=True)
class Lists:
    """Rows by list: list i has rows[offsets[i]:offsets[i + 1]], in ascending order."""

    rows: Rows
    offsets: npt.NDArray[np.uint64]

    @staticmethod
    def of(rows: Rows, lists: npt.NDArray[np.uint32], count: int) -> Lists:
        """`lists` says to which of `count` lists each of `rows` belongs."""
        order = np.lexsort((rows, lists))
        sizes = np.bincount(lists, minlength=count)
        return Lists(rows[order], np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint64))


def thread_count() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[int, int], T], count: int, step: int) -> Sequence[T]:
    """`work(first, last)` for consecutive parts of range(count), results in order."""
    parts = [*pairwise([*range(0, count, step), count])] if count else []
    with ThreadPoolExecutor(thread_count()) as pool:
        return list(pool.map(lambda part: work(*part), parts))


def k_means(
    vectors: CodedVectors,
    candidates: Rows,
    count: int,
    seed: int,
    *,
    sampled_rows: Sequence[int] = SAMPLED_ROWS,
    advance: Callable[[], None] = lambda: None,
) -> Centroids:
    """`count` centroids of some of the `candidates`, which are at least as many.

    `sampled_rows` are how many of these each round looks at for each centroid; `advance` is told of each round.
    """
    order = np.random.default_rng(seed).permutation(candidates)
    values = vectors.decoded(np.sort(order[:count]))
    for rows in sampled_rows:
        sample = np.sort(order[: rows * count])
        lists = Lists.of(sample, nearest(vectors, sample, Centroids(values.ravel(), vectors.width)), count)
        means = in_threads(
            lambda first, last: list_means(
                vectors.codes,
                vectors.constants,
                vectors.width,
                lists.rows,  # noqa: B023
                lists.offsets,  # noqa: B023
                first,
                last,
                values[first:last].ravel(),  # noqa: B023
            ),
            count,
            -(-count // (4 * thread_count())),
        )
        values = np.concatenate(means).reshape(count, vectors.width)
        advance()
    return Centroids(values.ravel(), vectors.width)


def nearest(vectors: CodedVectors, rows: Rows, centroids: Centroids) -> npt.NDArray[np.uint32]:
    """The nearest centroid of each of the rows."""
    found = in_threads(
        lambda first, last: centroids.nearest(vectors.codes, vectors.constants, rows[first:last]),
        len(rows),
        ROWS_AT_ONCE,
    )
    return np.concatenate([np.empty(0, np.uint32), *found])


def assign_twice(vectors: CodedVectors, rows: Rows, centroids: Centroids) -> Lists:
    """Every row in the lists of two centroids: the nearest, and one whose residual is far from parallel to its."""
    pairs = in_threads(
        lambda first, last: centroids.nearest_two(vectors.codes, vectors.constants, rows[first:last]),
        len(rows),
        ROWS_AT_ONCE,
    )
    first = np.concatenate([first for first, _ in pairs])
    second = np.concatenate([second for _, second in pairs])
    differs = second != first  # there may be but one centroid
    return Lists.of(np.concatenate([rows, rows[differs]]), np.concatenate([first, second[differs]]), centroids.count)
