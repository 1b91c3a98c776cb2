"""Collections with a field that is split: what belongs to passages, what to documents, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument, NotFound, SchemaMismatch
from rocchio.storage.passages import Passages, parse_passages
from rocchio.storage.schema import Field, Schema

TEXT = "The cat sat down. A dog came in. Rain fell on the town. Stocks rose and bonds fell."
WORDS = ["cat", "dog", "rain", "stocks", "bonds"]


class Recorder:
    """An encoder that counts words and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: list[str]) -> Any:
        self.asked += texts
        return np.array([[text.lower().count(word) for word in WORDS] + [0.1] for text in texts], np.float32)


def make(folder: Path, **fields: Field) -> Collection:
    texts = {"title": rocchio.text(), "text": rocchio.text(passages="passages(tokens=5, overlap=0)")}
    return rocchio.create(folder, fields=texts | fields, analyzer="plain")


def filled(folder: Path, **fields: Field) -> Collection:
    col = make(folder, **fields)
    col.add([{"doc_id": "long", "title": "Pets", "text": TEXT}, {"doc_id": "short", "text": "A dog."}])
    col.add([{"doc_id": "title", "title": "dog"}, {"doc_id": "none"}, {"doc_id": "blank", "text": " \n"}])
    col.commit()
    return col


def test_passages_print_and_parse() -> None:
    value = rocchio.passages(tokens=100, overlap=20)
    assert str(value) == "passages(tokens=100, overlap=20)"
    assert parse_passages(str(value)) == value
    assert parse_passages(" passages ( overlap = 3 ) ") == Passages(200, 3)
    assert parse_passages("passages") == parse_passages("passages()") == rocchio.passages()
    field = rocchio.text(boost=2, passages=value)
    assert str(field) == "text(boost=2, passages=passages(tokens=100, overlap=20))"
    assert field == rocchio.text(boost=2, passages=str(value))
    schema = Schema({"text": field}, "whitespace")
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    "form",
    ["", "pieces(tokens=3)", "passages(3)", "passages(tokens=3, tokens=3)", "passages(size=3)", "passages(tokens=-1)"],
)
def test_text_forms_that_are_none(form: str) -> None:
    with refused(InvalidArgument, "expected passages like passages(tokens=200, overlap=30)", "found"):
        rocchio.text(passages=form)


@pytest.mark.parametrize(("tokens", "overlap"), [(0, 0), (1.5, 0), (True, 0), (5, 5), (5, -1), (10**7, 0), (5, "1")])
def test_passages_out_of_range(tokens: Any, overlap: Any) -> None:
    with refused(InvalidArgument, "of passages as a whole number from", "found"):
        rocchio.passages(tokens, overlap)


def test_what_cannot_be_split(tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected passages like rocchio.passages(tokens=200, overlap=30)", "found 200"):
        rocchio.text(passages=200)  # type: ignore[arg-type]
    with refused(InvalidArgument, "expected at most one text field with passages", "found text, notes"):
        make(tmp_path / "c", notes=rocchio.text(passages="passages"))
    with refused(InvalidArgument, "expected at most one text field with passages", "found text, n"):
        make(tmp_path / "c", n=Field("number", passages=Passages()))


def test_counts_are_of_documents(tmp_path: Path) -> None:
    col = filled(tmp_path / "c")
    about = col.info()
    assert (len(col), about.documents, about.passages, about.deleted) == (5, 5, 8, 0)
    assert about.segments[0].documents == 5
    assert about.segments[0].passages == 8
    assert about.average_length == about.tokens / 8
    assert [hit.doc_id for hit in col.search("dog", k=2)] == ["title", "short"]
    assert len(col.search("dog cat rain stocks", k=50)) == 3
    assert col.delete(["long", "nope"]) == 1
    col.commit()
    about = col.info()
    assert (len(col), about.documents, about.passages, about.deleted) == (4, 4, 4, 1)
    assert col.verify().documents == 4
    assert col.search("cat") == []
    col.compact()
    assert (len(col), col.info().passages, col.info().deleted) == (4, 4, 0)
    assert col.verify().ok


def test_collections_without_passages_say_nothing_of_them(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})
    col.add({"doc_id": "a", "text": TEXT})
    col.commit()
    manifest = (tmp_path / "c" / "manifest.json").read_text()
    assert "passages" not in manifest
    assert "documents" not in manifest.replace("documents.arrow", "")
    assert col.info().passages == 0
    assert col.search("dog")[0].passage is None


