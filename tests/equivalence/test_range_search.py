"""Range searches equal what a comparison of all vectors gives: radii by query, shells, masks, deletions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio

ROWS = 260


@pytest.fixture(scope="module", params=["cosine", "l2"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A collection of several segments with deletions, equal vectors and documents without one; its distances."""
    metric = request.param
    random = np.random.default_rng(5)
    vectors = random.normal(size=(ROWS, 6)).astype(np.float32)
    vectors[200:210] = vectors[3:13]  # equal vectors in other segments
    fields = {"v": rocchio.vector(6, metric=metric), "n": rocchio.number()}
    col = rocchio.create(tmp_path_factory.mktemp(metric) / "c", fields=fields)
    for part in (range(100), range(100, 210), range(210, ROWS)):
        col.add({"doc_id": f"d{row:03}", "v": vectors[row], "n": row} for row in part)
        col.add({"doc_id": f"none{part.start}", "n": -1})
        col.commit()
    gone = {5, 150, 201}
    col.delete([f"d{row:03}" for row in gone])
    col.commit()
    queries = np.concatenate([random.normal(size=(7, 6)), vectors[3:6]]).astype(np.float32)
    q, x = queries.astype(np.float64), vectors.astype(np.float64)
    if metric == "l2":
        distances = np.linalg.norm(q[:, None] - x[None], axis=2)
    else:
        distances = 1 - (q / np.linalg.norm(q, axis=1)[:, None]) @ (x / np.linalg.norm(x, axis=1)[:, None]).T
    distances[:, sorted(gone)] = np.inf
    return col, queries, distances


@given(seed=st.integers(0, 2**32 - 1), threads=st.integers(1, 3), filtered=st.booleans())
@settings(max_examples=40, deadline=None)
def test_shells_equal_brute_force(made, seed: int, threads: int, filtered: bool) -> None:
    col, queries, distances = made
    random = np.random.default_rng(seed)
    # some shells hold nothing, some nearly all
    outer = np.quantile(distances[np.isfinite(distances)], random.random(len(queries)))
    inner = outer * random.choice([0.0, 0.5, 0.99], len(queries))
    inner = np.where(outer > inner, inner, 0.0)
    outer = np.maximum(outer, 1e-3)
    where = "n >= 120" if filtered else None
    found = col.range_search("v", queries, outer, inner=inner, where=where, threads=threads)
    assert len(found) == len(queries)
    for number, (begin, end) in enumerate(pairwise(found.indptr.tolist())):
        allowed = np.arange(ROWS) >= (120 if filtered else 0)
        expected = {
            f"d{row:03}": distances[number, row]
            for row in np.flatnonzero(
                (distances[number] < outer[number]) & (distances[number] >= inner[number]) & allowed
            )
        }
        near_edge = {
            f"d{row:03}"
            for row in range(ROWS)
            if min(abs(distances[number, row] - outer[number]), abs(distances[number, row] - inner[number])) < 2e-3
        }  # float32 distances near 0 are known to a thousandth under l2
        ids = found.doc_ids[number]
        assert set(ids) - near_edge == set(expected) - near_edge
        got = found.distances[begin:end]
        assert (np.diff(got) >= 0).all()
        assert all(a < b for (a, x), (b, y) in pairwise(found[number]) if x == y)
        np.testing.assert_allclose(got, [distances[number, int(doc_id[1:])] for doc_id in ids], atol=2e-3)


def test_shells_side_by_side_count_each_document_once(made) -> None:
    col, queries, _ = made
    edges = [0.0, 0.5, 0.9, 1.3, 100.0]
    shells = [col.range_search("v", queries[0], radius, inner=inner) for inner, radius in pairwise(edges)]
    ids = [doc_id for shell in shells for doc_id in shell.doc_ids[0]]
    assert len(ids) == len(set(ids)) == ROWS - 3
    assert ids == list(col.range_search("v", queries[0], 100.0).doc_ids[0])


def test_a_least_score_finds_what_a_range_does(made) -> None:
    col, queries, _ = made
    metric = col.schema.fields["v"].metric
    least = -(1.4**2) if metric == "l2" else 1 - 0.6
    for query in queries:
        hits = col.search(query, field="v", min_score=least)
        everything = col.search(query, field="v", k=1000, recall=1)
        assert [(hit.doc_id, hit.score) for hit in hits] == [
            (hit.doc_id, hit.score) for hit in everything if hit.score >= np.float32(least)
        ]
        assert [hit.doc_id for hit in col.search(query, field="v", min_score=least, k=3)] == [
            hit.doc_id for hit in hits[:3]
        ]


def test_an_empty_collection_has_no_neighbours(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"v": rocchio.vector(2)})
    found = col.range_search("v", np.eye(2, dtype=np.float32), 0.5)
    assert len(found) == 2 and found[0] == [] and found[-1] == []
    with pytest.raises(IndexError, match="expected one of 2 queries, found 2"):
        found[2]


def test_texts_without_a_vector_have_no_neighbours(tmp_path: Path) -> None:
    fields = {"t": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=2)")}
    col = rocchio.create(tmp_path / "c", fields=fields)
    col.add({"doc_id": f"d{number}", "t": text} for number, text in enumerate(["red fox", "red hen", "blue hen"]))
    col.commit()
    found = col.range_search("v", ["unheard of", "red"], 2.1)
    assert list(found.doc_ids[0]) == [] and len(found.doc_ids[1]) == 3
