"""Fields that latent semantic analysis encodes: fitted on the collection, never of two models at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.encoders.lsa import Latent
from rocchio.engine import latent
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument, NotFound, SchemaMismatch

TOPICS = [
    "cats dogs pets fur paws tail",
    "stocks bonds markets shares profit funds",
    "rain snow wind clouds storm sun",
]


def texts(count: int, seed: int = 0) -> list[str]:
    """Each of one of three topics, four words long."""
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(TOPICS[i % 3].split(), 4)) for i in range(count)]


def make(folder: Path, dim: int = 3, **options: object) -> Collection:
    fields = {
        "title": rocchio.text(),
        "text": rocchio.text(),
        "v": rocchio.vector(encoder=f"lsa(dim={dim})", **options),
    }
    return rocchio.create(folder, fields=fields, analyzer="whitespace")


def add(col: Collection, count: int, prefix: str = "d", seed: int = 0) -> None:
    col.add({"doc_id": f"{prefix}{i}", "text": text} for i, text in enumerate(texts(count, seed)))
    col.commit()


def model(col: Collection) -> Latent:
    found = col.snapshot().latents.get("v")
    assert found is not None
    return found


def check_one_model(col: Collection) -> None:
    """Every vector is what the collection's model makes of its document."""
    for doc_id in (hit.doc_id for hit in col.search(" ".join(TOPICS), k=10_000)):
        words = col.terms(col.get(doc_id)["text"])
        (expected,), (present,) = model(col).encode_terms([words])
        found = col.vector(doc_id, "v")
        assert present == (found is not None)
        assert found is None or np.allclose(found, expected, atol=1e-6)
    assert col.verify().ok


def test_topics_are_found_without_a_word_in_common(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    add(col, 60)
    run = col.search(["dogs", "storm", "unheard", ""], field="v", k=20)
    for query, topic in ((0, 0), (1, 2)):
        assert {int(doc_id[1:]) % 3 for doc_id in run.doc_ids[query]} == {topic}
    assert [len(scores) for scores in run.scores] == [20, 20, 0, 0]
    hit = col.search("dogs", field="v", k=1)[0]
    assert hit.why().score == hit.score
    assert hit.score == pytest.approx(1, abs=0.01)
    assert col.search("unheard of", field="v") == []
    vectors, present, single = col.snapshot().query_vectors(["dogs", "unheard"], "v")
    assert (vectors.shape, present.tolist(), single) == ((2, 3), [True, False], False)
    assert col.search(vectors[0], field="v", k=1)[0].doc_id == hit.doc_id
    with refused(NotFound, "expected a query with a vector", "'unheard'"):
        col.explain("unheard", "d1", field="v")
    check_one_model(col)


def test_an_empty_text_has_no_vector_and_a_title_may_be_a_source(tmp_path: Path) -> None:
    col = make(tmp_path / "c", source="title")
    col.add([{"doc_id": "a", "text": "words"}, {"doc_id": "b", "title": "cats dogs"}, {"doc_id": "c", "title": "cats"}])
    col.commit()
    assert col.vector("a", "v") is None
    assert [hit.doc_id for hit in col.search("dogs", field="v")] == ["b", "c"]
    assert [hit.doc_id for hit in col.search("words")] == ["a"]
    assert col.search("words", field="v") == []


def test_no_text_no_model(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    col.add({"doc_id": "empty"})
    col.commit()
    assert col.search("dogs", field="v") == []
    assert col.search(["dogs"], field="v").doc_ids == [[]]
    assert not col.snapshot().manifest.models
    add(col, 9)
    assert col.snapshot().manifest.models["v"].documents == 9
    check_one_model(col)


def test_later_documents_are_folded_in_until_the_collection_has_outgrown_its_model(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    add(col, 12)
    first = col.snapshot().manifest.models
    add(col, 24, "e", 1)
    assert col.snapshot().manifest.models == first
    check_one_model(col)
    add(col, 12, "f", 2)
    assert col.snapshot().manifest.models["v"].documents == 48
    assert len(col.snapshot().segments) == 1
    check_one_model(col)
    assert {path.name for path in (tmp_path / "c" / "models").iterdir()} == {
        "lsa-00000004-0.arrays", "lsa-00000004-0.bin",
    }  # fmt: skip
    check_one_model(rocchio.open(tmp_path / "c"))


def test_a_large_model_is_left_alone_by_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "ENOUGH", 10)
    col = make(tmp_path / "c")
    add(col, 10)
    add(col, 60, "e")
    assert col.snapshot().manifest.models["v"].documents == 10
    col.compact()
    assert col.snapshot().manifest.models["v"].documents == 70
    check_one_model(col)


def test_a_compaction_fits_anew_when_the_words_have_changed(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    add(col, 30)
    add(col, 3, "e")
    col.compact()
    assert col.snapshot().manifest.models["v"].documents == 30  # no drift: vectors are copied
    check_one_model(col)
    col.upsert({"doc_id": f"d{i}", "text": "other words stand here"} for i in range(10))
    col.commit()
    col.compact()
    assert col.snapshot().manifest.models["v"].documents == 33
    check_one_model(col)


def test_segments_of_one_commit_share_the_model_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "ENOUGH", 10)
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=3)", dtype="float16")}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace", memory_mb=1)
    words = texts(40_000)
    col.add({"doc_id": f"{i}", "text": text} for i, text in enumerate(words))
    col.delete(["0", "39999"])
    col.commit()
    assert len(col.snapshot().segments) > 1
    assert col.snapshot().manifest.models["v"].documents < len(words)
    assert col.vector("7", "v").dtype == np.float16  # type: ignore[union-attr]
    assert {int(hit.doc_id) % 3 for hit in col.search("dogs", field="v", k=100)} == {0}


