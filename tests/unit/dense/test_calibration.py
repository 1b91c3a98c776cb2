"""How much work a recall takes: looked up, measured on made-up indexes, and the queries that measure it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from rocchio.dense.calibration import (
    CALIBRATED_K,
    LEAST_GAIN,
    MIXED,
    MOST_REFINED,
    QUERY_COUNTS,
    REFINE_FACTORS,
    Calibration,
    Effort,
    Ids,
    Places,
    Setting,
    calibrate,
    mixtures,
)
from rocchio.dense.index_format import Floats

NOWHERE = np.uint32(2**32 - 1)

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

    Of those that the probed lists have, row r is the candidate in place r; the last one of all is in place `last`, for
    one wanted result.
    """

    def __init__(self, count: int, lists: int, reach: int, last: int = 0) -> None:
        self.count, self.lists, self.reach, self.last = count, lists, reach, last
        self.asked: dict[int, int] = {}

    def nearest(self, queries: Floats, k: int) -> Ids:
        self.asked[k] = self.asked.get(k, 0) + len(queries)
        return np.tile(np.arange(k, dtype=np.int64), (len(queries), 1))

    def places(self, queries: Floats, wanted: Ids, probes: Sequence[int], most: int) -> Places:
        k = wanted.shape[1]
        places = np.broadcast_to(wanted[:, None], (len(queries), len(probes), k)).astype(np.uint32)
        places[:, :, -1] += self.last * k
        places[places >= most] = NOWHERE
        found = np.minimum(k, k * np.array(probes) // self.reach)
        return np.where(np.arange(k) < found[:, None], places, NOWHERE)


def queries(count: int = 500) -> Floats:
    return np.zeros((count, 3), np.float32)


def measured(found: Calibration, k: int) -> list[Setting]:
    """The settings with recalls that so many queries can show."""
    looked_for = k * QUERY_COUNTS[k]
    return [s for s in found.settings if s.k == k and s.recall <= looked_for / (looked_for + 1)]


def test_recall_and_work_grow_along_the_frontier() -> None:
    found = calibrate(Made(100_000, 512, reach=40), queries())
    assert {setting.k for setting in found.settings} == set(CALIBRATED_K)
    for k in CALIBRATED_K:
        settings = measured(found, k)
        assert [s.recall for s in settings] == sorted({s.recall for s in settings})
        assert [s.effort.probes for s in settings] == sorted(s.effort.probes for s in settings)
        assert 40 <= settings[-1].effort.probes < 48
        # nothing is gained by looking at more rows, so the fewest do
        assert {s.effort.refine for s in settings} == {REFINE_FACTORS[0] * k}
        assert found.effort(k, settings[-1].recall) == settings[-1].effort


def test_that_none_was_missed_does_not_promise_all() -> None:
    found = calibrate(Made(100_000, 500, reach=1), queries())
    for k in CALIBRATED_K:
        looked_for = k * QUERY_COUNTS[k]
        (first,) = measured(found, k)
        assert first.recall == pytest.approx(looked_for / (looked_for + 1))
        assert found.effort(k, 1.0) is None
        # what cannot be measured takes twice the lists for half of what is missed, up to all of them
        settings = [setting for setting in found.settings if setting.k == k]
        assert [s.effort.probes for s in settings] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 500]
        assert {s.effort.refine for s in settings} == {first.effort.refine}
        missed = [1 - s.recall for s in settings]
        assert missed == pytest.approx([missed[0] / 2**step for step in range(10)])


def test_rows_are_looked_at_closely_where_that_gains() -> None:
    settings = measured(calibrate(Made(100_000, 64, reach=4, last=4), queries()), 10)
    assert settings[-1].effort == Effort(4, 50)
    assert all(setting.effort.refine == 20 for setting in settings if setting.recall < 0.9)


def test_no_more_rows_are_looked_at_closely_than_is_worth_it() -> None:
    found = calibrate(Made(100_000, 64, reach=4, last=30), queries())
    assert max(s.recall for s in found.settings if s.k == 10) > 0.99
    assert max(s.recall for s in found.settings if s.k == 1000) < 0.9995  # 31,000 rows would be taken
    assert max(s.effort.refine for s in found.settings) <= MOST_REFINED


def test_few_settings_are_kept() -> None:
    found = calibrate(Made(10**7, 20_000, reach=20_000), queries())
    for k in CALIBRATED_K:
        missed = [1 - setting.recall for setting in found.settings if setting.k == k]
        assert all(after < (1 - LEAST_GAIN) * before for before, after in pairwise(missed))


def test_recall_is_less_its_standard_error() -> None:
    class Half(Made):
        def places(self, queries: Floats, wanted: Ids, probes: Sequence[int], most: int) -> Places:
            places = super().places(queries, wanted, probes, most)
            places[::2] = NOWHERE
            return places

    settings = calibrate(Half(1000, 4, reach=1), queries()).settings
    assert settings[0].recall == pytest.approx(0.5 * 5000 / 5001 - 0.5 / 500**0.5)


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
    made = Made(100_000, 4, reach=2)
    calibrate(made, queries())
    assert made.asked == QUERY_COUNTS


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
