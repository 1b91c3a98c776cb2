"""Vector fields: a collection equals distances written down plainly, through deletes, upserts, commits and merges."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio
from rocchio.dense.reference import score_rows, search_exactly

METRICS = ("cosine", "ip", "l2")
DIM = 3
# few and small numbers: many ties, and sums without rounding, so that scores can be compared to the last bit
numbers = st.integers(-2, 2).map(float)
vectors = st.lists(numbers, min_size=DIM, max_size=DIM).filter(any)
doc_ids = st.sampled_from([f"d{number}" for number in range(9)])
batches = st.lists(st.tuples(doc_ids, st.none() | vectors), min_size=1, max_size=8)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), batches),
        st.tuples(st.just("delete"), st.lists(doc_ids, max_size=4)),
        st.tuples(st.sampled_from(["commit", "flush", "compact"]), st.none()),
    ),
    max_size=12,
)


def score(metric: str, query: list[float], vector: list[float]) -> float:
    dot = math.fsum(a * b for a, b in zip(query, vector, strict=True))
    if metric == "cosine":
        dot /= math.hypot(*query) * math.hypot(*vector)
    if metric == "l2":
        dot = -math.fsum((a - b) ** 2 for a, b in zip(query, vector, strict=True))
    return float(np.float32(dot))


def expected(documents: Mapping[str, list[float] | None], metric: str, query: list[float]) -> list[tuple[str, float]]:
    """All documents with a vector, best first, ties by doc_id."""
    scored = [(doc_id, score(metric, query, vector)) for doc_id, vector in documents.items() if vector is not None]
    return sorted(scored, key=lambda item: (-item[1], item[0]))


def apply(col: rocchio.Collection, pending: dict[str, Any], step: str, what: Any) -> None:
    if step == "upsert":
        col.upsert([{"doc_id": doc_id, "v": vector} for doc_id, vector in what])
        pending.update(what)
    elif step == "delete":
        col.delete(what)
        for doc_id in what:
            pending.pop(doc_id, None)
    elif step == "flush" and col._writer is not None:
        col._writer._flush()
    elif step in ("commit", "compact"):
        col.commit()
        if step == "compact":
            col.compact()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("metric", METRICS)
@given(steps=steps, query=vectors)
@settings(max_examples=25, deadline=None)
def test_a_collection_is_a_dict_of_vectors(metric: str, dtype: Any, steps: list[Any], query: list[float]) -> None:
    pending: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        fields = {"v": rocchio.vector(DIM, metric=metric, dtype=dtype)}  # type: ignore[arg-type]
        with rocchio.create(Path(folder) / "c", fields=fields) as col:
            for step, what in [*steps, ("commit", None)]:
                apply(col, pending, step, what)
            wanted = expected(pending, metric, query)
            hits = col.search(query, field="v", k=20, recall=1)
            found = [(hit.doc_id, hit.score) for hit in hits]
            if metric == "cosine":  # a quotient of rounded lengths may differ in the last bit
                assert [s for _, s in found] == pytest.approx([s for _, s in wanted], abs=1e-7)
                assert {doc_id for doc_id, _ in found} == {doc_id for doc_id, _ in wanted}
            else:
                assert found == wanted
            assert [hit.why().score for hit in hits] == [hit.score for hit in hits]
            for k in (1, 2, 5):
                assert [(hit.doc_id, hit.score) for hit in col.search(query, field="v", k=k, recall=1)] == found[:k]
            for doc_id, vector in pending.items():
                stored = col.vector(doc_id, "v")
                assert stored is None if vector is None else (stored.tolist(), stored.dtype) == (vector, dtype)
            assert col.verify().ok


@pytest.mark.parametrize("metric", METRICS)
@given(data=st.data(), k=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_reference_is_a_sort_under_a_mask(metric: str, data: st.DataObject, k: int) -> None:
    count = data.draw(st.integers(1, 10))
    rows = [data.draw(vectors) for _ in range(count)]
    query = data.draw(vectors)
    allowed = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    mask = data.draw(st.sampled_from([None, np.packbits(allowed, bitorder="little")]))
    matrix = np.array(rows, np.float32)
    scores = score_rows(np.array([query], np.float32), matrix, metric)[0]
    usable = [row for row in range(count) if mask is None or allowed[row]]
    wanted = sorted(usable, key=lambda row: (-scores[row], row))[:k]
    for block in (1, 3, 4096):
        found, found_scores = search_exactly(np.array([query], np.float32), matrix, metric, k, mask, block)
        assert found.shape == (1, k)
        assert found[0].tolist() == wanted + [-1] * (k - len(wanted))
        assert found_scores[0][: len(wanted)].tolist() == scores[wanted].tolist()
        assert np.isneginf(found_scores[0][len(wanted) :]).all()


@pytest.fixture(scope="module", params=METRICS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[rocchio.Collection, Any]:
    """Three segments, more rows than a block of the reference, some without a vector, some deleted."""
    dice = np.random.default_rng(5)
    matrix = dice.normal(size=(9000, 24)).astype(np.float32)
    matrix[7000:7010] = matrix[:10]  # ties over segments
    fields = {"text": rocchio.text(), "v": rocchio.vector(24, metric=request.param)}
    col = rocchio.create(tmp_path_factory.mktemp("vectors") / "c", fields=fields)
    documents: dict[str, Any] = {}
    for part in np.split(np.arange(9000), 3):
        names = [f"d{row:05}" for row in part]
        col.add(rocchio.columns(doc_id=names, v=matrix[part], text=["word"] * len(part)))
        col.add({"doc_id": f"none{part[0]}", "text": "word"})
        col.commit()
        documents |= dict(zip(names, matrix[part], strict=True))
    gone = list(documents)[::7]
    col.delete(gone)
    col.commit()
    for doc_id in gone:
        del documents[doc_id]
    return col, documents


def test_batches_threads_and_single_queries_agree(made: tuple[rocchio.Collection, Any]) -> None:
    col, documents = made
    metric = col.schema.fields["v"].metric
    queries = np.vstack([np.random.default_rng(6).normal(size=(20, 24)), [documents["d00001"]]]).astype(np.float32)
    one = col.search(queries, field="v", k=50, recall=1)
    many = col.search(queries, field="v", k=50, recall=1, threads=3)
    assert one.doc_ids == many.doc_ids
    assert all((a == b).all() for a, b in zip(one.scores, many.scores, strict=True))
    names, matrix = np.array(list(documents)), np.stack(list(documents.values()))
    scores = score_rows(queries, matrix, metric)
    for number, query in enumerate(queries):
        wanted = np.lexsort((names, -scores[number]))[:50]
        assert one.doc_ids[number] == names[wanted].tolist()
        assert one.scores[number] == pytest.approx(scores[number][wanted], rel=1e-6, abs=1e-6)
        assert [hit.doc_id for hit in col.search(query, field="v", k=50, recall=1)] == one.doc_ids[number]


def test_merging_changes_no_answer(made: tuple[rocchio.Collection, Any]) -> None:
    col, documents = made
    queries = np.random.default_rng(8).normal(size=(10, 24)).astype(np.float32)
    before = col.search(queries, field="v", k=100, recall=1)
    pinned = col.snapshot()
    col.compact()
    after = col.search(queries, field="v", k=100, recall=1)
    assert before.doc_ids == after.doc_ids == pinned.search(queries, field="v", k=100, recall=1).doc_ids
    for doc_id in list(documents)[::501]:
        assert (col.vector(doc_id, "v") == documents[doc_id]).all()


def test_a_range_search_finds_all_that_score_so(made: tuple[rocchio.Collection, Any]) -> None:
    col, _ = made
    queries = np.random.default_rng(9).normal(size=(5, 24)).astype(np.float32)
    every = col.search(queries, field="v", k=10**9, recall=1)
    least = float(every.scores[0][300])
    for threads in (1, 2):
        found = col.search(queries, field="v", min_score=least, threads=threads)
        for number in range(5):
            wanted = int((every.scores[number] >= least).sum())
            assert list(found[number]) == every[number][:wanted]
    assert len(found.doc_ids[0]) == 301
    assert len(col.search(queries[0], field="v", min_score=least)) == 301
    assert len(col.search(queries[0], field="v", min_score=least, k=7)) == 7
    assert col.search(queries[0], field="v", min_score=1e30) == []
