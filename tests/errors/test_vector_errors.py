"""Errors about vector fields: what was expected, found and to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.errors import BadRecord, InvalidArgument, NotFound, SchemaMismatch


@pytest.fixture
def col(tmp_path: Path) -> rocchio.Collection:
    fields = {"text": rocchio.text(), "v": rocchio.vector(3), "w": rocchio.vector(2, metric="l2")}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    col.add([{"doc_id": "a", "text": "alpha", "v": [1.0, 0.5, 0.0]}, {"doc_id": "b", "w": [1, 0]}])
    col.commit()
    return col


@pytest.mark.parametrize("query", ["alpha", ["alpha"], {"alpha": 1.0}, 3, None, [["a"]]])
def test_only_vectors_search_a_vector_field(col: rocchio.Collection, query: Any) -> None:
    with refused(InvalidArgument, "expected vectors to search the vector field 'v'", "found", "encode texts"):
        col.search(query, field="v")


@pytest.mark.parametrize("query", [[1.0, 2.0], np.ones((2, 4)), np.ones((1, 1, 3)), np.ones((3, 0)), np.float32(1)])
def test_queries_of_another_dimension(col: rocchio.Collection, query: Any) -> None:
    shape = str(np.shape(query))
    with refused(InvalidArgument, "expected queries of 3 numbers", "'v'", f"an array of shape {shape}", "(n, 3)"):
        col.search(query, field="v")


def test_queries_that_are_no_direction_or_not_finite(col: rocchio.Collection) -> None:
    with refused(InvalidArgument, "query 1: expected a vector with a direction", "found zeros"):
        col.search([[1, 2, 3], [0, 0, 0]], field="v")
    with refused(InvalidArgument, "query 0: expected finite numbers", "found nan at position 1"):
        col.search([0.0, float("nan")], field="w")
    assert [hit.doc_id for hit in col.search([0, 0], field="w")] == ["b"]


@pytest.mark.parametrize("recall", [0, -0.5, 1.01, "1", True, float("nan")])
def test_bad_recall(col: rocchio.Collection, recall: Any) -> None:
    with refused(InvalidArgument, "expected recall above 0 and at most 1", f"found {recall!r}", "1 is exact"):
        col.search([1, 2, 3], field="v", recall=recall)


@pytest.mark.parametrize("least", ["1", True, float("nan"), float("inf")])
def test_bad_min_score(col: rocchio.Collection, least: Any) -> None:
    with refused(InvalidArgument, "expected a finite number as min_score", f"found {least!r}", "leave it out"):
        col.search([1, 2, 3], field="v", min_score=least)


@pytest.mark.parametrize("option", ["recall", "min_score"])
def test_options_of_vector_fields_only(col: rocchio.Collection, option: str) -> None:
    with refused(InvalidArgument, f"expected {option} only with a vector field", "leave it out"):
        col.search("alpha", **{option: 0.5})  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("option", "value"), [("scoring", "bm25"), ("alpha", 0.5), ("query_cut", 3), ("kernel", "pruned")]
)
def test_options_of_other_fields(col: rocchio.Collection, option: str, value: Any) -> None:
    with refused(InvalidArgument, f"expected no {option} with the vector field 'v'", "metric is the scoring"):
        col.search([1, 2, 3], field="v", **{option: value})  # type: ignore[call-overload]


@pytest.mark.parametrize("k", [0, -1, 1.5, "10", True])
def test_bad_k(col: rocchio.Collection, k: Any) -> None:
    with refused(InvalidArgument, "expected k of at least 1", f"found {k!r}"):
        col.search([1, 2, 3], field="v", k=k)


def test_threads_and_query_ids(col: rocchio.Collection) -> None:
    with refused(InvalidArgument, "expected threads of at least 1", "found 0"):
        col.search(np.ones((2, 3)), field="v", threads=0)
    with refused(InvalidArgument, "expected 2 query_ids", "found 1"):
        col.search(np.ones((2, 3)), field="v", query_ids=["q"])
    with refused(InvalidArgument, "expected query_ids as a list", "found int"):
        col.search(np.ones((2, 3)), field="v", query_ids=5)  # type: ignore[arg-type]


def test_more_than_there_are_is_no_error(col: rocchio.Collection) -> None:
    assert [hit.doc_id for hit in col.search([1, 0, 0], field="v", k=10**12)] == ["a"]
    assert len(col.search(np.empty((0, 3)), field="v")) == 0
    assert list(col.search(np.ones((2, 3)), field="v", k=5).doc_ids) == [["a"], ["a"]]


@pytest.mark.parametrize("field", [["v", "text"], ["v", "w"], {"text": 1.0, "v": 1.0}])
def test_fields_cannot_be_mixed(col: rocchio.Collection, field: Any) -> None:
    with refused(InvalidArgument, "expected one vector field or text fields", "found", "one by one"):
        col.search([1, 2, 3], field=field)


def test_no_boost_for_a_vector_field(col: rocchio.Collection) -> None:
    with refused(InvalidArgument, "expected no boost for the vector field 'v'", "its metric"):
        col.search([1, 2, 3], field={"v": 2.0})


def test_a_vector_needs_a_field(col: rocchio.Collection, tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected field= with a vector", "'v', 'w'"):
        col.search(np.ones(3))
    text = rocchio.create(tmp_path / "text", fields={"text": rocchio.text()})
    with refused(InvalidArgument, "expected a text", "found a vector", "no vector field"):
        text.search(np.ones(3))
    only = rocchio.create(tmp_path / "only", fields={"v": rocchio.vector(3)})
    with refused(InvalidArgument, "expected the name of a vector field to search", "field= of v"):
        only.search("alpha")


def test_bm25_names_the_step_for_what_is_no_text(col: rocchio.Collection, tmp_path: Path) -> None:
    for plan in ("bm25(field=v)", "bm25(field=[v])", "bm25(field=[text, v])", "bm25 >> rm3 >> bm25(field=v)"):
        with refused(
            InvalidArgument, "expected a text field in bm25(field=...)", "vector field 'v'", "use dense(field=v)"
        ):
            col.search("alpha", plan=plan)
    with refused(InvalidArgument, "expected text fields of text, found 'words'"):
        col.search("alpha", plan="bm25(field=words)")
    fields = {"v": rocchio.vector(3), "s": rocchio.sparse()}
    only = rocchio.create(tmp_path / "only", fields=fields)
    with refused(InvalidArgument, "expected a text field for bm25, found none; use dense(field=v) or sparse(field=s)"):
        only.search("alpha", plan="bm25")
    with refused(InvalidArgument, "found the sparse field 's'; use sparse(field=s)"):
        only.search("alpha", plan=rocchio.bm25(field="s"))


def test_vectors_that_are_not_there(col: rocchio.Collection) -> None:
    assert col.vector("b", "v") is None
    with refused(NotFound, "no doc_id 'z'"):
        col.vector("z", "v")
    with refused(InvalidArgument, "expected a vector field of v, w", "found 'text'"):
        col.vector("a", "text")
    with refused(InvalidArgument, "expected a vector field of v, w", "found 'text'"):
        col.search("alpha")[0].vector("text")
    with refused(NotFound, "expected a document with a vector in the field", "'b' has none"):
        col.explain([1, 2, 3], "b", field="v")
    with refused(InvalidArgument, "expected one vector to explain", "found 2"):
        col.explain(np.ones((2, 3)), "a", field="v")


def test_documents_are_named_with_the_reason(col: rocchio.Collection, tmp_path: Path) -> None:
    bad = [{"doc_id": "c", "v": [1, 2, 3]}, {"doc_id": "d", "v": [1, 2, float("nan")]}]
    with refused(SchemaMismatch, "document 1: field 'v': expected finite numbers", "found nan at position 2"):
        col.add(bad)
    matrix = np.ones((5000, 3), np.float32)
    matrix[4321, 1] = np.inf
    with refused(SchemaMismatch, "document 4321: field 'v'", "found inf at position 1"):
        col.add(rocchio.columns(doc_id=[f"x{row}" for row in range(5000)], v=matrix))
    col.rollback()
    (tmp_path / "docs.jsonl").write_text('{"doc_id": "c", "v": [1, 2, 3]}\n{"doc_id": "d", "v": [1, 2]}\n')
    with refused(BadRecord, "docs.jsonl:2: field 'v': expected a vector of 3 numbers, found 2"):
        col.add(tmp_path / "docs.jsonl")
    summary = col.add([*bad, {"doc_id": "e", "v": np.zeros(3)}], on_error="skip", rejects=tmp_path / "rejects.jsonl")
    assert (summary.added, summary.rejected) == (1, 2)
    rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert json.loads(rejects[1]["record"]) == {"doc_id": "e", "v": [0, 0, 0]}


def test_an_array_that_cannot_be_read(col: rocchio.Collection) -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            raise RuntimeError("its memory is gone")

    with refused(SchemaMismatch, "expected an array that can be read", "found Broken", "its memory is gone"):
        col.add({"doc_id": "x", "v": Broken()})


def test_columns_that_do_not_fit(col: rocchio.Collection) -> None:
    with refused(InvalidArgument, "expected columns of one length", "doc_id 2, v 3"):
        rocchio.columns(doc_id=["a", "b"], v=np.ones((3, 3)))
    with refused(InvalidArgument, "column 'v'", "expected an array (n, dim)", "shape (2, 3, 1)"):
        col.add(rocchio.columns(doc_id=["x", "y"], v=np.ones((2, 3, 1))))
    with refused(InvalidArgument, "column 'text'", "expected values of one type"):
        col.add(rocchio.columns(doc_id=["x", "y"], text=["a", 3]))
    for nothing in ("text", 3, None):
        with refused(InvalidArgument, "column 'v'", "found"):
            rocchio.columns(doc_id=["x"], v=nothing)
    with refused(InvalidArgument, "column 'v'", "expected a list or an array", "the single value"):
        rocchio.columns(doc_id=["x"], v=np.float32(1))
    with refused(SchemaMismatch, "document 0: field 'v': expected a vector of 3 numbers, found 2"):
        col.add(rocchio.columns(doc_id=["x", "y"], v=np.ones((2, 2))))
    with refused(SchemaMismatch, "one 'doc_id'"):
        col.add(rocchio.columns(v=np.ones((2, 3))))


def test_command_line(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from rocchio.cli.main import app

    (tmp_path / "docs.jsonl").write_text('{"_id": "a", "v": [1, 0]}\n{"_id": "b", "v": [0, 1]}\n')
    np.save(tmp_path / "q.npy", np.array([[1.0, 0.1]]))
    where, made = str(tmp_path / "c"), str(tmp_path / "run.trec")
    run = CliRunner().invoke
    assert run(app, ["index", str(tmp_path / "docs.jsonl"), where, "--vector", "v:2:l2"]).exit_code == 0
    done = run(
        app, ["search", where, "--vectors", str(tmp_path / "q.npy"), "--field", "v", "--recall", "1", "-o", made]
    )
    assert done.exit_code == 0
    assert [line.split()[2] for line in Path(made).read_text().splitlines()] == ["a", "b"]
    with refused(BadRecord, "expected an array of numbers", "numpy.save"):
        run(app, ["search", where, "--vectors", str(tmp_path / "docs.jsonl"), "--field", "v"], catch_exceptions=False)
    with refused(NotFound, "expected a file of vectors", "found nothing at", "check the path"):
        run(app, ["search", where, "--vectors", str(tmp_path / "no.npy"), "--field", "v"], catch_exceptions=False)
    np.savez(tmp_path / "several.npz", a=np.ones(2), b=np.ones(2))
    with refused(BadRecord, "expected one array", "found an archive"):
        run(app, ["search", where, "--vectors", str(tmp_path / "several.npz"), "--field", "v"], catch_exceptions=False)
    with refused(InvalidArgument, "expected --recall with vectors", "leave --recall out"):
        run(app, ["search", where, "alpha", "--recall", "1"], catch_exceptions=False)
    with refused(InvalidArgument, "expected a field with its dimension like v:384", "found 'v:x'"):
        run(app, ["index", str(tmp_path / "docs.jsonl"), f"{where}2", "--vector", "v:x"], catch_exceptions=False)


def test_ranges_and_groups(tmp_path: Path) -> None:
    fields = {
        "v": rocchio.vector(2),
        "p": rocchio.vector(2, metric="ip"),
        "t": rocchio.text(passages=rocchio.passages(tokens=8, overlap=2)),
        "e": rocchio.vector(dim=2, encoder=lambda texts: np.ones((len(texts), 2)), source="t"),
    }
    col = rocchio.create(tmp_path / "c", fields=fields, embedding_cache=False)
    col.add({"doc_id": f"d{row}", "t": "x", "v": [1, row], "p": [1, row]} for row in range(4))
    col.commit()
    for call in (lambda name: col.range_search(name, [1, 0], 0.5), lambda name: col.clusters(name, 2)):
        with refused(InvalidArgument, "expected a vector field", "found 't'"):
            call("t")
        with refused(InvalidArgument, "expected metric cosine or l2", "found ip", "min_score="):
            call("p")
        with refused(InvalidArgument, "one vector for each document", "found 'e'", "col.embed"):
            call("e")
    for radius in (-1, np.nan, np.inf, "near", None, [0.1, -0.1]):
        with refused(InvalidArgument, "radius", "found"):
            col.range_search("v", [[1, 0], [0, 1]], radius)
    with refused(InvalidArgument, "expected radius as a number or one for each of 2 queries"):
        col.range_search("v", [[1, 0], [0, 1]], [0.1, 0.2, 0.3])
    with refused(InvalidArgument, "expected inner to be less than the radius", "found 0.5 and 0.5"):
        col.range_search("v", [1, 0], 0.5, inner=0.5)
    with refused(InvalidArgument, "threads"):
        col.range_search("v", [1, 0], 0.5, threads=0)
    empty = rocchio.create(tmp_path / "empty", fields={"v": rocchio.vector(2)})
    with refused(InvalidArgument, "expected documents with a vector in the field 'v', found none"):
        empty.clusters("v", 2)
    with refused(InvalidArgument, "expected a vector field, found 'w'; there are v"):
        empty.clusters("w", 2)
    for count in (0, 5, True, 1.5, "2"):
        with refused(InvalidArgument, "expected count from 1 to 4", "found"):
            col.clusters("v", count)
    with refused(InvalidArgument, "expected rounds from 1 to 1,000"):
        col.clusters("v", 2, rounds=0)
    with refused(InvalidArgument, "expected seed as a number from 0"):
        col.clusters("v", 2, seed=-1)


@pytest.mark.parametrize("limit", ["x", "64 MBs", "-1MB", -5, 1.5, True, "1e6", "", b"64MB"])
def test_memory_limits_that_are_none(col: rocchio.Collection, limit: Any) -> None:
    with refused(InvalidArgument, "expected a memory_limit in bytes, or like '64MB' or '1.5 GiB'", f"found {limit!r}"):
        rocchio.open(col.path, memory_limit=limit)


def test_a_memory_limit_that_is_too_small(col: rocchio.Collection, tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected a memory_limit of at least 1,04", "found 1,000,000", "raise it"):
        rocchio.open(col.path, memory_limit="1MB")
    # a collection that outgrows the limit can be written, not searched
    small = rocchio.create(
        tmp_path / "s", fields={"v": rocchio.vector(3), "text": rocchio.text()}, memory_limit=2_120_000
    )
    assert small.search([1.0, 2.0, 3.0], field="v") == []
    small.add({"doc_id": str(row), "v": [row + 1, 1, 1], "text": "alpha"} for row in range(20_000))
    small.commit()
    with refused(InvalidArgument, "expected a memory_limit of at least 2,5", "found 2,120,000"):
        small.search([1.0, 2.0, 3.0], field="v")
    assert len(small.search("alpha")) == 10
