"""k-means over segments: groups of what is near, the same for any number of threads; inertia near Lloyd's in numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rocchio
from rocchio.dense import clustering


def collection(folder: Path, vectors: np.ndarray, metric: str) -> rocchio.Collection:
    col = rocchio.create(
        folder / "c", fields={"v": rocchio.vector(vectors.shape[1], metric=metric), "t": rocchio.text()}
    )
    half = len(vectors) // 2
    for part in (range(half), range(half, len(vectors))):
        col.add({"doc_id": f"d{row:04}", "t": "x", "v": vectors[row]} for row in part)
        col.add({"doc_id": f"none{part.start}", "t": "no vector"})
        col.commit()
    return col


def around(centers: np.ndarray, each: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(8)
    truth = random.permutation(np.repeat(np.arange(len(centers)), each))
    return (centers[truth] + spread * random.normal(size=(len(truth), centers.shape[1]))).astype(np.float32), truth


def lloyd(values: np.ndarray, count: int, rounds: int) -> float:
    """Inertia of plain k-means from a random start."""
    centers = values[np.random.default_rng(0).choice(len(values), count, replace=False)]
    for _ in range(rounds):
        squares = ((values[:, None] - centers[None]) ** 2).sum(axis=2)
        labels = squares.argmin(axis=1)
        centers = np.array(
            [values[labels == c].mean(axis=0) if (labels == c).any() else centers[c] for c in range(count)]
        )
    return float(((values - centers[labels]) ** 2).sum())


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_far_groups_are_found(tmp_path: Path, metric: str) -> None:
    centers = 10 * np.eye(5, 12)
    vectors, truth = around(centers, 60, 0.3)
    col = collection(tmp_path, vectors, metric)
    col.delete(["d0000", "d0299"])
    col.commit()
    told: list[tuple[int, int]] = []
    best = min(
        (col.clusters("v", 5, seed=seed, progress=lambda *done: told.append(done)) for seed in range(8)),
        key=lambda found: found.inertia,
    )
    assert told[:10] == [(done, 10) for done in range(1, 11)]
    assert best.doc_ids == [f"d{row:04}" for row in range(1, 299)]
    assert best.labels.dtype == np.int32 and best.sizes.sum() == 298
    for group in range(5):
        members = best.labels == group
        assert len(set(truth[1:299][members].tolist())) == 1
        values = vectors[1:299][members].astype(np.float64)
        if metric == "cosine":
            values /= np.linalg.norm(values, axis=1, keepdims=True)
        np.testing.assert_allclose(best.centroids[group], values.mean(axis=0), atol=1e-5)


def test_inertia_is_near_that_of_plain_k_means(tmp_path: Path) -> None:
    vectors = np.random.default_rng(2).normal(size=(1200, 16)).astype(np.float32)
    found = collection(tmp_path, vectors, "l2").clusters("v", 20, rounds=15)
    direct = ((vectors.astype(np.float64) - found.centroids[found.labels]) ** 2).sum()
    assert found.inertia == pytest.approx(direct, rel=1e-5)
    assert found.inertia <= 1.03 * lloyd(vectors.astype(np.float64), 20, 15)


def test_the_same_seed_gives_the_same_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(2).normal(size=(500, 8)).astype(np.float32)
    col = collection(tmp_path, vectors, "l2")
    one, other = col.clusters("v", 7, seed=3), col.clusters("v", 7, seed=4)
    monkeypatch.setattr(clustering, "thread_count", lambda: 5)
    again = col.clusters("v", 7, seed=3)
    assert np.array_equal(one.labels, again.labels) and np.array_equal(one.centroids, again.centroids)
    assert not np.array_equal(one.centroids, other.centroids)


def test_as_many_groups_as_documents(tmp_path: Path) -> None:
    found = collection(tmp_path, np.eye(6, dtype=np.float32), "l2").clusters("v", 6)
    assert sorted(found.labels.tolist()) == list(range(6)) and found.inertia == pytest.approx(0)
