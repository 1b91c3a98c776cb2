"""Collections, documents, searches: what the engine says, over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.server.asker import Asker

import rocchio


@pytest.fixture
def col(folder: Path) -> rocchio.Collection:
    return rocchio.open(folder / "papers.rocchio")


def pairs(answer: Any) -> list[tuple[str, float]]:
    assert answer.status_code == 200, answer.text
    return [(hit["doc_id"], hit["score"]) for hit in answer.json()["hits"]]


def expected(hits: Any) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


SEARCHES: list[tuple[dict[str, Any], Callable[[rocchio.Collection], Any]]] = [
    ({"text": "wing flutter"}, lambda col: col.search("wing flutter")),
    ({"text": "wing flutter", "k": 1}, lambda col: col.search("wing flutter", k=1)),
    ({"text": "flutter", "field": "text"}, lambda col: col.search("flutter", field="text")),
    ({"text": "flutter", "field": {"title": 3}}, lambda col: col.search("flutter", field={"title": 3.0})),
    ({"text": "flutter", "scoring": "bm25(b=0.1)"}, lambda col: col.search("flutter", scoring="bm25(b=0.1)")),
    ({"terms": {"wind": 0.4, "flutter": 1}}, lambda col: col.search({"wind": 0.4, "flutter": 1.0})),
    ({"vectors": {"v": [1, 0]}}, lambda col: col.search(np.array([1, 0], np.float32), field="v")),
    ({"vectors": {"v": [1, 0]}, "recall": 1}, lambda col: col.search([1.0, 0.0], field="v", recall=1.0)),
    ({"text": "flutter", "where": "year >= 1971"}, lambda col: col.search("flutter", where="year >= 1971")),
    ({"sparse": {"s": {"x": 1}}}, lambda col: col.search({"x": 1.0}, field="s")),
    (
        {"text": "wind", "vectors": {"v": [1, 0]}, "fusion": "rrf(k=60)"},
        lambda col: col.search(rocchio.query("wind", vectors={"v": [1.0, 0.0]}), fusion="rrf(k=60)"),
    ),
    (
        {"text": "wing", "plan": "bm25 >> rocchio(most_share=1.0) >> bm25", "relevant": ["a2"], "not_relevant": ["a1"]},
        lambda col: col.search(
            "wing", plan="bm25 >> rocchio(most_share=1.0) >> bm25", relevant=["a2"], not_relevant=["a1"]
        ),
    ),
]


@pytest.mark.parametrize(
    ("body", "search"), SEARCHES, ids=lambda each: str(each)[:60] if isinstance(each, dict) else "engine"
)
def test_a_search_finds_what_the_engine_finds(ask: Asker, col: rocchio.Collection, body, search):
    found = pairs(ask.search(**body))
    assert found
    assert found == expected(search(col))


def test_a_packed_vector_is_the_same_vector(ask: Asker):
    packed = {"base64": base64.b64encode(np.array([0.8, 0.6], "<f4").tobytes()).decode()}
    assert pairs(ask.search(vectors={"v": packed})) == pairs(ask.search(vectors={"v": [0.8, 0.6]}))


def test_hits_bring_fields_snippets_and_reasons_when_asked(ask: Asker):
    (hit,) = ask.search(text="wing", fields=["text", "year"], highlight=True, explain=True).json()["hits"]
    assert hit["fields"] == {"text": "wing flutter at high speed", "year": None}
    assert hit["snippets"]["text"] == {"text": "wing flutter at high speed", "marks": [[0, 4]]}
    assert [part["term"] for part in hit["why"]["terms"]] == ["wing"]
    assert hit["why"]["score"] == pytest.approx(hit["score"])
    assert set(ask.search(text="wing", fields=True).json()["hits"][0]["fields"]) == {
        "title",
        "text",
        "year",
        "day",
        "s",
    }


def test_a_batch_is_many_searches(ask: Asker):
    path = "/collections/papers/search/batch"
    answer = ask("POST", path, json={"queries": ["wing", {"text": "flutter"}], "k": 2, "query_ids": ["p", "q"]}).json()
    assert [result["query_id"] for result in answer["results"]] == ["p", "q"]
    for result, text in zip(answer["results"], ["wing", "flutter"], strict=True):
        alone = pairs(ask.search(text=text, k=2))
        assert result["doc_ids"] == [doc_id for doc_id, _ in alone]
        assert result["scores"] == pytest.approx([score for _, score in alone])
    vectors = ask("POST", path, json={"queries": [{"vectors": {"v": [1, 0]}}, {"vectors": {"v": [0, 1]}}], "k": 1})
    assert [result["doc_ids"] for result in vectors.json()["results"]] == [["a1"], ["dir/a4"]]


def test_explain_takes_a_score_apart(ask: Asker):
    why = ask("POST", "/collections/papers/explain", json={"text": "wing flutter", "doc_id": "a1"}).json()
    assert [part["term"] for part in why["terms"]] == ["wing", "flutter"]
    why = ask("POST", "/collections/papers/explain", json={"vectors": {"v": [1, 0]}, "doc_id": "a2"}).json()
    assert why["vector"]["dot"] == pytest.approx(0.8)


def test_filters_count_and_may_differ_in_a_batch(ask: Asker):
    path = "/collections/papers/search/batch"
    answer = ask("POST", path, json={"queries": ["flutter", "flutter"], "where": [None, "year >= 1971"]}).json()
    assert [len(result["doc_ids"]) for result in answer["results"]] == [3, 1]
    assert ask("POST", "/collections/papers/count", json={"where": "year >= 1971"}).json()["count"] == 1
    assert ask("POST", "/collections/papers/count", json={}).json()["count"] == 4
    assert ask.search(text="x", where="year >=").status_code == 422


def test_documents_are_written_read_and_deleted(ask: Asker, folder: Path):
    path = "/collections/papers/documents"
    answer = ask("POST", path, json={"documents": [{"doc_id": "b", "text": "new"}, {"doc_id": "a1", "text": "other"}]})
    assert answer.json() == {"written": 2, "replaced": 1, "generation": 2}
    assert ask("GET", f"{path}/b").json()["fields"]["text"] == "new"
    assert ask("GET", f"{path}/dir/a4").json()["doc_id"] == "dir/a4"
    assert ask("GET", f"{path}/a3").json()["fields"]["day"] == "1994-05-06T00:00:00+00:00"
    assert "b" in rocchio.open(folder / "papers.rocchio")
    assert ask("DELETE", f"{path}/b").json()["deleted"] == 1
    assert ask("POST", f"{path}/delete", json={"doc_ids": ["a1", "a2", "zz"]}).json()["deleted"] == 2
    assert len(rocchio.open(folder / "papers.rocchio")) == 2


def test_a_batch_with_a_mistake_changes_nothing(ask: Asker, folder: Path):
    path = "/collections/papers/documents"
    answer = ask("POST", path, json={"documents": [{"doc_id": "b", "text": "new"}, {"doc_id": "c", "txt": "?"}]})
    assert answer.status_code == 422
    assert "document 1: unknown field 'txt'" in answer.json()["detail"]
    answer = ask("POST", path, json={"documents": [{"doc_id": "b", "text": "new"}, {"doc_id": "a1"}], "mode": "add"})
    assert answer.status_code == 409
    assert ask("GET", "/collections/papers").json()["documents"] == 4
    assert len(rocchio.open(folder / "papers.rocchio")) == 4


def test_collections_are_listed_created_and_described(ask: Asker, folder: Path):
    fields = {"text": {"kind": "text", "boost": 2}, "v": {"kind": "vector", "dim": 3, "metric": "ip"},
              "n": {"kind": "number", "integer": True}, "s": {"kind": "sparse", "scale": 1}}  # fmt: skip
    made = ask("POST", "/collections", json={"name": "notes", "fields": fields, "analyzer": "german"})
    assert made.status_code == 201
    assert made.json()["fields"] == {"text": "text(boost=2)", "v": "vector(3, metric=ip)",
                                     "n": "number(integer=True)", "s": "sparse(scale=1)"}  # fmt: skip
    assert (folder / "notes.rocchio").is_dir()
    listed = ask("GET", "/collections").json()["collections"]
    assert listed == [{"name": "notes", "documents": 0}, {"name": "papers", "documents": 4}]
    about = ask("GET", "/collections/papers").json()
    assert about["documents"] == 4
    assert str(folder) not in str(about)


def test_one_collection_is_served_alone(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder / "papers.rocchio")
    assert pairs(ask.search(text="wing"))
    refused = ask("POST", "/collections", json={"name": "more", "fields": {"text": {"kind": "text"}}})
    assert refused.status_code == 422


def test_commits_of_another_process_are_seen(ask: Asker, folder: Path):
    with rocchio.open(folder / "papers.rocchio") as other:
        other.upsert({"doc_id": "z", "text": "zeppelin"})
        other.commit()
    served = ask.app.state.catalogue.get("papers")
    before = served.col.snapshot()
    served.writing.look()
    ask.run(served.writing.apply(lambda col: None))
    assert [doc_id for doc_id, _ in pairs(ask.search(text="zeppelin"))] == ["z"]
    pinned = served.col.snapshot()
    served.writing.look()  # nothing is new: the snapshot and what it has built stay
    ask.run(served.writing.apply(lambda col: None))
    assert served.col.snapshot() is pinned is not before


def test_verify_tells_of_damage_and_not_where(ask: Asker, folder: Path):
    assert ask("POST", "/collections/papers/verify").json()["ok"] is True
    path = next((folder / "papers.rocchio").rglob("index.*"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    answer = ask("POST", "/collections/papers/verify")
    assert answer.json()["ok"] is False
    assert answer.json()["problems"] >= 1
    assert str(folder) not in answer.text


def test_health_and_metrics(ask: Asker):
    ask.search(text="wing")
    for path in ("/livez", "/readyz", "/healthz"):
        assert ask("GET", path).json() == {"status": "ok"}
    text = ask("GET", "/metrics").text
    assert 'rocchio_searches_total{collection="papers"} 1.0' in text
    assert 'rocchio_documents{collection="papers"} 4.0' in text
    assert 'route="/collections/{name}/search",status="200"' in text
    ask.app.state.stopping = True
    assert ask("GET", "/readyz").status_code == 503
    assert ask("GET", "/livez").status_code == 200


def test_a_damaged_collection_is_listed_and_not_ready(folder: Path, serve: Callable[..., Asker]):
    with rocchio.create(folder / "bad.rocchio", fields={"text": rocchio.text()}) as col:
        col.add({"doc_id": "a"})
        col.commit()
    (folder / "bad.rocchio" / "manifest.json").write_text("{")
    ask = serve(folder)
    assert {"name": "bad", "documents": None} in ask("GET", "/collections").json()["collections"]
    assert ask("GET", "/readyz").status_code == 503
    answer = ask("POST", "/collections/bad/search", json={"text": "x"})
    assert answer.status_code == 500
    assert "manifest" not in answer.text


def test_the_openapi_document_names_bodies_and_problems(ask: Asker):
    document = ask("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    search = document["paths"]["/collections/{name}/search"]["post"]
    reference = search["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert reference.rpartition("/")[2] in document["components"]["schemas"]
    assert search["requestBody"]["content"]["application/json"]["examples"]
    assert "application/problem+json" in search["responses"]["422"]["content"]
    assert "HTTPValidationError" not in str(document)
