"""LlamaIndex: nodes in, nodes out. There is no public suite for its stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed: make test-all installs it")

from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.integrations.llamaindex import RocchioRetriever, RocchioVectorStore

TEXTS = {"a": "relevance feedback", "b": "okapi ranking", "c": "language models"}


def node(name: str, vector: list[float], **metadata: Any) -> TextNode:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"document of {name}")}
    return TextNode(id_=name, text=TEXTS[name], embedding=vector, metadata=metadata, relationships=source)


@pytest.fixture
def store(tmp_path: Path) -> RocchioVectorStore:
    made = RocchioVectorStore.create(tmp_path / "s", 2, {"year": "number", "tags": "keyword"})
    added = made.add([node("a", [1.0, 0.0], year=1971, tags=["x", "y"]), node("b", [0.0, 1.0], year=1994, tags=["y"]),
                      node("c", [1.0, 1.0], deep={"er": 1})])  # fmt: skip
    assert added == ["a", "b", "c"]
    return made


def test_nodes_come_back_whole(store: RocchioVectorStore):
    (found,) = store.get_nodes(["c"])
    assert found == node("c", [1.0, 1.0], deep={"er": 1})
    assert found.ref_doc_id == "document of c"


@pytest.mark.parametrize(
    ("mode", "found"),
    [("default", ["a", "c"]), ("text_search", ["b"]), ("sparse", ["b"]), ("hybrid", ["a", "b"])],
)
def test_modes(store: RocchioVectorStore, mode: str, found: list[str]):
    asked = VectorStoreQuery(query_embedding=[1.0, 0.1], query_str="ranking", similarity_top_k=2,
                             mode=VectorStoreQueryMode(mode), alpha=0.5 if mode == "hybrid" else None)  # fmt: skip
    answer = store.query(asked)
    assert sorted(answer.ids) == found
    assert [each.node_id for each in answer.nodes] == answer.ids
    assert answer.similarities == sorted(answer.similarities, reverse=True)


@pytest.mark.parametrize(
    ("key", "operator", "value", "found"),
    [
        ("year", "==", 1971, ["a"]),
        ("year", "!=", 1971, ["b", "c"]),
        ("year", "nin", [1971], ["b", "c"]),
        ("year", ">=", 1971, ["a", "b"]),
        ("tags", "any", ["x", "z"], ["a"]),
        ("tags", "all", ["x", "y"], ["a"]),
        ("tags", "contains", "y", ["a", "b"]),
        ("tags", "is_empty", None, ["c"]),
        ("tags", "==", "y' OR year > 0 OR tags = '", []),
    ],
)
def test_filters(store: RocchioVectorStore, key: str, operator: str, value: Any, found: list[str]):
    wanted = MetadataFilters(filters=[MetadataFilter(key=key, operator=FilterOperator(operator), value=value)])
    assert [each.node_id for each in store.get_nodes(filters=wanted)] == found
    negated = MetadataFilters(filters=[wanted], condition=FilterCondition.NOT)
    assert [each.node_id for each in store.get_nodes(filters=negated)] == sorted({"a", "b", "c"} - set(found))


def test_deletes(store: RocchioVectorStore):
    store.delete("document of a")
    store.delete("unknown")
    assert [each.node_id for each in store.get_nodes()] == ["b", "c"]
    store.delete_nodes(["c"])
    with pytest.raises(InvalidArgument, match="clear"):
        store.delete_nodes()
    store.clear()
    assert len(store.client) == 0


def test_what_is_refused(store: RocchioVectorStore):
    with pytest.raises(InvalidArgument, match="expected the query mode"):
        store.query(VectorStoreQuery(query_embedding=[1.0, 0.0], mode=VectorStoreQueryMode.SVM))
    with pytest.raises(InvalidArgument, match="expected an embedding"):
        store.query(VectorStoreQuery(query_str="x"))
    with pytest.raises(InvalidArgument, match="expected a filter by values"):
        store.get_nodes(filters=MetadataFilters(
            filters=[MetadataFilter(key="tags", operator=FilterOperator.TEXT_MATCH, value="x")]))  # fmt: skip


def test_a_retriever_over_any_collection(tmp_path: Path):
    col = rocchio.create(tmp_path / "c", {"title": rocchio.text(), "text": rocchio.text(), "year": rocchio.number()})
    col.add({"doc_id": "p", "title": "Feedback", "text": "relevance", "year": 1971})
    col.commit()
    (found,) = RocchioRetriever(col, options={"plan": "bm25 >> rm3 >> bm25"}).retrieve("relevance")
    assert (found.node.node_id, found.node.get_content(), found.node.metadata) == (
        "p", "Feedback\nrelevance", {"year": 1971})  # fmt: skip


@pytest.mark.parametrize("made", [RocchioRetriever, RocchioVectorStore])
def test_a_path_is_no_collection(made: type):
    with pytest.raises(InvalidArgument, match=r"expected a collection, found the path 'x.rocchio'; .*rocchio\.open"):
        made("x.rocchio")
