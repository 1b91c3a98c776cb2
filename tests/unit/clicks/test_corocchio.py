"""Counterfactual Rocchio: by hand on words and on vectors, for logged queries and for queries like them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument
from rocchio.feedback import Corocchio, VectorCorocchio

VECTORS = {"a": [1.0, 0.0, 0.0], "b": [0.0, 2.0, 0.0], "c": [0.0, 0.0, 4.0], "d": [1.0, 1.0, 0.0]}
TEXTS = {"a": "wing flutter", "b": "aerofoil vibration", "c": "heat transfer", "d": "wing vibration"}


def encode(texts: list[str]) -> Any:
    """A dimension for each of three words; other texts have no vector."""
    return np.array([[text.count(word) for word in ("wing", "aerofoil", "heat")] for text in texts], np.float32)


@pytest.fixture(params=["ip", "cosine"])
def metric(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def col(tmp_path: Path, metric: str) -> Collection:
    fields = {
        "text": rocchio.text(),
        "v": rocchio.vector(3, metric=metric),
        "w": rocchio.vector(encoder=encode, source="text", metric=metric),
        "s": rocchio.sparse(),
    }
    made = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    made.add(
        {"doc_id": doc_id, "text": TEXTS[doc_id], "v": VECTORS[doc_id], "s": dict.fromkeys(TEXTS[doc_id].split(), 1.0)}
        for doc_id in TEXTS
    )
    made.commit()
    return made


def log(col: Collection, query: str, *clicks: list[int], shown: str = "abcd") -> None:
    col.log_clicks({"session": "s", "query": query, "shown": list(shown), "clicked": ranks} for ranks in clicks)


def scores(col: Collection, plan: str, query: Any) -> dict[str, float]:
    return {hit.doc_id: hit.score for hit in col.search(query, plan=plan)}


def asked(text: str) -> Any:
    """A text with a vector for the field that has no encoder."""
    return rocchio.query(text, vectors={"v": [1.0, 0.0, 0.0]})


def lengths(metric: str) -> dict[str, Any]:
    """Vectors as the metric sees them."""
    each = {doc_id: np.array(vector) for doc_id, vector in VECTORS.items()}
    return each if metric == "ip" else {doc_id: vector / np.linalg.norm(vector) for doc_id, vector in each.items()}


@pytest.mark.parametrize(
    ("settings", "weights"),
    [
        ("eta=1", {"b": (2 + 2) / 3, "c": 3 / 3}),
        ("eta=0", {"b": 2 / 3, "c": 1 / 3}),
        ("eta=2, clip=0.2", {"b": (4 + 4) / 3, "c": 5 / 3}),
        ("propensities=[1.0, 0.5, 0.1]", {"b": 4 / 3, "c": 10 / 3}),
        ("propensities=[1.0, 0.5]", {"b": 4 / 3, "c": 2 / 3}),
        ("docs=1", {"b": 4 / 3}),
    ],
)
def test_vectors_by_hand(col: Collection, metric: str, settings: str, weights: dict[str, float]) -> None:
    log(col, "wing", [2], [2, 3], [])
    known = lengths(metric)
    moved = 0.4 * np.array([1.0, 0.0, 0.0]) + 0.6 * sum(weight * known[doc] for doc, weight in weights.items())
    moved = moved if metric == "ip" else moved / np.linalg.norm(moved)
    found = scores(col, f"vector_corocchio(field=v, {settings}) >> dense(field=v, recall=1)", asked("wing"))
    assert found == pytest.approx({doc_id: float(moved @ known[doc_id]) for doc_id in known}, abs=1e-5)


def test_words_by_hand(col: Collection) -> None:
    log(col, "wing", [2], [2, 3], [])
    plan = col.plan("corocchio(most_share=1.0, terms=2) >> bm25")
    text = plan.explain("wing")
    # b weighs 4/3 and c 1; of their words, each 1/sqrt(2) long, the two of b are the heaviest
    assert "1 in the click log" in text
    assert [line.split() for line in text.splitlines()[-3:]] == [
        ["0.4243", "aerofoil"],
        ["0.4243", "vibration"],
        ["0.4000", "wing"],
    ]
    sparse = "corocchio(field=s, most_share=1.0, terms=2) >> sparse(field=s)"
    found = scores(col, sparse, rocchio.query("wing", sparse={"s": {"wing": 1.0}}))
    assert found == pytest.approx({"b": 2 * 0.6 / 2**0.5, "d": 0.4 + 0.6 / 2**0.5, "a": 0.4}, abs=1e-4)


def test_without_bias_it_is_rocchio_with_the_clicked_documents_marked(col: Collection) -> None:
    log(col, "wing", [2])
    clicks = scores(col, "corocchio(eta=0, alpha=1.0, beta=0.75, most_share=1.0) >> bm25", "wing")
    marked = col.search("wing", plan="bm25 >> rocchio(most_share=1.0) >> bm25", relevant=["b"])
    assert clicks == pytest.approx({hit.doc_id: hit.score for hit in marked})
    clicks = scores(col, "vector_corocchio(field=w, eta=0, alpha=0.8, beta=0.2) >> dense(field=w, recall=1)", "wing")
    plan = "dense(field=w) >> vector_rocchio(field=w) >> dense(field=w, recall=1)"
    assert clicks == pytest.approx({hit.doc_id: hit.score for hit in col.search("wing", plan=plan, relevant=["b"])})


def test_queries_like_logged_ones(col: Collection) -> None:
    log(col, "wing flutter", [2])
    log(col, "wing heat", [3])
    words = "corocchio(most_share=1.0, neighbours=1) >> bm25"
    result = col.plan(words).run(["wing   flutter", "flutter wing", "flutter", "unheard of"])
    # the second has the words of the first, the third is nearest to it, nothing is like the fourth
    assert result.trace.steps[0].note == "1 in the click log, 2 by queries like them; 1 without feedback unchanged"
    assert result.run[0] == result.run[1]
    assert "b" in dict(result.run[2])
    assert result.run[3] == []
    both = scores(col, "corocchio(most_share=1.0, least_similarity=0) >> bm25", "wing")
    assert {"b", "c"} <= both.keys()
    none = scores(col, "corocchio(most_share=1.0, neighbours=0) >> bm25", "wing")
    assert none.keys() == {"a", "d"}


def test_neighbours_by_the_encoder(col: Collection) -> None:
    log(col, "wing wing", [2])
    log(col, "heat", [3])
    found = scores(col, "vector_corocchio(field=w) >> dense(field=w, recall=1)", "a wing")
    assert max(found, key=found.__getitem__) == "b"
    result = col.plan("vector_corocchio(field=w) >> dense(field=w)").run(["flutter", "aerofoil"])
    assert result.trace.steps[0].note == "0 in the click log, 0 by queries like them; 2 without feedback unchanged"
    # the field v has no encoder: queries are compared by their words
    near = col.plan("vector_corocchio(field=v) >> dense(field=v)").run([asked("wing")])
    assert near.trace.steps[0].note.startswith("0 in the click log, 1 by")


def test_documents_that_are_gone_are_left_out(col: Collection) -> None:
    log(col, "wing", [2, 3])
    col.delete("b")
    col.commit()
    found = scores(col, "corocchio(most_share=1.0) >> bm25", "wing")
    assert found.keys() == {"a", "c", "d"}
    col.delete(["c", "d"])
    col.commit()
    result = col.plan("bm25 >> corocchio(most_share=1.0) >> bm25").run(["wing"])
    assert result.trace.steps[1].note == "1 in the click log, 0 by queries like them; 1 without feedback unchanged"


def test_without_a_log_queries_stay_as_they_are(col: Collection) -> None:
    assert scores(col, "corocchio >> bm25", "wing") == scores(col, "bm25", "wing")
    assert scores(col, "corocchio(propensities=estimated) >> bm25", "wing") == scores(col, "bm25", "wing")
    log(col, "wing", [])
    assert scores(col, "corocchio >> bm25", "wing") == scores(col, "bm25", "wing")


def test_estimated_propensities(col: Collection) -> None:
    log(col, "wing", *[[1]] * 60, *[[]] * 40, shown="bc")
    log(col, "wing", *[[2]] * 30, *[[]] * 170, shown="ab")
    estimate = col.click_statistics().propensities
    assert estimate is not None
    assert estimate.ranks[1] == pytest.approx(0.25)
    given = scores(col, "vector_corocchio(field=w, propensities=[1.0, 0.25]) >> dense(field=w)", "wing")
    assert scores(col, "vector_corocchio(field=w, propensities=estimated) >> dense(field=w)", "wing") == given
    col.log_clicks({"session": "s", "query": "x", "shown": ["a"], "clicked": [1]})
    assert col.click_statistics().impressions == 301  # and what was read before was not read again


def test_a_log_that_tells_no_propensities(col: Collection) -> None:
    log(col, "wing", [2])
    with refused(InvalidArgument, "expected documents that were shown at several ranks"):
        col.search("wing", plan="corocchio(propensities=estimated) >> bm25")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("eta=-1", "expected eta from 0 to 10"),
        ("propensities=[]", "expected propensities above 0"),
        ("propensities=[1.0, 0]", "expected propensities above 0"),
        ("propensities=[2.0]", "expected propensities from 0 to 1"),
        ("propensities=guessed", "expected propensities by rank"),
        ("clip=2", "expected clip from 0 to 1"),
        ("neighbours=-1", "expected neighbours from 0"),
        ("least_similarity=2", "expected least_similarity from 0 to 1"),
        ("alpha=-1", "expected alpha"),
        ("beta=-1", "expected beta"),
    ],
)
@pytest.mark.parametrize("step", ["corocchio", "vector_corocchio"])
def test_settings(step: str, settings: str, words: str) -> None:
    with refused(InvalidArgument, words):
        rocchio.parse_plan(f"{step}({settings})")


def test_marks_are_no_clicks(col: Collection) -> None:
    with refused(InvalidArgument, "expected a plan with feedback for marks"):
        col.search("wing", plan="corocchio >> bm25", relevant=["a"])


def test_plans_print_and_parse() -> None:
    for step in (rocchio.corocchio(propensities=[1, 0.5], eta=2), rocchio.vector_corocchio(propensities="estimated")):
        assert rocchio.parse_plan(str(step >> rocchio.bm25())) == step >> rocchio.bm25()
        assert hash(step) == hash(rocchio.parse_plan(str(step)))
    assert Corocchio(propensities=[1, 0.5]).propensities == (1.0, 0.5)
    assert str(rocchio.corocchio()) == "corocchio"
    assert VectorCorocchio().alpha == 0.4
