"""Offline feedback: what is precomputed, how it is cut to size, when it still fits, how it goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.equivalence.test_offline_sums import PLAN, documents
from tests.errors.refusal import refused
from tests.unit.encoders.fake_endpoint import endpoint

import rocchio
from rocchio.engine.pseudo_queries import PseudoQuery, made_queries
from rocchio.errors import BadRecord, EncoderFailure, InvalidArgument, NotFound
from rocchio.feedback.pseudo_queries import Salient, Sentences, shortened

TEXTS = {
    "a1": "Wing flutter at high speed. It is a fact.",
    "a2": "Flutters and vibration of an aerofoil.\nAn aerofoil at high speed",
    "a3": "",
    "a4": "The flag flutters",
}


@pytest.fixture
def col(tmp_path: Path) -> rocchio.Collection:
    made = rocchio.create(tmp_path / "c", {"title": rocchio.text(boost=2.0), "text": rocchio.text()})
    made.add([{"doc_id": doc_id, "title": None, "text": text} for doc_id, text in TEXTS.items()])
    made.commit()
    return made


@pytest.fixture
def larger(tmp_path: Path) -> rocchio.Collection:
    made = rocchio.create(tmp_path / "c", {"text": rocchio.text()}, analyzer="whitespace")
    made.add(documents(1, 120))
    made.commit()
    return made


def queries_of(col: rocchio.Collection, generator: Any) -> list[tuple[str, str]]:
    made = made_queries(col.snapshot(), generator, None, lambda _count: None)
    return [(each.doc_id, each.text) for each in made]


def test_salient_terms_are_as_they_were_written(col: rocchio.Collection) -> None:
    assert queries_of(col, Salient(terms=2)) == [
        ("a1", "fact Wing"),
        ("a2", "aerofoil vibration"),
        ("a4", "flag flutters"),
    ]
    two = queries_of(col, Salient(terms=2, per_document=2))
    assert [text for doc_id, text in two if doc_id == "a2"] == ["aerofoil vibration", "high speed"]


def test_sentences_are_those_that_say_most(col: rocchio.Collection) -> None:
    assert queries_of(col, Sentences(n=1)) == [
        ("a1", "Wing flutter at high speed."),
        ("a2", "Flutters and vibration of an aerofoil."),
        ("a4", "The flag flutters"),
    ]
    assert len(queries_of(col, Sentences(n=2))) == 5


def test_sentences_are_cut_between_words() -> None:
    assert shortened("  a\n b ") == "a b"
    assert shortened("word " * 100) == " ".join(["word"] * 60)
    assert len(shortened("x" * 999)) == 300


def test_deleted_documents_make_no_pseudo_queries(col: rocchio.Collection) -> None:
    col.delete("a2")
    col.commit()
    assert {doc_id for doc_id, _ in queries_of(col, Salient())} == {"a1", "a4"}


def test_a_file_of_queries(col: rocchio.Collection, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    lines = [("a1", "wing"), ("a4", "wing"), ("a4", "flag"), ("gone", "the"), ("a2", "")]
    path.write_text("".join(json.dumps({"doc_id": doc_id, "query": text}) + "\n\n" for doc_id, text in lines))
    summary = col.precompute("bm25", queries=path)
    assert (summary.pseudo_queries, summary.entries, summary.cut) == (2, 2, 0)  # each text once, none without words
    assert [hit.doc_id for hit in col.search("flag wing", plan="offline")] == ["a1", "a4"]
    assert col.info().offline.queries == str(path)


def test_scores_are_weighed_min_max_scores(col: rocchio.Collection) -> None:
    col.precompute("bm25", queries="sentences(n=1)")
    (hit, *_) = col.search("vibration", plan="offline")
    assert (hit.doc_id, hit.score) == ("a2", 1.0)
    fused = col.search("flag", plan="0.5*bm25 + 0.5*offline")
    assert fused[0].doc_id == "a4"
    assert col.search("nothing of it", plan="offline") == []
    assert col.search({"flag": 1.0}, plan="offline")[0].doc_id == "a4"
    assert len(col.search("flag", plan="bm25 >> rm3(docs=1, most_share=1.0) >> offline")) == 3
    assert col.search("flag", plan="offline >> rm3(docs=1, most_share=1.0) >> bm25")[0].doc_id == "a4"


def test_a_dense_plan_needs_no_encoder_for_queries(tmp_path: Path) -> None:
    calls: list[int] = []

    def encode(texts: list[str]) -> np.ndarray:
        calls.append(len(texts))
        return np.array([[len(text), text.count("w"), 1.0] for text in texts], np.float32)

    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=encode)}
    col = rocchio.create(tmp_path / "c", fields, embedding_cache=False)
    col.add([{"doc_id": doc_id, "text": text or "empty"} for doc_id, text in TEXTS.items()])
    col.commit()
    col.precompute("dense >> vector_average(docs=1) >> dense", queries="salient(terms=3)")
    before = len(calls)
    assert len(col.search("wing flutter", plan="offline")) >= 3
    assert len(calls) == before


def test_the_smallest_scores_are_cut_first(larger: rocchio.Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = larger.precompute(PLAN, queries="sentences(n=3)")
    codes = all_codes(larger)
    monkeypatch.setattr("rocchio.engine.precompute.MIB", whole.size_bytes // 2)  # less than a MiB, for small tests
    cut = larger.precompute(PLAN, queries="sentences(n=3)", max_mb=1)
    assert cut.size_bytes <= whole.size_bytes // 2
    assert cut.pseudo_queries == whole.pseudo_queries
    assert cut.entries + cut.cut == whole.entries
    kept = all_codes(larger)
    least = min(kept)
    assert kept == [code for code in codes if code >= least]
    assert larger.verify().ok
    monkeypatch.setattr("rocchio.engine.precompute.MIB", 3000)
    with refused(InvalidArgument, "expected max_mb of at least", "fewer or shorter pseudo-queries"):
        larger.precompute(PLAN, queries="sentences(n=3)", max_mb=1)
    assert larger.info().offline.entries == cut.entries


def all_codes(col: rocchio.Collection) -> list[int]:
    lists = col.snapshot().opened_offline.lists
    return [code for number in range(len(lists)) for code in lists.entries(number)[1].tolist()]


def test_changes_make_it_stale_and_deleted_documents_never_return(larger: rocchio.Collection) -> None:
    larger.precompute(PLAN, depth=20)
    info = larger.info().offline
    assert (info.plan, info.added, info.deleted, info.note) == (str(rocchio.parse_plan(PLAN)), 0, 0, "")
    first = larger.search("w0 w5", plan="offline")[0].doc_id
    larger.delete(first)
    larger.add(documents(2, 3, 500))
    larger.commit()
    result = larger.plan("offline").run(["w0 w5"])
    assert first not in result.run.doc_ids[0]
    assert len(result.run.doc_ids[0]) > 3
    (step,) = result.trace.steps
    assert step.note == "stale: 3 documents added, 1 deleted since; precompute again"
    assert larger.info().offline.note == step.note
    again = rocchio.open(larger.path)
    assert again.info().offline == larger.info().offline
    assert again.search("w0 w5", plan="offline") == larger.search("w0 w5", plan="offline")


def test_a_merge_drops_it(larger: rocchio.Collection) -> None:
    larger.precompute(PLAN)
    larger.delete("d001")
    larger.commit()
    larger.compact()
    assert larger.info().offline is None
    assert list((larger.path / "offline").glob("*") if (larger.path / "offline").exists() else []) == []
    with refused(InvalidArgument, "expected precomputed feedback", "merged since", "call precompute"):
        larger.search("w1", plan="offline")


def test_precomputing_again_replaces_and_none_removes(larger: rocchio.Collection) -> None:
    larger.precompute(PLAN)
    larger.precompute("bm25", queries="salient(terms=2)")
    names = [path.name for path in (larger.path / "offline").iterdir()]
    assert sorted(names) == ["offline-00000003.arrays", "offline-00000003.bin"]
    assert larger.precompute(None).generation == 4
    assert larger.info().offline is None
    assert larger.verify().ok


def test_an_interrupted_run_goes_on(
    larger: rocchio.Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rocchio.engine.precompute.BATCH_QUERIES", 50)
    told: list[tuple[int, int]] = []
    expected = larger.precompute(PLAN, progress=lambda *step: told.append(step))
    lists = all_codes(larger)
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        larger.precompute(PLAN, keep=tmp_path / "keep", progress=stop)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "keep").glob("results-*")}
    assert kept
    assert larger.info().offline.pseudo_queries == expected.pseudo_queries  # of before: nothing was lost
    damaged = next(iter(kept))
    damaged.write_bytes(damaged.read_bytes()[:100])  # is made again
    (queries,) = (tmp_path / "keep").glob("queries-*")
    queries.write_text(queries.read_text()[:-9])  # half a line is made again
    done = larger.precompute(PLAN, keep=tmp_path / "keep")
    assert (done.pseudo_queries, done.entries) == (expected.pseudo_queries, expected.entries)
    assert all_codes(larger) == lists
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items() if path != damaged)


def good(request: dict[str, Any]) -> dict[str, Any]:
    words = request["messages"][0]["content"].split("\n\n", 1)[1].split()
    return {
        "choices": [{"message": {"content": f'1. {words[0]}\n- "{words[-1]}"\n\n{words[0]}\nleft out'}}],
        "usage": {"total_tokens": 7},
    }


def test_an_endpoint_is_asked_once_for_each_document(col: rocchio.Collection, tmp_path: Path) -> None:
    with endpoint() as plan:
        plan.items = [good, 500]
        chat = f"chat(tiny, n=2, base_url={plan.url}, retries=0)"
        with refused(InvalidArgument, "expected a folder to keep the answers", "keep="):
            col.precompute("bm25", queries=chat)
        with refused(EncoderFailure, "expected queries", "found status 500", "kept in", "queries-"):
            col.precompute("bm25", queries=chat, keep=tmp_path / "keep")
        plan.items = [good, good]
        assert col.precompute("bm25", queries=chat, keep=tmp_path / "keep").pseudo_queries == 5
    asked = [request["messages"][0]["content"].split("\n\n", 1)[1].split()[0] for request in plan.requests]
    assert asked == ["Wing", "Flutters", "Flutters", "The"]  # none for the document without words
    assert "Write 2 short search queries" in plan.requests[0]["messages"][0]["content"]
    (file,) = (tmp_path / "keep").glob("queries-*")
    lines = [json.loads(line) for line in file.read_text().splitlines() if line]
    assert [line["query"] for line in lines if line["doc_id"] == "a1"] == ["Wing", "fact."]


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [{"message": {"content": None}}]}, []])
def test_an_answer_without_queries_is_refused(col: rocchio.Collection, tmp_path: Path, answer: Any) -> None:
    with endpoint() as plan:
        plan.items = [lambda _request: answer]
        with refused(EncoderFailure, "expected an answer with queries"):
            col.precompute("bm25", queries=f"chat(tiny, base_url={plan.url})", keep=tmp_path / "keep")


REFUSALS: list[tuple[dict[str, Any], type[Any], str]] = [
    ({"plan": "rm3"}, InvalidArgument, "expected a plan that ends in a search"),
    ({"plan": "bm25 >> offline"}, InvalidArgument, "without the step offline"),
    ({"plan": "bm25 + 0.5*(bm25 | offline % 3)"}, InvalidArgument, "without the step offline"),
    ({"queries": "salient(terms=0)"}, InvalidArgument, "expected terms from 1 to 100"),
    ({"queries": "sentences(n=x)"}, InvalidArgument, "expected n from 1 to 100"),
    ({"queries": "sentences(words=3)"}, InvalidArgument, "expected queries like"),
    ({"queries": "chat()"}, InvalidArgument, "expected queries like"),
    ({"queries": "chat(m, n=0)", "keep": "keep"}, InvalidArgument, "from 1 to 100"),
    ({"queries": "nothing.jsonl"}, NotFound, "which is none"),
    ({"queries": 5}, InvalidArgument, "expected queries like"),
    ({"depth": 0}, InvalidArgument, "expected depth from 1 to 1000"),
    ({"depth": 1001}, InvalidArgument, "expected depth"),
    ({"max_mb": 0}, InvalidArgument, "expected max_mb"),
    ({"threads": 0}, InvalidArgument, "expected threads"),
    ({"speed": 1}, InvalidArgument, "expected options of queries"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "kind", "words"), REFUSALS)
def test_refusals(col: rocchio.Collection, tmp_path: Path, options: dict[str, Any], kind: Any, words: str) -> None:
    given = {"plan": "bm25"} | options
    if "keep" in given:
        given["keep"] = tmp_path / "keep"
    with refused(kind, words):
        col.precompute(given.pop("plan"), **given)
    assert col.info().offline is None


@pytest.mark.parametrize("line", ["{", '{"doc_id": "a1"}', '{"doc_id": 1, "query": "x"}', "[]"])
def test_lines_that_are_no_queries(col: rocchio.Collection, tmp_path: Path, line: str) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"doc_id": "a1", "query": "wing"}\n' + line + "\n")
    with pytest.raises(BadRecord) as caught:
        col.precompute("bm25", queries=path)
    assert caught.value.line == 2


def test_steps_and_generators_say_what_they_are() -> None:
    assert str(rocchio.parse_plan("offline(queries = 4)")) == "offline(queries=4)"
    assert rocchio.parse_plan("offline") == rocchio.offline()
    assert str(Salient(3)) == "salient(terms=3, per_document=1)"
    assert PseudoQuery("a", "b") == PseudoQuery("a", "b")
    for settings in ({"queries": 0}, {"queries": 101}, {"k1": -1}, {"b": 2}):
        with refused(InvalidArgument, "expected"):
            rocchio.offline(**settings)


def test_what_an_empty_collection_and_pending_changes_get(tmp_path: Path, col: rocchio.Collection) -> None:
    empty = rocchio.create(tmp_path / "empty", {"text": rocchio.text()})
    with refused(InvalidArgument, "expected pseudo-queries with words, found none"):
        empty.precompute("bm25")
    vectors = rocchio.create(tmp_path / "vectors", {"v": rocchio.vector(2)})
    with refused(InvalidArgument, "expected text fields to make pseudo-queries of"):
        vectors.precompute("dense")
    col.add({"doc_id": "new", "text": "x"})
    with refused(InvalidArgument, "expected no uncommitted changes to precompute"):
        col.precompute("bm25")