def test_a_model_goes_with_the_last_document(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    add(col, 3)
    col.delete(["d0", "d1", "d2"])
    col.commit()
    assert not col.snapshot().manifest.models
    assert not (tmp_path / "c" / "models").exists()
    add(col, 6)
    check_one_model(col)


def test_the_same_documents_give_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        add(make(tmp_path / name), 50)
        contents.append((tmp_path / name / "models" / "lsa-00000001-0.arrays").read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize("source", ["text", "title"])
def test_embed_fits_anew_only_where_words_have_no_vector(tmp_path: Path, source: str) -> None:
    col = make(tmp_path / "c", 40, source=source)
    col.add({"doc_id": f"d{i}", source: text} for i, text in enumerate(texts(12)))
    col.add({"doc_id": "empty"})
    col.commit()
    col.add([{"doc_id": "e0", source: "cats dogs"}, {"doc_id": "gone", source: "unheard"}])
    col.commit()
    col.delete("gone")
    before = col.commit()
    done = col.embed("v")
    assert (done.unchanged, done.vectors, done.generation) == (True, 13, before)
    col.add({"doc_id": "new", source: "unheard of"})
    col.commit()
    assert col.vector("new", "v") is None
    done = col.embed("v")
    assert (done.unchanged, done.vectors, done.before) == (False, 14, 13)
    assert col.search("unheard", field="v", k=1)[0].doc_id == "new"
    assert col.embed("v").generation == done.generation
    assert col.embed("v", "lsa(dim=40)", source=source).generation == done.generation + 1  # named, so fitted anew
    assert col.verify().ok


def test_refused(tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected vectors of 3 numbers", "lsa(dim=3)", "found dim=4", "leave dim out"):
        rocchio.create(tmp_path / "x", fields={"t": rocchio.text(), "v": rocchio.vector(4, encoder="lsa(dim=3)")})
    with refused(
        InvalidArgument, "expected different text fields as the source", "found none", "the text fields are none"
    ):
        rocchio.create(tmp_path / "x", fields={"v": rocchio.vector(encoder="lsa(dim=3)")})
    for source in (["no"], ["t", "t"], "v"):
        fields = {"t": rocchio.text(), "v": rocchio.vector(encoder="lsa", source=source)}
        with refused(InvalidArgument, "expected different text fields as the source of the vector field 'v'"):
            rocchio.create(tmp_path / "x", fields=fields)
    with refused(InvalidArgument, "expected an encoder with source="):
        rocchio.vector(3, source="text")
    with refused(InvalidArgument, "expected an encoder of lsa, st", "found 'lsi'"):
        rocchio.vector(encoder="lsi")
    col = make(tmp_path / "c")
    with refused(SchemaMismatch, "expected no vectors for the field 'v'", "lsa(dim=3) computes", "leave them out"):
        col.add({"doc_id": "a", "text": "x", "v": [1, 2, 3]})
    plain = rocchio.create(tmp_path / "p", fields={"v": rocchio.vector(2)})
    with refused(InvalidArgument, "expected vectors to search the vector field 'v'", "encode texts with the model"):
        plain.search("dogs", field="v")


def test_a_pinned_snapshot_keeps_its_model(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    add(col, 12)
    pinned = rocchio.open(tmp_path / "c").snapshot()
    expected = [(hit.doc_id, hit.score) for hit in col.search("dogs", field="v", k=5)]
    add(col, 100, "e", 1)
    assert [(hit.doc_id, hit.score) for hit in pinned.search("dogs", field="v", k=5)] == expected
