"""Filters find what the plain evaluation of stored fields finds: any predicates, documents, deletes, segments."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.filter_strategies import FIELDS, documents, predicates

import rocchio
from rocchio.filters import Predicate, typed
from rocchio.filters.reference import matches
from rocchio.storage.schema import Schema

SCHEMA = Schema(FIELDS, "whitespace")


def build(folder: str, docs: list[dict[str, Any]], cuts: list[int], deleted: list[str]) -> rocchio.Collection:
    """The documents in several segments, some deleted."""
    col = rocchio.create(Path(folder) / "c", fields=FIELDS, analyzer="whitespace")
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(docs)], strict=True):
        col.add(docs[begin:end])
        col.commit()
    col.delete(deleted)
    col.commit()
    return col


def expected(col: rocchio.Collection, docs: list[dict[str, Any]], predicate: Predicate) -> list[str]:
    """doc_ids of what the predicate is true of, by the fields that are stored."""
    wanted = typed(predicate, SCHEMA)
    live = [doc["doc_id"] for doc in docs if doc["doc_id"] in col]
    return sorted(name for name in live if matches(wanted, col.get(name) | {"doc_id": name}) is True)


@given(documents(), st.lists(st.integers(0, 12), max_size=2), st.lists(predicates, min_size=1, max_size=6), st.data())
def test_every_search_and_count_equals_the_plain_evaluation(
    docs: list[dict[str, Any]], cuts: list[int], filters: list[Predicate], data: st.DataObject
) -> None:
    cuts = [min(cut, len(docs)) for cut in cuts]
    deleted = [doc["doc_id"] for doc in docs if data.draw(st.booleans())][:8]
    with tempfile.TemporaryDirectory() as folder:
        col = build(folder, docs, cuts, deleted)
        for predicate in filters:
            check(col, docs, predicate)
        assert col.verify().ok
        col.compact()
        for predicate in filters:
            assert col.count(predicate) == len(expected(col, docs, predicate)), str(predicate)
        assert col.verify().ok


def check(col: rocchio.Collection, docs: list[dict[str, Any]], predicate: Predicate) -> None:
    wanted = expected(col, docs, predicate)
    assert col.count(predicate) == len(wanted), str(predicate)
    assert col.count(str(predicate)) == len(wanted), str(predicate)
    everything = {"alpha": 1.0, "beta": 1.0, "gamma": 1.0}
    for kernel in ("pruned", "exhaustive", "reference"):
        hits = col.search(everything, k=100, where=predicate, kernel=kernel)
        assert sorted(hit.doc_id for hit in hits) == wanted, str(predicate)
    plain = {hit.doc_id: hit.score for hit in col.search(everything, k=100)}
    assert all(hit.score == plain[hit.doc_id] for hit in hits)  # a filter changes no score
    with_vector = [name for name in wanted if col.vector(name, "v") is not None]
    for recall in (0.5, 1):
        found = col.search([0.0, 1.0, 2.0], field="v", k=100, where=predicate, recall=recall)
        assert sorted(hit.doc_id for hit in found) == with_vector, str(predicate)


@given(documents(), predicates, predicates, st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_batch_with_a_filter_each_equals_single_searches(
    docs: list[dict[str, Any]], first: Predicate, second: Predicate, which: list[bool]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        col = build(folder, docs, [len(docs) // 2], [])
        where = [first if chosen else str(second) for chosen in which]
        texts = ["alpha", "beta", "gamma", "alpha beta"]
        run = col.search(texts, k=3, where=where)
        vectors = np.array([[0, 1, 2], [3, 0, 0], [0, 0, 0], [-1, -1, -1]], np.float32)
        near = col.search(vectors, field="v", k=3, where=where)
        mixed = [rocchio.query(text, vectors={"v": vector}) for text, vector in zip(texts, vectors, strict=True)]
        both = col.search(mixed, k=3, where=where)
        for place, each in enumerate(where):
            assert run[place] == pairs(col.search(texts[place], k=3, where=each))
            assert near[place] == pairs(col.search(vectors[place], field="v", k=3, where=each))
            assert both[place] == pairs(col.search(mixed[place], k=3, where=each))


@given(documents(), predicates, st.sampled_from(["bm25 >> rm3(docs=2) >> bm25", "bm25 + dense(field=v)", "bm25 % 5"]))
def test_every_search_of_a_plan_keeps_to_the_filter(
    docs: list[dict[str, Any]], predicate: Predicate, plan: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        col = build(folder, docs, [len(docs) // 2], [])
        wanted = set(expected(col, docs, predicate))
        queries = [rocchio.query(text, vectors={"v": [1, 2, 0]}) for text in ("alpha beta", "gamma")]
        run = col.search(queries, k=50, plan=plan, where=predicate)
        assert all(set(found) <= wanted for found in run.doc_ids)
        mixed = col.search(queries, k=50, plan=plan, where=[predicate, None])
        assert mixed.doc_ids[0] == run.doc_ids[0]
        assert mixed.doc_ids[1] == col.search(queries, k=50, plan=plan).doc_ids[1]


def pairs(hits: list[rocchio.Hit]) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


@given(documents(), predicates)
def test_a_hybrid_search_finds_only_what_matches(docs: list[dict[str, Any]], predicate: Predicate) -> None:
    with tempfile.TemporaryDirectory() as folder:
        col = build(folder, docs, [], [])
        wanted = expected(col, docs, predicate)
        hits = col.search(rocchio.query("alpha", vectors={"v": [1, 1, 1]}), k=100, where=predicate)
        reached = {hit.doc_id for hit in col.search("alpha", k=100)} | {
            hit.doc_id for hit in col.search([1, 1, 1], field="v", k=100)
        }
        assert {hit.doc_id for hit in hits} == set(wanted) & reached
        for hit in hits:
            assert hit.why().score == hit.score


@given(documents(), predicates, st.data())
def test_segments_without_columns_give_the_same(
    docs: list[dict[str, Any]], predicate: Predicate, data: st.DataObject
) -> None:
    """Such are those of format version 2."""
    with tempfile.TemporaryDirectory() as folder:
        col = build(folder, docs, [len(docs) // 3], [doc["doc_id"] for doc in docs[:2]])
        with_columns = col.count(predicate)
        snapshot = rocchio.open(col.path).snapshot()
        for segment in snapshot.segments:
            assert segment.columns._file is not None
            segment.columns._file = None
        assert snapshot.count(predicate) == with_columns
        assert sorted(hit.doc_id for hit in snapshot.search("alpha", k=100, where=predicate)) == sorted(
            hit.doc_id for hit in col.search("alpha", k=100, where=predicate)
        )


@pytest.mark.parametrize("rows", [1, 5000, 70_000, 140_000])
def test_many_rows_fill_every_kind_of_container(tmp_path: Path, rows: int) -> None:
    """Lists, bitmaps and runs of rows, several containers, several zones, ranks of one byte and of four."""
    rng = np.random.default_rng(rows)
    records = {
        "n": (np.arange(rows) // 100).astype(np.int64),
        "x": rng.integers(0, 200, rows) / 8,
        "rare": np.where(rng.random(rows) < 0.001, "yes", "no"),
        "half": np.where(rng.random(rows) < 0.5, "a", "b"),
        "run": np.where(np.arange(rows) // 1000 % 2, "odd", "even"),
    }
    import pyarrow as pa

    table = pa.table({"doc_id": [f"d{row}" for row in range(rows)], "text": ["alpha"] * rows, **records})
    fields = {"text": rocchio.text(), "n": rocchio.number(integer=True), "x": rocchio.number()}
    fields |= {name: rocchio.keyword() for name in ("rare", "half", "run")}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    col.add(table)
    col.commit()
    n, x = records["n"], records["x"]
    for where, mask in {
        "n >= 3 AND n < 600": (n >= 3) & (n < 600),
        "n = 7 OR n = 44 OR n = 100000": (n == 7) | (n == 44),
        "x BETWEEN 3 AND 20.5": (x >= 3) & (x <= 20.5),
        "x > 24.7": x > 24.7,
        "x NOT BETWEEN 1 AND 24": (x < 1) | (x > 24),
        "rare = 'yes'": records["rare"] == "yes",
        "half = 'a' AND run = 'odd'": (records["half"] == "a") & (records["run"] == "odd"),
        "NOT (half = 'a' OR run = 'odd')": (records["half"] != "a") & (records["run"] != "odd"),
        "run STARTS WITH 'e' AND rare IN ('no', 'maybe')": (records["run"] == "even") & (records["rare"] == "no"),
    }.items():
        assert col.count(where) == int(mask.sum()), where
    many = rng.choice(rows, min(rows, 40_000), replace=False)
    assert col.count(rocchio.field("doc_id").isin([f"d{row}" for row in many])) == len(many)
    assert col.count(rocchio.field("n").isin(many.tolist())) == int(np.isin(n, many).sum())
    assert col.verify().ok
