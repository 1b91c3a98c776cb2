"""Plans and feedback on a collection whose texts are split: what is fed back is passages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument
from rocchio.pipelines.named import dense

WORDS = ["cat", "dog", "rain", "stock", "bond"]
BM25 = rocchio.bm25(field="text")
PIECES = ["A cat and a dog sat.", "The rain fell on roofs.", "A stock and a bond fell.", "Dog food is sold here."]


def counted(texts: list[str]) -> Any:
    return np.array([[text.lower().split().count(word) for word in WORDS] + [0.1] for text in texts], np.float32)


@pytest.fixture
def col(tmp_path: Path) -> Collection:
    fields = {
        "title": rocchio.text(),
        "text": rocchio.text(passages=rocchio.passages(6, 0)),
        "v": rocchio.vector(encoder=counted, source="text"),
        "t": rocchio.vector(encoder=counted, source="title"),
        "s": rocchio.sparse(),
    }
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="plain")
    for i in range(12):
        texts = [PIECES[(i + j) % 4] for j in range(4)]
        col.add({"doc_id": f"d{i:02}", "title": WORDS[i % 5], "text": " ".join(texts), "s": {f"x{i % 3}": 1, "y": 2}})
    col.commit()
    assert col.info().passages == 48
    return col


def found(col: Collection, plan: Any, query: Any, k: int = 10, **options: Any) -> Any:
    return col.search(query, k, plan=plan, **options)


def texts(hits: Any) -> set[str]:
    return {hit.passage.text for hit in hits}


def test_words_are_taken_from_the_passages_that_were_found(col: Collection) -> None:
    plan = col.plan(BM25 >> rocchio.rm3(docs=3, terms=20, most_share=0.5) >> BM25)
    hits = plan.search("rain", k=5)
    assert texts(hits) == {PIECES[1]}
    assert len({hit.doc_id for hit in hits}) == 5
    assert "roofs" in plan.explain("rain")
    assert "bond" not in plan.explain("rain").split("refined:")[1]
    for hit in hits:
        assert hit.why().score == hit.score
        assert hit.vector("v").tolist() == pytest.approx(counted([PIECES[1]])[0].tolist())
        assert hit.vector("t") is not None


def test_marks_mean_the_passage_that_was_found(col: Collection) -> None:
    plan = col.plan(BM25 >> rocchio.rocchio() >> BM25)
    hits = plan.search("rain", k=5, relevant=["d00"], not_relevant=["d01"])
    assert hits
    assert {hit.passage.text for hit in hits} == {PIECES[1]}
    # a document that was not found counts by its first passage
    hits = plan.search("zebra rain", k=5, relevant=["d02"])
    assert hits


@pytest.mark.parametrize("recall", [None, 1])
def test_vectors_are_those_of_passages(col: Collection, recall: float | None) -> None:
    hits = found(col, BM25 >> rocchio.vector_average(field="v") >> dense("v", recall), "rain", 12)
    assert len({hit.doc_id for hit in hits}) == len(hits) == 12
    assert texts(hits) == {PIECES[1]}
    assert all(hit.why().score == hit.score for hit in hits)
    # a vector of a document is found whichever of its passages was
    hits = found(col, BM25 >> rocchio.vector_average(field="t", docs=12) >> dense("t"), "rain")
    assert len(hits) == 10
    assert all(hit.passage is None for hit in hits)
    by_vector = dense("v")
    assert found(col, by_vector >> rocchio.reencode(field="v", docs=2) >> by_vector, "bond stock")[0].passage


def test_weights_are_those_of_documents(col: Collection) -> None:
    plan = rocchio.parse_plan("sparse(s) >> rm3(field=s, most_share=1) >> sparse(s)")
    hits = col.plan(plan).search(rocchio.query("rain", sparse={"s": {"x1": 1.0}}), k=12)
    assert len({hit.doc_id for hit in hits}) == len(hits) == 12
    assert all(hit.passage is None for hit in hits)
    mixed = rocchio.parse_plan("bm25(field=text) >> rm3(field=s, most_share=1) >> sparse(s)")
    assert len(col.plan(mixed).search(rocchio.query("rain", sparse={"s": {"x1": 1.0}}), k=12)) == 12


def test_feedback_of_passages_is_not_precomputed(col: Collection) -> None:
    with refused(InvalidArgument, "expected documents that are not split", "passages of 'text'"):
        col.precompute("bm25 >> rm3 >> bm25")


def test_sums_of_searches_are_of_documents(col: Collection) -> None:
    hits = found(col, BM25 + dense("v"), "rain", 12)
    assert len({hit.doc_id for hit in hits}) == len(hits)
    assert all(hit.passage is None for hit in hits)
