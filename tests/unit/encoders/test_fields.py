"""Vector fields with an encoder: bound at creation, checked at open and at use, encoded when documents come."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.encoders import Function
from rocchio.engine.collection import Collection
from rocchio.errors import EncoderFailure, InvalidArgument, NotFound

WORDS = ["cat", "dog", "stock", "bond", "rain"]


def count_words(texts: Sequence[str]) -> Any:
    """How often each of five words stands in a text, and a number that says how long it is."""
    return [[float(text.lower().split().count(word)) for word in WORDS] + [len(text) / 1000] for text in texts]


class Recorder:
    """An encoder that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: list[str]) -> Any:
        self.asked += texts
        return np.array(count_words(texts), np.float32)


def make(folder: Path, encoder: Any = count_words, **settings: Any) -> Collection:
    fields = {
        "title": rocchio.text(),
        "text": rocchio.text(),
        "v": rocchio.vector(encoder=encoder, **settings),
    }
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    col.add(
        [
            {"doc_id": "a", "title": "cat", "text": "dog dog"},
            {"doc_id": "b", "text": "stock bond"},
            {"doc_id": "c", "title": "rain"},
            {"doc_id": "none"},
            {"doc_id": "blank", "text": "  "},
        ]
    )
    col.commit()
    return col


def test_documents_and_queries_are_encoded(tmp_path: Path) -> None:
    recorder = Recorder()
    col = make(tmp_path / "c", recorder)
    assert str(col.schema.fields["v"]) == "vector(6, metric=cosine, encoder=callable(Recorder), source=title+text)"
    assert recorder.asked[1:] == ["cat dog dog", "stock bond", "rain"]
    assert [hit.doc_id for hit in col.search("dog", field="v", k=1)] == ["a"]
    assert [hit.doc_id for hit in col.search("blank", field="text")] == []
    assert col.vector("none", "v") is None
    assert col.vector("blank", "v") is None
    run = col.search(["bond", "", "rain"], field="v", k=1)
    assert [list(ids) for ids in run.doc_ids] == [["b"], [], ["c"]]
    assert col.explain("rain", "c", field="v").score == col.search("rain", field="v", k=1)[0].score


def test_a_vector_that_is_given_is_kept(tmp_path: Path) -> None:
    recorder = Recorder()
    col = make(tmp_path / "c", recorder)
    recorder.asked.clear()
    col.add([{"doc_id": "x", "text": "cat", "v": [0, 0, 0, 0, 1, 0]}, {"doc_id": "y", "text": "cat"}])
    col.commit()
    assert recorder.asked == ["cat"]
    assert col.vector("x", "v").tolist() == [0, 0, 0, 0, 1, 0]  # type: ignore[union-attr]


def test_the_same_text_is_encoded_once_and_prefixes_stand_before(tmp_path: Path) -> None:
    recorder = Recorder()
    value = Function("f", query_prefix="query: ", document_prefix="doc: ", function=recorder)
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=value, dtype="float16", metric="l2")}
    col = rocchio.create(tmp_path / "c", fields=fields)
    col.add({"doc_id": str(i), "text": "cat"} for i in range(5))
    col.commit()
    col.search("cat", field="v")
    assert recorder.asked[1:] == ["doc: cat", "query: cat"]
    assert len(col.search("cat", field="v")) == 5


def test_opened_again(tmp_path: Path) -> None:
    make(tmp_path / "c").close()
    with refused(InvalidArgument, "expected the function count_words", "'v'", "rocchio.open(path, encoders={'v'"):
        rocchio.open(tmp_path / "c")
    with refused(InvalidArgument, "expected functions for fields that a function encodes", "'w'"):
        rocchio.open(tmp_path / "c", encoders={"v": count_words, "w": count_words})
    col = rocchio.open(tmp_path / "c", encoders={"v": count_words})
    assert [hit.doc_id for hit in col.search("dog", field="v", k=1)] == ["a"]

    def other(texts: list[str]) -> Any:
        return np.ones((len(texts), 6)) / 7

    changed = rocchio.open(tmp_path / "c", encoders={"v": other})
    for use in (lambda: changed.search("dog", field="v"), lambda: changed.add({"doc_id": "n", "text": "cat"})):
        with refused(InvalidArgument, "expected the model that made the vectors of the field 'v'", "col.embed('v'"):
            use()
    smaller = rocchio.open(tmp_path / "c", encoders={"v": lambda texts: np.ones((len(texts), 3))})
    with refused(InvalidArgument, "with 6 numbers", "found another with 3 numbers"):
        smaller.search("dog", field="v")


