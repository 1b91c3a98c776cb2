"""Queries of several parts: each is searched in its own index, the answers are fused and explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio import Collection
from rocchio.errors import InvalidArgument, NotFound
from rocchio.fusion import RankedList, ZNorm, as_fusion, fuse_lists, parse_fusion
from rocchio.types import Run

DOCUMENTS = [
    {"doc_id": "a", "text": "wing flutter", "v": [1.0, 0.0], "s": {"x": 1.0}},
    {"doc_id": "b", "text": "wing", "v": [0.0, 1.0], "s": {"y": 1.0}},
    {"doc_id": "c", "text": "tail", "v": [1.0, 1.0], "s": {"x": 2.0}},
    {"doc_id": "d", "text": "flutter of a tail"},
    {"doc_id": "e", "text": "propeller"},
]
VECTOR = [0.1, 1.0]


@pytest.fixture
def col(tmp_path: Path) -> Collection:
    fields = {
        "text": rocchio.text(),
        "v": rocchio.vector(2),
        "w": rocchio.vector(2, metric="ip"),
        "s": rocchio.sparse(),
    }
    col = rocchio.create(tmp_path / "c", fields=fields)
    for first in (0, 2):  # two segments
        col.add(DOCUMENTS[first : first + 2] if first == 0 else DOCUMENTS[first:])
        col.commit()
    return col


def by_hand(col: Collection, lists: list[tuple[Run, int]], fusion: str, number: int = 0) -> list[tuple[str, float]]:
    ranked = [
        RankedList(run.doc_ids[number], run.scores[number], whole and max(0, whole - len(run.scores[number])))
        for run, whole in lists
    ]
    doc_ids, scores = fuse_lists(ranked, parse_fusion(fusion), 10)
    return list(zip(doc_ids, scores.tolist(), strict=True))


@pytest.mark.parametrize("fusion", ["znorm(0.4, 0.6)", "rrf", "minmax", "combmnz", "borda", "combsum(1, 0)"])
def test_answers_are_the_fusion_of_the_parts(col: Collection, fusion: str):
    hits = col.search(rocchio.query("wing flutter", vectors={"v": VECTOR}), fusion=fusion)
    expected = by_hand(col, [(col.search(["wing flutter"]), 5), (col.search([VECTOR], field="v"), 0)], fusion)
    assert [(hit.doc_id, hit.score) for hit in hits] == expected
    assert len({hit.doc_id for hit in hits}) == 4


def test_a_list_is_like_its_queries_one_by_one(col: Collection):
    queries = [
        rocchio.query("wing", vectors={"v": VECTOR}),
        rocchio.query("tail"),
        rocchio.query(vectors={"v": np.array([1.0, 0.0], np.float32)}),
        rocchio.query({"tail": 2.0}, vectors={"v": [1, 1]}),
    ]
    fusion = "minmax(0.4, 0.6)"
    run = col.search(iter([queries[0], *queries[2:3]]), fusion=fusion, threads=2)
    assert isinstance(run, Run)
    assert run.name == "minmax(0.4,0.6)"
    single = col.search(queries[0], fusion=fusion)
    assert run[0] == [(hit.doc_id, hit.score) for hit in single]
    named = col.search(queries[:3], 2, query_ids=["x", "y", "z"], fusion=fusion)
    assert named.query_ids == ["x", "y", "z"]
    assert list(map(len, named.doc_ids)) == [2, 2, 2]
    assert [hit.doc_id for hit in col.search(queries[1])] == [hit.doc_id for hit in col.search("tail")]
    weighted = col.search(queries[3], fusion=fusion)
    expected = by_hand(col, [(col.search([{"tail": 2.0}]), 5), (col.search([[1, 1]], field="v"), 0)], fusion)
    assert [(hit.doc_id, hit.score) for hit in weighted] == expected


def test_three_parts(col: Collection):
    query = rocchio.query("wing", vectors={"v": VECTOR}, sparse={"s": {"x": 1.0}})
    hits = col.search(query)
    lists = [
        (col.search(["wing"]), 5),
        (col.search([{"x": 1.0}], field="s"), 5),
        (col.search([VECTOR], field="v"), 0),
    ]
    assert [(hit.doc_id, hit.score) for hit in hits] == by_hand(col, lists, "znorm(0.4, 0.3, 0.3)")
    assert [part.name for part in hits[0].why().lists] == ["text", "s", "v"]


def test_hits_have_fields_and_vectors(col: Collection):
    hit = col.search(rocchio.query("flutter", vectors={"v": VECTOR}), 1)[0]
    assert hit.fields["text"] == DOCUMENTS["abcde".index(hit.doc_id)]["text"]
    assert col.search(rocchio.query("propeller"))[0].vector("v") is None


def test_why_says_what_each_part_adds(col: Collection):
    query = rocchio.query("wing flutter", vectors={"v": VECTOR})
    words = {hit.doc_id: (rank, hit) for rank, hit in enumerate(col.search("wing flutter"), start=1)}
    near = {hit.doc_id: (rank, hit) for rank, hit in enumerate(col.search(VECTOR, field="v"), start=1)}
    for hit in col.search(query):
        why = hit.why()
        assert (why.doc_id, why.score, why.scoring, why.terms) == (hit.doc_id, hit.score, "znorm(0.4, 0.6)", ())
        assert float(np.float32(sum(part.added for part in why.lists))) == hit.score
        assert [part.name for part in why.lists] == ["text", "v"]
        for part, found in zip(why.lists, (words, near), strict=True):
            if hit.doc_id in found:
                rank, alone = found[hit.doc_id]
                assert (part.rank, part.score, part.why) == (rank, alone.score, alone.why())
            else:
                assert (part.rank, part.score, part.why, part.added) == (None, None, None, 0.0)
        assert col.explain(query, hit.doc_id) == why
    shown = str(col.explain(query, "d"))
    assert "v: not in its list" in shown
    assert "text: rank 3, score" in shown
    assert shown.endswith("d: znorm(0.4, 0.6)")


def test_options_go_to_the_parts_that_take_them(col: Collection):
    query = rocchio.query("wing", vectors={"v": VECTOR}, sparse={"s": {"x": 1.0, "y": 0.1}})
    why = col.search(query, scoring="bm25(k1=2, b=0)", field={"text": 2.0}, alpha=0.9, recall=0.9, query_cut=1)[0].why()
    assert why.lists[0].why is not None
    assert why.lists[0].why.scoring == "bm25(k1=2, b=0)"
    assert col.search(query, query_cut=1)[0].why().lists[1].rank is None
    assert col.explain(query, "a", scoring="bm25(k1=2, b=0)", fusion="rrf", depth=2).scoring == "rrf(k=60)"


def test_depth_limits_what_is_fused(col: Collection):
    query = rocchio.query("wing", vectors={"v": VECTOR})
    assert len(col.search(query, depth=1)) == 1
    assert len(col.search(query)) == 3


def test_documents_without_the_words_score_0_unless_the_scoring_gives_them_more(col: Collection):
    query = rocchio.query("wing", vectors={"v": VECTOR})
    lists = [(col.search(["wing"], scoring="bm25(variant=bm25+)"), 0), (col.search([VECTOR], field="v"), 0)]
    for scoring in ("bm25(variant=bm25+)", rocchio.Bm25(variant="bm25+")):
        found = [(hit.doc_id, hit.score) for hit in col.search(query, scoring=scoring)]
        assert found == by_hand(col, lists, "znorm(0.4, 0.6)")


def test_a_part_that_is_none_finds_nothing_and_keeps_its_weight(col: Collection):
    query = rocchio.query("tail", vectors={"v": None}, sparse={"s": None})
    run = col.search([query], fusion="znorm(0.5, 0.2, 0.3)")
    assert run.doc_ids == [[hit.doc_id for hit in col.search("tail")]]
    assert [part.name for part in col.search(query)[0].why().lists] == ["text", "s", "v"]


def test_the_default_fusion(col: Collection):
    assert col.search([rocchio.query("a", vectors={"v": VECTOR})]).name == "znorm(0.4,0.6)"
    assert col.search([rocchio.query(vectors={"v": VECTOR, "w": VECTOR})]).name == "znorm"
    assert as_fusion("znorm") == ZNorm()
    assert col.search([rocchio.query("tail")]).doc_ids == [[hit.doc_id for hit in col.search("tail")]]


QUERY = rocchio.query("wing", vectors={"v": VECTOR})


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (lambda col: rocchio.query(), ("text, vectors or sparse", "none")),
        (lambda col: rocchio.query(vectors={"v": None}), ("text, vectors or sparse", "none")),
        (lambda col: rocchio.query(VECTOR), ("text", "list", "name a vector's field")),
        (lambda col: rocchio.query("x", vectors=VECTOR), ("vectors as {field: value}", "list")),
        (lambda col: rocchio.query("x", sparse=[1]), ("sparse as {field: value}", "list")),
        (lambda col: col.search([QUERY, "wing"]), ("rocchio.query", "str")),
        (lambda col: col.search("wing", fusion="rrf"), ("fusion only", "rocchio.query")),
        (lambda col: col.search(["wing"], depth=10), ("depth only", "rocchio.query")),
        (lambda col: col.explain("wing", "a", depth=10), ("depth only", "rocchio.query")),
        (lambda col: col.explain([QUERY], "a"), ("one query to explain", "1")),
        (lambda col: col.search(rocchio.query("x", vectors={"z": VECTOR})), ("vector fields of v, w", "found z")),
        (lambda col: col.search(rocchio.query("x", sparse={"v": {"x": 1}})), ("sparse fields of s", "found v")),
        (lambda col: col.search(rocchio.query("x", vectors={"v": [1.0]})), ("2 numbers", "'v'")),
        (lambda col: col.search(QUERY, fusion="znorm(1, 2, 3)"), ("2 weights", "found 3")),
        (lambda col: col.search(QUERY, fusion=60), ("fusion like", "60")),
        (lambda col: col.search(QUERY, depth=0), ("depth of at least 1", "0")),
        (lambda col: col.search(QUERY, min_score=0.5), ("no min_score", "text, v")),
        (lambda col: col.search(QUERY, alpha=0.5), ("no alpha", "text, v")),
        (lambda col: col.search(rocchio.query("x"), recall=1), ("no recall", "text")),
        (lambda col: col.search(rocchio.query(vectors={"v": VECTOR}), scoring="bm25"), ("no scoring", "v")),
        (lambda col: col.search(QUERY, field="v"), ("field of text fields", "'v'")),
        (lambda col: col.search([QUERY], query_ids=["a", "b"]), ("1 query_ids", "found 2")),
    ],
)
def test_refusals(col: Collection, search: Callable[[Collection], Any], words: tuple[str, ...]):
    with refused(InvalidArgument, *words):
        search(col)


def test_a_document_that_no_part_has_found_cannot_be_explained(col: Collection):
    with refused(NotFound, "'e'", "first 1,000", "raise depth"):
        col.explain(QUERY, "e")


def test_an_explanation_takes_what_a_score_depends_on(col: Collection):
    with refused(InvalidArgument, "options of field, scoring, fusion, depth", "found k"):
        col.explain("wing", "a", k=5)  # type: ignore[call-arg]
