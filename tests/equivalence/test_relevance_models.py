"""The kernels' relevance models equal the plain formula, bit for bit; scores that are no likelihoods say nothing."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.equivalence.test_feedback import BOOSTS, build, documents, filters, gone, live

import rocchio
from rocchio.engine.feedback_terms import Places, SearcherStatistics, gather, relevance_models
from rocchio.feedback import METHODS, Rm3, TermFilter

scores = st.one_of(st.floats(-3, 30), st.sampled_from([0.0, 1.0, 2.5]))


def places_of(snapshot: Any, feedback: list[str], scored: list[float]) -> Places:
    at = [snapshot.locate(doc_id) for doc_id in feedback]
    segments = np.array([segment for segment, _ in at], np.uint32)
    rows = np.array([row for _, row in at], np.uint32)
    return Places(segments, rows, np.array(scored[: len(at)], np.float64), len(at))


@settings(max_examples=40)
@given(
    documents, gone, filters, st.integers(1, 4), st.integers(1, 6),
    st.sampled_from([BOOSTS, {"title": 0.3, "text": 0.7}, {"text": 1.0}]), st.sampled_from([1.0, 3.0]), st.data(),
)  # fmt: skip
def test_models_are_those_of_the_formula(
    docs: dict[str, Any], deleted: set[int], accepted: TermFilter, commits: int, terms: int,
    boosts: dict[str, float], scale: float, data: Any,
) -> None:  # fmt: skip
    kept, removed = live(docs, deleted)
    ids = st.lists(st.sampled_from(sorted(kept)), max_size=6, unique=True) if kept else st.just([])
    with TemporaryDirectory() as folder:
        snapshot = build(Path(folder) / "c", docs, commits, removed).snapshot()
        searcher = snapshot.searcher(rocchio.Bm25(), boosts)
        statistics = SearcherStatistics(searcher, len(snapshot), lambda: 0.0, scale)
        drawn = [(data.draw(ids), data.draw(st.lists(scores, min_size=6, max_size=6))) for _ in range(3)]
        places = [places_of(snapshot, feedback, scored) for feedback, scored in drawn]
        method = Rm3(terms=terms)
        plain = [method.model(found) for found in gather(statistics, [{}] * 3, places, accepted)]
        fast = relevance_models(statistics, places, accepted, terms)
        assert [list(model.items()) for model in fast] == [list(model.items()) for model in plain]
        turned = [Places(each.segments[::-1], each.rows[::-1], each.scores[::-1], each.positive) for each in places]
        assert relevance_models(statistics, turned, accepted, terms) == fast


def test_a_distance_is_no_likelihood(tmp_path: Path) -> None:
    """RM3 after a search by distance leaves the query as it is and says so; RM3 of Terrier takes any scores."""
    fields = {"text": rocchio.text(), "v": rocchio.vector(2, metric="l2")}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    texts = ["wing tail", "wing rib", "spar flap", "flap tail"]
    col.add({"doc_id": f"d{n}", "text": text, "v": [n, 1.0]} for n, text in enumerate(texts))
    col.commit()
    query = rocchio.query("wing", vectors={"v": [0.0, 0.0]})
    result = col.plan("dense >> rm3(most_share=1.0) >> bm25").run([query, query])
    assert "2 unchanged, all of whose documents score 0 or less" in result.trace.steps[1].note
    assert list(result.run[0]) == [(hit.doc_id, hit.score) for hit in col.search("wing")]
    marked = col.plan("dense >> rm3(most_share=1.0) >> bm25").run([query], relevant={"0": ["d2"]})
    assert marked.trace.steps[1].note == ""
    assert "d2" in marked.run.doc_ids[0]
    assert col.plan("bm25 >> rm3(most_share=1.0) >> bm25").run(["wing"]).trace.steps[1].note == ""


@pytest.mark.parametrize("name", [method.name for method in METHODS if method.name != "reencode"])
def test_nothing_found_leaves_the_query_and_the_trace_says_so(tmp_path: Path, name: str) -> None:
    fields = {"text": rocchio.text(), "v": rocchio.vector(2)}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    col.add([{"doc_id": "a", "text": "wing", "v": [1.0, 0.0]}])
    col.commit()
    query = rocchio.query({"absent": 1.0}, vectors={"v": [0.0, 1.0]})
    last = "dense" if name.startswith("vector") else "bm25"
    result = col.plan(f"bm25 >> {name} >> {last}").run([query])
    assert "1 without feedback unchanged" in result.trace.steps[-2].note
    assert result.run.doc_ids[0] == col.plan(last).run([query]).run.doc_ids[0]


def test_places_are_checked(tmp_path: Path) -> None:
    searcher = build(tmp_path / "c", {"a": {"title": "wing", "text": ""}}, 1).snapshot().searcher(rocchio.Bm25(), None)
    offsets, zeros, rest = np.array([0, 1], np.uint64), np.zeros(1, np.uint32), (0, 9, 0, 0, 9, 0, 1.0, 0.0, 5)
    assert len(searcher.relevance_models(offsets, zeros, zeros, np.ones(1), *rest)[3]) == 1
    with pytest.raises(IndexError, match="rows of the snapshot's segments"):
        searcher.relevance_models(offsets, zeros, zeros + 1, np.ones(1), *rest)
    with pytest.raises(ValueError, match="a score for every row"):
        searcher.relevance_models(offsets, zeros, zeros, np.ones(2), *rest)
