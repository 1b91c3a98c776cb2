"""PyTerrier: transformers in pipelines, without Java."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyterrier", reason="pyterrier is not installed: make test-all installs it")

import pandas as pd
import pyterrier as pt

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.integrations.pyterrier import RocchioRetriever, RocchioRewriter

TOPICS = pd.DataFrame({"qid": ["1", "2"], "query": ["relevance feedback", "okapi"]})


@pytest.fixture
def col(tmp_path: Path) -> rocchio.Collection:
    col = rocchio.create(tmp_path / "c", {"title": rocchio.text(), "text": rocchio.text()})
    texts = ["relevance feedback by rocchio", "feedback of users", "okapi weights terms", "okapi and rocchio"]
    col.add({"doc_id": f"d{i}", "title": f"Number {i}", "text": text} for i, text in enumerate(texts))
    col.commit()
    return col


def test_a_retriever_gives_the_runs_of_the_engine(col: rocchio.Collection):
    found = RocchioRetriever(col, 10, fields=["title"])(TOPICS)
    run = col.search(list(TOPICS["query"]), 10)
    for place, qid in enumerate(TOPICS["qid"]):
        part = found[found.qid == qid]
        assert list(zip(part.docno, part.score, strict=True)) == run[place]
        assert list(part["rank"]) == list(range(len(part)))
        assert list(part.title) == [col.get(doc_id)["title"] for doc_id in part.docno]
    assert set(found.columns) == {"qid", "query", "docno", "score", "rank", "title"}


def test_nothing_in_nothing_out(col: rocchio.Collection):
    assert len(RocchioRetriever(col)(TOPICS.head(0))) == 0
    assert len(RocchioRetriever(col)(pd.DataFrame({"qid": ["1"], "query": ["zzz"]}))) == 0


def test_feedback_as_a_pipeline_is_the_plan(col: rocchio.Collection):
    first = RocchioRetriever(col, 10)
    pipeline = first >> RocchioRewriter(col, "rocchio", fb_docs=1) >> first
    found = pipeline(TOPICS)
    expected = col.search(list(TOPICS["query"]), 10, plan="bm25 >> rocchio >> bm25", query_ids=["1", "2"],
                          relevant={"1": ["d0"], "2": [col.search("okapi", 1)[0].doc_id]})  # fmt: skip
    assert [list(found[found.qid == qid].docno) for qid in ("1", "2")] == [list(ids) for ids in expected.doc_ids]
    assert set(found.columns) >= {"query_0", "query_toks"}


def test_a_rewriter_without_results_searches_itself(col: rocchio.Collection):
    rewritten = RocchioRewriter(col, "rocchio(most_share=1.0)")(TOPICS)
    result = col.plan("bm25 >> rocchio(most_share=1.0) >> bm25").run(list(TOPICS["query"]), 1)
    assert list(rewritten.query_toks) == result.terms
    assert len(result.terms[0]) > 2
    assert list(RocchioRetriever(col, 1)(rewritten).docno) == [ids[0] for ids in result.run.doc_ids]


def test_operators_of_pyterrier(col: rocchio.Collection):
    words, titles = RocchioRetriever(col, 10), RocchioRetriever(col, 10, field="title")
    found = (words % 1 + 0.5 * titles)(TOPICS)
    assert set(found.qid) == {"1", "2"}
    assert words.search("okapi").iloc[0].docno in {"d2", "d3"}


def test_what_is_refused(col: rocchio.Collection):
    with pytest.raises(InvalidArgument, match="expected names of fields to return"):
        RocchioRetriever(col, fields=["none"])
    with pytest.raises(InvalidArgument, match="expected a column query or query_toks"):
        RocchioRetriever(col)(pd.DataFrame({"qid": ["1"]}))


def test_java_is_not_started(col: rocchio.Collection):
    RocchioRetriever(col)(TOPICS)
    assert not pt.java.started()


@pytest.mark.parametrize("made", [RocchioRetriever, RocchioRewriter])
def test_a_path_is_no_collection(made: type):
    with pytest.raises(InvalidArgument, match=r"expected a collection, found the path 'x.rocchio'; .*rocchio\.open"):
        made("x.rocchio")
