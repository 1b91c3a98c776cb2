"""Errors about collections as a whole: type, and what was expected, found and to do."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio._native import crc32c
from rocchio.engine.collection import Collection
from rocchio.errors import (
    BadRecord,
    BusyError,
    Corruption,
    IncompatibleFormat,
    InvalidArgument,
    NotFound,
    SchemaMismatch,
    StorageFailure,
    UserError,
)
from rocchio.testing import FaultyDirectory

FIELDS = {"text": rocchio.text()}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["expected at least one text, sparse or vector field", "text=rocchio.text()"]),
        ({"year": rocchio.number()}, ["expected at least one text, sparse or vector field"]),
        ({"text": rocchio.text(), "": rocchio.text()}, ["expected a field name", "found ''"]),
        ({"text": rocchio.text(), "doc_id": rocchio.text()}, ["expected a field name", "not 'doc_id'"]),
        ({"text": rocchio.text(), "_x": rocchio.text()}, ["does not start with '_'", "found '_x'"]),
        ({"text": "text"}, ["expected a field type like rocchio.text() for 'text'"]),
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


@pytest.mark.parametrize("dim", [0, -1, 65_537, 3.0, "3", True, None])
def test_bad_dim(dim: Any) -> None:
    with refused(InvalidArgument, "expected the length of vectors, from 1 to 65536", f"found {dim!r}", "model's page"):
        rocchio.vector(dim)


def test_bad_metric_and_dtype() -> None:
    with refused(InvalidArgument, "expected a metric of cosine, ip, l2", "found 'dot'", "ip is the dot product"):
        rocchio.vector(3, metric="dot")  # type: ignore[arg-type]
    with refused(InvalidArgument, "expected a dtype of float32, float16", "found 'int8'", "are converted"):
        rocchio.vector(3, dtype="int8")  # type: ignore[arg-type]


@pytest.mark.parametrize("analyzer", ["klingon", "standard | frobnicate", "", "english |", 3, None, ["english"]])
def test_unknown_analyzer(tmp_path: Path, analyzer: Any) -> None:
    with refused(InvalidArgument, "expected"):
        rocchio.create(tmp_path / "c", fields=FIELDS, analyzer=analyzer)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("memory_mb", [0, -1, 1.5, "1", True, None])
def test_bad_memory(tmp_path: Path, memory_mb: Any) -> None:
    with refused(InvalidArgument, "expected memory_mb of at least 1", f"found {memory_mb!r}"):
        rocchio.create(tmp_path / "c", fields=FIELDS, memory_mb=memory_mb)


@pytest.mark.parametrize("cache_mb", [-1, 0.5, "1", True, None, 1 << 40])
def test_bad_cache(tmp_path: Path, cache_mb: Any) -> None:
    with refused(InvalidArgument, "expected cache_mb of at least 0", f"found {cache_mb!r}"):
        rocchio.create(tmp_path / "c", fields=FIELDS, cache_mb=cache_mb)
    assert not (tmp_path / "c").exists()
    rocchio.create(tmp_path / "c", fields=FIELDS)
    with refused(InvalidArgument, "expected cache_mb of at least 0"):
        rocchio.open(tmp_path / "c", cache_mb=cache_mb)


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
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "manifest.json.new").write_text("half of")  # of a create that was cut off
    assert len(rocchio.create(tmp_path / "cut", fields=FIELDS)) == 0
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
    with refused(IncompatibleFormat, "format version 99", "reads up to 4", "upgrade rocchio"):
        rocchio.open(col.path)
    with pytest.raises(IncompatibleFormat) as caught:
        col.refresh()
    assert (caught.value.found, caught.value.supported) == (99, 4)


def test_a_format_from_before_the_first_release(col: Collection) -> None:
    content = json.loads((col.path / "manifest.json").read_bytes().partition(b"\n")[2])
    write_manifest(col.path, {**content, "format_version": 1})
    with refused(IncompatibleFormat, "format version 1", "reads from 2 on", "index the documents anew"):
        rocchio.open(col.path)


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
