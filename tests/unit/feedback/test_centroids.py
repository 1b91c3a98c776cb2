"""Centroids of a few vectors, and the attention over them: plain facts about the pure functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.feedback.pseudo_embeddings import attended_score, attention, centroids

vectors = st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=1, max_size=12).map(
    lambda rows: np.array(rows, float)
)


@given(vectors, st.integers(1, 5), st.randoms())
def test_centroids_lie_among_the_vectors_in_any_order(rows: np.ndarray, count: int, random: object) -> None:
    found = centroids(rows, count)
    distinct = np.unique(rows, axis=0)
    assert len(found) == min(count, len(distinct))
    assert (found >= rows.min(axis=0) - 1e-12).all()
    assert (found <= rows.max(axis=0) + 1e-12).all()
    if len(distinct) <= count:
        np.testing.assert_array_equal(found, distinct)
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(centroids(rows[order], count), found)


def test_two_clusters_give_their_means() -> None:
    rows = np.array([[0.0, 0.0], [0.0, 2.0], [10.0, 0.0], [10.0, 2.0]])
    found = centroids(rows, 2)
    assert sorted(found.tolist()) == [[0.0, 1.0], [10.0, 1.0]]


def test_attention_by_hand() -> None:
    similar = np.array([np.log(3.0), 0.0])
    np.testing.assert_allclose(attention(similar, 1.0), [0.75, 0.25])
    assert attended_score(similar, 1.0) == pytest.approx(0.75 * np.log(3.0))
    assert attended_score(similar, 0.001) == pytest.approx(np.log(3.0))
    assert attended_score(similar, 1e6) == pytest.approx(np.log(3.0) / 2, rel=1e-5)
    assert attended_score(np.array([-2.0]), 1.0) == -2.0
