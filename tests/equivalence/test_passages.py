"""Documents found by passages equal those of a plain search over all passages, grouped in Python."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import reference

import rocchio
from rocchio.analysis.splitting import Splitter
from rocchio.dense.reference import score_rows

WORDS = ["red", "green", "blue", "one", "two", "three", "four"]
TITLES = ["", "red", "one two", "blue"]
SIZE = rocchio.passages(tokens=6, overlap=2)
DIM = len(WORDS)


def counted(texts: list[str]) -> np.ndarray:
    """A plain model: how often each word stands in a text, and how long it is."""
    return np.array([[text.split().count(word) for word in WORDS] for text in texts], np.float32)


def random_text(rng: random.Random) -> str:
    words = [rng.choice(WORDS) + rng.choice(["", "", "", " ."]) for _ in range(rng.choice([0, 1, 5, 20, 40]))]
    return " ".join(words)


def passages_of(documents: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """The passages of each document, as records."""
    splitter = Splitter("whitespace", SIZE.tokens, SIZE.overlap)
    return {
        doc_id: [
            {"title": document["title"], "text": document["text"][begin:end]}
            for begin, end in splitter.split(document["text"])
        ]
        for doc_id, document in documents.items()
    }


def grouped(found: list[tuple[str, float]], k: int) -> list[tuple[str, float]]:
    """The best k documents of ranked passages, named `doc_id/number`."""
    best: dict[str, float] = {}
    for name, score in found:
        doc_id = name.rpartition("/")[0]
        best[doc_id] = max(best.get(doc_id, -np.inf), score)
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k]


def named(passages: dict[str, list[dict[str, str]]]) -> dict[str, dict[str, str]]:
    return {f"{doc_id}/{i}": piece for doc_id, pieces in passages.items() for i, piece in enumerate(pieces)}


def make(folder: Path, rng: random.Random, count: int) -> tuple[rocchio.Collection, dict[str, dict[str, Any]]]:
    """A collection with a history of commits, replacements, deletions and merges, and what should be in it."""
    fields = {
        "title": rocchio.text(boost=2.0),
        "text": rocchio.text(passages=SIZE),
        "v": rocchio.vector(metric="ip", encoder=counted, source="text"),
        "of_title": rocchio.vector(metric="ip", encoder=counted, source="title"),
        "given": rocchio.vector(2, metric="l2"),
        "s": rocchio.sparse(scale=4),
    }
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    held: dict[str, dict[str, Any]] = {}
    for _ in range(3):
        for _ in range(count):
            doc_id = f"d{rng.randrange(2 * count)}"
            document = {
                "title": rng.choice(TITLES),
                "text": random_text(rng),
                "given": [rng.randrange(4), rng.randrange(4)],
                "s": {word: float(rng.randrange(1, 5)) for word in rng.sample(WORDS, 2)},
            }
            col.upsert({"doc_id": doc_id, **document})
            held[doc_id] = document
        for doc_id in rng.sample(sorted(held), len(held) // 4):
            assert col.delete(doc_id) == 1
            del held[doc_id]
        col.commit()
        if rng.random() < 0.3:
            col.compact()
    return col, held


@pytest.mark.parametrize("seed", range(8))
def test_words_equal_the_reference(seed: int, tmp_path: Path):
    rng = random.Random(seed)
    col, held = make(tmp_path / "c", rng, 25)
    passages = named(passages_of(held))
    assert len(col) == len(held)
    assert col.info().passages == len(passages)
    queries = [{word: rng.choice([0.5, 1.0, 2.0]) for word in rng.sample(WORDS, 2)} for _ in range(6)]
    for k in (1, 3, 10, 500):
        for query in queries:
            found = [(hit.doc_id, hit.score) for hit in col.search(query, k, field=["title", "text"])]
            plain = reference.search(passages, query, {"title": 2.0, "text": 1.0}, str.split)
            assert reference.same_ranking(found, grouped(plain, k)) or len(found) == k
            assert [score for _, score in found] == pytest.approx([score for _, score in grouped(plain, k)], rel=1e-5)
            assert found == sorted(found, key=lambda item: (-item[1], item[0]))
        run = col.search(queries, k, field=["title", "text"], threads=2)
        alone = [col.search(query, k, field=["title", "text"]) for query in queries]
        assert [[hit.doc_id for hit in hits] for hits in alone] == list(run.doc_ids)
        assert [[hit.score for hit in hits] for hits in alone] == [scores.tolist() for scores in run.scores]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("recall", [1, 0.9])
def test_vectors_equal_the_reference(seed: int, recall: float, tmp_path: Path):
    rng = random.Random(seed)
    col, held = make(tmp_path / "c", rng, 25)
    passages = named(passages_of(held))
    queries = np.random.default_rng(seed).integers(-1, 3, (5, DIM)).astype(np.float32)
    vectors = counted([piece["text"] for piece in passages.values()])
    scores = score_rows(queries, vectors, "ip")
    known = vectors.any(axis=1)
    for k in (1, 4, 500):
        run = col.search(queries, k, field="v", recall=recall)
        for number in range(len(queries)):
            pairs = [
                (name, score) for name, score, has in zip(passages, scores[number].tolist(), known, strict=True) if has
            ]
            assert run[number] == grouped(pairs, k)
            hits = col.search(queries[number], k, field="v", recall=recall)
            assert [(hit.doc_id, hit.score) for hit in hits] == run[number]
            for hit in hits:
                assert hit.passage is not None
                assert score_rows(queries[number : number + 1], counted([hit.passage.text]), "ip")[0, 0] == hit.score


@pytest.mark.parametrize("seed", range(4))
def test_what_is_of_whole_documents_is_found_once(seed: int, tmp_path: Path):
    rng = random.Random(seed)
    col, held = make(tmp_path / "c", rng, 25)
    query = {"red": 1.0, "one": 2.0}
    sparse = {doc_id: sum(query.get(t, 0) * w for t, w in document["s"].items()) for doc_id, document in held.items()}
    found = {hit.doc_id: hit.score for hit in col.search(query, 500, field="s")}
    assert found == {doc_id: score for doc_id, score in sparse.items() if score}
    hits = col.search([1.0, 2.0], 500, field="given", recall=1)
    distance = {doc_id: -float(np.sum((np.array(d["given"]) - [1, 2]) ** 2)) for doc_id, d in held.items()}
    assert {hit.doc_id: hit.score for hit in hits} == distance
    assert all(hit.passage is None and hit.vector("given").tolist() == held[hit.doc_id]["given"] for hit in hits)
    of_title = {hit.doc_id: hit.score for hit in col.search("red", 500, field="of_title", recall=1)}
    assert of_title == {d: float("red" in doc["title"]) for d, doc in held.items() if doc["title"]}


@pytest.mark.parametrize("seed", range(4))
def test_hits_show_and_explain_their_best_passage(seed: int, tmp_path: Path):
    rng = random.Random(seed)
    col, held = make(tmp_path / "c", rng, 25)
    for query in ("red", "one two", "blue three"):
        for options in ({"field": "text"}, {"field": "v"}, {}):
            hits = col.search(query, 20, **options)
            assert hits
            for hit in hits:
                why = hit.why()
                assert why.score == hit.score
                assert col.explain(query, hit.doc_id, **options) == why
                passage = hit.passage
                assert hit.fields["text"] == held[hit.doc_id]["text"]
                if passage is None:
                    assert not options  # found by its title's vector alone
                    continue
                assert hit.fields[passage.field][passage.start : passage.end] == passage.text
                if options:
                    assert passage.text == passage.text.strip()
                    assert len(passage.text.split()) <= SIZE.tokens
                    assert set(query.split()) & set(passage.text.split()) or hit.score <= 0
                assert np.array_equal(hit.vector("v"), counted([passage.text])[0]) or not passage.text
    assert col.verify().ok


def test_a_history_gives_the_answers_of_a_single_commit(tmp_path: Path):
    rng = random.Random(5)
    col, held = make(tmp_path / "c", rng, 25)
    fresh = rocchio.create(tmp_path / "fresh", fields={n: f for n, f in col.schema.fields.items() if f.kind == "text"},
                           analyzer="whitespace")  # fmt: skip
    fresh.add([{"doc_id": doc_id, "title": d["title"], "text": d["text"]} for doc_id, d in held.items()])
    fresh.commit()
    for query in ("red", "one two", "green four"):
        expected = [(hit.doc_id, hit.score, hit.passage) for hit in fresh.search(query, 20)]
        assert [(h.doc_id, h.score, h.passage) for h in col.search(query, 20, field=["title", "text"])] == expected
    col.compact()
    for query in ("red", "one two"):
        expected = [(hit.doc_id, hit.score, hit.passage) for hit in fresh.search(query, 20)]
        assert [(h.doc_id, h.score, h.passage) for h in col.search(query, 20, field=["title", "text"])] == expected


@pytest.mark.parametrize("seed", range(4))
def test_filters_are_of_documents(seed: int, tmp_path: Path):
    rng = random.Random(seed)
    fields = {"title": rocchio.text(), "text": rocchio.text(passages=SIZE), "n": rocchio.number(integer=True),
              "v": rocchio.vector(metric="ip", encoder=counted, source="text"), "w": rocchio.vector(1, metric="ip"),
              "s": rocchio.sparse()}  # fmt: skip
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    held: dict[str, dict[str, Any]] = {}
    for part in range(2):
        for i in range(25):
            document = {"title": "", "text": random_text(rng), "n": rng.randrange(5)}
            held[f"d{part}{i:02}"] = document
            col.add({"doc_id": f"d{part}{i:02}", **document, "w": [1.0], "s": {"x": 1.0}})
        gone = rng.sample(sorted(held), 5)
        assert col.delete(gone) == 5
        for doc_id in gone:
            del held[doc_id]
        col.commit()
    clauses = {
        "n >= 3": lambda doc_id, document: document["n"] >= 3,
        "NOT n = 1": lambda doc_id, document: document["n"] != 1,
        "doc_id >= 'd110'": lambda doc_id, document: doc_id >= "d110",
        "doc_id IN ('d001', 'd102', 'x')": lambda doc_id, document: doc_id in ("d001", "d102"),
        "NOT doc_id IN ('d001') AND n < 2": lambda doc_id, document: doc_id != "d001" and document["n"] < 2,
    }
    for where, matches in clauses.items():
        allowed = {doc_id for doc_id, document in held.items() if matches(doc_id, document)}
        assert col.count(where) == len(allowed)
        assert col.explain_filter(where).count == len(allowed)
        for options in ({"field": "text"}, {"field": "v", "recall": 1}):
            everything = [(hit.doc_id, hit.score) for hit in col.search("red one", 100, **options)]
            expected = [pair for pair in everything if pair[0] in allowed]
            for k in (2, 100):
                hits = col.search("red one", k, where=where, **options)
                assert [(hit.doc_id, hit.score) for hit in hits] == expected[:k]
                assert all(hit.passage is not None for hit in hits)
        assert {hit.doc_id for hit in col.search({"x": 1.0}, 100, field="s", where=where)} == allowed
        assert {hit.doc_id for hit in col.search([1.0], 100, field="w", where=where, recall=1)} == allowed
        assert {hit.doc_id for hit in col.search("red one", 100, where=where)} <= allowed
    assert col.verify().ok
    col.compact()
    assert col.count("n >= 3") == sum(document["n"] >= 3 for document in held.values())
    assert col.verify().ok