def test_a_hit_has_its_best_passage(tmp_path: Path) -> None:
    col = filled(tmp_path / "c")
    hit = col.search("rain")[0]
    assert hit.passage == rocchio.Passage("text", "Rain fell on the town.", 33, 55)
    assert hit.fields["text"][33:55] == "Rain fell on the town."
    assert hit.fields["title"] == "Pets"
    assert [(hit.doc_id, hit.passage.text) for hit in col.search("pets") if hit.passage] == [
        ("long", "The cat sat down.")
    ]
    assert {hit.doc_id: hit.passage and hit.passage.text for hit in col.search("dog")} == {
        "short": "A dog.", "title": "", "long": "A dog came in.",
    }  # fmt: skip
    assert col.explain("zebra", "long").score == 0
    with refused(NotFound, "no doc_id 'nope'"):
        col.explain("dog", "nope")


def test_an_encoder_reads_each_passage_with_its_title_once(tmp_path: Path) -> None:
    recorder = Recorder()
    col = filled(tmp_path / "c", v=rocchio.vector(encoder=recorder))
    assert recorder.asked[1:] == [
        "Pets The cat sat down.", "Pets A dog came in.", "Pets Rain fell on the town.",
        "Pets Stocks rose and bonds fell.", "A dog.", "dog",
    ]  # fmt: skip
    hits = col.search("bonds and stocks", field="v", k=1)
    assert [(hit.doc_id, hit.passage.text) for hit in hits if hit.passage] == [("long", "Stocks rose and bonds fell.")]
    assert hits[0].vector("v").tolist() == pytest.approx([0, 0, 0, 1, 1, 0.1])  # type: ignore[union-attr]
    assert [hit.doc_id for hit in col.search("x", field="v", k=50)] == ["long", "short", "title"]
    assert col.explain("bonds", "long", field="v") == col.search("bonds", field="v")[0].why()
    with refused(NotFound, "'none' has none"):
        col.explain("dog", "none", field="v")
    with refused(InvalidArgument, "one vector for each document", "'v' with one for each passage"):
        col.vector("long", "v")
    with refused(InvalidArgument, "one vector for each document", "'v' with one for each passage"):
        col.knn_graph("v")
    with refused(SchemaMismatch, "no vectors for the field 'v'", "for each passage", "leave them out"):
        col.add({"doc_id": "x", "v": [1, 0, 0, 0, 0, 0]})


def test_a_vector_of_the_title_is_of_the_document(tmp_path: Path) -> None:
    recorder = Recorder()
    col = filled(tmp_path / "c", v=rocchio.vector(encoder=recorder, source="title"))
    assert recorder.asked[1:] == ["Pets", "dog"]
    assert col.vector("title", "v").tolist() == pytest.approx([0, 1, 0, 0, 0, 0.1])  # type: ignore[union-attr]
    assert [(hit.doc_id, hit.passage) for hit in col.search("dog", field="v")] == [("title", None), ("long", None)]
    assert sorted(col.knn_graph("v", k=1).doc_ids) == ["long", "title"]
    col.upsert({"doc_id": "title", "title": "cat", "text": TEXT, "v": [0, 0, 1, 0, 0, 0]})
    col.commit()
    assert col.vector("title", "v").tolist() == [0, 0, 1, 0, 0, 0]  # type: ignore[union-attr]


def test_embed_gives_passages_vectors_afterwards(tmp_path: Path) -> None:
    recorder = Recorder()
    col = filled(tmp_path / "c")
    assert col.embed("v", recorder).vectors == 6
    assert recorder.asked[1:] == [
        "Pets The cat sat down.", "Pets A dog came in.", "Pets Rain fell on the town.",
        "Pets Stocks rose and bonds fell.", "A dog.", "dog",
    ]  # fmt: skip
    col.delete("short")
    col.add({"doc_id": "late", "text": "Bonds. Bonds!"})
    col.commit()
    assert col.embed("t", recorder, source="title").vectors == 2
    assert [hit.doc_id for hit in col.search("bonds", field="v", k=1)] == ["late"]
    before = len(recorder.asked)
    assert col.embed("v").vectors == 6
    assert recorder.asked[before:] == []
    assert col.embed("v", "lsa(dim=6)").vectors == 6
    hits = {hit.doc_id: hit for hit in col.search("rain town", field="v")}
    assert hits["long"].passage == rocchio.Passage("text", "Rain fell on the town.", 33, 55)
    assert col.verify().ok


