"""Every kernel equals the reference, on collections that span windows, shapes of columns and rare codes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    """40,000 documents in two segments: several windows, lengths from 0 to 5,000, term frequencies above 255."""
    dice = random.Random(7)
    vocabulary = [f"t{i}" for i in range(300)]
    popularity = [1 / (rank + 1) for rank in range(300)]

    def text(row: int) -> str:
        length = 5000 if row % 5000 == 17 else dice.randint(0, 12)
        return " ".join(dice.choices(vocabulary, popularity, k=length))

    fields = {"title": rocchio.text(boost=1.7), "text": rocchio.text(), "year": rocchio.number()}
    col = rocchio.create(tmp_path_factory.mktemp("large") / "c", fields=fields, analyzer="whitespace")
    for part in range(2):
        rows = range(part * 20_000, part * 20_000 + 20_000)
        col.add(
            {"doc_id": f"d{row:05}", "title": f"t{row % 7}", "text": text(row), "year": 1900 + row % 120}
            for row in rows
        )
        col.commit()
    col.delete([f"d{row:05}" for row in range(0, 40_000, 13)])
    col.commit()
    return col


@pytest.mark.parametrize("variant", ["robertson", "lucene", "atire", "bm25l", "bm25+", "anserini"])
@pytest.mark.parametrize("k", [1, 10, 300, 50_000])
@pytest.mark.parametrize("kernel", ["pruned", "exhaustive"])
def test_kernels_equal_the_reference(large: rocchio.Collection, variant: str, k: int, kernel: str) -> None:
    queries = ["t0 t1", "t5 t60 t200", "t299", "t0 t0 t3 t3 t3", "t2 absent", " ".join(f"t{i}" for i in range(40))]
    scoring = rocchio.Bm25(variant=variant)
    fast = large.search(queries, k=k, scoring=scoring, kernel=kernel)
    plain = large.search(queries, k=k, scoring=scoring, kernel="reference")
    threaded = large.search(queries, k=k, scoring=scoring, threads=3)
    for index in range(len(queries)):
        assert fast.doc_ids[index] == plain.doc_ids[index] == threaded.doc_ids[index]
        np.testing.assert_array_equal(fast.scores[index], plain.scores[index])
        np.testing.assert_array_equal(threaded.scores[index], plain.scores[index])


SIGNED = [
    {"t0": 1.0, "t5": -0.7, "t60": 2.0},
    {"t1": -1.0, "t2": -0.2},
    {"t3": 0.4, "t0": 0.0, "t250": -3.0, "absent": -1.0},
    {f"t{i}": (-1) ** (i % 5 == 0) / (1 + i) for i in range(60)},
    {f"t{i}": 1.0 + i % 3 for i in range(200)},
    {f"t{i}": (i % 7 - 2.0) / 10 for i in range(300)},
]
"""Weights of either sign and zero, more terms than 16-bit bounds hold."""


@pytest.mark.parametrize("variant", ["robertson", "lucene", "bm25l", "bm25+"])
@pytest.mark.parametrize("k", [1, 10, 1000, 10_000])
@pytest.mark.parametrize("kernel", ["automatic", "pruned", "exhaustive"])
@pytest.mark.parametrize("where", [None, "year >= 1990"], ids=["all", "filtered"])
def test_kernels_equal_the_reference_with_weights_of_either_sign_and_with_many_terms(
    large: rocchio.Collection, variant: str, k: int, kernel: str, where: str | None
) -> None:
    scoring = rocchio.Bm25(variant=variant)
    fast = large.search(SIGNED, k=k, scoring=scoring, kernel=kernel, where=where)
    plain = large.search(SIGNED, k=k, scoring=scoring, kernel="reference", where=where)
    for index in range(len(SIGNED)):
        assert fast.doc_ids[index] == plain.doc_ids[index]
        np.testing.assert_array_equal(fast.scores[index], plain.scores[index])


@st.composite
def signed_queries(draw: st.DrawFn) -> dict[str, float]:
    """Up to 200 terms with weights between -2 and 2, zero and tiny ones included."""
    terms = draw(st.lists(st.integers(0, 310), min_size=1, max_size=200, unique=True))
    weights = draw(st.lists(st.floats(-2, 2, width=32), min_size=len(terms), max_size=len(terms)))
    return {f"t{term}": weight for term, weight in zip(terms, weights, strict=True)}


@settings(max_examples=40, deadline=None)
@given(query=signed_queries(), k=st.sampled_from([1, 3, 10, 100, 3000]), year=st.sampled_from([0, 1960, 2018]))
def test_random_weights_give_the_reference(
    large: rocchio.Collection, query: dict[str, float], k: int, year: int
) -> None:
    where = rocchio.field("year") >= year
    plain = large.search([query], k=k, kernel="reference", where=where)
    for kernel in ("automatic", "pruned", "exhaustive"):
        fast = large.search([query], k=k, kernel=kernel, where=where)
        assert fast.doc_ids == plain.doc_ids
        np.testing.assert_array_equal(fast.scores[0], plain.scores[0])


def test_ties_are_ordered_by_doc_id(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    ids = [f"{i:03}" for i in range(500)]
    for part in (ids[250:], ids[:250]):
        col.add({"doc_id": doc_id, "text": "same words"} for doc_id in reversed(part))
        col.commit()
    assert [hit.doc_id for hit in col.search("words", k=20)] == ids[:20]
    assert [hit.doc_id for hit in col.search("words", k=1000)] == ids


def test_ties_between_segments_are_ordered_by_doc_id_however_often_they_are_searched(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    ids = [f"{i:03}" for i in range(300)]
    for part in range(3):
        col.add({"doc_id": doc_id, "text": "same words"} for doc_id in reversed(ids[part::3]))
        col.commit()
    for _ in range(8):  # doc_ids are compared at first, and put in order once when that was often enough
        assert [hit.doc_id for hit in col.search("words", k=1000)] == ids


def test_a_sample_of_the_best_rows_alone_does_not_mislead(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    step = 37  # of the sample that the exhaustive kernel takes: all rows in it are better than the others
    col.add({"doc_id": f"d{i:05}", "text": "a a" if i % step == 0 else f"a b{i % 5}"} for i in range(12_000))
    col.commit()
    for k in (200, 400, 5000):
        fast = col.search(["a", "a b1", "a b1 b2"], k=k, kernel="exhaustive")
        plain = col.search(["a", "a b1", "a b1 b2"], k=k, kernel="reference")
        assert list(fast.doc_ids) == list(plain.doc_ids)
        for found, expected in zip(fast.scores, plain.scores, strict=True):
            np.testing.assert_array_equal(found, expected)
