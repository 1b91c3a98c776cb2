"""Few dimensions: what the tree finds equals a comparison of all, ties, masks, deletions and damage included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio
from rocchio.dense import point_tree
from rocchio.dense.segment import VectorSegment

ROWS = 700


def points(kind: str, dim: int, rows: int, seed: int) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(seed)
    if kind == "grid":  # many equal distances
        return (random.integers(-3, 4, size=(rows, dim)) + 0.5).astype(np.float32)
    if kind == "near":  # differences that float32 scores do not show
        return (1 + 1e-4 * random.normal(size=(rows, dim))).astype(np.float32)
    return (random.normal(size=(rows, dim)) * 10.0 ** random.integers(-3, 4, size=(rows, 1))).astype(np.float32)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int, str], VectorSegment]:
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(point_tree, "LEAST_POINTS", 100)
        for kind in ("grid", "near", "wide"):
            for dim in (1, 2, 4):
                for metric in ("cosine", "l2"):
                    vectors = points(kind, dim, ROWS, 1)
                    folder = tmp_path_factory.mktemp("tree") / "c"
                    col = rocchio.create(folder, fields={"v": rocchio.vector(dim, metric=metric), "t": rocchio.text()})
                    col.add(
                        {"doc_id": f"d{row}", "t": "x", "v": None if row % 9 == 0 else vector}
                        for row, vector in enumerate(vectors)
                    )
                    col.commit()
                    segment = col.snapshot().segments[0].vectors[0]
                    assert segment._tree is not None and segment.lists == 0
                    segment.validate()
                    made[kind, dim, metric] = segment
    return made


@given(
    st.sampled_from(["grid", "near", "wide"]),
    st.sampled_from([1, 2, 4]),
    st.sampled_from(["cosine", "l2"]),
    st.integers(1, 60),
    st.sampled_from([None, 0.9, 0.5, 0.02, 0.0]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=80, deadline=None)
def test_it_equals_a_comparison_of_all(segments, kind, dim, metric, k, share, seed) -> None:
    segment: VectorSegment = segments[kind, dim, metric]
    random = np.random.default_rng(seed)
    queries = np.concatenate([points(kind, dim, 4, seed), segment.originals.vectors[1:4]]).astype(np.float32)
    mask = None if share is None else np.packbits(random.random(ROWS) < share, bitorder="little")
    usable = segment.originals.present if mask is None else mask & segment.originals.present
    rows, scores = segment.search(queries, k, mask, None)
    wanted_rows, wanted_scores, _ = segment.index.exact(queries.ravel(), k, usable)
    assert np.array_equal(rows, wanted_rows) and np.array_equal(scores, wanted_scores)
    least = np.where(np.isfinite(scores[:, -1]), scores[:, -1], -1).astype(np.float32)
    found = segment.within(queries, least, mask)
    wanted = segment.index.within(queries.ravel(), least, usable)[:3]
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_it_is_used_where_it_is_worth_its_while() -> None:
    assert point_tree.suits(4, "l2", point_tree.LEAST_POINTS)
    assert not point_tree.suits(5, "l2", 10**6)
    assert not point_tree.suits(2, "ip", 10**6)  # inner products are no distances
    assert not point_tree.suits(2, "l2", point_tree.LEAST_POINTS - 1)
    tree = point_tree.PointTree(np.eye(2).repeat(50, axis=0), np.arange(100, dtype=np.uint32), "l2")
    assert tree.nearest(np.eye(2, dtype=np.float32), 13, None) is None
    assert tree.nearest(np.eye(2, dtype=np.float32), 5, np.zeros(100, np.bool_)) is None


def test_documents_of_few_dimensions(tmp_path: Path) -> None:
    vectors = points("wide", 3, 9000, 4)
    col = rocchio.create(tmp_path / "c", fields={"v": rocchio.vector(3, metric="l2")})
    col.add(rocchio.columns(doc_id=[f"d{row:04}" for row in range(9000)], v=vectors))
    col.commit()
    col.delete([f"d{row:04}" for row in range(0, 9000, 3)])
    col.commit()
    query = vectors[3000]  # deleted
    squares = ((vectors.astype(np.float64) - query.astype(np.float64)) ** 2).sum(axis=1)
    squares[::3] = np.inf
    hits = col.search(query, field="v", k=7)
    assert [hit.doc_id for hit in hits] == [f"d{row:04}" for row in np.argsort(squares, kind="stable")[:7]]
    graph = col.knn_graph("v", 4)
    assert (np.diff(graph.indptr) == 4).all()
