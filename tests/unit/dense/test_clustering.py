"""k-means on codes: what a plain computation gives, and the same on any number of threads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from rocchio._native import Centroids, VectorTransform, list_means, list_radii
from rocchio.dense import clustering
from rocchio.dense.clustering import CodedVectors, Lists, assign_twice, in_threads, k_means
from rocchio.dense.index_format import Floats

DIM, WIDTH, ROWS = 20, 64, 1200


def clustered(seed: int, rows: int = ROWS) -> Floats:
    """Twelve clusters that lie far apart."""
    dice = np.random.default_rng(seed)
    return (dice.normal(size=(12, DIM)) * 4 + dice.normal(size=(rows // 12, 12, DIM))).reshape(-1, DIM).astype("f4")


def coded(vectors: Floats) -> CodedVectors:
    return CodedVectors(*VectorTransform("l2", DIM, 7, np.zeros(DIM, np.float32)).encode(vectors.ravel()), WIDTH)


@pytest.fixture(scope="module")
def vectors() -> CodedVectors:
    return coded(clustered(1))


def distances(vectors: CodedVectors, values: Floats) -> npt.NDArray[np.float64]:
    rows = vectors.decoded(np.arange(len(vectors.codes) // WIDTH, dtype=np.uint32)).astype(np.float64)
    return ((rows[:, None, :] - values.astype(np.float64)[None]) ** 2).sum(axis=2)


def with_threads(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(clustering, "thread_count", lambda: count)


def test_codes_stand_for_their_vectors() -> None:
    values = clustered(2)
    decoded = coded(values).decoded(np.arange(ROWS, dtype=np.uint32))
    # a rotation keeps distances
    between = np.linalg.norm(values[:-1] - values[1:], axis=1)
    assert np.linalg.norm(decoded[:-1] - decoded[1:], axis=1) == pytest.approx(between, rel=0.02)


def test_lists_are_a_grouped_sort() -> None:
    rows = np.array([5, 1, 9, 3, 1], np.uint32)
    lists = Lists.of(rows, np.array([2, 0, 2, 2, 3], np.uint32), 5)
    assert lists.rows.tolist() == [1, 3, 5, 9, 1]
    assert lists.offsets.tolist() == [0, 1, 1, 4, 5, 5]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
@pytest.mark.parametrize("threads", [1, 3])
def test_parts_cover_a_range_in_order(monkeypatch: pytest.MonkeyPatch, count: int, threads: int) -> None:
    with_threads(monkeypatch, threads)
    parts = in_threads(lambda first, last: list(range(first, last)), count, 8)
    assert [*map(len, parts)] == [8] * (count // 8) + [count % 8] * (count % 8 > 0)
    assert [number for part in parts for number in part] == list(range(count))


def test_an_error_in_a_thread_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda first, last: 1 // (first - 4), 8, 4)


def test_nearest_is_the_least_distance(vectors: CodedVectors) -> None:
    values = vectors.decoded(np.arange(0, ROWS, 40, dtype=np.uint32))
    chosen = np.arange(3, ROWS, 7, dtype=np.uint32)
    nearest = Centroids(values.ravel(), WIDTH).nearest(vectors.codes, vectors.constants, chosen)
    truth = distances(vectors, values)[chosen]
    # centroids are compared as codes of eight bits: what is taken for the nearest is hardly farther than it
    found = np.take_along_axis(truth, nearest[:, None].astype(np.int64), 1)[:, 0]
    assert (found <= truth.min(axis=1) * 1.05 + 0.5).all()
    assert (nearest == truth.argmin(axis=1)).mean() > 0.95


def test_the_second_centroid_is_another_one_and_not_parallel(vectors: CodedVectors) -> None:
    values = vectors.decoded(np.arange(0, ROWS, 40, dtype=np.uint32))
    chosen = np.arange(ROWS, dtype=np.uint32)
    centroids = Centroids(values.ravel(), WIDTH)
    first, second = centroids.nearest_two(vectors.codes, vectors.constants, chosen)
    assert (first == centroids.nearest(vectors.codes, vectors.constants, chosen)).all()
    assert (first != second).all()
    residuals = vectors.decoded(chosen)[:, None, :].astype(np.float64) - values.astype(np.float64)[None]
    of_first = np.take_along_axis(residuals, first[:, None, None].astype(np.int64), 1)
    square = np.maximum((of_first**2).sum(axis=2), 1e-9)
    loss = (residuals**2).sum(axis=2) + (residuals * of_first).sum(axis=2) ** 2 / square
    loss[chosen, first] = np.inf
    assert loss[chosen, second] == pytest.approx(loss.min(axis=1), rel=0.01)


def test_means_are_means_and_empty_lists_stay(vectors: CodedVectors) -> None:
    rows = np.array([4, 8, 15, 16, 23], np.uint32)
    offsets = np.array([0, 2, 2, 5], np.uint64)
    before = np.arange(3 * WIDTH, dtype=np.float32)
    arguments = vectors.codes, vectors.constants, WIDTH, rows, offsets
    means = list_means(*arguments, 0, 3, before).reshape(3, WIDTH)
    assert means[0] == pytest.approx(vectors.decoded(rows[:2]).mean(axis=0), rel=1e-5, abs=1e-5)
    assert means[1].tolist() == before[WIDTH : 2 * WIDTH].tolist()
    assert means[2] == pytest.approx(vectors.decoded(rows[2:]).mean(axis=0), rel=1e-5, abs=1e-5)
    parts = [list_means(*arguments, i, i + 1, before[i * WIDTH : (i + 1) * WIDTH]) for i in range(3)]
    assert np.concatenate(parts).tobytes() == means.tobytes()


def root_mean_square(squares: npt.NDArray[np.float64]) -> float:
    """None counts for more than four times the (lower) median."""
    return float(np.minimum(squares, 4 * np.sort(squares)[(len(squares) - 1) // 2]).mean() ** 0.5)


def test_one_far_row_does_not_decide_a_radius() -> None:
    rows = np.vstack([clustered(9)[:40], 1000 * clustered(9)[:1]])
    centroids, coded_rows = coded(rows[:1]), coded(rows)
    arguments = coded_rows.codes, coded_rows.constants, WIDTH, centroids.codes[:WIDTH], centroids.constants[:4]
    of_all = list_radii(*arguments, np.arange(41, dtype=np.uint32), np.array([0, 41], np.uint64), 0, 1)
    of_near = list_radii(*arguments, np.arange(40, dtype=np.uint32), np.array([0, 40], np.uint64), 0, 1)
    assert of_near[0] <= of_all[0] <= 1.1 * of_near[0]


def test_radii_are_root_mean_squares_and_of_empty_lists_0(vectors: CodedVectors) -> None:
    rows = np.array([4, 8, 15, 16, 23], np.uint32)
    offsets = np.array([0, 2, 2, 5], np.uint64)
    centroids = coded(clustered(5)[:3])
    arguments = vectors.codes, vectors.constants, WIDTH, centroids.codes[: 3 * WIDTH], centroids.constants[:12]
    radii = list_radii(*arguments, rows, offsets, 0, 3)
    squares = distances(vectors, centroids.decoded(np.arange(3, dtype=np.uint32)))
    expected = [root_mean_square(squares[rows[:2], 0]), 0, root_mean_square(squares[rows[2:], 2])]
    assert radii == pytest.approx(expected, rel=1e-5)
    parts = [list_radii(*arguments, rows, offsets, i, i + 1) for i in range(3)]
    assert np.concatenate(parts).tobytes() == radii.tobytes()
    with pytest.raises(ValueError, match="expected a centroid for each list"):
        list_radii(*arguments[:3], centroids.codes[: 2 * WIDTH], centroids.constants[:8], rows, offsets, 0, 3)


def test_any_number_of_threads_gives_the_same_centroids(vectors: CodedVectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "ROWS_AT_ONCE", 100)  # several parts
    rows = np.arange(0, ROWS, 2, dtype=np.uint32)
    made = []
    for threads in (1, 2, 5):
        with_threads(monkeypatch, threads)
        centroids = k_means(vectors, rows, 12, seed=3)
        lists = assign_twice(vectors, rows, centroids)
        made.append([array.tobytes() for array in (*centroids.encode(), lists.rows, lists.offsets)])
    assert made[0] == made[1] == made[2]
    assert made[0] != [array.tobytes() for array in k_means(vectors, rows, 12, seed=4).encode()]


def test_clusters_are_found(vectors: CodedVectors) -> None:
    rows = np.arange(ROWS, dtype=np.uint32)
    codes, constants = k_means(vectors, rows, 24, seed=3).encode()
    values = CodedVectors(codes, constants, WIDTH).decoded(np.arange(24, dtype=np.uint32))
    drawn = vectors.decoded(np.arange(24, dtype=np.uint32))
    assert distances(vectors, values).min(axis=1).mean() < 0.7 * distances(vectors, drawn).min(axis=1).mean()


def test_each_row_is_in_two_lists(vectors: CodedVectors) -> None:
    rows = np.arange(0, ROWS, 3, dtype=np.uint32)
    lists = assign_twice(vectors, rows, k_means(vectors, rows, 12, seed=3))
    assert np.unique(lists.rows, return_counts=True)[1].tolist() == [2] * len(rows)
    assert sorted({*lists.rows.tolist()}) == rows.tolist()
    for first, last in zip(lists.offsets[:-1].tolist(), lists.offsets[1:].tolist(), strict=True):
        assert (np.diff(lists.rows[first:last].astype(np.int64)) > 0).all()


def test_one_centroid_has_one_list(vectors: CodedVectors) -> None:
    rows = np.arange(10, dtype=np.uint32)
    lists = assign_twice(vectors, rows, k_means(vectors, rows, 1, seed=3))
    assert lists.rows.tolist() == rows.tolist()
    assert lists.offsets.tolist() == [0, 10]