def answer(shape: Any) -> Any:
    """An encoder that is fine for its probe and then gives arrays of another shape, or other values."""
    calls = iter(range(100))

    def encode(texts: list[str]) -> Any:
        return count_words(texts) if next(calls) == 0 else shape(len(texts))

    return encode


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (lambda n: np.ones((n, 5)), ("expected vectors of shape (3, 6)", "found (3, 5)")),
        (lambda n: np.ones((n + 1, 6)), ("found (4, 6)",)),
        (lambda n: np.full((n, 6), np.nan), ("expected finite numbers", "for the text 'cat dog dog'")),
        (lambda n: np.full((n, 6), np.inf), ("expected finite numbers",)),
        (lambda n: [["x"] * 6] * n, ("expected an array of numbers",)),
        (lambda n: np.ones((n, 6), complex), ("expected an array of numbers", "found complex numbers")),
        (lambda n: None, ("expected",)),
    ],
)
def test_a_wrong_answer_is_refused_and_changes_nothing(tmp_path: Path, shape: Any, words: tuple[str, ...]) -> None:
    with refused(EncoderFailure, *words, "callable(encode)"):
        make(tmp_path / "c", answer(shape))
    col = rocchio.open(tmp_path / "c", encoders={"v": count_words})
    assert len(col) == 0
    col.add({"doc_id": "a", "text": "cat"})
    col.commit()
    assert len(col.search("cat", field="v")) == 1


def test_a_failure_midway_keeps_what_was_added_before(tmp_path: Path) -> None:
    def failing(texts: list[str]) -> Any:
        if "bond" in texts[0]:
            raise RuntimeError("the model is gone")
        return count_words(texts)

    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=failing)}
    col = rocchio.create(tmp_path / "c", fields=fields)
    col.add({"doc_id": "a", "text": "cat"})
    with pytest.raises(RuntimeError, match="gone"):
        col.add({"doc_id": "b", "text": "bond"})
    col.commit()
    assert [hit.doc_id for hit in col.search("cat", field="v")] == ["a"]


def test_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused(EncoderFailure, "expected a finite array (1, dim)", "callable(f)", "found shape (3,)"):
        make(tmp_path / "x", Function("f", function=lambda texts: np.ones(3)))
    with refused(EncoderFailure, "expected an array of numbers", "callable(f)"):
        make(tmp_path / "x", Function("f", function=lambda texts: "no"))
    with refused(InvalidArgument, "expected the function of the encoder callable(f)"):
        make(tmp_path / "x", "callable(f)")
    with refused(InvalidArgument, "expected vectors of 6 numbers", "found dim=7"):
        make(tmp_path / "x", count_words, dim=7)
    with refused(InvalidArgument, "expected embedding_cache to be True, False or a path, found 3"):
        rocchio.create(tmp_path / "x", fields={"t": rocchio.text()}, embedding_cache=3)
    for encoder, words in {
        "st(m)": ("expected the library sentence_transformers", "pip install 'rocchio[sentence-transformers]'"),
        "onnx(m)": ("expected the library onnxruntime", "pip install 'rocchio[onnx]'"),
        "model2vec(m)": ("expected the library model2vec", "pip install 'rocchio[model2vec]'"),
    }.items():
        for library in ("sentence_transformers", "onnxruntime", "model2vec"):
            monkeypatch.setitem(sys.modules, library, None)
        with refused(NotFound, "found none", *words):
            make(tmp_path / "x", encoder)


def test_embed_fills_in_and_makes_anew(tmp_path: Path) -> None:
    fields = {"text": rocchio.text(), "v": rocchio.vector(2), "w": rocchio.vector(3, metric="l2")}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    for part in range(2):
        for i in range(3):
            col.add({"doc_id": f"{part}{i}", "text": f"{WORDS[i]} {WORDS[part + 3]}", "w": [part, i, 1]})
        col.commit()
    col.delete("00")
    col.commit()
    with refused(InvalidArgument, "expected an encoder for the field 'v', found none"):
        col.embed("v")
    with refused(InvalidArgument, "expected a vector field or a new name, found 'text', a text"):
        col.embed("text", "lsa")
    steps: list[tuple[int, int]] = []
    done = col.embed("v", count_words, progress=lambda *step: steps.append(step))
    assert (done.field, done.encoder, done.vectors, done.before) == ("v", "callable(count_words)", 5, 0)
    assert 0 < steps[-1][0] <= steps[-1][1]
    assert [hit.doc_id for hit in col.search("dog bond", field="v", k=1)] == ["01"]
    assert col.vector("12", "w").tolist() == [1, 2, 1]  # type: ignore[union-attr]
    with refused(InvalidArgument, "expected an encoder with source="):
        col.embed("v", source="text")

    recorder = Recorder()
    assert col.embed("new", recorder).vectors == 5
    assert sorted(recorder.asked[1:]) == sorted(col.get(doc_id)["text"] for doc_id in ("01", "02", "10", "11", "12"))
    recorder.asked.clear()
    assert col.embed("new").before == 5
    assert recorder.asked == []
    assert col.embed("words", "lsa(dim=2)").vectors == 5
    col.add({"doc_id": "more", "text": "cat dog"})
    col.commit()
    for name in ("v", "new", "words"):
        assert "more" in [hit.doc_id for hit in col.search("cat", field=name, k=6)]
    col.embed("words", count_words)
    assert not col.snapshot().manifest.models
    assert col.schema.fields["words"].dim == 6
    assert col.verify().ok
    col.add({"doc_id": "pending", "text": "cat dog"})
    with refused(InvalidArgument, "expected no uncommitted changes to embed"):
        col.embed("v")


