"""How much work a recall takes: looked up, measured on made-up indexes, and the queries that measure it."""

from __future__ import annotations

import numpy as np
import pytest

from rocchio.dense.calibration import (
    CALIBRATED_K,
    MIXED,
    QUERY_COUNTS,
    REFINE_FACTORS,
    Calibration,
    Effort,
    Ids,
    Setting,
    calibrate,
    mixtures,
)
from rocchio.dense.index_format import Floats

CALIBRATION = Calibration(
    (
        Setting(10, 0.5, Effort(1, 40)),
        Setting(10, 0.9, Effort(4, 40)),
        Setting(10, 0.99, Effort(8, 90)),
        Setting(100, 0.7, Effort(2, 400)),
        Setting(100, 0.95, Effort(16, 900)),
    )
)


@pytest.mark.parametrize(
    ("k", "recall", "expected"),
    [
        (10, 0.1, Effort(1, 40)),
        (10, 0.5, Effort(1, 40)),
        (10, 0.51, Effort(2, 40)),  # between two that were measured, in proportion, rounded up
        (10, 0.95, Effort(7, 68)),
        (1, 0.9, Effort(4, 40)),  # the next larger k that was measured
        (10, 0.99, Effort(8, 90)),
        (10, 0.991, None),
        (11, 0.5, Effort(2, 400)),
        (100, 0.95, Effort(16, 900)),
        (100, 0.96, None),
        (101, 0.1, None),
    ],
)
def test_the_least_effort_for_a_recall(k: int, recall: float, expected: Effort | None) -> None:
    assert CALIBRATION.effort(k, recall) == expected


def test_nothing_measured_is_exact() -> None:
    assert Calibration(()).effort(10, 0.5) is None


def test_tuples_go_there_and_back() -> None:
    tuples = CALIBRATION.to_tuples()
    assert tuples[0] == (10, 0.5, 1, 40)
    assert Calibration.from_tuples(tuples) == CALIBRATION


class Made:
    """An index of rows in the order of the lists: the nearest k of each query are spread over the first lists.

    A search finds what the probed lists have, less one row in `lossy` where few rows are looked at closely.
    """

    def __init__(self, count: int, lists: int, reach: int, lossy: bool = False) -> None:
        self.count, self.lists, self.reach, self.lossy = count, lists, reach, lossy
        self.efforts: list[Effort] = []

    def answers(self, queries: Floats, k: int, effort: Effort | None) -> tuple[Ids, int]:
        rows = np.tile(np.arange(k, dtype=np.int64), (len(queries), 1))
        if effort is None:
            return rows, self.count * len(queries)
        self.efforts.append(effort)
        found = min(k, k * effort.probes // self.reach)
        if self.lossy and effort.refine < REFINE_FACTORS[1] * k:
            found -= 1
        rows[:, max(found, 0) :] = -1 - np.arange(k - max(found, 0))  # distinct, none of the best
        return rows, len(queries) * self.count * effort.probes // self.lists


def queries(count: int = 500) -> Floats:
    return np.zeros((count, 3), np.float32)


def test_recall_and_work_grow_along_the_frontier() -> None:
    found = calibrate(Made(100_000, 512, reach=40), queries())
    assert {setting.k for setting in found.settings} == set(CALIBRATED_K)
    for k in CALIBRATED_K:
        settings = [setting for setting in found.settings if setting.k == k]
        assert [s.recall for s in settings] == sorted({s.recall for s in settings})
        assert [s.effort.probes for s in settings] == sorted(s.effort.probes for s in settings)
        assert settings[-1].recall == 1.0
        assert 40 <= settings[-1].effort.probes < 80
        # nothing is gained by looking at more rows, so the fewest do
        assert {s.effort.refine for s in settings} == {REFINE_FACTORS[0] * k}
        assert found.effort(k, 1.0) == settings[-1].effort


def test_rows_are_looked_at_closely_while_that_gains() -> None:
    made = Made(100_000, 64, reach=4, lossy=True)
    found = calibrate(made, queries())
    assert [s.effort.refine for s in found.settings if s.k == 10][-1] == REFINE_FACTORS[1] * 10
    # one more was tried, in vain, and then no more
    assert max(e.refine for e in made.efforts if e.refine < 400) == REFINE_FACTORS[2] * 10


def test_no_further_efforts_once_all_is_found() -> None:
    made = Made(100_000, 4096, reach=8)
    calibrate(made, queries())
    assert max(effort.probes for effort in made.efforts) < 16


def test_recall_is_less_its_standard_error() -> None:
    class Half(Made):
        def answers(self, queries: Floats, k: int, effort: Effort | None) -> tuple[Ids, int]:
            rows, entries = super().answers(queries, k, effort)
            if effort is not None:
                rows[::2] = -1 - np.arange(k)
            return rows, entries

    settings = calibrate(Half(1000, 4, reach=1), queries()).settings
    assert settings[0].recall == pytest.approx(0.5 - 0.5 / 500**0.5)


@pytest.mark.parametrize(
    ("count", "lists", "expected"),
    [
        (100_000, 0, ()),
        (199, 4, ()),
        (200, 4, (10,)),
        (1999, 4, (10,)),
        (2000, 4, (10, 100)),
        (20_000, 4, (10, 100, 1000)),
    ],
)
def test_only_where_lists_can_save_work(count: int, lists: int, expected: tuple[int, ...]) -> None:
    found = calibrate(Made(count, lists, reach=2), queries())
    assert tuple(dict.fromkeys(setting.k for setting in found.settings)) == expected


def test_fewer_queries_for_more_results() -> None:
    asked: dict[int, int] = {}

    class Counted(Made):
        def answers(self, queries: Floats, k: int, effort: Effort | None) -> tuple[Ids, int]:
            if effort is None:
                asked[k] = asked.get(k, 0) + len(queries)
            return super().answers(queries, k, effort)

    calibrate(Counted(100_000, 4, reach=2), queries())
    assert asked == QUERY_COUNTS


@pytest.mark.parametrize("metric", ["ip", "l2", "cosine"])
def test_mixtures_lie_beside_means_of_a_few_rows(metric: str) -> None:
    vectors = (5.0 + np.random.default_rng(3).normal(size=(200, 64))).astype(np.float16)
    mixed = mixtures(vectors, 30, 1, metric)
    assert mixed.shape == (30, 64)
    assert mixed.dtype == np.float32
    rows = vectors.astype(np.float64)
    if metric == "cosine":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    centre = rows.mean(axis=0)
    chosen = np.random.default_rng(1).integers(len(rows), size=(30, MIXED))
    means = rows[chosen].mean(axis=1)
    assert np.linalg.norm(mixed - means, axis=1) == pytest.approx(np.linalg.norm(means - centre, axis=1), rel=1e-4)
    assert (mixtures(vectors, 30, 1, metric) == mixed).all()
    assert (mixtures(vectors, 30, 2, metric) != mixed).any()


def test_mixtures_of_equal_vectors_are_these() -> None:
    vectors = np.full((50, 8), 2.0, np.float32)
    assert (mixtures(vectors, 4, 1, "ip") == 2.0).all()
