"""Haystack's own suite for document stores, and retrievers in pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("haystack", reason="haystack-ai is not installed: make test installs it")

from haystack import Document, Pipeline
from haystack.dataclasses import ByteStream
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DocumentStore, DuplicatePolicy
from haystack.errors import FilterError
from haystack.testing.document_store import (
    CountDocumentsByFilterTest,
    DeleteAllTest,
    DeleteByFilterTest,
    DocumentStoreBaseTests,
    UpdateByFilterTest,
)

from rocchio.integrations.haystack import (
    RocchioBM25Retriever,
    RocchioDocumentStore,
    RocchioEmbeddingRetriever,
    RocchioHybridRetriever,
    predicate_of,
)

FIELDS = {
    **dict.fromkeys(["name", "page", "chapter", "category", "status", "extra_field"], "keyword"),
    **dict.fromkeys(["number", "year"], "number"),
    **dict.fromkeys(["updated", "featured", "no_embedding"], "bool"),
    "date": "date",
}


class TestDocumentStoreSuite(
    DocumentStoreBaseTests, DeleteAllTest, DeleteByFilterTest, UpdateByFilterTest, CountDocumentsByFilterTest
):
    @pytest.fixture
    def document_store(self, tmp_path: Path) -> DocumentStore:
        return RocchioDocumentStore(str(tmp_path / "store.rocchio"), meta_fields=FIELDS)

    @staticmethod
    def assert_documents_are_equal(received: list[Document], expected: list[Document]):
        """Embeddings are float32 here."""
        assert sorted(map(without_embedding, received), key=str) == sorted(map(without_embedding, expected), key=str)
        by_id = {document.id: document for document in expected}
        for document in received:
            assert document.embedding == (None if by_id[document.id].embedding is None
                                          else pytest.approx(by_id[document.id].embedding, abs=1e-6))  # fmt: skip

    def test_write_documents(self, document_store: DocumentStore):
        document = Document(content="test doc")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document])


def without_embedding(document: Document) -> dict[str, Any]:
    return document.to_dict(flatten=False) | {"embedding": None}


@pytest.fixture
def store(tmp_path: Path) -> RocchioDocumentStore:
    store = RocchioDocumentStore(str(tmp_path / "s"), 2, {"year": "number", "by": "keyword"})
    store.write_documents(
        [
            Document(id="a", content="relevance feedback", meta={"year": 1971, "by": ["r"]}, embedding=[1.0, 0.0]),
            Document(id="b", content="okapi ranking", meta={"year": 1994, "x": {"y": 1}}, embedding=[0.0, 1.0]),
            Document(id="c", blob=ByteStream(b"\0\1", mime_type="x/y"), meta={}),
        ]
    )
    return store


def test_blobs_and_metadata_come_back(store: RocchioDocumentStore):
    found = {document.id: document for document in store.filter_documents()}
    assert found["c"].blob == ByteStream(b"\0\1", mime_type="x/y")
    assert found["c"].content is None
    assert found["b"].meta == {"year": 1994, "x": {"y": 1}}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"field": "meta.by", "operator": "==", "value": "r"}, ["a"]),
        ({"field": "meta.by", "operator": "!=", "value": "r"}, ["b", "c"]),
        ({"field": "meta.by", "operator": "==", "value": "r' OR year > 0 OR by = '"}, []),
        ({"field": "meta.year", "operator": "not in", "value": [1971, None]}, ["b"]),
        ({"field": "id", "operator": "in", "value": ["a", "c"]}, ["a", "c"]),
        ({"operator": "NOT", "conditions": [{"field": "meta.year", "operator": ">", "value": 1980}]}, ["a", "c"]),
        ({"field": "meta.year", "operator": "in", "value": []}, []),
    ],
    ids=["tag", "not", "no text is parsed", "not in", "id", "not greater", "in nothing"],
)
def test_filters(store: RocchioDocumentStore, filters: dict[str, Any], found: list[str]):
    assert sorted(document.id for document in store.filter_documents(filters)) == found


@pytest.mark.parametrize(
    "filters",
    [
        {"field": "meta.undeclared", "operator": "==", "value": 1},
        {"field": "meta.year", "operator": "like", "value": 1},
        {"field": "meta.year", "operator": "==", "value": {"a": 1}},
        {"operator": "XOR", "conditions": [{"field": "meta.year", "operator": "==", "value": 1}]},
        {"operator": "AND", "conditions": ["year"]},
        {"operator": "AND", "conditions": []},
    ],
    ids=["undeclared", "operator", "value", "condition", "text", "nothing"],
)
def test_filters_that_mean_nothing(store: RocchioDocumentStore, filters: dict[str, Any]):
    with pytest.raises(FilterError, match="expected"):
        store.filter_documents(filters)


def test_filters_of_any_depth_end(store: RocchioDocumentStore):
    filters: dict[str, Any] = {"field": "meta.year", "operator": "==", "value": 1}
    for _ in range(100_000):
        filters = {"operator": "NOT", "conditions": [filters]}
    with pytest.raises(FilterError, match="at most 50 levels"):
        predicate_of(filters)


def test_retrievers_in_a_pipeline_that_is_written_down(store: RocchioDocumentStore):
    made = Pipeline()
    made.add_component("words", RocchioBM25Retriever(store, top_k=2, options={"plan": "bm25 >> rm3 >> bm25"}))
    made.add_component("vectors", RocchioEmbeddingRetriever(store, top_k=1))
    made.add_component("both", RocchioHybridRetriever(store, {"field": "meta.year", "operator": ">", "value": 1980}))
    pipeline = Pipeline.loads(made.dumps(), allowed_modules=["rocchio.integrations.haystack"])
    found = pipeline.run({"words": {"query": "feedback"}, "vectors": {"query_embedding": [0.1, 0.9]},
                          "both": {"query": "relevance", "query_embedding": [1.0, 0.0]}})  # fmt: skip
    names = {part: [document.id for document in answer["documents"]] for part, answer in found.items()}
    assert names == {"words": ["a"], "vectors": ["b"], "both": ["b"]}


def test_skip_and_wrong_arguments(store: RocchioDocumentStore):
    twice = [Document(id="a", content="other"), Document(id="d", content="new"), Document(id="d", content="again")]
    assert store.write_documents(twice, DuplicatePolicy.SKIP) == 1
    assert store.collection.get("d")["text"] == "new"
    with pytest.raises(TypeError, match="expected a RocchioDocumentStore"):
        RocchioBM25Retriever("a path")  # type: ignore[arg-type]
