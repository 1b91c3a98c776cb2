"""Errors about searching, fetching and deleting: type, and what was expected, found and to do."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.engine.collection import Collection
from rocchio.errors import (
    InvalidArgument,
    NotFound,
    SchemaMismatch,
    UserError,
)


@pytest.mark.parametrize("k", [0, -1, 1.5, "10", True])
def test_bad_k(col: Collection, k: Any) -> None:
    with refused(InvalidArgument, "expected k of at least 1", f"found {k!r}", "number of results"):
        col.search("alpha", k=k)


def test_k_may_be_anything_larger(col: Collection) -> None:
    assert len(col.search("alpha", k=2**70)) == 5
    assert len(col.search("alpha", k=np.int64(3))) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"variant": "bm26"},
            ["expected a BM25 variant of robertson, lucene, atire, bm25l, bm25+", "found 'bm26'"],
        ),
        ({"variant": None}, ["expected a BM25 variant of"]),
        ({"k1": -1}, ["expected k1 from 0 to 1000", "found -1"]),
        ({"k1": float("nan")}, ["expected k1 from 0 to 1000", "found nan"]),
        ({"k1": "2"}, ["expected k1 from 0 to 1000", "found '2'"]),
        ({"b": 1.01}, ["expected b from 0 to 1", "found 1.01"]),
        ({"b": True}, ["expected b from 0 to 1", "found True"]),
        ({"delta": -0.1}, ["expected delta from 0 to 1000", "found -0.1"]),
        ({"variant": "bm25l", "k1": 0, "delta": 0}, ["expected k1 + delta above 0 for bm25l", "raise one"]),
    ],
)
def test_bad_bm25(options: dict[str, Any], words: list[str]) -> None:
    with refused(InvalidArgument, *words):
        rocchio.Bm25(**options)


@pytest.mark.parametrize(
    ("scoring", "words"),
    [
        ("tfidf", ["expected a scoring like bm25(k1=0.9, b=0.4)", "found 'tfidf'"]),
        ("bm25(k1=0.9", ["expected a scoring like"]),
        ("bm25(k1)", ["expected each of b, delta, k1, variant once at most, as name=value", "found 'k1'"]),
        ("bm25(k2=1)", ["expected each of", "found 'k2=1'"]),
        ("bm25(k1=x)", ["expected a number", "found 'x'"]),
        ("bm25(b=2)", ["expected b from 0 to 1"]),
        (3, ["expected a scoring like", "found 3"]),
    ],
)
def test_bad_scoring(col: Collection, scoring: Any, words: list[str]) -> None:
    with refused(InvalidArgument, *words):
        col.search("alpha", scoring=scoring)
    with refused(InvalidArgument, *words):
        col.explain("alpha", "d1", scoring=scoring)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -float("inf"), "1", None, [1]])
def test_bad_weights(col: Collection, weight: Any) -> None:
    with refused(InvalidArgument, "expected terms with weights from -1e30 to 1e30", "'alpha'", repr(weight)):
        col.search({"alpha": weight})


def test_bad_term(col: Collection) -> None:
    with refused(InvalidArgument, "expected terms with weights from -1e30 to 1e30", "3"):
        col.search({3: 1.0})  # type: ignore[dict-item]


def test_weights_that_overflow(col: Collection) -> None:
    query = {"beta0": 1.7e308, "alpha": -1.7e308, "beta1": -1.7e308}
    try:
        hits = col.search([query, {"beta0": 1.7e308, "beta1": 1.7e308}])
    except InvalidArgument:
        return
    assert np.isfinite(np.concatenate(hits.scores)).all()


def test_mixed_kinds_of_queries(col: Collection) -> None:
    with refused(InvalidArgument, "all texts or all {term: weight}", "found dict, str"):
        col.search(["alpha", {"alpha": 1.0}])
    with refused(InvalidArgument, "all texts or all {term: weight}", "found NoneType"):
        col.search([None])  # type: ignore[list-item]
    with refused(InvalidArgument, "expected a text, {term: weight}, a vector, or a list of one kind", "found int"):
        col.search(3)  # type: ignore[call-overload]
    with refused(InvalidArgument, "expected a text", "found bytes"):
        col.search(b"alpha")
    with refused(InvalidArgument, "expected Unicode text", "lone surrogate at character 2"):
        col.search("al\ud800pha")


def test_lone_surrogate_as_term(col: Collection) -> None:
    with refused(InvalidArgument, "expected"):
        col.search({"al\ud800pha": 1.0})


def test_query_ids(col: Collection) -> None:
    with refused(InvalidArgument, "expected 2 query_ids, one per query", "found 1"):
        col.search(["alpha", "beta1"], query_ids=["q"])


@pytest.mark.parametrize("threads", [0, -2, 1.5, "2", True])
def test_bad_threads(col: Collection, threads: Any) -> None:
    with refused(InvalidArgument, "expected threads of at least 1", f"found {threads!r}"):
        col.search(["alpha"], threads=threads)


def test_a_tenant_of_a_collection_without_tenants(col: Collection) -> None:
    with refused(
        InvalidArgument, "expected no tenant", "found 'acme'", "rocchio.create(..., tenants=rocchio.tenants())"
    ):
        col.search("alpha", tenant="acme")
    with refused(InvalidArgument, "expected a tenant of at most 128 letters", "found 'a b'"):
        col.search("alpha", tenant="a b")


@pytest.mark.parametrize("given", [5, {"acme": 1}, [], np.array(["acme"])], ids=["int", "dict", "empty", "array"])
def test_tenants_of_a_document(tmp_path: Path, given: Any) -> None:
    col = rocchio.create(tmp_path / "t", fields={"text": rocchio.text()}, tenants=rocchio.tenants())
    with refused(SchemaMismatch, "expected the tenants that see a document, a name or a list of at least one", "found"):
        col.add({"doc_id": "a", "text": "b", "_tenants": given})


def test_unknown_options(col: Collection) -> None:
    with refused(InvalidArgument, "expected search options of field, scoring, threads", "found limit"):
        col.search("alpha", limit=3)  # type: ignore[call-overload]
    with refused(InvalidArgument, "expected a kernel of automatic, pruned, exhaustive, reference", "found 'gpu'"):
        col.search("alpha", kernel="gpu")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("titel", ["'titel'", "title, text"]),
        ("year", ["expected a text field to search", "'year', a number", "title, text"]),
        (["text", "tag"], ["expected a text field", "'tag', a keyword"]),
        ([], ["expected at least one field to search, found none"]),
        ({"text": 0}, ["expected a boost from 1e-6 to 1e6", "found 0", "leave a field out"]),
        ({"text": -1.0}, ["expected a boost from 1e-6 to 1e6"]),
        ({"text": float("nan")}, ["expected a boost from 1e-6 to 1e6"]),
        ({"text": "2"}, ["expected a boost from 1e-6 to 1e6", "'2'"]),
    ],
)
def test_bad_field_choice(col: Collection, field: Any, words: list[str]) -> None:
    with refused(InvalidArgument, *words):
        col.search("alpha", field=field)


def test_documents_that_are_not_there(col: Collection) -> None:
    with refused(NotFound, "expected a document of the collection", "no doc_id 'nope'"):
        col.get("nope")
    with refused(NotFound, "no doc_id 'nope'"):
        col.explain("alpha", "nope")
    assert "nope" not in col
    assert 3 not in col


@pytest.mark.parametrize("doc_ids", [[3], [None], [b"d1"]])
def test_delete_of_other_things(col: Collection, doc_ids: Any) -> None:
    with refused(InvalidArgument, "expected doc_ids as strings", f"found {doc_ids[0]!r}"):
        col.delete(doc_ids)


@pytest.mark.parametrize("call", ["get", "contains", "explain", "delete"])
def test_doc_ids_that_are_no_unicode(col: Collection, call: str) -> None:
    with contextlib.suppress(UserError):
        match call:
            case "get":
                col.get("\ud800")
            case "contains":
                assert "\ud800" not in col
            case "explain":
                col.explain("alpha", "\ud800")
            case _:
                assert col.delete(["\ud800"]) == 0
