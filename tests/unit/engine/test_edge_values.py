"""Values at the edge of what Python, Arrow and float32 can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import rocchio
from rocchio.errors import InvalidArgument, SchemaMismatch


@pytest.fixture
def col(tmp_path: Path) -> rocchio.Collection:
    fields = {
        "text": rocchio.text(), "n": rocchio.number(), "i": rocchio.number(integer=True),
        "when": rocchio.date(), "tags": rocchio.keyword(), "yes": rocchio.bool(),
    }  # fmt: skip
    return rocchio.create(tmp_path / "c", fields=fields)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("n", 10**400, "float64 holds exactly"),
        ("n", float("nan"), "finite"),
        ("n", 2**53 + 1, "float64 holds exactly"),
        ("n", True, "expected a number"),
        ("i", 2**63, "64 bits"),
        ("i", 1.5, "whole number"),
        ("when", "yesterday", "ISO 8601"),
        ("tags", ["a", None], "list of strings"),
        ("tags", 5, "list of strings"),
        ("yes", "true", "true or false"),
        ("text", "\ud800", "lone surrogate"),
    ],
)
def test_unusable_values_are_refused_with_their_field(
    col: rocchio.Collection, field: str, value: Any, words: str
) -> None:
    with pytest.raises(SchemaMismatch, match=f"document 0: field '{field}': .*{words}"):
        col.add({"doc_id": "a", field: value})


@pytest.mark.parametrize(
    "column",
    [
        ("when", pa.array([2**62], pa.timestamp("us", "UTC"))),
        ("when", pa.array([2**40], pa.timestamp("s"))),
        ("tags", pa.array([["a", None]], pa.list_(pa.string()))),
        ("n", pa.array([float("inf")])),
        ("text", pa.array([b"\xff"], pa.binary()).view(pa.string())),
    ],
)
def test_unusable_arrow_values_are_refused(col: rocchio.Collection, column: tuple[str, pa.Array]) -> None:
    name, values = column
    with pytest.raises(SchemaMismatch, match=f"field '{name}'"):
        col.add(pa.table({"doc_id": ["a"], name: values}))
    summary = col.add(pa.table({"doc_id": ["a"], name: values}), on_error="skip")
    assert (summary.added, summary.rejected) == (0, 1)


@pytest.mark.parametrize("table", [pa.table({}), pa.table({"text": ["x"]}), pa.Table.from_arrays(
    [pa.array(["a"]), pa.array(["x"]), pa.array(["y"])], names=["doc_id", "text", "text"])])  # fmt: skip
def test_arrow_columns_must_be_distinct_and_have_ids(col: rocchio.Collection, table: pa.Table) -> None:
    if table.num_columns == 0:
        assert col.add(table).added == 0
        return
    with pytest.raises(SchemaMismatch, match="doc_id"):
        col.add(table)


def test_lone_surrogates_are_refused_everywhere(col: rocchio.Collection) -> None:
    for call in (
        lambda: col.search("\ud800"), lambda: col.search({"\ud800": 1.0}), lambda: col.get("\ud800"),
        lambda: col.delete("\ud800"), lambda: col.terms("\ud800"), lambda: col.explain("a", "\ud800"),
    ):  # fmt: skip
        with pytest.raises(InvalidArgument, match="lone surrogate"):
            call()
    assert "\ud800" not in col


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e31, 10**400, "1", None, True])
def test_weights_are_bounded_numbers(col: rocchio.Collection, weight: Any) -> None:
    with pytest.raises(InvalidArgument, match="weights"):
        col.search({"term": weight})


@pytest.mark.parametrize("variant", ["lucene", "bm25l", "bm25+", "anserini"])
@pytest.mark.parametrize("k1", [0.0, 1e-9, 0.9])
@pytest.mark.parametrize("delta", [0.5, 1000.0])
def test_large_constants_and_vanishing_parts_keep_the_ranking_exact(
    tmp_path: Path, variant: str, k1: float, delta: float
) -> None:
    """With a large delta scores differ by less than float32 can tell: ties, which doc_id must break."""
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    col.add({"doc_id": f"{(i * 7919) % 3001:04}", "text": "x " * (1 + i % 250) + "y " * (i % 31)} for i in range(3000))
    col.commit()
    scoring = rocchio.Bm25(k1=k1, variant=variant, delta=delta)
    for k in (1, 10, 100):
        plain = col.search(["x", "x y"], k=k, scoring=scoring, kernel="reference")
        assert col.search(["x", "x y"], k=k, scoring=scoring).doc_ids == plain.doc_ids


def test_a_run_is_a_sequence(col: rocchio.Collection) -> None:
    col.add([{"doc_id": "a", "text": "red"}, {"doc_id": "b", "text": "red blue"}])
    col.commit()
    run = col.search(["red", "blue", "none"])
    assert [len(hits) for hits in run] == [2, 1, 0]
    assert run[:2].query_ids == ["0", "1"]
    assert repr(run) == "<rocchio.Run 'bm25(k1=0.9,b=0.4)': 3 queries, 3 hits>"
    with pytest.raises(InvalidArgument, match="found one twice"):
        col.search(["red", "blue"], query_ids=["1", "1"])


def test_an_explanation_prints_a_line_per_term(col: rocchio.Collection) -> None:
    col.add([{"doc_id": "a", "text": "red red"}, {"doc_id": "b", "text": "blue"}])
    col.commit()
    first, last = str(col.search("red")[0].why()).splitlines()
    assert first.endswith("red: weight 1, idf 0.693, in 1 documents, 2 in text")
    assert last.endswith("a: bm25(k1=0.9, b=0.4), 2 tokens, 1.5 on average")
