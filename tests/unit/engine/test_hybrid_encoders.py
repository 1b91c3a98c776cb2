"""A text alone is searched by its words and by the vectors of all encoders, unless one says what to search."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.errors.refusal import refused
from typer.testing import CliRunner

import rocchio
from rocchio import Collection
from rocchio.cli.main import app
from rocchio.errors import InvalidArgument
from rocchio.sources import read_run

TEXTS = {"a": "aerofoil flutter", "b": "wing flutter", "c": "bridge", "d": "the flutter of a flag", "e": "beam"}


def first_letters(texts: list[str]) -> np.ndarray:
    """A model that knows with which letters words begin."""
    words = [text.split() for text in texts]
    return np.array(
        [[sum(word[0] == letter for word in each) + 0.01 for letter in "abfw"] for each in words], np.float32
    )


@pytest.fixture
def col(tmp_path: Path) -> Collection:
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=first_letters)}
    col = rocchio.create(tmp_path / "c", fields=fields, embedding_cache=False)
    col.add({"doc_id": doc_id, "text": text} for doc_id, text in TEXTS.items())
    col.commit()
    return col


def ids(hits: Sequence[rocchio.Hit]) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


def test_a_text_is_words_and_vectors(col: Collection):
    both = col.search("wing beam")
    assert ids(both) == ids(col.search(rocchio.query("wing beam", vectors={"v": "wing beam"})))
    assert ids(both) == ids(col.search(rocchio.query("wing beam", vectors={"v": first_letters(["wing beam"])[0]})))
    assert "c" in {hit.doc_id for hit in both}  # by its first letter
    why = both[0].why()
    assert [part.name for part in why.lists] == ["text", "v"]
    assert why.scoring == "znorm(0.4, 0.6)"
    assert col.explain("wing beam", both[0].doc_id) == why
    run = col.search(["wing beam", "flag"], fusion="rrf", depth=50, query_ids=["x", "y"])
    assert run.doc_ids[1] == [hit.doc_id for hit in col.search("flag", fusion="rrf")]


@pytest.mark.parametrize("threads", [1, 3])
def test_the_texts_of_a_batch_are_encoded_together(tmp_path: Path, threads: int):
    calls: list[list[str]] = []

    def model(texts: list[str]) -> np.ndarray:
        calls.append(list(texts))
        return first_letters(texts)

    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=model), "first": rocchio.keyword()}
    col = rocchio.create(tmp_path / "c", fields=fields, embedding_cache=False)
    col.add({"doc_id": doc_id, "text": text, "first": text[0]} for doc_id, text in TEXTS.items())
    col.commit()
    queries = [*TEXTS.values(), rocchio.query("wing"), rocchio.query("flag", vectors={"v": [1.0, 2.0, 3.0, 4.0]})]
    asked = [rocchio.query(each, vectors={"v": each}) if isinstance(each, str) else each for each in queries]
    where = ["first = 'a'", "first != 'a'", None, "first != 'a'", "first = 'b'", "first = 'b'", None]
    for filters in (where, None):
        calls.clear()
        run = col.search(asked, where=filters, threads=threads)
        assert calls == [list(TEXTS.values())]
        for number, query in enumerate(asked):
            hits = col.search(query, where=None if filters is None else filters[number])
            assert run[number] == ids(hits)


def test_one_can_say_what_to_search(col: Collection):
    words = {hit.doc_id for hit in col.search("flutter", field="text")}
    assert words == {"a", "b", "d"}
    assert {hit.doc_id for hit in col.search("flutter", field="v")} == set(TEXTS)
    assert {hit.doc_id for hit in col.bm25(k1=1.2).search("flutter")} == words
    assert {hit.doc_id for hit in col.search({"flutter": 1.0})} == words
    assert col.search("flutter", field="text")[0].why().terms
    with refused(InvalidArgument, "fusion only", "rocchio.query"):
        col.search("flutter", field="text", fusion="rrf")


def test_latent_semantic_analysis_gets_little_weight(tmp_path: Path):
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=2)")}
    col = rocchio.create(tmp_path / "c", fields=fields)
    col.add({"doc_id": doc_id, "text": text} for doc_id, text in TEXTS.items())
    col.commit()
    hits = col.search("flutter")
    assert hits[0].why().scoring == "znorm(0.8, 0.2)"
    assert [hit.doc_id for hit in col.search("unknown")] == []


def test_texts_are_tuned_as_they_are_searched(col: Collection):
    texts = {f"q{number}": text for number, text in enumerate([*TEXTS.values()] * 2)}
    qrels = {query_id: {doc_id: 1} for query_id, doc_id in zip(texts, [*TEXTS] * 2, strict=True)}
    report = col.tune(texts, qrels, "RR@5", folds=5, repeats=1)
    assert list(report.singles) == ["text", "v"]
    assert report.untuned == 1.0


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=2)")}
    col = rocchio.create("c", fields=fields)
    col.add({"doc_id": doc_id, "text": text} for doc_id, text in TEXTS.items())
    col.commit()
    Path("topics.tsv").write_text("q1\tflutter\nq2\tbridge\n")

    def found(*options: str) -> list[list[str]]:
        done = CliRunner().invoke(app, ["search", "c", *options, "-o", "run.trec"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [list(each) for each in read_run("run.trec").doc_ids]

    both = [list(each) for each in col.search(["flutter", "bridge"], 1000).doc_ids]
    assert found("--topics", "topics.tsv") == both
    assert found("--topics", "topics.tsv", "--mode", "hybrid") == both
    words = [list(each) for each in col.search(["flutter", "bridge"], 1000, field="text").doc_ids]
    assert found("--topics", "topics.tsv", "--mode", "lexical") == words
    assert found("--topics", "topics.tsv", "--plan", "bm25(k1=0.9, b=0.4)") == words
    near = [list(each) for each in col.search(["flutter", "bridge"], 1000, field="v").doc_ids]
    assert found("--topics", "topics.tsv", "--mode", "dense") == near
    for mode in ("dense", "hybrid"):
        shown = CliRunner().invoke(app, ["search", "c", "flutter", "--mode", mode, "--explain"], catch_exceptions=False)
        assert shown.exit_code == 0
        assert "flutter" in shown.output


def test_analysis_runs_while_a_model_encodes(tmp_path: Path):
    analysed, encoded = threading.Event(), threading.Event()

    def words(text: str) -> list[str]:
        analysed.set()
        assert encoded.wait(20)
        return text.split()

    def encode(texts: list[str]) -> np.ndarray:
        assert analysed.wait(20)
        encoded.set()
        return first_letters(texts)

    fields = {"text": rocchio.text(), "v": rocchio.vector(dim=4, encoder=encode)}
    encoded.set()
    analysed.set()  # creation tries the model with a text
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer=words, embedding_cache=False)
    encoded.clear()
    analysed.clear()
    col.add({"doc_id": doc_id, "text": text} for doc_id, text in TEXTS.items())
    col.commit()
    assert [hit.doc_id for hit in col.search("beam", field="text")] == ["e"]
