"""Every variant, kernel, segmentation and query kind equals the plain reference."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import reference

import rocchio

VARIANTS = ["robertson", "lucene", "atire", "bm25l", "bm25+", "anserini"]
WORDS = ["a", "b", "c", "d", "e", "f", "g", "zz"]

texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
documents = st.dictionaries(
    st.text(alphabet="abcdé0-", min_size=1, max_size=4),
    st.fixed_dictionaries({"title": texts, "text": texts}),
    min_size=1,
    max_size=25,
)
weights = st.dictionaries(
    st.sampled_from([*WORDS, "absent"]), st.floats(-2, 3).map(lambda w: round(w, 3)), min_size=1, max_size=6
)
scorings = st.builds(
    rocchio.Bm25,
    k1=st.sampled_from([0.0, 0.9, 1.5]),
    b=st.sampled_from([0.0, 0.4, 1.0]),
    variant=st.sampled_from(VARIANTS),
    delta=st.sampled_from([0.5, 1.0]),
)


def build(folder: Path, docs: dict[str, dict[str, str]], boost: float, commits: int) -> rocchio.Collection:
    fields = {"title": rocchio.text(boost=boost), "text": rocchio.text()}
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    records = [{"doc_id": doc_id, **fields} for doc_id, fields in docs.items()]
    step = -(-len(records) // commits)
    for first in range(0, len(records), step):
        col.add(records[first : first + step])
        col.commit()
    return col


def found(hits: list[Any]) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


@given(documents, weights, scorings, st.sampled_from([1.0, 2.0, 0.3]), st.integers(1, 4))
def test_search_equals_the_reference(
    docs: dict[str, dict[str, str]], query: dict[str, float], scoring: rocchio.Bm25, boost: float, commits: int
) -> None:
    with TemporaryDirectory() as folder:
        col = build(Path(folder) / "c", docs, boost, commits)
        for kernel in ("automatic", "pruned", "exhaustive", "reference"):
            hits = col.search(query, k=100, scoring=scoring, kernel=kernel)
            expected = reference.search(
                docs, query, {"title": boost, "text": 1.0}, str.split,
                variant=scoring.variant, k1=scoring.k1, b=scoring.b, delta=scoring.delta,
            )  # fmt: skip
            assert reference.same_ranking(found(hits), expected), (found(hits), expected)
            for hit in hits:
                assert hit.why().score == pytest.approx(hit.score, rel=1e-6)


@given(documents, texts, st.sampled_from(["title", "text"]))
def test_a_search_in_one_field_sees_only_that_field(docs: dict[str, dict[str, str]], query: str, field: str) -> None:
    terms: dict[str, float] = {}
    for word in query.split():
        terms[word] = terms.get(word, 0.0) + 1.0
    with TemporaryDirectory() as folder:
        col = build(Path(folder) / "c", docs, 2.0, 2)
        hits = col.search(query, k=100, field={field: 1.0})
        assert reference.same_ranking(found(hits), reference.search(docs, terms, {field: 1.0}, str.split))


@given(documents, weights, st.integers(1, 30))
def test_top_k_is_the_head_of_the_full_ranking(
    docs: dict[str, dict[str, str]], query: dict[str, float], k: int
) -> None:
    with TemporaryDirectory() as folder:
        col = build(Path(folder) / "c", docs, 1.0, 1)
        assert found(col.search(query, k=k)) == found(col.search(query, k=1000, kernel="reference"))[:k]


@given(documents, documents, st.sets(st.integers(0, 24), max_size=10), weights)
def test_segmentation_deletion_and_compaction_do_not_change_scores(
    docs: dict[str, dict[str, str]], newer: dict[str, dict[str, str]], gone: set[int], query: dict[str, float]
) -> None:
    """Ten commits, upserts and deletes, before and after compaction, score exactly like one clean batch."""
    with TemporaryDirectory() as folder:
        col = build(Path(folder) / "many", docs, 2.0, 10)
        col.upsert([{"doc_id": doc_id, **fields} for doc_id, fields in newer.items()])
        final = {**docs, **newer}
        deleted = [doc_id for index, doc_id in enumerate(sorted(final)) if index in gone]
        col.delete(deleted)
        col.commit()
        final = {doc_id: fields for doc_id, fields in final.items() if doc_id not in deleted}
        before = found(col.search(query, k=100))
        col.compact()
        assert found(col.search(query, k=100)) == before
        if final:
            clean = build(Path(folder) / "one", final, 2.0, 1)
            assert found(clean.search(query, k=100)) == before
        else:
            assert before == []
        assert col.verify().ok
