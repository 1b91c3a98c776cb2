"""scikit-learn's checks of estimators, and the graph beside scikit-learn's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed: make test installs it")

from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.neighbors import KNeighborsTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from rocchio.errors import InvalidArgument
from rocchio.integrations.sklearn import RocchioNeighborsTransformer

ROWS = np.random.default_rng(7).normal(size=(300, 8)).astype(np.float32)


@parametrize_with_checks([RocchioNeighborsTransformer()])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("mode", ["distance", "connectivity"])
@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_the_matrix_is_scikit_learns(mode: str, metric: str):
    ours = RocchioNeighborsTransformer(7, mode=mode, metric=metric).fit(ROWS).transform(ROWS[:50] + 0.01)
    theirs = KNeighborsTransformer(n_neighbors=7, mode=mode, metric={"l2": "euclidean"}.get(metric, metric))
    expected = theirs.fit(ROWS).transform(ROWS[:50] + 0.01)
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours.toarray(), expected.toarray(), atol=2e-3)


def test_neighbours_of_the_fitted_rows_are_others():
    fitted = RocchioNeighborsTransformer(3).fit(ROWS)
    distances, indices = fitted.kneighbors()
    assert distances.shape == indices.shape == (300, 3)
    assert (indices != np.arange(300)[:, None]).all()
    assert (np.diff(distances) >= 0).all()


def test_it_precedes_what_takes_distances():
    rows = np.concatenate([ROWS[:50] * 0.01, ROWS[50:100] * 0.01 + 5])
    found = make_pipeline(RocchioNeighborsTransformer(20), DBSCAN(metric="precomputed", eps=1.0)).fit_predict(rows)
    assert set(found[:50]) == {0}
    assert set(found[50:]) == {1}


@pytest.mark.parametrize("settings", [{"mode": "both"}, {"metric": "ip"}, {"n_neighbors": 0}, {"n_neighbors": "5"}])
def test_settings_that_are_refused(settings: dict[str, Any]):
    with pytest.raises(InvalidArgument, match=r"expected (the m|n_neighbors of at least 1, found)"):
        clone(RocchioNeighborsTransformer(**settings)).fit(ROWS)


@pytest.mark.parametrize("k", [0, 300, 2.5])
def test_numbers_of_neighbours_that_are_refused(k: float):
    with pytest.raises(InvalidArgument, match="expected n_neighbors from 1 to 299"):
        RocchioNeighborsTransformer().fit(ROWS).kneighbors(n_neighbors=k)  # type: ignore[arg-type]


@pytest.mark.parametrize(("mode", "most"), [("distance", 5), ("connectivity", 6)])
def test_more_neighbours_than_rows_are_refused_where_scikit_learn_refuses_them(mode: str, most: int):
    assert RocchioNeighborsTransformer(most, mode=mode).fit(ROWS[:6]).transform(ROWS[:2]).shape == (2, 6)
    KNeighborsTransformer(n_neighbors=most, mode=mode).fit(ROWS[:6]).transform(ROWS[:2])
    with pytest.raises(ValueError, match="Expected n_neighbors <= n_samples_fit"):
        KNeighborsTransformer(n_neighbors=most + 1, mode=mode).fit(ROWS[:6]).transform(ROWS[:2])
    with pytest.raises(ValueError, match=f"from 1 to {most}, since 6 rows were fitted, found {most + 1}; ask for"):
        RocchioNeighborsTransformer(most + 1, mode=mode).fit(ROWS[:6]).transform(ROWS[:2])
