"""LangChain's own suites for vector stores and retrievers, and what they do not ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_tests", reason="langchain-tests is not installed: make test installs it")

from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import RetrieversIntegrationTests, VectorStoreIntegrationTests

import rocchio
from rocchio.errors import InvalidArgument, RocchioError, SchemaMismatch
from rocchio.integrations.langchain import RocchioRetriever, RocchioVectorStore

EMBEDDING = VectorStoreIntegrationTests.get_embeddings()


@pytest.mark.asyncio
@pytest.mark.filterwarnings("ignore:.*is marked with")
class TestVectorStoreSuite(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:
        yield RocchioVectorStore.create(tmp_path / "store.rocchio", self.get_embeddings())


@pytest.mark.asyncio
@pytest.mark.filterwarnings("ignore:.*is marked with")
class TestRetrieverSuite(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.col = papers(tmp_path)

    @property
    def retriever_constructor(self) -> type[RocchioRetriever]:
        return RocchioRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"collection": self.col}

    @property
    def retriever_query_example(self) -> str:
        return "feedback"


def papers(folder: Path) -> rocchio.Collection:
    fields = {"title": rocchio.text(), "text": rocchio.text(), "year": rocchio.number()}
    col = rocchio.create(folder / "papers.rocchio", fields=fields)
    col.add({"doc_id": f"p{i}", "title": f"Number {i}", "text": "relevance feedback " * (i + 1), "year": 1970 + i}
            for i in range(5))  # fmt: skip
    col.commit()
    return col


@pytest.fixture
def store(tmp_path: Path) -> RocchioVectorStore:
    return RocchioVectorStore.from_texts(
        ["relevance feedback", "okapi ranking", "language models"],
        EMBEDDING,
        [{"year": 1971, "by": ["rocchio"]}, {"year": 1994}, {"year": 1998, "notes": {"deep": True}}],
        ids=["a", "b", "c"],
        path=tmp_path / "s",
        fields={"year": "number", "by": "keyword"},
    )


def ids(documents: list[Document]) -> list[str | None]:
    return [document.id for document in documents]


def test_metadata_of_any_shape_comes_back(store: RocchioVectorStore):
    assert [document.metadata for document in store.get_by_ids(["c", "a"])] == [
        {"year": 1998, "notes": {"deep": True}},
        {"year": 1971, "by": ["rocchio"]},
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"year": 1994}, {"b"}),
        ({"year": [1971, 1998]}, {"a", "c"}),
        ({"by": None}, {"b", "c"}),
        ({"by": "rocchio' OR TRUE"}, set()),
        ("year > 1980", {"b", "c"}),
        (rocchio.field("by") == "rocchio", {"a"}),
        ({}, {"a", "b", "c"}),
    ],
    ids=["number", "one of", "missing", "no text is parsed", "text", "expression", "none"],
)
def test_filters(store: RocchioVectorStore, given: Any, found: set[str]):
    assert set(ids(store.similarity_search("anything", filter=given))) == found
    assert set(ids(store.max_marginal_relevance_search("anything", filter=given))) == found


def test_modes(store: RocchioVectorStore):
    assert ids(store.similarity_search("ranking", mode="text")) == ["b"]
    assert ids(store.similarity_search("okapi ranking", k=1, mode="hybrid")) == ["b"]
    assert ids(store.similarity_search("okapi ranking", k=1)) == ["b"]
    with pytest.raises(InvalidArgument, match="expected the mode vector, text or hybrid"):
        store.similarity_search("x", mode="both")


def test_relevance_scores_are_between_0_and_1(store: RocchioVectorStore):
    (_, best), *rest = store.similarity_search_with_relevance_scores("okapi ranking")
    assert best == pytest.approx(1.0, abs=1e-6)
    assert all(0 <= score <= 1 for _, score in rest)


@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_relevance_scores_of_other_metrics(tmp_path: Path, metric: str):
    store = RocchioVectorStore.from_texts(["x"], EMBEDDING, path=tmp_path / "m", metric=metric)
    if metric == "ip":
        with pytest.raises(InvalidArgument, match="which has no bounds"):
            store.similarity_search_with_relevance_scores("x")
    else:
        assert store.similarity_search_with_relevance_scores("x")[0][1] == pytest.approx(1.0)


def test_a_store_is_there_when_it_is_opened_again(store: RocchioVectorStore):
    again = RocchioVectorStore(rocchio.open(store.collection.path), EMBEDDING)
    assert ids(again.similarity_search_by_vector(EMBEDDING.embed_query("okapi ranking"), k=1)) == ["b"]
    again.delete()
    assert again.similarity_search("x") == []


def test_a_wrong_value_changes_nothing(store: RocchioVectorStore):
    with pytest.raises(SchemaMismatch):
        store.add_texts(["new", "other"], [{"year": 1}, {"year": "long ago"}], ids=["n", "o"])
    with pytest.raises(InvalidArgument, match="expected metadata that JSON can hold"):
        store.add_texts(["new"], [{"what": object()}])
    with pytest.raises(InvalidArgument, match="expected as many metadatas and ids as texts"):
        store.add_texts(["new"], [], ids=["n"])
    assert len(store.collection) == 3


def test_other_collections_are_for_the_retriever(tmp_path: Path):
    col = papers(tmp_path)
    with pytest.raises(InvalidArgument, match="use the retriever"):
        RocchioVectorStore(col, EMBEDDING)
    retriever = RocchioRetriever(collection=col, k=2, content="title", options={"plan": "bm25 >> rm3 >> bm25"})
    found = retriever.invoke("feedback", where="year < 1972")
    assert {document.page_content for document in found} == {"Number 0", "Number 1"}
    assert set(found[0].metadata) == {"year", "score"}


def test_a_path_is_no_collection(store: RocchioVectorStore):
    for given in (store.collection.path, str(store.collection.path)):
        with pytest.raises(InvalidArgument, match=r"expected a collection, found the path .*rocchio\.open"):
            RocchioVectorStore(given, EMBEDDING)  # type: ignore[arg-type]
        # of a model, pydantic makes errors its own
        with pytest.raises(ValueError, match=r"expected a collection, found the path .*rocchio\.open"):
            RocchioRetriever(collection=given)


@pytest.mark.parametrize("fields", [{"text": "keyword"}, {"year": "float"}], ids=["taken", "no kind"])
def test_fields_that_cannot_be_declared(tmp_path: Path, fields: dict[str, str]):
    with pytest.raises(RocchioError, match=r"expected metadata of another name|expected a kind of"):
        RocchioVectorStore.create(tmp_path / "x", EMBEDDING, fields)
