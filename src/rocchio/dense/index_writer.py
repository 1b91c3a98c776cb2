"""Builds the index of a vector field in one segment from its originals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rocchio._native import Centroids, VectorTransform, list_radii, pack_lists
from rocchio.dense.clustering import CodedVectors, Lists, assign_twice, in_threads, k_means, thread_count
from rocchio.dense.index_format import (
    CENTROID_CODES,
    CENTROID_CONSTANTS,
    CODES,
    CONSTANTS,
    CONSTANTS_OF_ROW,
    INDEX_ARRAYS,
    LIST_BLOCKS,
    LIST_SIZES,
    MEAN,
    SEED,
    Rows,
    Vectors,
)
from rocchio.dense.originals import Originals
from rocchio.dense.point_tree import suits
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import FileInfo
from rocchio.storage.directory import Directory
from rocchio.storage.schema import Field

SEED_VALUE = 7
"""Of the rotation and of all samples: the same vectors give the same index."""

LEAST_ROWS = 4096
"""Fewer vectors than this are compared one by one, which takes less than lists would save."""

ROWS_OF_LIST = 32
"""Rows a list has on average, at least."""

LISTS_BY_ROOT = 6.5
"""Lists for each root of the number of rows: as many centroids as entries are compared for a recall of .9 or .95."""

T = TypeVar("T")

Blocks = Iterable[tuple[Vectors, npt.NDArray[np.bool_]]]
"""Rows in order: vectors (n, dim), and which of them are there (n,)."""


def list_count(rows: int) -> int:
    """How many lists an index of so many vectors has."""
    return min(round(LISTS_BY_ROOT * rows**0.5), rows // ROWS_OF_LIST) if rows >= LEAST_ROWS else 0


def mean_of(blocks: Blocks, field: Field) -> npt.NDArray[np.float32]:
    """The mean (dim,) of vectors, of their directions under cosine."""
    total, count = np.zeros(field.dim), 0
    for vectors, present in blocks:
        values = vectors[present].astype(np.float64)
        if field.metric == "cosine":
            lengths = np.linalg.norm(values, axis=1, keepdims=True)
            values /= np.where(lengths > 0, lengths, 1)
        total += values.sum(axis=0)
        count += len(values)
    # damaged vectors that are merged may be no numbers: their documents score wrongly, the others as they should
    return np.nan_to_num(total / max(count, 1), posinf=0.0, neginf=0.0).astype(np.float32)


def encode(blocks: Blocks, rows: int, transform: VectorTransform) -> CodedVectors:
    """The codes of all rows."""
    width = transform.width
    codes = np.empty(rows * width, np.uint8)
    constants = np.empty(rows * CONSTANTS_OF_ROW, np.float32)
    first = 0
    for vectors, _ in blocks:
        values = np.ascontiguousarray(vectors, np.float32)
        step = max(1, -(-len(values) // thread_count()))
        parts = in_threads(lambda a, b: transform.encode(values[a:b].ravel()), len(values), step)  # noqa: B023
        last = first + len(values)
        codes[first * width : last * width] = np.concatenate([part for part, _ in parts])
        constants[first * CONSTANTS_OF_ROW : last * CONSTANTS_OF_ROW] = np.concatenate([part for _, part in parts])
        first = last
    return CodedVectors(codes, constants, width)


def write_codes(out: ArrayFileWriter, mean: npt.NDArray[np.float32], vectors: CodedVectors) -> None:
    """The arrays that every index has."""
    _add(out, MEAN, mean)
    _add(out, SEED, np.array([SEED_VALUE], np.uint64))
    _add(out, CODES, vectors.codes)
    _add(out, CONSTANTS, vectors.constants)


def write_lists(out: ArrayFileWriter, vectors: CodedVectors, field: Field, present: Rows) -> None:
    """Cluster the present rows and write their lists: none for few rows, or where a tree finds neighbours exactly."""
    count = 0 if suits(field.dim, field.metric, len(present)) else list_count(len(present))
    if count == 0:
        for name in (CENTROID_CODES, CENTROID_CONSTANTS, LIST_SIZES, LIST_BLOCKS):
            out.add(name, INDEX_ARRAYS[name], [])
        return
    centroids = k_means(vectors, present, count, SEED_VALUE)
    lists = assign_twice(vectors, present, centroids)
    codes, constants = centroids.encode()
    radii = _of_lists(
        lambda first, last: list_radii(*_coded(vectors), codes, constants, lists.rows, lists.offsets, first, last),
        centroids.count,
    )
    constants.reshape(-1, CONSTANTS_OF_ROW)[:, -1] = np.concatenate(radii)
    _add(out, CENTROID_CODES, codes)
    _add(out, CENTROID_CONSTANTS, constants)
    _add(out, LIST_SIZES, np.diff(lists.offsets).astype(np.uint32))
    out.add(LIST_BLOCKS, INDEX_ARRAYS[LIST_BLOCKS], _packed(vectors, field.metric, codes, constants, lists, centroids))


def _packed(
    vectors: CodedVectors,
    metric: str,
    codes: npt.NDArray[np.uint8],
    constants: npt.NDArray[np.float32],
    lists: Lists,
    centroids: Centroids,
) -> Iterable[npt.NDArray[np.uint8]]:
    return _of_lists(
        lambda first, last: pack_lists(
            *_coded(vectors), metric, codes, constants, lists.rows, lists.offsets, first, last
        ),
        centroids.count,
    )


def _coded(vectors: CodedVectors) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], int]:
    return vectors.codes, vectors.constants, vectors.width


def _of_lists(work: Callable[[int, int], T], count: int) -> Sequence[T]:
    """`work(first, last)` for parts of all lists, in threads."""
    return in_threads(work, count, -(-count // (4 * thread_count())))


def _add(out: ArrayFileWriter, name: str, values: npt.NDArray[np.generic]) -> None:
    out.add(name, INDEX_ARRAYS[name], [values])


def write_index(directory: Directory, name: str, originals: Originals, field: Field) -> FileInfo:
    """Build and write the index file of a field, durably."""
    out = ArrayFileWriter(directory, name)
    try:
        mean = mean_of(originals.blocks(), field)
        vectors = encode(originals.blocks(), originals.rows, VectorTransform(field.metric, field.dim, SEED_VALUE, mean))
        write_codes(out, mean, vectors)
        write_lists(out, vectors, field, np.flatnonzero(originals.is_present).astype(np.uint32))
        return out.finish()
    finally:
        out.close()
