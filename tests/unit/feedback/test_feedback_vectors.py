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
