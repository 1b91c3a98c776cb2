"""Feedback on vectors equals plain numpy with an exact search; marks; texts encoded anew; why hits score as they do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.dense.reference import score_rows
from rocchio.errors import InvalidArgument

DIM = 8


def vectors_of(count: int, seed: int = 1) -> np.ndarray:
    dice = np.random.default_rng(seed)
    return (dice.standard_normal((count, DIM)) * dice.uniform(0.2, 3.0, (count, 1))).astype(np.float32)


def build(folder: Path, metric: Any, vectors: np.ndarray) -> rocchio.Collection:
    """Three segments; every tenth document has no vector, every seventh is deleted."""
    col = rocchio.create(folder, fields={"text": rocchio.text(), "v": rocchio.vector(DIM, metric=metric)})
    for part in np.array_split(np.arange(len(vectors)), 3):
        col.add({"doc_id": name(n), "text": f"wing t{n % 5}", "v": None if n % 10 == 4 else vectors[n]} for n in part)
        col.commit()
    col.delete([name(n) for n in range(0, len(vectors), 7)])
    col.commit()
    return col


def name(number: int) -> str:
    return f"d{number:03}"


def usable(count: int) -> list[int]:
    return [n for n in range(count) if n % 7 and n % 10 != 4]


def best(query: np.ndarray, vectors: np.ndarray, metric: str, k: int) -> list[tuple[int, float]]:
    """By numpy: (number, score) of the best k live documents with a vector, ties by doc_id."""
    rows = usable(len(vectors))
    scores = score_rows(query[None], vectors[rows], metric)[0]
    order = np.argsort(-scores, kind="stable")[:k]
    return [(rows[place], float(scores[place])) for place in order]


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
@pytest.mark.parametrize(
    ("step", "docs", "weights", "bottom"),
    [
        ("vector_average", 3, (1 / 4, 3 / 4, 0.0), 0),
        ("vector_average(docs=5)", 5, (1 / 6, 5 / 6, 0.0), 0),
        ("vector_rocchio", 3, (0.8, 0.2, 0.0), 0),
        ("vector_rocchio(alpha=0.4, beta=0.6, gamma=0.3, docs=5, bottom_docs=4)", 5, (0.4, 0.6, 0.3), 4),
        ("vector_rocchio(alpha=1, beta=0)", 3, (1.0, 0.0, 0.0), 0),
    ],
)
def test_vector_feedback_equals_numpy(
    tmp_path: Path, metric: str, step: str, docs: int, weights: tuple[float, float, float], bottom: int
) -> None:
    vectors, queries = vectors_of(90), vectors_of(4, seed=2)
    col = build(tmp_path / "c", metric, vectors)
    run = col.search(queries, k=20, plan=f"dense(recall=1) >> {step} >> dense(recall=1)")
    at_length = unit if metric == "cosine" else lambda array: array.astype(np.float64)
    for number, query in enumerate(queries):
        first = [row for row, _ in best(query, vectors, metric, 1000)]
        moved = weights[0] * at_length(query) + weights[1] * at_length(vectors[first[:docs]]).mean(axis=0)
        if bottom:
            moved -= weights[2] * at_length(vectors[first[-bottom:]]).mean(axis=0)
        expected = best(moved, vectors, metric, 20)
        assert run.doc_ids[number] == [name(row) for row, _ in expected]
        np.testing.assert_allclose(run.scores[number], [score for _, score in expected], rtol=1e-5, atol=1e-5)
        assert run[number] == found(col.search(query, 20, plan=f"dense(recall=1) >> {step} >> dense(recall=1)"))


def found(hits: Sequence[Any]) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


def test_feedback_by_words_moves_vectors(tmp_path: Path) -> None:
    """Documents of a lexical search without a vector are left out of the mean."""
    vectors = vectors_of(60)
    col = build(tmp_path / "c", "ip", vectors)
    query = rocchio.query("t4", vectors={"v": vectors[1]})
    plan = "bm25 >> vector_average(docs=6) >> dense(recall=1)"
    first = [int(hit.doc_id[1:]) for hit in col.search("t4", 6)]
    assert any(number % 10 == 4 for number in first)
    moved = np.vstack([vectors[1], *(vectors[number] for number in first if number % 10 != 4)]).mean(axis=0)
    assert [hit.doc_id for hit in col.search(query, 9, plan=plan)] == [
        name(row) for row, _ in best(moved, vectors, "ip", 9)
    ]


def test_marks_on_vectors(tmp_path: Path) -> None:
    vectors = vectors_of(60)
    col = build(tmp_path / "c", "ip", vectors)
    plan = "dense(recall=1) >> vector_rocchio(alpha=1, beta=0.5, gamma=0.25) >> dense(recall=1)"
    given = {"relevant": [name(1), name(2), name(1)], "not_relevant": [name(3)]}
    moved = vectors[9] + 0.5 * vectors[[1, 2]].mean(axis=0) - 0.25 * vectors[3]
    expected = [name(row) for row, _ in best(moved, vectors, "ip", 9)]
    assert [hit.doc_id for hit in col.search(vectors[9], 9, plan=plan, **given)] == expected
    # one without a vector says nothing
    given["relevant"].append(name(4))
    assert [hit.doc_id for hit in col.search(vectors[9], 9, plan=plan, **given)] == expected
    # only what is not relevant: the first others are taken to be
    first = [row for row, _ in best(vectors[9], vectors, "ip", 4)]
    moved = vectors[9] + 0.5 * vectors[first[1:]].mean(axis=0) - 0.25 * vectors[first[0]]
    hits = col.search(vectors[9], 9, plan=plan, not_relevant=[name(first[0])])
    assert [hit.doc_id for hit in hits] == [name(row) for row, _ in best(moved, vectors, "ip", 9)]


def letters(texts: list[str]) -> np.ndarray:
    """A model that counts letters."""
    return np.array([[text.count(letter) + 0.01 for letter in "abfgiltw"] for text in texts], np.float32)


TEXTS = {"a": "aerofoil flutter", "b": "wing flutter", "c": "bridge", "d": "the flag", "e": "beam"}


@pytest.fixture
def encoded(tmp_path: Path) -> rocchio.Collection:
    fields = {
        "title": rocchio.text(), "text": rocchio.text(),
        "v": rocchio.vector(encoder=letters, source="text"), "all": rocchio.vector(encoder=letters),
    }  # fmt: skip
    col = rocchio.create(tmp_path / "c", fields=fields, embedding_cache=False)
    col.add({"doc_id": doc_id, "title": f"no {doc_id}", "text": text} for doc_id, text in TEXTS.items())
    col.commit()
    return col


def test_texts_encoded_anew(encoded: rocchio.Collection) -> None:
    first = [hit.doc_id for hit in encoded.search("flutter", 2, field="v")]
    text = " ".join(["flutter", *(TEXTS[doc_id] for doc_id in first)])
    plan = "dense(field=v) >> reencode(docs=2, field=v) >> dense(field=v)"
    hits = encoded.search("flutter", 5, plan=plan)
    assert found(hits) == found(encoded.search(letters([text])[0], 5, field="v"))
    assert hits[0].why().score == pytest.approx(hits[0].score)
    run = encoded.search(["flutter", "beam"], 5, plan=plan)
    assert run[0] == found(hits)
    # marks take the place of what was found, and fields without a source read all texts
    plan = "dense(field=all) >> reencode(field=all) >> dense(field=all)"
    hits = encoded.search("flutter", 5, plan=plan, relevant=["e"])
    assert found(hits) == found(encoded.search(letters(["flutter no e beam"])[0], 5, field="all"))


def test_texts_move_by_their_vectors(encoded: rocchio.Collection) -> None:
    query = letters(["flutter"])[0]
    for step in ("vector_average(field=v)", "vector_rocchio(field=v)"):
        plan = f"dense(field=v) >> {step} >> dense(field=v)"
        by_text = encoded.search("flutter", 5, plan=plan)
        by_vector = encoded.search(rocchio.query("flutter", vectors={"v": query}), 5, plan=plan)
        assert found(by_text) == found(by_vector)


LAST = [
    "bm25", "bm25(field=title)", "bm25(k1=1.5, b=0.1, variant='bm25+')", "bm25(variant=anserini)", "dense(field=v)",
    "sparse", "sparse(query_cut=1)", "hybrid", "hybrid(fusion=rrf)", "bm25 + dense(field=v)", "rrf(bm25, 2*dense(w))",
    "minmax(0.25*bm25, 0.75*sparse)", "bm25 % 2", "0.5*bm25", "(bm25 + dense(field=w)) % 3", "bm25 | dense(field=w)",
    "(bm25 >> rm3(most_share=1.0) >> bm25) % 2", "(bm25 % 1 | sparse) % 2", "(bm25 + sparse) + dense(field=v)",
    "combsum(bm25 >> bo1 >> bm25, bm25)",
]  # fmt: skip


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    """A collection with a field of every kind, in two segments."""
    fields = {
        "title": rocchio.text(boost=2.0), "text": rocchio.text(), "s": rocchio.sparse(),
        "v": rocchio.vector(2), "w": rocchio.vector(2, metric="l2"),
    }  # fmt: skip
    col = rocchio.create(tmp_path_factory.mktemp("several") / "c", fields=fields)
    for number in range(6):
        col.add({
            "doc_id": f"d{number}", "title": f"wing t{number % 2}", "text": f"flutter flutter t{number % 3}",
            "s": {"x": 1.0 + number, "y": 0.5}, "v": [number + 1.0, 2.0], "w": [number, 1.0],
        })  # fmt: skip
        if number % 3 == 2:
            col.commit()
    return col


@pytest.mark.parametrize("before", ["", "bm25 >> rm3(most_share=1.0) >> vector_average(field=v) >> "])
@pytest.mark.parametrize("last", LAST)
def test_every_last_step_says_why(several: rocchio.Collection, before: str, last: str) -> None:
    query = rocchio.query("wing t1", vectors={"v": [1.0, 0.5], "w": [2.0, 1.0]}, sparse={"s": {"y": 3.0, "x": 1.0}})
    hits = several.search(query, 5, plan=before + last)
    assert hits
    for hit in hits:
        why = hit.why()
        assert why.doc_id == hit.doc_id
        assert why.score == pytest.approx(hit.score, rel=1e-6)
        assert why.terms or why.vector is not None or why.lists
        if why.lists:
            assert sum(part.added for part in why.lists) == pytest.approx(hit.score, rel=1e-5, abs=1e-6)
        assert str(why)
        assert hit.fields["title"].startswith("wing")
        assert hit.vector("w") is not None


def test_deeper_sums_than_usual_say_why(tmp_path: Path) -> None:
    """More results than are fused at least: the explanation goes by lists of the same depth."""
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(2)})
    col.add({"doc_id": f"d{n:04}", "text": "wing " * (1 + n % 9), "v": [n % 50, 1.0]} for n in range(1400))
    col.commit()
    query = rocchio.query("wing", vectors={"v": [3.0, 1.0]})
    hits = col.search(query, 1300, plan="bm25 + dense")
    assert len(hits) == 1300
    for hit in (hits[0], hits[700], hits[-1]):
        assert hit.why().score == pytest.approx(hit.score, rel=1e-6)


def test_encoding_anew_needs_texts(encoded: rocchio.Collection, tmp_path: Path) -> None:
    plan = "dense(field=v) >> reencode(field=v) >> dense(field=v)"
    with refused(InvalidArgument, "expected texts and an encoder of the field 'v' to encode anew, found none"):
        encoded.search(rocchio.query(vectors={"v": letters(["wing"])[0]}), plan=plan)
    plain = build(tmp_path / "plain", "ip", vectors_of(20))
    with refused(InvalidArgument, "expected texts and an encoder of the field 'v' to encode anew, found none"):
        plain.search(rocchio.query("wing", vectors={"v": np.ones(DIM)}), plan="bm25 >> reencode >> dense")
