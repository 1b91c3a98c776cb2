"""scikit-learn: nearest neighbours of vectors as sparse matrices. Needs the extra `sklearn`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from rocchio.engine.collection import Collection
from rocchio.engine.opening import create
from rocchio.errors import InvalidArgument
from rocchio.storage.schema import plain_vector

_FIELD = "vector"


class RocchioNeighborsTransformer(TransformerMixin, BaseEstimator):
    """Rows of numbers become a sparse matrix of distances to their nearest neighbours among the rows that were fitted.

    The API of `sklearn.neighbors.KNeighborsTransformer`: with mode="distance" a row has itself and `n_neighbors`
    others, so that it precedes estimators that take `metric="precomputed"`; with mode="connectivity" there are
    `n_neighbors` ones. `metric` is l2 or cosine, `recall` the least share of true neighbours, 1 is exact; vectors are
    compared as float32. The rows lie in a collection in a temporary folder, which goes with the estimator.
    """

    def __init__(
        self, n_neighbors: int = 5, *, mode: str = "distance", metric: str = "l2", recall: float = 1.0
    ) -> None:
        self.n_neighbors = n_neighbors
        self.mode = mode
        self.metric = metric
        self.recall = recall

    def fit(self, X: Any, y: Any = None) -> RocchioNeighborsTransformer:  # noqa: ARG002, N803
        """Remember the rows (n, dim)."""
        if self.mode not in ("distance", "connectivity"):
            raise InvalidArgument(f"expected the mode distance or connectivity, found {self.mode!r}")
        if self.metric not in ("l2", "cosine"):
            raise InvalidArgument(f"expected the metric l2 or cosine, found {self.metric!r}")
        if not isinstance(self.n_neighbors, int | np.integer) or self.n_neighbors < 1:
            raise InvalidArgument(f"expected n_neighbors of at least 1, found {self.n_neighbors!r}")
        given = validate_data(self, X, dtype=np.float32)
        self._rows = given
        self._build()
        return self

    def _build(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rocchio-")
        path = Path(self._folder.name) / "neighbours.rocchio"
        col = create(path, {_FIELD: plain_vector(self._rows.shape[1], metric=self.metric)})  # type: ignore[arg-type]
        col.add({"doc_id": f"{row:012d}", _FIELD: vector} for row, vector in enumerate(self._rows))
        col.commit()
        self.collection_: Collection = col
        self.n_samples_fit_ = len(self._rows)

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles, which make a collection of their own."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("collection_", "_folder")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "_rows"):
            self._build()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def kneighbors(
        self,
        X: Any = None,  # noqa: N803
        n_neighbors: int | None = None,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """(distances, indices), each (n, n_neighbors), nearest first. Without X, neighbours of the fitted rows, which
        are not neighbours of themselves. Raises InvalidArgument for more neighbours than there are."""
        check_is_fitted(self)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        self._check_count(k, beside_itself=X is None)
        if X is None:
            graph = self.collection_.knn_graph(_FIELD, int(k), recall=self.recall)
            return graph.distances.reshape(-1, k), graph.indices.reshape(-1, k)
        given = validate_data(self, X, dtype=np.float32, reset=False)
        run = self.collection_.search(given, int(k), field=_FIELD, recall=self.recall)
        indices = np.array([[int(doc_id) for doc_id in ids] for ids in run.doc_ids], np.int64)
        scores = np.stack(run.scores)
        return np.sqrt(np.maximum(-scores, 0)) if self.metric == "l2" else np.maximum(1 - scores, 0), indices

    def transform(self, X: Any) -> csr_matrix:  # noqa: N803
        """The matrix (n, n_fitted) of distances, or of ones. Raises InvalidArgument as `kneighbors` does."""
        check_is_fitted(self)
        extra = self.mode == "distance"
        self._check_count(self.n_neighbors, beside_itself=extra)
        distances, indices = self.kneighbors(X, self.n_neighbors + extra)
        values = distances.ravel() if extra else np.ones(indices.size, np.float32)
        ends = np.arange(0, indices.size + 1, indices.shape[1])
        return csr_matrix((values, indices.ravel(), ends), shape=(len(indices), self.n_samples_fit_))

    def _check_count(self, count: Any, *, beside_itself: bool) -> None:
        """Raises InvalidArgument unless there are so many fitted rows, or so many others beside a row itself."""
        most = self.n_samples_fit_ - beside_itself
        if not isinstance(count, int | np.integer) or not 1 <= count <= most:
            raise InvalidArgument(
                f"expected n_neighbors from 1 to {most}, since {self.n_samples_fit_} rows were fitted, found "
                f"{count!r}; ask for fewer neighbours or fit more rows"
            )

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the columns, for pipelines."""
        check_is_fitted(self)
        return np.array([f"rocchioneighborstransformer{row}" for row in range(self.n_samples_fit_)], dtype=object)
