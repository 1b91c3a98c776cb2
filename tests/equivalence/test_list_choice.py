"""A search looks into the lists that a plain computation chooses, and into no others."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import rocchio
from rocchio._native import VectorTransform
from rocchio.dense import index_writer
from rocchio.dense.index_format import (
    CENTROID_CODES,
    CENTROID_CONSTANTS,
    CODES,
    CONSTANTS,
    CONSTANTS_OF_ROW,
    INDEX_ARRAYS,
    LIST_SIZES,
    MEAN,
    SEED,
)
from rocchio.dense.reference import search_exactly
from rocchio.dense.segment import VectorSegment

ROWS, DIM, WIDTH, K = 4500, 24, 64, 10
Floats = npt.NDArray[np.float64]


def scattered(seed: int, rows: int) -> npt.NDArray[np.float32]:
    """Around forty centers, as far from them as each of these likes: radii of lists differ much."""
    dice = np.random.default_rng(seed)
    centers = np.random.default_rng(0).normal(size=(40, DIM))
    chosen = dice.integers(40, size=rows)
    spread = np.linspace(0.05, 1.5, 40)[chosen, None]
    return (centers[chosen] + spread * dice.normal(size=(rows, DIM))).astype(np.float32)


def decoded(codes: npt.NDArray[Any], constants: npt.NDArray[Any]) -> Floats:
    numbers = constants.reshape(-1, CONSTANTS_OF_ROW).astype(np.float64)
    return codes.reshape(-1, WIDTH) * numbers[:, :1] + numbers[:, 1:2]


def transformed(arrays: dict[str, npt.NDArray[Any]], metric: str, asked: Floats) -> Floats:
    """Queries in the space of the codes."""
    values = asked / np.linalg.norm(asked, axis=1, keepdims=True) if metric == "cosine" else asked
    if metric == "l2":
        values = values - arrays[MEAN]
    # rows under l2 are only shifted and rotated: without a mean that is what a query becomes
    rotation = VectorTransform("l2", DIM, int(arrays[SEED][0]), np.zeros(DIM, np.float32))
    return decoded(*rotation.encode(values.astype(np.float32).ravel()))


def nearness(arrays: dict[str, npt.NDArray[Any]], metric: str, queries: Floats) -> Floats:
    centroids = decoded(arrays[CENTROID_CODES], arrays[CENTROID_CONSTANTS])
    half_squares, radii = arrays[CENTROID_CONSTANTS].reshape(-1, CONSTANTS_OF_ROW)[:, 2:].T.astype(np.float64)
    near = queries @ centroids.T
    length = np.linalg.norm(queries, axis=1, keepdims=True) * np.ones_like(near)
    if metric == "l2":
        near -= half_squares
        length = np.sqrt(np.maximum(length**2 - 2 * near, 0))
        near -= radii**2 / 2
    return near + 4 / WIDTH**0.5 * radii * length


def made(path: Path, metric: str) -> tuple[VectorSegment, npt.NDArray[np.float32]]:
    vectors = scattered(1, ROWS)
    col = rocchio.create(path, fields={"v": rocchio.vector(DIM, metric=metric)})
    col.add(rocchio.columns(doc_id=[f"d{row}" for row in range(ROWS)], v=vectors))
    col.commit()
    (segment,) = col.snapshot().segments
    return segment.vectors[0], vectors


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
@pytest.mark.parametrize("with_radii", [True, False])  # an older rocchio wrote none
def test_the_best_rows_of_the_nearest_lists_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str, with_radii: bool
) -> None:
    if not with_radii:
        monkeypatch.setattr(index_writer, "list_radii", lambda *given: np.full(given[-1] - given[-2], 1e-3, np.float32))
    segment, vectors = made(tmp_path / "c", metric)
    arrays = {name: segment._index_file.array(name, dtype) for name, dtype in INDEX_ARRAYS.items()}
    radii = arrays[CENTROID_CONSTANTS].reshape(-1, CONSTANTS_OF_ROW)[:, 3]
    assert (radii.max() > 2 * radii[radii > 0].min()) == with_radii
    offsets = np.concatenate([[0], np.cumsum(arrays[LIST_SIZES])]).astype(int)
    listed = segment.index.listed_rows()
    asked = scattered(2, 60)
    near = nearness(arrays, metric, transformed(arrays, metric, asked.astype(np.float64)))
    order = np.argsort(-near, axis=1)
    compared = 0
    for probes in (1, 2, 5, 12, 40, 100, segment.lists):
        rows, *_ = segment.index.search(asked.ravel(), K, None, probes, 2 * ROWS, 0)
        for number in range(len(asked)):
            chosen, ranked = order[number, :probes], near[number, order[number]]
            if probes < segment.lists and ranked[probes - 1] - ranked[probes] < 0.02 * np.abs(ranked[:probes]).max():
                continue  # codes of queries have one byte a dimension
            compared += 1
            shown = np.zeros(ROWS, bool)
            for one in chosen:
                shown[listed[offsets[one] : offsets[one + 1]]] = True
            mask = np.packbits(shown, bitorder="little")
            truth, _ = search_exactly(asked[number : number + 1], vectors, metric, K, mask)
            assert rows[number].tolist() == truth[0].tolist(), (probes, number)
    assert compared > 100


def test_radii_are_those_of_the_lists(tmp_path: Path) -> None:
    segment, _ = made(tmp_path / "c", "l2")
    arrays = {name: segment._index_file.array(name, dtype) for name, dtype in INDEX_ARRAYS.items()}
    offsets = np.concatenate([[0], np.cumsum(arrays[LIST_SIZES])]).astype(int)
    rows = decoded(arrays[CODES], arrays[CONSTANTS])[segment.index.listed_rows()]
    centroids = decoded(arrays[CENTROID_CODES], arrays[CENTROID_CONSTANTS])
    squares = ((rows - np.repeat(centroids, arrays[LIST_SIZES], axis=0)) ** 2).sum(axis=1)
    expected = []
    for first, last in pairwise(offsets):
        of_list = squares[first:last]
        far = 4 * np.sort(of_list)[(last - first - 1) // 2] if last > first else 0.0
        expected.append(np.minimum(of_list, far).mean() ** 0.5 if last > first else 0.0)
    radii = arrays[CENTROID_CONSTANTS].reshape(-1, CONSTANTS_OF_ROW)[:, 3]
    assert radii == pytest.approx(expected, rel=1e-4, abs=1e-4)
