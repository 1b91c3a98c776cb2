"""Filters hold in both passes of every kind of feedback: what they refuse leaves no trace in better queries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio.engine.collection import Collection
from rocchio.feedback import METHODS, Expansion

COUNT = 60
WHERE = "kind = 'in'"
LEXICAL = [method.name for method in METHODS if issubclass(method, Expansion)]
WORDS = ["tail", "spar", "rib", "flap", "slat", "hull"]


def encode(texts: list[str]) -> Any:
    """Counts of words, and in the last dimension of those that only refused documents have."""
    words = ["wing", *WORDS]
    return np.array([[*(text.count(word) for word in words), text.count("leak")] for text in texts], np.float32)


def record(number: int) -> dict[str, Any]:
    """Every other document is refused: its words say so, and it is the better match."""
    is_in = number % 2 == 0
    own = WORDS[number // 2 % 6] if is_in else f"leak{'abcdefghijk'[number // 2 % 11]}"
    text = " ".join(["wing"] * (1 if is_in else 3) + [own, WORDS[number % 5]])
    return {"doc_id": f"d{number:02}", "kind": "in" if is_in else "out", "text": f"{text}. {own} {own} wing."}


@pytest.fixture(scope="module", params=["documents", "passages"])
def col(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    text = (
        rocchio.text(passages=rocchio.passages(tokens=6, overlap=1)) if request.param == "passages" else rocchio.text()
    )
    fields = {"text": text, "kind": rocchio.keyword(), "v": rocchio.vector(encoder=encode, source="text", metric="ip")}
    made = rocchio.create(tmp_path_factory.mktemp("masks") / "c", fields=fields)
    for part in (0, 1):
        made.add(record(number) for number in range(COUNT) if number % 3 // 2 == part)
        made.commit()
    made.delete(["d00", "d01", "d02"])
    made.commit()
    shown = [f"d{number:02}" for number in range(3, 13)]
    made.log_clicks({"session": "s", "query": "wing", "shown": shown, "clicked": [rank]} for rank in range(1, 10))
    return made


@pytest.mark.parametrize("name", LEXICAL)
def test_words_come_from_documents_that_the_filter_allows(col: Collection, name: str) -> None:
    plan = col.plan(f"bm25 >> {name} >> bm25")
    if name in ("rm3_terrier", "kl", "bo1", "kl_correct", "bm25prf"):
        plan = col.plan(f"bm25 >> {name}(docs=20) >> bm25")
    query = "tail" if name == "axiomatic" else "wing"  # where a word stands everywhere it tells that method nothing
    assert "leak" in plan.explain(query), "without a filter its words come from all documents"
    assert "leak" not in plan.explain(query, where=WHERE)
    run = plan.run([query, query], where=[WHERE, "kind = 'out'"]).run
    assert all(int(doc_id[1:]) % 2 == 0 for doc_id in run.doc_ids[0])
    assert run.doc_ids[1]
    assert all(int(doc_id[1:]) % 2 == 1 for doc_id in run.doc_ids[1])


@pytest.mark.parametrize("name", ["vector_average", "vector_rocchio", "vector_corocchio", "reencode"])
def test_vectors_come_from_documents_that_the_filter_allows(col: Collection, name: str) -> None:
    """What is refused lies in a dimension that the query and what is allowed do not have."""
    step = rocchio.parse_plan(f"dense(recall=1) >> {name} >> dense(recall=1)")
    probe = rocchio.query("wing", vectors={"v": encode(["wing"])[0]}) if name != "reencode" else "wing"
    moved = _refined(col, step, probe, {})
    assert moved[-1] > 0, "without a filter the query moves towards all documents"
    assert _refined(col, step, probe, {"where": WHERE})[-1] == 0


def _refined(col: Collection, step: Any, query: Any, options: dict[str, Any]) -> np.ndarray:
    """The vector of the last search."""
    from rocchio.engine.plan import _Prepared

    vector = _Prepared(col.snapshot(), step, query, 5, options).final.vectors["v"]
    return encode([vector])[0] if isinstance(vector, str) else np.asarray(vector)


def test_marks_count_whatever_the_filter_says(col: Collection) -> None:
    """Who marks a document has looked at it; answers still keep to the filter."""
    plan = col.plan("bm25 >> rocchio(most_share=1.0) >> bm25")
    said = plan.explain("wing", where=WHERE, relevant=["d05"])
    assert "leak" in said
    hits = plan.search("wing", 50, where=WHERE, relevant=["d05"])
    assert all(int(hit.doc_id[1:]) % 2 == 0 for hit in hits)


def test_progressive_rounds_keep_to_the_filter(col: Collection) -> None:
    for field in (None, "v"):
        result = col.proqe("wing", lambda *_: True, rounds=4, most_share=1.0, field=field, where=WHERE)
        seen = [each.doc_id for each in result.trace.rounds] + [hit.doc_id for hit in result.hits]
        assert len(result.trace.rounds) == 4
        assert all(int(doc_id[1:]) % 2 == 0 for doc_id in seen)
        assert not any("leak" in word for word in result.trace.weights)
