"""The graph of nearest neighbours equals what a comparison of all vectors gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rocchio
from rocchio.errors import InvalidArgument


def collection(folder: Path, vectors: np.ndarray, metric: str) -> rocchio.Collection:
    col = rocchio.create(
        folder / "c", fields={"v": rocchio.vector(vectors.shape[1], metric=metric), "t": rocchio.text()}
    )
    names = [f"d{row:04d}" for row in range(len(vectors))]
    half = len(vectors) // 2
    for part in (slice(0, half), slice(half, None)):
        col.add(rocchio.columns(doc_id=names[part], t=["x"] * len(names[part]), v=vectors[part]))
        col.add({"doc_id": f"none{part.start}", "t": "no vector"})
        col.commit()
    return col


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_graph_equals_brute_force(tmp_path: Path, metric: str) -> None:
    vectors = np.random.default_rng(3).normal(size=(300, 8)).astype(np.float32)
    vectors[10] = vectors[200]  # a duplicate in another segment
    col = collection(tmp_path, vectors, metric)
    col.delete(["d0007", "d0299"])
    col.commit()
    told: list[tuple[int, int]] = []
    graph = col.knn_graph("v", 5, recall=1, progress=lambda done, all_of: told.append((done, all_of)))
    left = [row for row in range(300) if row not in (7, 299)]
    assert graph.doc_ids == [f"d{row:04d}" for row in left]
    assert told[-1] == (298, 298)
    there = vectors[left].astype(np.float64)
    if metric == "l2":
        expected = np.linalg.norm(there[:, None] - there[None], axis=2)
    else:
        units = there / np.linalg.norm(there, axis=1, keepdims=True)
        expected = 1 - units @ units.T
    np.fill_diagonal(expected, np.inf)
    distances, indices, indptr = graph.csr()
    assert (np.diff(indptr) == 5).all()
    for node in range(len(left)):
        mine = slice(indptr[node], indptr[node + 1])
        assert node not in indices[mine]
        np.testing.assert_allclose(distances[mine], np.sort(expected[node])[:5], atol=1e-3)
        np.testing.assert_allclose(distances[mine], expected[node][indices[mine]], atol=1e-3)


def test_fewer_vectors_than_neighbours(tmp_path: Path) -> None:
    col = collection(tmp_path, np.eye(4, dtype=np.float32), "cosine")
    graph = col.knn_graph("v", 10)
    assert np.diff(graph.indptr).tolist() == [3, 3, 3, 3]


def test_no_vectors(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"v": rocchio.vector(3)})
    graph = col.knn_graph("v")
    assert (graph.doc_ids, graph.indptr.tolist(), graph.indices.tolist()) == ([], [0], [])


def test_what_has_no_distance_is_refused(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"v": rocchio.vector(3, metric="ip"), "t": rocchio.text()})
    with pytest.raises(InvalidArgument, match="inner products are no distances"):
        col.knn_graph("v")
    with pytest.raises(InvalidArgument, match="expected a vector field, found 't'"):
        col.knn_graph("t")