def test_many_passages_of_one_document(tmp_path: Path) -> None:
    """More than a block of vectors and a batch of documents hold."""
    recorder = Recorder()
    col = make(tmp_path / "c")
    col.add({"doc_id": f"d{i}", "text": "A cat here. " * 3000 if i == 150 else f"dog w{i}."} for i in range(600))
    col.commit()
    assert col.info().passages == 3599
    assert col.embed("v", recorder, source="text").vectors == 3599
    assert [hit.doc_id for hit in col.search("cat", k=10, field="text")] == ["d150"]
    assert col.search("cat", field="v", k=1, recall=1)[0].doc_id == "d150"
    run = col.search(["cat", "dog"], field="v", k=600, recall=1)
    assert [len(ids) for ids in run.doc_ids] == [600, 600]
    assert col.delete("d150") == 1
    col.commit()
    assert col.info().passages == 599
    assert col.verify().ok


@pytest.mark.parametrize("source", ["text", "title"])
def test_a_latent_model_is_fitted_anew_only_when_outgrown(tmp_path: Path, source: str) -> None:
    col = make(tmp_path / "c", v=rocchio.vector(encoder="lsa(dim=2)", source=source))
    records = [{"title": f"{WORDS[i % 5]} {WORDS[i % 3]}", "text": TEXT} for i in range(20)]
    for first in range(0, 20, 2):
        col.add({"doc_id": f"d{first + i}", **record} for i, record in enumerate(records[first : first + 2]))
        col.commit()
        entry = col.snapshot().manifest.models["v"]
        per_document = 4 if source == "text" else 1
        assert entry.documents == {2: 2, 4: 2, 6: 2}.get(first + 2, 8) * per_document
    assert col.info().vectors == 20 * per_document
    col.compact()
    assert col.snapshot().manifest.models["v"].documents == 20 * per_document
    generation = col.compact()
    assert col.compact() == generation
    assert col.verify().ok


def test_everything_else_works(tmp_path: Path) -> None:
    col = filled(tmp_path / "c", v=rocchio.vector(encoder="lsa(dim=2)"), s=rocchio.sparse())
    for i in range(40):
        col.add({"doc_id": f"d{i}", "title": f"t{i}", "text": TEXT[i:], "s": {"x": i + 1}})
    col.commit()
    expected = [(hit.doc_id, hit.score, hit.passage) for hit in col.search("cat dog", field="text")]
    col.freeze()
    col = rocchio.open(tmp_path / "c")
    assert [(hit.doc_id, hit.score, hit.passage) for hit in col.search("cat dog", field="text")] == expected
    col.calibrate(np.random.default_rng(0).normal(size=(20, 2)), "v")
    assert col.recall_report([{"x": 1.0}], "s").settings[0].recall == 1
    judged = {f"q{i}": {f"d{i}": 1} for i in range(4)}
    report = col.tune(dict.fromkeys(judged, "cat dog"), judged, folds=2, repeats=1)
    assert report.queries == 4
    scored = col.search("dog", field="v", min_score=0.5)
    assert len({hit.doc_id for hit in scored}) == len(scored) > 10
    assert all(hit.score >= 0.5 for hit in scored)
    assert col.verify().ok


def test_segments_that_are_written_early_and_arrow_tables(tmp_path: Path) -> None:
    texts = {"text": rocchio.text(passages=rocchio.passages(3, 0)), "s": rocchio.sparse()}
    col = rocchio.create(tmp_path / "c", fields=texts, memory_mb=1, analyzer=str.split)
    table = pa.table({"doc_id": [f"d{i}" for i in range(9000)], "text": [f"w{i} x y. z" for i in range(8999)] + [None]})
    col.add(table)
    col.delete(["d1"])
    col.commit()
    assert len(col.info().segments) > 1
    assert (len(col), col.info().passages) == (8999 - 1 + 1, 2 * 8998 + 1)
    assert [hit.doc_id for hit in col.search({"w77": 1.0})] == ["d77"]
    assert col.search({"w1": 1.0}) == []
    assert col.verify().ok
