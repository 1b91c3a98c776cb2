"""Every error a user of the library can cause: its type, and that it says what was expected, found and to do."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import rocchio
from rocchio._native import crc32c
from rocchio.engine.collection import Collection
from rocchio.errors import (
    BadRecord,
    BusyError,
    Corruption,
    DuplicateDocument,
    IncompatibleFormat,
    InvalidArgument,
    NotFound,
    NotYet,
    RocchioError,
    SchemaMismatch,
    StorageFailure,
    UserError,
)
from rocchio.testing import FaultyDirectory

FIELDS = {
    "title": rocchio.text(boost=2.0),
    "text": rocchio.text(),
    "year": rocchio.number(),
    "n": rocchio.number(integer=True),
    "day": rocchio.date(),
    "tag": rocchio.keyword(),
    "ok": rocchio.bool(),
}


@contextlib.contextmanager
def refused(kind: type[RocchioError], *words: str) -> Iterator[None]:
    """Exactly this error, with all these words in its text, which begins in lower case and ends without a stop."""
    with pytest.raises(RocchioError) as caught:
        yield
    assert type(caught.value) is kind, repr(caught.value)
    message = str(caught.value)
    for word in words:
        assert word in message, message
    assert not message.endswith(".")
    assert message[0] == message[0].lower()


@pytest.fixture
def col(tmp_path: Path) -> Iterator[Collection]:
    with rocchio.create(tmp_path / "c", fields=FIELDS, analyzer="whitespace") as collection:
        collection.add([{"doc_id": f"d{i}", "text": f"alpha beta{i}", "year": i} for i in range(5)])
        collection.commit()
        yield collection


# ---- records


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
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
    with refused(InvalidArgument, "expected a dict, an iterable of dicts, an Arrow table or a path", "found"):
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


# ---- searching


@pytest.mark.parametrize("k", [0, -1, 1.5, "10", None, True])
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
    with refused(InvalidArgument, "expected a text, {term: weight}, or a list of either", "found int"):
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


@pytest.mark.parametrize("option", ["where", "tenant", "recall", "plan"])
def test_options_of_later_versions(col: Collection, option: str) -> None:
    with refused(NotYet, option, "later version", "leave it out"):
        col.search("alpha", **{option: 1})  # type: ignore[call-overload]


def test_unknown_options(col: Collection) -> None:
    with refused(InvalidArgument, "expected search options of field, scoring, threads", "found limit"):
        col.search("alpha", limit=3)  # type: ignore[call-overload]
    with refused(InvalidArgument, "expected a kernel of automatic, exhaustive, windowed", "found 'gpu'"):
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


# ---- collections


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["expected at least one text field", "text=rocchio.text()"]),
        ({"year": rocchio.number()}, ["expected at least one text field"]),
        ({"text": rocchio.text(), "": rocchio.text()}, ["expected a field name", "found ''"]),
        ({"text": rocchio.text(), "doc_id": rocchio.text()}, ["expected a field name", "not 'doc_id'"]),
        ({"text": rocchio.text(), "_x": rocchio.text()}, ["does not start with '_'", "found '_x'"]),
        ({"text": rocchio.text(), "x": "text"}, ["expected a field type like rocchio.text() for 'x'", "'text'"]),
        ({"text": rocchio.text(), 3: rocchio.text()}, ["expected a field name", "found 3"]),
        ([rocchio.text()], ["expected fields like {'text': rocchio.text()}"]),
        ({f"f{i}": rocchio.text() for i in range(1025)}, ["at most 1024 fields", "found 1025"]),
    ],
)
def test_bad_fields(tmp_path: Path, fields: Any, words: list[str]) -> None:
    with refused(InvalidArgument, *words):
        rocchio.create(tmp_path / "c", fields=fields)
    assert not (tmp_path / "c").exists()


def test_field_name_that_is_no_unicode(tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected a field name"):
        rocchio.create(tmp_path / "c", fields={"te\ud800xt": rocchio.text()})


@pytest.mark.parametrize("boost", [0, -1, float("nan"), float("inf"), "2", True, None])
def test_bad_boost(boost: Any) -> None:
    with refused(InvalidArgument, "expected a boost from 1e-6 to 1e6", f"found {boost!r}", "leave a field out"):
        rocchio.text(boost=boost)


def test_vectors_come_later() -> None:
    with refused(NotYet, "vector(384", "later version", "leave the field out"):
        rocchio.vector(384)


@pytest.mark.parametrize("analyzer", ["klingon", "standard | frobnicate", "", "english |", 3, None, ["english"]])
def test_unknown_analyzer(tmp_path: Path, analyzer: Any) -> None:
    with refused(InvalidArgument, "expected"):
        rocchio.create(tmp_path / "c", fields=FIELDS, analyzer=analyzer)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("memory_mb", [0, -1, 1.5, "1", True, None])
def test_bad_memory(tmp_path: Path, memory_mb: Any) -> None:
    with refused(InvalidArgument, "expected memory_mb of at least 1", f"found {memory_mb!r}"):
        rocchio.create(tmp_path / "c", fields=FIELDS, memory_mb=memory_mb)


def test_open_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    for name, found in (("folder", "a folder without one"), ("file", "a file"), ("nothing", "nothing")):
        with refused(NotFound, "expected a collection", name, f"found {found}", "rocchio.create"):
            rocchio.open(tmp_path / name)


def test_create_where_something_is(tmp_path: Path, col: Collection) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("x")
    with refused(InvalidArgument, "expected an empty or new folder", "found other files", "another path"):
        rocchio.create(tmp_path / "folder", fields=FIELDS)
    with refused(InvalidArgument, "expected a folder to create", "found a file", "another path"):
        rocchio.create(tmp_path / "file", fields=FIELDS)
    with refused(InvalidArgument, "expected an empty or new folder", "found a collection", "use open"):
        rocchio.create(col.path, fields=FIELDS)
    assert (tmp_path / "folder" / "notes.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    rocchio.create(tmp_path / "empty", fields=FIELDS)


def test_the_analyzer_of_a_collection_stays(tmp_path: Path, col: Collection) -> None:
    with refused(InvalidArgument, "expected the collection's analyzer", "found", "created with"):
        rocchio.open(col.path, analyzer="english")
    rocchio.create(tmp_path / "own", fields=FIELDS, analyzer=my_tokens)
    with refused(InvalidArgument, "my_tokens"):
        rocchio.open(tmp_path / "own")
    assert len(rocchio.open(tmp_path / "own", analyzer=my_tokens)) == 0


def my_tokens(text: str) -> list[str]:
    return text.split()


HOLD = """
import sys, rocchio
col = rocchio.open(sys.argv[1])
col.add({"doc_id": "held", "text": "x"})
print("holding", flush=True)
sys.stdin.readline()
"""


def test_second_writer(col: Collection) -> None:
    col.close()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(col.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    try:
        for change in (lambda: col.add({"doc_id": "x", "text": "x"}), lambda: col.delete("d1"), col.compact):
            with refused(BusyError, "expected to be the only writer", f"process {holder.pid}", "try again"):
                change()
        assert len(col.search("alpha")) == 5  # reading needs no lock
        assert len(rocchio.open(col.path)) == 5
    finally:
        holder.communicate("\n", timeout=60)
    col.add({"doc_id": "x", "text": "x"})
    col.commit()
    assert "held" not in col


def test_second_writer_in_one_process(col: Collection) -> None:
    col.add({"doc_id": "x", "text": "x"})
    with refused(BusyError, "expected to be the only writer", f"process {os.getpid()}"):
        rocchio.open(col.path).add({"doc_id": "y", "text": "x"})
    with refused(InvalidArgument, "expected no uncommitted changes", "commit or rollback first"):
        col.refresh()
    with refused(InvalidArgument, "expected no uncommitted changes to compact", "commit or rollback first"):
        col.compact()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_the_disk_refuses(col: Collection, code: int) -> None:
    col.close()
    directory = FaultyDirectory(col.path, error=code)
    broken = Collection(directory, col.path, None, 64)
    broken.add({"doc_id": "x", "text": "alpha"})
    directory.fail_at = len(directory.steps)
    with pytest.raises(StorageFailure) as caught:
        broken.commit()
    assert caught.value.errno == code
    assert isinstance(caught.value, OSError)
    assert "the last commit is intact; add them again" in caught.value.__notes__[0]
    directory.fail_at = None
    assert len(broken) == 5
    assert "x" not in broken
    assert len(rocchio.open(col.path).search("alpha")) == 5
    assert rocchio.open(col.path).verify().ok


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    crc = crc32c(np.frombuffer(body, np.uint8))
    (folder / "manifest.json").write_bytes(f"{crc:08x}\n".encode() + body + b"\n")


def test_a_newer_format(col: Collection) -> None:
    content = json.loads((col.path / "manifest.json").read_bytes().partition(b"\n")[2])
    write_manifest(col.path, {**content, "format_version": 99, "schema": "something new"})
    with refused(IncompatibleFormat, "format version 99", "reads up to 1", "upgrade rocchio"):
        rocchio.open(col.path)
    with pytest.raises(IncompatibleFormat) as caught:
        col.refresh()
    assert (caught.value.found, caught.value.supported) == (99, 1)


def test_a_damaged_file(col: Collection) -> None:
    (index,) = col.path.rglob("index.arrays")
    data = bytearray(index.read_bytes())
    data[100] ^= 1
    index.write_bytes(data)
    with refused(Corruption, f"damaged file {index}", "at byte 0", "checksum mismatch", "restore it"):
        rocchio.open(col.path).search("alpha")
    index.write_bytes(data[:-1])
    with refused(Corruption, str(index), f"expected {len(data)} bytes, found {len(data) - 1}"):
        rocchio.open(col.path)
    index.unlink()
    with refused(Corruption, "a file is missing", "index.arrays"):
        rocchio.open(col.path)
    (col.path / "manifest.json").write_bytes(b"")
    with refused(Corruption, "manifest.json", "checksum mismatch"):
        rocchio.open(col.path)


def test_arrow_tables_that_do_not_fit(col: Collection) -> None:
    with refused(SchemaMismatch, "document 0", "unknown field 'titel'", "did you mean 'title'?"):
        col.add(pa.table({"doc_id": ["a"], "titel": ["x"]}))
    with refused(SchemaMismatch, "expected columns with different names and one 'doc_id'", "found ['text']"):
        col.add(pa.table({"text": ["x"]}))
    with refused(SchemaMismatch, "document 1", "expected a doc_id", "found None"):
        col.add(pa.table({"doc_id": ["a", None], "text": ["x", "y"]}))
    with refused(SchemaMismatch, "document 1", "field 'year'", "finite number"):
        col.add(pa.table({"doc_id": ["a", "b"], "year": [1.0, float("nan")]}))


def test_families() -> None:
    assert issubclass(InvalidArgument, ValueError)
    assert issubclass(NotFound, LookupError)
    assert issubclass(SchemaMismatch, TypeError)
    assert issubclass(NotYet, NotImplementedError)
    assert issubclass(StorageFailure, OSError)
    codes = [
        (UserError, 2),
        (Corruption, 3),
        (BadRecord, 3),
        (IncompatibleFormat, 3),
        (BusyError, 4),
        (StorageFailure, 5),
    ]
    for kind, code in codes:
        assert kind.exit_code == code
