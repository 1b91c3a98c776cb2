"""What segments find becomes the best over all of them: ties by doc_id, within a segment, over segments, at the end."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio
from rocchio._native import Searcher
from rocchio.types import Hit

SIZES = (7, 1, 12)
"""Rows of segments."""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Searcher, list[list[str]]]]:
    """A searcher, and the doc_ids of its segments, which are in another order than rows."""
    dice = np.random.default_rng(4)
    numbers = dice.permutation(sum(SIZES))
    by_segment: list[list[str]] = []
    with rocchio.create(tmp_path_factory.mktemp("names") / "c", fields={"v": rocchio.vector(2)}) as col:
        for size in SIZES:
            taken = sum(map(len, by_segment))
            by_segment.append([f"é{number}" for number in numbers[taken : taken + size]])
            col.add([{"doc_id": name, "v": [1, 2]} for name in by_segment[-1]])
            col.commit()
        yield col.snapshot()._names, by_segment


@given(data=st.data(), queries=st.integers(0, 3), k=st.integers(1, 25), least=st.sampled_from([-np.inf, 0.0, 1.0]))
@settings(max_examples=300, deadline=None)
def test_it_is_a_sort(
    names: tuple[Searcher, list[list[str]]], data: st.DataObject, queries: int, k: int, least: float
) -> None:
    searcher, doc_ids = names
    parts, wanted, tied = [], [[] for _ in range(queries)], []
    for segment in data.draw(st.lists(st.sampled_from(range(len(SIZES))), unique=True)):
        width = data.draw(st.integers(1, SIZES[segment]))
        rows, scores = np.full((queries, width), -1), np.full((queries, width), -np.inf, np.float32)
        for query in range(queries):
            found = data.draw(st.lists(st.sampled_from(range(SIZES[segment])), unique=True, max_size=width))
            ranked = sorted(data.draw(st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 1.0, 2.5])) for _ in found)[::-1]
            rows[query, : len(found)], scores[query, : len(found)] = found, ranked
            if len(found) > k and ranked[k] == ranked[k - 1]:
                tied.append((len(parts), query))
            wanted[query] += [
                (-score, doc_ids[segment][row], segment, row)
                for row, score in zip(found, ranked, strict=True)
                if score >= least
            ]
        parts.append((segment, rows, scores))
    (offsets, segments, rows, scores), found_tied = searcher.best_rows(parts, queries, k, least)
    assert sorted(found_tied) == sorted(tied)
    assert len(offsets) == queries + 1
    for query in range(queries):
        begin, end = offsets[query : query + 2].tolist()
        best = sorted(wanted[query])[:k]
        assert list(zip(segments[begin:end], rows[begin:end], strict=True)) == [each[2:] for each in best]
        assert (-scores[begin:end]).tolist() == [each[0] for each in best]


def test_what_is_no_place_of_the_segments_is_refused(names: tuple[Searcher, list[list[str]]]) -> None:
    searcher, _ = names
    row, score = np.array([[3]]), np.ones((1, 1), np.float32)
    for segment in (1, 3):  # the first has one row
        with pytest.raises(IndexError, match="expected"):
            searcher.best_rows([(segment, row, score)], 1, 1, -np.inf)
    for queries, scores in ((2, score), (1, np.ones((1, 2), np.float32))):
        with pytest.raises(ValueError, match="expected a row and a score"):
            searcher.best_rows([(0, row, scores)], queries, 1, -np.inf)
    with pytest.raises(ValueError, match="expected a positive k"):
        searcher.best_rows([(0, row, score)], 1, 0, -np.inf)


def test_hits_are_those_that_python_makes(names: tuple[Searcher, list[list[str]]]) -> None:
    searcher, doc_ids = names
    segments, rows = np.array([2, 0, 1], np.uint32), np.array([11, 6, 0], np.uint32)
    scores = np.array([0.1, -2.5, np.inf], np.float32)
    details: Any = object()
    hits = searcher.hits(segments, rows, scores, Hit, details)
    made = [
        Hit(doc_ids[segment][row], score, details, (segment, row))
        for segment, row, score in zip(segments.tolist(), rows.tolist(), scores.tolist(), strict=True)
    ]
    assert (
        hits == made and list(map(repr, hits)) == list(map(repr, made)) and list(map(hash, hits)) == [*map(hash, made)]
    )
    assert all(hit._details is details and hit._place == each._place for hit, each in zip(hits, made, strict=True))
    assert {type(value) for hit in hits for value in (hit.doc_id, hit.score, *hit._place)} == {str, float, int}
    with pytest.raises(dataclasses.FrozenInstanceError):
        hits[0].score = 3.0
    assert dataclasses.replace(hits[0], score=3.0).doc_id == hits[0].doc_id
    for wrong in ((segments[:2], rows, scores), (segments, rows, scores[:2])):
        with pytest.raises(ValueError, match="for every"):
            searcher.hits(*wrong, Hit, details)
    with pytest.raises(IndexError):
        searcher.hits(segments, rows + np.uint32(1), scores, Hit, details)


@pytest.mark.parametrize("metric", ["ip", "l2"])
@given(
    seed=st.integers(0, 1 << 30),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=3),
    k=st.sampled_from([1, 2, 10, 60]),
    share=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)
@settings(max_examples=40, deadline=None)
def test_ties_and_filters_give_what_a_sort_gives(
    metric: Any, seed: int, sizes: list[int], k: int, share: float
) -> None:
    """Three vectors for all documents, so that most of them tie for the last places."""
    dice = np.random.default_rng(seed)
    documents: dict[str, tuple[Any, float]] = {}
    fields = {"v": rocchio.vector(6, metric=metric), "u": rocchio.number()}
    with tempfile.TemporaryDirectory() as folder, rocchio.create(Path(folder) / "c", fields=fields) as col:
        for size in sizes:
            ids = [f"d{number}" for number in dice.choice(10_000, size, replace=False)]
            vectors = np.eye(6, dtype=np.float32)[dice.integers(0, 3, size)]
            values = dice.random(size)
            col.upsert(rocchio.columns(doc_id=ids, v=vectors, u=values))
            col.commit()
            documents |= dict(zip(ids, zip(vectors, values.tolist(), strict=True), strict=True))
        for doc_id in [*documents][::5]:
            col.delete(doc_id)
            del documents[doc_id]
        col.commit()
        queries = dice.integers(-1, 2, (4, 6)).astype(np.float32)
        options: dict[str, Any] = {"field": "v", "where": f"u < {share}", "recall": 1}
        batch = col.search(queries, k, **options)
        for number, query in enumerate(queries):
            scored = [
                (-float(query @ vector if metric == "ip" else -((query - vector) ** 2).sum()), doc_id)
                for doc_id, (vector, value) in documents.items()
                if value < share
            ]
            wanted = [(doc_id, -score) for score, doc_id in sorted(scored)[:k]]
            assert [(hit.doc_id, hit.score) for hit in col.search(query, k, **options)] == wanted
            assert batch[number] == wanted