@pytest.mark.parametrize("encoder", ["lsa(dim=2)", count_words], ids=["lsa", "function"])
@pytest.mark.parametrize("were_there", [False, True], ids=["never", "deleted"])
def test_embed_where_no_document_is(tmp_path: Path, encoder: Any, were_there: bool) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=2)")})
    if were_there:
        col.add({"doc_id": "a", "text": "cat"})
        col.commit()
        col.delete("a")
        col.commit()
    for name in ("v", "new"):
        assert col.embed(name, encoder).vectors == 0
    assert col.embed("v").vectors == 0
    col.add([{"doc_id": "a", "text": "cat dog"}, {"doc_id": "b", "text": "dog bond"}])
    col.commit()
    for name in ("v", "new"):
        assert {hit.doc_id for hit in col.search("dog", field=name)} == {"a", "b"}
    assert col.verify().ok


def test_embed_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    with refused(EncoderFailure, "expected finite numbers"):
        col.embed("v", answer(lambda n: np.full((n, 6), np.nan)))
    assert [hit.doc_id for hit in col.search("dog", field="v", k=1)] == ["a"]
    assert col.verify().ok


def test_embed_goes_through_many_documents_block_by_block(tmp_path: Path) -> None:
    fields = {"text": rocchio.text(), "v": rocchio.vector(6)}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    given = {number: [0.0] * 5 + [1.0] for number in range(0, 9000, 3)}
    col.add({"doc_id": f"{i}", "text": WORDS[i % 5], "v": given.get(i)} for i in range(9000))
    col.delete([f"{i}" for i in range(0, 9000, 7)])
    col.commit()
    col.embed("v", count_words)
    col.embed("w", count_words)
    col.upsert({"doc_id": "8", "text": "rain", "w": [0, 0, 0, 0, 0, 2]})
    col.commit()
    done = col.embed("w")
    assert (done.unchanged, done.vectors) == (True, len(col) + 1)  # the one that was replaced is still written
    assert col.embed("w").generation == done.generation
    for number in (1, 8, 5000, 8999):
        text = col.get(str(number))["text"]
        expected = [0, 0, 0, 0, 0, 2] if number == 8 else count_words([text])[0]
        assert np.allclose(col.vector(str(number), "w"), expected)
        assert np.allclose(col.vector(str(number), "v"), count_words([text])[0]) or number == 8


def test_embed_writes_only_where_a_text_has_no_vector(tmp_path: Path) -> None:
    knows_dogs = False

    def learning(texts: list[str]) -> Any:
        return [[0.0] * 6 if "dog" in text and not knows_dogs else count_words([text])[0] for text in texts]

    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(encoder=learning)})
    for text in ("cat", "dog", " "):
        col.add({"doc_id": text, "text": text})
        col.commit()
    done = col.embed("v")
    assert (done.unchanged, done.vectors, done.before) == (False, 1, 1)
    knows_dogs = True
    done = col.embed("v")
    assert (done.unchanged, done.vectors, done.before) == (False, 2, 1)
    again = col.embed("v")  # the blank text never gets one
    assert (again.unchanged, again.vectors, again.generation) == (True, 2, done.generation)


def test_what_an_encoder_raises_says_what_is_left(tmp_path: Path) -> None:
    def fail(texts: list[str]) -> Any:
        if "boom" in texts:
            raise RuntimeError("the device is gone")
        return count_words(texts)

    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(encoder=fail)})
    col.add({"doc_id": "a", "text": "cat"})
    col.commit()
    for note in ("the last commit is intact, and nothing waits", "what was added before this waits for commit"):
        with pytest.raises(RuntimeError, match="the device is gone") as caught:
            col.add({"doc_id": "b", "text": "boom"})
        assert note in caught.value.__notes__[0]
        assert len(col) == 1
        col.upsert({"doc_id": "c", "text": "dog"})
    col.commit()
    assert len(col) == 2
    for calls in (0, 1):  # it fails when the model is looked at, and when it makes vectors
        asked: list[Any] = []

        def fail_later(texts: list[str], calls: int = calls, asked: list[Any] = asked) -> Any:
            asked.append(texts)
            return fail(["boom"] if len(asked) > calls else texts)

        with pytest.raises(RuntimeError, match="the device is gone") as caught:
            col.embed("new", fail_later)
        assert caught.value.__notes__ == ["the last commit is intact, and nothing else was written"]
        assert len(asked) == calls + 1
    assert (len(col), col.schema.vector_fields) == (2, ["v"])
