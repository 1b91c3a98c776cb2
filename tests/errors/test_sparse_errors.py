"""Errors about sparse fields: what was expected, found and to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.errors import BadRecord, InvalidArgument, SchemaMismatch
from rocchio.sources import read_weighted_topics


@pytest.fixture
def sparse(tmp_path: Path) -> rocchio.Collection:
    fields = {"text": rocchio.text(), "s": rocchio.sparse(), "z": rocchio.sparse(), "n": rocchio.number()}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    col.add([{"doc_id": "a", "text": "alpha", "s": {"x": 1.0, "y": 0.5}}, {"doc_id": "b", "s": {"x": 0.25}}])
    col.commit()
    return col


def test_a_text_cannot_be_searched_in_a_sparse_field(sparse: rocchio.Collection) -> None:
    for query in ("alpha", ["alpha"], ["alpha", {"x": 1.0}]):
        with refused(InvalidArgument, "expected {token: weight}", "sparse field 's'", "found str", "encode the query"):
            sparse.search(query, field="s")


@pytest.mark.parametrize("scoring", [rocchio.Bm25(), "bm25"])
def test_no_scoring_with_a_sparse_field(sparse: rocchio.Collection, scoring: Any) -> None:
    with refused(InvalidArgument, "expected no scoring", "'s'", "its weights are the scores"):
        sparse.search({"x": 1.0}, field="s", scoring=scoring)
    with refused(InvalidArgument, "expected threads", "beside a plan, found field", "settings of their own"):
        sparse.bm25().search({"x": 1.0}, field="s")


@pytest.mark.parametrize("field", [["s", "text"], ["s", "z"], {"text": 1.0, "s": 1.0}, iter(["text", "s"])])
def test_fields_cannot_be_mixed(sparse: rocchio.Collection, field: Any) -> None:
    with refused(InvalidArgument, "expected one sparse field or text fields", "found", "one by one"):
        sparse.search({"x": 1.0}, field=field)


def test_no_boost_for_a_sparse_field(sparse: rocchio.Collection) -> None:
    with refused(InvalidArgument, "expected no boost", "'s'", "multiply the query's weights"):
        sparse.search({"x": 1.0}, field={"s": 2.0})


@pytest.mark.parametrize("alpha", [0, -1, 1.1, "1", True, float("nan")])
def test_bad_alpha(sparse: rocchio.Collection, alpha: Any) -> None:
    with refused(InvalidArgument, "expected alpha above 0 and at most 1", f"found {alpha!r}", "1 is exact"):
        sparse.search({"x": 1.0}, field="s", alpha=alpha)


@pytest.mark.parametrize("query_cut", [0, -1, 1.5, "1", True])
def test_bad_query_cut(sparse: rocchio.Collection, query_cut: Any) -> None:
    with refused(InvalidArgument, "expected a query_cut of at least 1", f"found {query_cut!r}", "leave it out"):
        sparse.search({"x": 1.0}, field="s", query_cut=query_cut)


@pytest.mark.parametrize("options", [{"alpha": 0.9}, {"query_cut": 8}])
def test_approximations_are_for_sparse_fields(sparse: rocchio.Collection, options: Any) -> None:
    with refused(InvalidArgument, f"expected {next(iter(options))} only with a sparse field", "leave it out"):
        sparse.search("alpha", **options)


@pytest.mark.parametrize("weight", ["1", None, float("nan"), True, 1e31])
def test_bad_query_weights(sparse: rocchio.Collection, weight: Any) -> None:
    for query_cut in (None, 1):
        with refused(InvalidArgument, "expected terms with weights from -1e30 to 1e30", "found"):
            sparse.search({"x": weight}, field="s", query_cut=query_cut)


def test_without_text_fields_one_must_be_named(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "only", fields={"s": rocchio.sparse()})
    col.add({"doc_id": "a", "s": {"x": 1.0}})
    col.commit()
    assert [hit.doc_id for hit in col.search({"x": 1.0}, field="s")] == ["a"]
    assert col.verify().ok
    col.upsert({"doc_id": "b", "s": {"x": 2.0}})
    col.delete("a")
    col.commit()
    col.compact()
    assert [hit.doc_id for hit in rocchio.open(tmp_path / "only").search({"x": 1.0}, field="s")] == ["b"]
    for query in ("x", {"x": 1.0}):
        with refused(InvalidArgument, "expected the name of a sparse field", "no text fields", "choose field= of s"):
            col.search(query)


def test_bad_documents(sparse: rocchio.Collection, tmp_path: Path) -> None:
    with refused(SchemaMismatch, "document 0: field 's': expected weights of at least 0", "found -1", "leave it out"):
        sparse.add({"doc_id": "c", "s": {"x": -1}})
    lines = [{"_id": "c", "s": {"x": 1}}, {"_id": "d", "s": [1]}, {"_id": "e", "s": {"x": True}}]
    source = tmp_path / "source.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with refused(BadRecord, "source.jsonl:2: field 's': expected {token: weight}", "found 1"):
        sparse.add(source)
    summary = sparse.add(source, on_error="skip", rejects=tmp_path / "rejects.jsonl")
    assert (summary.added, summary.rejected) == (1, 2)
    reasons = [json.loads(line)["reason"] for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert "expected a number as the weight of 'x', found True" in reasons[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"_id": "q", "text": "alpha"}', "weights"),
        ('{"weights": {"x": 1}}', "an id under one of"),
        ('{"_id": "q", "weights": [1]}', "weights"),
        ('{"_id": " ", "weights": {"x": 1}}', "an id under one of"),
        ('{"_id": "q", "weights": {}}\n{"_id": "q", "weights": {}}', "every query id once, found 'q' again"),
        ("", "expected topics, found none"),
        ("not json", "expected"),
    ],
)
def test_bad_weighted_topics(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "topics.jsonl"
    path.write_text(content)
    with refused(BadRecord, "topics.jsonl", words):
        read_weighted_topics(path)


def test_weighted_topics(tmp_path: Path) -> None:
    path = tmp_path / "topics.jsonl"
    path.write_text('{"id": 7, "weights": {"x": 1}}\n\n{"_id": "q", "weights": {}}\n')
    assert read_weighted_topics(path) == {"7": {"x": 1}, "q": {}}
