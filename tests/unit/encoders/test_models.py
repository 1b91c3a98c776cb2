"""Adapters with real small models, offline."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.errors.refusal import refused
from tests.unit.encoders.small_models import DIM, save_model2vec, save_onnx, save_sentence_transformer, word_vectors

import rocchio
from rocchio.encoders import Model2Vec, Onnx, SentenceTransformer
from rocchio.encoders.batching import CPU_BATCH, batches
from rocchio.encoders.model import load
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument, NotFound

os.environ["HF_HUB_OFFLINE"] = "1"
DOCUMENTS = {"a": "cat dog", "b": "stock bond", "c": "rain", "unknown": "zebra", "empty": ""}


def search_with(folder: Path, encoder: object) -> Collection:
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=encoder)}  # type: ignore[arg-type]
    col = rocchio.create(folder, fields=fields)
    col.add({"doc_id": doc_id, "text": text} for doc_id, text in DOCUMENTS.items())
    col.commit()
    assert col.vector("empty", "v") is None
    col = rocchio.open(folder)
    assert [hit.doc_id for hit in col.search("cat", field="v", k=1)] == ["a"]
    assert [hit.doc_id for hit in col.search("bond stock", field="v", k=1)] == ["b"]
    return col


def test_onnx(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    save_onnx(tmp_path / "m")
    col = search_with(tmp_path / "c", f"onnx({tmp_path / 'm'})")
    words = word_vectors()
    expected = (words[4] + words[5]) / np.linalg.norm(words[4] + words[5])
    assert np.allclose(col.vector("a", "v"), expected, atol=1e-6)
    assert col.vector("unknown", "v") is None
    cls = load(
        Onnx(str(save_onnx(tmp_path / "other", "onnx/model.onnx").parent.parent), pooling="cls", normalize=False)
    )
    assert cls.encode(["cat"]).tolist() == [[0.0] * DIM]
    short = load(Onnx(str(tmp_path / "m" / "model.onnx"), max_tokens=3, normalize=False))
    assert np.allclose(short.encode(["rain cat dog"]), words[8:9] / 3)
    assert short.usage.truncated == 1
    many = [" ".join(["cat"] * n) for n in (5, 300, 1, 40)]
    one_by_one = np.concatenate([cls.encode([text]) for text in many])
    assert np.allclose(cls.encode(many), one_by_one)


def test_texts_over_the_limit_are_said_once(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    save_onnx(tmp_path / "m")
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=f"onnx({tmp_path / 'm'}, max_tokens=4)")}
    col = rocchio.create(tmp_path / "c", fields=fields)
    with pytest.warns(UserWarning, match="longer than onnx.* takes and are cut off") as said:
        col.add({"doc_id": str(i), "text": "cat dog rain " * (i + 1)} for i in range(3))
        col.add({"doc_id": "more", "text": "dog cat rain"})
    assert len(said) == 1
    assert [used.truncated for used in col.encoder_usage().values()] == [4]


def test_a_model_that_was_exchanged_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    save_onnx(tmp_path / "m")
    search_with(tmp_path / "c", f"onnx({tmp_path / 'm'})")
    words = (tmp_path / "m" / "tokenizer.json").read_text()
    (tmp_path / "m" / "tokenizer.json").write_text(words.replace('"rain"', '"snow"'))
    with refused(InvalidArgument, "expected the model that made the vectors of the field 'v'", "bring the model back"):
        rocchio.open(tmp_path / "c").search("cat", field="v")
    shutil.rmtree(tmp_path / "m")
    with refused(NotFound, "expected an ONNX model at", "check the path"):
        rocchio.open(tmp_path / "c").search("cat", field="v")


def test_onnx_files_that_cannot_be_used(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    model = save_onnx(tmp_path)
    model.write_bytes(b"no model")
    with refused(NotFound, "expected a model at", "found a file that cannot be used"):
        load(Onnx(str(tmp_path)))
    (tmp_path / "tokenizer.json").unlink()
    with refused(NotFound, "expected a tokenizer.json beside the model", "copy it there"):
        load(Onnx(str(tmp_path)))


def test_model2vec(tmp_path: Path) -> None:
    pytest.importorskip("model2vec")
    folder = save_model2vec(tmp_path / "m")
    search_with(tmp_path / "c", Model2Vec(str(folder)))
    with refused(NotFound, "expected the model", "as a folder or on the Hugging Face hub", "check the name"):
        load(Model2Vec(str(tmp_path / "none")))


def test_sentence_transformers(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    folder = save_sentence_transformer(tmp_path)
    value = SentenceTransformer(str(folder), precision="float32")
    model = load(value)
    texts = ["cat dog", "rain", "stock " * 40, "bond cat"]
    vectors = model.encode(texts)
    from sentence_transformers import SentenceTransformer as Library

    expected = Library(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    assert np.allclose(vectors, expected, atol=1e-5)
    assert model.usage.truncated == 1
    assert load(value).identity == model.identity
    rough = load(SentenceTransformer(str(folder), precision="bfloat16")).encode(texts)
    assert ((rough * vectors).sum(axis=1) > 0.999).all()
    plain = load(SentenceTransformer(str(folder), normalize=False, precision="float32")).encode(texts)
    assert not np.allclose(np.linalg.norm(plain, axis=1), 1)
    short = load(SentenceTransformer(str(folder), max_tokens=4, precision="float32"))
    assert np.allclose(short.encode(["cat dog rain"]), model.encode(["cat dog"]), atol=1e-5)
    with refused(NotFound, "expected the model 'no-such-folder'", "check the name and the network"):
        load(SentenceTransformer("no-such-folder"))


def test_batches_have_like_lengths_and_bounded_size() -> None:
    sizes = np.random.default_rng(1).integers(1, 20_000, 500).tolist() + [0, 1] * 200
    found = batches(sizes)
    assert sorted(place for batch in found for place in batch) == list(range(len(sizes)))
    for batch in found:
        longest = max(sizes[place] for place in batch)
        assert len(batch) == 1 or (len(batch) * longest <= CPU_BATCH.tokens and len(batch) <= CPU_BATCH.texts)
    assert batches([]) == []
