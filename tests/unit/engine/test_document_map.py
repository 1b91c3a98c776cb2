"""The map: the same twice, like documents near each other, words that are frequent where they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio.engine.graph_layout import edge_weights, layout, neighbours
from rocchio.errors import InvalidArgument

TOPICS = ("wing flutter aerofoil", "cooking bread flour", "violin sonata music")
OF_TOPIC = 60


def fill(col: rocchio.Collection, **more: Any) -> rocchio.Collection:
    random = np.random.default_rng(4)
    for half in range(2):
        made = []
        for number in range(half * 90, half * 90 + 90):
            words = TOPICS[number % 3].split()
            document = {"doc_id": f"d{number:03}", "text": " ".join(random.choice(words, 6)) + f" Number{number % 5}"}
            if "v" in col.schema.fields:
                document["v"] = np.eye(3)[number % 3] * 4 + random.normal(size=3)
            made.append(document)
        col.add(made)
        col.commit()
    return col


def separation(places: np.ndarray, topics: np.ndarray) -> float:
    """The share of documents whose nearest other one on the map is of their topic."""
    between = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(between, np.inf)
    return float((topics[between.argmin(axis=1)] == topics).mean())


def topics_of(doc_ids: list[str]) -> np.ndarray:
    return np.array([int(each[1:]) % 3 for each in doc_ids])


@pytest.mark.parametrize("vectors", [False, True], ids=["words", "vectors"])
def test_like_documents_are_near(tmp_path: Path, vectors: bool):
    fields = {"text": rocchio.text(), **({"v": rocchio.vector(3, metric="l2")} if vectors else {})}
    col = fill(rocchio.create(tmp_path / "c", fields=fields))
    col.delete("d000")
    col.commit()
    seen: list[int] = []
    drawn = col.document_map(progress=lambda done, total: seen.append(done * 100 // total))
    assert sorted(drawn.doc_ids) == [f"d{number:03}" for number in range(1, 180)]
    assert drawn.source == ("v" if vectors else None)
    assert drawn.documents == 179
    assert np.abs(drawn.places).max() <= 1
    assert separation(drawn.places, topics_of(drawn.doc_ids)) > 0.95
    assert seen == sorted(seen)
    assert seen[-1] == 100
    again = col.document_map()
    assert (again.places == drawn.places).all()
    assert again.regions == drawn.regions
    words = {word for region in drawn.regions for word in region.words}
    assert words & set(" ".join(TOPICS).split())
    assert sum(region.documents for region in drawn.regions) == 179


def test_a_sample_is_even_and_bounded(tmp_path: Path):
    col = fill(rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}))
    drawn = col.document_map(most=50)
    assert len(drawn.doc_ids) == 50
    assert drawn.documents == 180
    assert drawn.doc_ids == sorted(drawn.doc_ids)
    assert drawn.neighbours.max() < 50


def test_of_passages_the_first_places_the_document(tmp_path: Path):
    fields = {"text": rocchio.text(passages=rocchio.passages(tokens=3, overlap=0))}
    drawn = fill(rocchio.create(tmp_path / "c", fields=fields)).document_map()
    assert len(set(drawn.doc_ids)) == len(drawn.doc_ids) == 180


def test_neighbours_are_the_nearest():
    vectors = np.random.default_rng(5).normal(size=(300, 8)).astype(np.float32)
    found, distances = neighbours(vectors, 7, lambda _: None)
    exact = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    np.fill_diagonal(exact, np.inf)
    assert np.allclose(np.sort(exact, axis=1)[:, :7], distances, atol=1e-4)
    assert np.allclose(np.take_along_axis(exact, found, axis=1), distances, atol=1e-4)
    weights = edge_weights(distances)
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert (np.diff(weights, axis=1) <= 1e-6).all()


def test_equal_vectors_have_finite_places():
    vectors = np.ones((20, 4), np.float32)
    found, distances = neighbours(vectors, 15, lambda _: None)
    places = layout(vectors, found, edge_weights(distances), lambda _: None)
    assert np.isfinite(places).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"field": "text"}, "expected a vector field, found 'text'"),
        ({"most": 2}, "from 3 to 20,000 documents"),
        ({"most": 20_001}, "from 3 to 20,000 documents"),
        ({}, "at least 3 documents with a vector"),
    ],
    ids=["field", "few", "many", "empty"],
)
def test_refusals(tmp_path: Path, options: dict[str, Any], said: str):
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(2)})
    with pytest.raises(InvalidArgument, match=said):
        col.document_map(**options)


def test_nothing_to_draw_of(tmp_path: Path):
    col = rocchio.create(tmp_path / "c", fields={"s": rocchio.sparse()})
    with pytest.raises(InvalidArgument, match="found neither"):
        col.document_map()
