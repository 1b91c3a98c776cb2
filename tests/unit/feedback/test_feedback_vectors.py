"""Vectors of queries moved towards documents and away from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rocchio.feedback import VectorAverage, VectorFeedback, VectorRocchio

QUERY = np.array([1, 2, 3], np.float32)
DOCUMENTS = np.array([[4, 5, 6], [1, 4, 2], [8, 7, 1]], np.float32)
NONE = np.empty((0, 3), np.float32)
METHODS: list[VectorFeedback] = [VectorAverage(), VectorRocchio(), VectorRocchio(alpha=0.4, beta=0.6, gamma=0.3)]


def test_average():
    # (1 + 4 + 1 + 8) / 4, (2 + 5 + 4 + 7) / 4, (3 + 6 + 2 + 1) / 4
    np.testing.assert_array_equal(VectorAverage().move(QUERY, DOCUMENTS, NONE), np.float32([3.5, 4.5, 3.0]))
    np.testing.assert_array_equal(VectorAverage().move(QUERY, NONE, DOCUMENTS), QUERY)


def test_rocchio():
    # half of the query and half of the mean (13/3, 16/3, 3)
    moved = VectorRocchio(alpha=0.5, beta=0.5).move(QUERY, DOCUMENTS, NONE)
    np.testing.assert_allclose(moved, [2.6667, 3.6667, 3.0], atol=5e-5)
    # 1 * query + 0.5 * (4, 5, 6) - 0.25 * mean of (1, 4, 2) and (8, 7, 1), which is (4.5, 5.5, 1.5)
    moved = VectorRocchio(alpha=1.0, beta=0.5, gamma=0.25).move(QUERY, DOCUMENTS[:1], DOCUMENTS[1:])
    np.testing.assert_allclose(moved, [1 + 2 - 1.125, 2 + 2.5 - 1.375, 3 + 3 - 0.375])
    np.testing.assert_array_equal(VectorRocchio(alpha=1, beta=0).move(QUERY, DOCUMENTS, NONE), QUERY)
    np.testing.assert_array_equal(VectorRocchio(alpha=1, gamma=9).move(QUERY, NONE, NONE), QUERY)


def mean(vectors: np.ndarray) -> np.ndarray:
    """By numpy, of one query's rows in the order of their bytes."""
    return np.array(sorted(vectors, key=lambda row: row.tobytes())).mean(axis=0, dtype=np.float64)


@settings(max_examples=60)
@given(
    counts=st.tuples(st.integers(1, 4), st.integers(0, 9), st.integers(0, 3), st.integers(2, 5)),
    exponents=st.integers(0, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_queries_move_together_as_they_do_alone(counts: tuple[int, int, int, int], exponents: int, seed: int):
    """To the bit, and as plain numpy moves one."""
    queries, positive, negative, dim = counts
    dice = np.random.default_rng(seed)
    scale = 2.0 ** dice.integers(-exponents, exponents + 1, (queries, positive + negative + 1, 1))
    drawn = (dice.integers(-3, 4, (queries, positive + negative + 1, dim)) * scale / 3).astype(np.float32)
    query, first, last = drawn[:, 0], drawn[:, 1 : positive + 1], drawn[:, positive + 1 :]
    together = VectorRocchio().move(query, first, last)
    averages = VectorAverage().move(query, first, last)
    for number in range(queries):
        expected = 0.8 * query[number].astype(np.float64)
        expected += 0.2 * mean(first[number]) if positive else 0.0
        expected -= 0.1 * mean(last[number]) if negative else 0.0
        assert together[number].tobytes() == expected.astype(np.float32).tobytes()
        alone = VectorRocchio().move(query[number], first[number], last[number])
        assert alone.tobytes() == together[number].tobytes()
        average = mean(np.vstack([query[number][None], first[number]])).astype(np.float32)
        assert averages[number].tobytes() == average.tobytes()


floats = st.floats(-(2.0**90), 2.0**90, width=32)


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=30)
@given(
    query=arrays.arrays(np.float32, 3, elements=floats),
    documents=arrays.arrays(np.float32, st.tuples(st.integers(0, 6), st.just(3)), elements=floats),
    split=st.integers(0, 6),
    dice=st.randoms(use_true_random=False),
)
def test_the_order_of_documents_changes_nothing(method: VectorFeedback, query, documents, split, dice):
    first, last = list(documents[:split]), list(documents[split:])
    expected = method.move(query, *(np.reshape(side, (-1, 3)).astype(np.float32) for side in (first, last)))
    dice.shuffle(first)
    dice.shuffle(last)
    moved = method.move(query, *(np.reshape(side, (-1, 3)).astype(np.float32) for side in (first, last)))
    assert moved.tobytes() == expected.tobytes()
    assert moved.dtype == np.float32
    assert np.isfinite(moved).all()
