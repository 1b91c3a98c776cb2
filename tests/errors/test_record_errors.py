"""Errors about documents that are added: type, and what was expected, found and to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.errors.refusal import refused

from rocchio.engine.collection import Collection
from rocchio.errors import (
    BadRecord,
    DuplicateDocument,
    InvalidArgument,
    NotFound,
    SchemaMismatch,
    StorageFailure,
)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("id", "x", ["unknown field 'id'", "did you mean 'doc_id'?"]),
        ("titel", "x", ["unknown field 'titel'", "expected one of doc_id, title", "did you mean 'title'?"]),
        ("zzzzzz", "x", ["unknown field 'zzzzzz'", "expected one of"]),
        ("text", 3, ["field 'text'", "expected a string", "found 3 (int)"]),
        ("text", b"x", ["field 'text'", "expected a string", "(bytes)"]),
        ("text", ["x"], ["field 'text'", "expected a string", "(list)"]),
        ("text", "a\ud800", ["field 'text'", "expected Unicode", "lone surrogate at character 1"]),
        ("year", "2024", ["field 'year'", "expected a number", "found '2024' (str)"]),
        ("year", True, ["field 'year'", "expected a number", "found True (bool)"]),
        ("year", float("nan"), ["field 'year'", "expected a finite number", "nan", "leave the field out"]),
        ("year", float("inf"), ["field 'year'", "expected a finite number", "inf"]),
        ("year", 2**53 + 1, ["field 'year'", "float64 holds exactly", "use number(integer=True)"]),
        ("n", 1.5, ["field 'n'", "expected a whole number of 64 bits", "found 1.5"]),
        ("n", 2**63, ["field 'n'", "expected a whole number of 64 bits"]),
        ("day", "yesterday", ["field 'day'", "expected a date in ISO 8601 form", "found 'yesterday'"]),
        ("day", 5, ["field 'day'", "expected a date, a datetime or an ISO 8601 string", "found 5 (int)"]),
        ("day", "0001-01-01T00:00+10:00", ["field 'day'", "year 1 to 9999"]),
        ("tag", 3, ["field 'tag'", "expected a string or a list of strings", "found 3 (int)"]),
        ("tag", ["a", 3], ["field 'tag'", "expected a string or a list of strings", "['a', 3] (list)"]),
        ("tag", {"a": 1}, ["field 'tag'", "expected a string or a list of strings", "(dict)"]),
        ("ok", 1, ["field 'ok'", "expected true or false", "found 1 (int)"]),
        ("ok", "yes", ["field 'ok'", "expected true or false", "found 'yes' (str)"]),
    ],
)
def test_a_record_that_does_not_fit(col: Collection, field: str, value: Any, words: list[str]) -> None:
    records = [{"doc_id": "good", "text": "fine"}, {"doc_id": "bad", field: value}]
    with refused(SchemaMismatch, "document 1:", *words):
        col.add(records)
    col.commit()
    assert "good" not in col  # nothing of the batch
    summary = col.add(records, on_error="skip")
    assert (summary.added, summary.rejected) == (1, 1)
    assert "<memory>:1: " in summary.reasons[0]
    col.commit()
    assert "good" in col
    assert "bad" not in col


@pytest.mark.parametrize("value", [None, "", 7, b"x", 1.5, ["d"], "x" * 4097, "\ud800"])
def test_a_doc_id_that_is_none(col: Collection, value: Any) -> None:
    with refused(SchemaMismatch, "document 0", "expected"):
        col.add({"doc_id": value, "text": "x"})
    with refused(SchemaMismatch, "document 0", "expected a doc_id"):
        col.add({"text": "x"})


@pytest.mark.parametrize("record", [3, "text", None, ["doc_id"], b"x"])
def test_a_record_that_is_no_dict(col: Collection, record: Any) -> None:
    with refused(SchemaMismatch, "document 0", "expected a record like", type(record).__name__):
        col.add([record])


@pytest.mark.parametrize("documents", [3, None, b"x", 1.5])
def test_documents_that_are_none(col: Collection, documents: Any) -> None:
    with refused(
        InvalidArgument,
        "expected a dict, an iterable of dicts, rocchio.columns(...), an Arrow table or a path",
        "found",
    ):
        col.add(documents)


def test_repeated_doc_id_in_a_batch(col: Collection) -> None:
    summary = col.add([{"doc_id": "x", "text": "first"}, {"doc_id": "x", "text": "last"}])
    assert (summary.added, summary.repeated) == (1, 1)
    assert "the last one won" in str(summary)
    col.commit()
    assert col.get("x")["text"] == "last"


def test_existing_doc_id(col: Collection) -> None:
    with refused(DuplicateDocument, "document 1", "doc_id 'd3' is in the collection already", "use upsert"):
        col.add([{"doc_id": "new", "text": "x"}, {"doc_id": "d3", "text": "x"}])
    summary = col.add([{"doc_id": "new", "text": "x"}, {"doc_id": "d3", "text": "x"}], on_error="skip")
    assert (summary.added, summary.rejected) == (1, 1)
    with refused(DuplicateDocument, "'new'"):  # pending ones count too
        col.add({"doc_id": "new", "text": "x"})
    assert col.upsert({"doc_id": "new", "text": "y"}).replaced == 1


def test_empty_texts_are_fine(col: Collection) -> None:
    col.add([{"doc_id": "e1", "text": ""}, {"doc_id": "e2"}, {"doc_id": "e3", "title": None, "text": " \n"}])
    col.commit()
    assert col.get("e1")["text"] == ""
    assert col.get("e2")["text"] is None
    assert len(col) == 8
    assert col.search("") == []
    assert col.verify().ok


def test_a_token_of_ten_megabytes(col: Collection) -> None:
    token = "x" * 10_000_000
    col.add({"doc_id": "huge", "text": f"alpha {token}"})
    col.commit()
    assert col.get("huge")["text"].endswith("xx")
    assert "huge" in [hit.doc_id for hit in col.search("alpha", k=20)]
    terms = col.terms(token)  # a token this long is cut into pieces, of which none is lost
    assert sum(len(term) * count for term, count in terms.items()) == len(token)
    assert [hit.doc_id for hit in col.search(token)] == ["huge"]
    assert [hit.doc_id for hit in col.search(terms)] == ["huge"]
    assert col.verify().ok


def test_on_error_and_rejects(col: Collection, tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected on_error to be 'raise' or 'skip'", "found 'ignore'"):
        col.add([], on_error="ignore")  # type: ignore[arg-type]
    with refused(InvalidArgument, "expected on_error='skip' with a reject file", "'raise'"):
        col.add([], rejects=tmp_path / "r.jsonl")
    with refused(InvalidArgument, "options format", "only with a path", "found list"):
        col.add([], format="csv")
    for documents in ([], "corpus.jsonl"):
        with refused(InvalidArgument, "expected options of on_error", "found tenant", "did you mean tenants?"):
            col.upsert(documents, tenant="acme")
    rejects = tmp_path / "r.jsonl"
    summary = col.add([{"doc_id": "a", "text": 3}, {"doc_id": "b", "text": "x"}], on_error="skip", rejects=rejects)
    (row,) = map(json.loads, rejects.read_text().splitlines())
    assert row["line"] == 0
    assert "expected a string, found 3 (int)" in row["reason"]
    assert json.loads(row["record"]) == {"doc_id": "a", "text": 3}
    assert summary.rejected == 1
    assert "rejected" in str(summary)
    assert str(rejects) in str(summary)
    with refused(StorageFailure, "cannot write rejects to"):
        col.add({"doc_id": "c", "text": 3}, on_error="skip", rejects=tmp_path / "no" / "folder.jsonl")


def test_a_bad_line_of_a_file(col: Collection, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"doc_id": "a", "text": "x"}\n\n{"doc_id": "b", "text": 7}\n')
    with refused(BadRecord, f"{path}:3: ", "field 'text'", "expected a string"):
        col.add(path)
    path.write_bytes(b'{"doc_id": "a", "text": "x"}\n{"doc_id": "b", "text": "\xff"}\n')
    with refused(BadRecord, f"{path}:2: ", "expected UTF-8", "0xff"):
        col.add(path)
    with refused(NotFound, "nothing.jsonl"):
        col.add(tmp_path / "nothing.jsonl")
