"""Commits, snapshots, merging and memory of a collection, seen from outside."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import rocchio
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument
from rocchio.storage.manifest import read_manifest

FIELDS = {"title": rocchio.text(boost=2.0), "text": rocchio.text(), "n": rocchio.number()}


@pytest.fixture
def col(tmp_path: Path) -> Iterator[Collection]:
    with rocchio.create(tmp_path / "c", fields=FIELDS, analyzer="whitespace") as collection:
        yield collection


def record(i: int, text: str = "") -> dict[str, Any]:
    return {"doc_id": f"d{i:05}", "title": f"title t{i % 7}", "text": text or f"alpha beta{i % 3} word{i}", "n": i}


def put(col: Collection, *numbers: int, text: str = "") -> None:
    col.upsert(record(i, text) for i in numbers)
    col.commit()


def answer(col: Any, query: Any = "alpha beta1 title t3", k: int = 10_000) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in col.search(query, k=k)]


def files(col: Collection) -> set[str]:
    return {str(path.relative_to(col.path)) for path in col.path.rglob("*") if path.is_file()}


def needed(col: Collection) -> set[str]:
    manifest = read_manifest(col._directory)
    return {name for entry in manifest.segments for name in entry.files()}


def test_a_new_collection_is_empty(col: Collection) -> None:
    assert (len(col), col.search("alpha"), "x" in col, col.commit()) == (0, [], False, 0)
    assert col.info().segments == ()
    assert col.verify().ok
    assert col.compact() == 0
    assert len(rocchio.open(col.path)) == 0


def test_nothing_is_visible_before_commit(col: Collection) -> None:
    col.add([record(1), record(2)])
    assert (len(col), answer(col), "d00001" in col) == (0, [], False)
    assert len(rocchio.open(col.path)) == 0
    assert col.commit() == 1
    assert len(col) == len(rocchio.open(col.path)) == 2
    assert col.commit() == 1  # nothing to do


def test_small_commits_are_merged(col: Collection) -> None:
    for i in range(11):
        put(col, i)
        assert len(col.info().segments) <= 10
    assert len(col.info().segments) == 1
    for i in range(11, 60):
        put(col, i)
    assert len(col.info().segments) <= 20
    assert len(col) == 60
    assert files(col) - {"manifest.json", "writer.lock"} == needed(col)
    col.compact()
    assert [segment.documents for segment in col.info().segments] == [60]
    assert col.verify().ok


def test_scores_do_not_depend_on_segments(tmp_path: Path) -> None:
    answers = []
    for name, step in (("one", 100), ("few", 17), ("many", 3)):
        col = rocchio.create(tmp_path / name, fields=FIELDS, analyzer="whitespace")
        for begin in range(0, 100, step):
            put(col, *range(begin, min(begin + step, 100)))
        put(col, 5, 50, text="replaced alpha")
        col.delete([f"d{i:05}" for i in range(0, 100, 9)])
        col.commit()
        answers.append(answer(col))
        col.compact()
        answers.append(answer(col))
    assert len(answers[0]) > 50
    assert all(one == answers[0] for one in answers)


@pytest.mark.parametrize("memory_mb", [1, 256])
def test_flushing_does_not_change_anything(tmp_path: Path, memory_mb: int) -> None:
    col = rocchio.create(tmp_path / "c", fields=FIELDS, analyzer="whitespace", memory_mb=memory_mb)
    col.add(record(i) for i in range(12_000))
    col.upsert(record(i, "replaced alpha") for i in range(0, 12_000, 100))
    col.delete([f"d{i:05}" for i in range(50, 12_000, 100)])
    before = len(list(col.path.glob("segment-*")))
    assert (before > 1) == (memory_mb == 1)
    col.commit()
    assert len(col) == 12_000 - 120
    assert col.verify().ok
    plain = rocchio.create(tmp_path / "plain", fields=FIELDS, analyzer="whitespace")
    gone = {f"d{i:05}" for i in range(50, 12_000, 100)}
    records = [record(i, "replaced alpha" if i % 100 == 0 else "") for i in range(12_000)]
    plain.add(one for one in records if one["doc_id"] not in gone)
    plain.commit()
    for query in ("alpha beta1 title t3", "replaced", {"word77": 2.0, "alpha": -0.1}):
        assert answer(col, query, 500) == answer(plain, query, 500)


def test_duplicates_are_seen_across_flushed_segments(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields=FIELDS, analyzer="whitespace", memory_mb=1)
    col.add(record(i) for i in range(12_000))
    with pytest.raises(rocchio.errors.DuplicateDocument):
        col.add(record(3))
    assert col.upsert(record(3)).replaced == 1
    assert col.delete("d00003") == 1
    assert col.delete("d00003") == 0
    col.add(record(3))
    col.commit()
    assert len(col) == 12_000


OTHER = """
import sys, rocchio
with rocchio.open(sys.argv[1]) as col:
    col.upsert({"doc_id": "other", "text": "alpha from outside"})
    col.delete(["d00001"])
    col.commit()
    if len(sys.argv) > 2:
        col.compact()
"""


@pytest.mark.parametrize("compact", [False, True])
def test_refresh_sees_what_other_processes_commit(col: Collection, compact: bool) -> None:
    put(col, 1, 2, 3)
    put(col, 4)
    pinned, before = col.snapshot(), answer(col)
    subprocess.run([sys.executable, "-c", OTHER, str(col.path), *(["compact"] if compact else [])], check=True)
    assert answer(col) == answer(pinned) == before
    assert "other" not in col
    col.refresh()
    assert "other" in col
    assert "d00001" not in col
    assert len(col) == 4
    assert answer(pinned) == before
    assert pinned.get("d00001")["n"] == 1


def test_a_writer_sees_what_others_committed_before_it(col: Collection) -> None:
    put(col, 1)
    subprocess.run([sys.executable, "-c", OTHER, str(col.path)], check=True)
    put(col, 2)  # on a handle that has not been refreshed
    assert sorted(doc_id for doc_id, _ in answer(col, "alpha")) == ["d00002", "other"]


def test_snapshots_do_not_change(col: Collection) -> None:
    put(col, *range(20))
    pinned = col.snapshot()
    before, fields = answer(pinned), pinned.get("d00003")
    put(col, 3, 4, text="new words")
    col.delete([f"d{i:05}" for i in range(5, 15)])
    col.commit()
    for _ in range(2):
        assert answer(pinned) == before
        assert pinned.get("d00003") == fields
        assert len(pinned) == 20
        assert "d00007" in pinned
        assert pinned.explain("alpha", "d00007").score > 0
        assert col.get("d00003")["text"] == "new words"
        assert "d00007" not in col
        col.compact()
    assert len(pinned.segments) == 1
    col.refresh()
    assert len(col) == 10


def test_hits_are_read_after_a_compaction(col: Collection) -> None:
    put(col, *range(20))
    put(col, *range(10, 30), text="alpha later")
    reader = rocchio.open(col.path)
    hits = reader.search("alpha", k=30)
    before = answer(reader)
    col.compact()
    col.delete(["d00001"])
    col.commit()
    assert len(hits) == 30
    assert {hit.doc_id for hit in hits if hit.fields["text"] == "alpha later"} == {f"d{i:05}" for i in range(10, 30)}
    assert all(abs(hit.why().score - hit.score) < 1e-6 for hit in hits)
    assert answer(reader) == before
    assert reader.verify().ok
    reader.refresh()
    assert len(reader) == 29


def test_rollback(col: Collection) -> None:
    put(col, *range(10))
    before, kept = answer(col), files(col)
    col.upsert(record(3, "something else"))
    col.delete(["d00001"])
    col.add(record(100))
    col.rollback()
    assert answer(col) == before
    assert files(col) == kept | {"writer.lock"}
    assert files(col) - {"manifest.json", "writer.lock"} == needed(col)
    col.rollback()  # nothing to drop
    with rocchio.open(col.path) as other:  # the lock is free
        other.add(record(100))
    assert answer(col) == before
    assert files(col) - {"manifest.json", "writer.lock"} == needed(col)


def test_rollback_of_flushed_segments(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields=FIELDS, analyzer="whitespace", memory_mb=1)
    put(col, 1)
    col.add(record(i) for i in range(10, 12_000))
    assert len(list(col.path.glob("segment-*"))) > 2
    col.rollback()
    assert len(list(col.path.glob("segment-*"))) == 1
    assert files(col) - {"manifest.json", "writer.lock"} == needed(col)
    assert len(col) == 1


def test_an_error_in_the_middle_of_a_stream(col: Collection) -> None:
    put(col, 1)

    def stream() -> Iterator[dict[str, Any]]:
        yield from (record(i) for i in range(10, 5000))
        raise RuntimeError("the source failed")

    with pytest.raises(RuntimeError, match="the source failed"):
        col.add(stream())
    col.rollback()
    assert len(col) == 1
    assert files(col) - {"manifest.json", "writer.lock"} == needed(col)


def test_leaving_the_block_drops_what_is_pending(tmp_path: Path) -> None:
    with rocchio.create(tmp_path / "c", fields=FIELDS) as col:
        col.add(record(1))
        col.commit()
        col.add(record(2))
    assert len(col) == 1
    assert len(col.search("alpha")) == 1  # searching goes on
    with rocchio.open(tmp_path / "c") as other:
        other.add(record(2))
        other.commit()


def test_deleting_everything(col: Collection) -> None:
    put(col, *range(10))
    assert col.delete([f"d{i:05}" for i in range(10)] + ["d00003", "nope"]) == 10
    col.commit()
    assert (len(col), answer(col), col.info().segments) == (0, [], ())
    put(col, 3)
    assert [doc_id for doc_id, _ in answer(col)] == ["d00003"]
    assert files(col) - {"manifest.json", "writer.lock"} == needed(col)


def test_an_upsert_that_is_deleted_before_the_commit(col: Collection) -> None:
    put(col, 1, 2)
    col.upsert([record(2, "alpha new"), record(3)])
    assert col.delete(["d00002", "d00003"]) == 2
    col.commit()
    assert [doc_id for doc_id, _ in answer(col)] == ["d00001"]
    assert col.verify().ok


def test_many_versions_of_one_document(col: Collection) -> None:
    for i in range(25):
        put(col, 1, text=f"alpha version{i}")
    assert [doc_id for doc_id, _ in answer(col)] == ["d00001"]
    assert col.search("version3") == []
    assert col.get("d00001")["text"] == "alpha version24"
    col.compact()
    assert (len(col), col.info().deleted) == (1, 0)


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_arrow_tables_in(col: Collection, kind: pa.DataType) -> None:
    count = 5000
    texts = pa.array([None if i % 10 == 0 else f"alpha word{i % 50}" for i in range(count)])
    columns = {
        "doc_id": pa.array([f"d{i}" for i in range(count)]).cast(kind),
        "text": texts.dictionary_encode() if pa.types.is_dictionary(kind) else texts.cast(kind),
        "n": pa.array([None if i % 7 == 0 else i for i in range(count)], pa.int32()),
    }
    table = pa.table(columns)
    assert col.add(table).added == count
    col.commit()
    assert col.get("d0") == {"title": None, "text": None, "n": None}
    assert col.get("d11") == {"title": None, "text": "alpha word11", "n": 11}
    assert len(col.search("alpha", k=count)) == count - count // 10
    assert col.upsert(table.to_batches()[0].slice(10, 5)).replaced == 5
    assert col.upsert(table.slice(20, 3).to_reader()).replaced == 3


def test_a_source_that_is_a_path(col: Collection, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,title,text\na,one,alpha beta\nb,two,alpha\n")
    told: list[tuple[int, int, int]] = []
    assert col.add(tmp_path / "in.csv", progress=lambda *numbers: told.append(numbers)).added == 2
    col.commit()
    assert [doc_id for doc_id, _ in answer(col, "beta")] == ["a"]
    assert told[-1][0] == 2
    assert told[-1][2] == (tmp_path / "in.csv").stat().st_size


def test_queries_in_every_form(col: Collection) -> None:
    put(col, *range(50))
    texts = ["alpha beta1", "title t3", "", "nothing"] * 20
    run = col.search(texts, k=7)
    assert list(run.query_ids) == [str(i) for i in range(80)]
    for threads in (2, 5):
        other = col.search(texts, k=7, threads=threads)
        assert [list(ids) for ids in other.doc_ids] == [list(ids) for ids in run.doc_ids]
        assert all(np.array_equal(a, b) for a, b in zip(other.scores, run.scores, strict=True))
    for i, text in enumerate(texts[:4]):
        assert answer(col, text, 7) == run[i]
        assert answer(col, col.terms(text), 7) == run[i]
    assert len(col.search([])) == 0
    assert len(col.search(iter(["alpha"]), query_ids=["q1"])) == 1
    assert run.to_arrow().num_rows == sum(len(ids) for ids in run.doc_ids)


def test_why_adds_up(col: Collection) -> None:
    put(col, *range(30))
    for variant in ("robertson", "lucene", "atire", "bm25l", "bm25+", "anserini"):
        for field in (None, "title", {"text": 3.0, "title": 0.5}):
            scoring = rocchio.Bm25(k1=1.2, b=0.7, variant=variant)
            for hit in col.search("alpha beta1 title t3 t3", k=30, scoring=scoring, field=field):
                why = hit.why()
                assert why.score == hit.score
                assert sum(part.score for part in why.terms) + why.constant == pytest.approx(hit.score, rel=1e-6)


def test_explain_of_what_does_not_match(col: Collection) -> None:
    put(col, *range(5))
    why = col.explain("nothing", "d00001")
    assert (why.score, why.terms) == (0.0, ())


def test_readers_and_a_writer_in_threads(col: Collection) -> None:
    put(col, *range(100))
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                hits = col.search("alpha", k=1000)
                assert len(hits) % 100 == 0
                assert hits[0].fields["n"] is not None
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(1, 8):
        put(col, *range(100 * i, 100 * i + 100))
        col.compact()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert len(col) == 800


def test_function_as_analyzer(tmp_path: Path) -> None:
    def letters(text: str) -> list[str]:
        return list(text.replace(" ", ""))

    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer=letters)
    col.add([{"doc_id": "a", "text": "xyz"}, {"doc_id": "b", "text": "xx y"}])
    col.commit()
    assert [doc_id for doc_id, _ in answer(col, "x")] == ["b", "a"]
    reopened = rocchio.open(tmp_path / "c", analyzer=letters)
    assert answer(reopened, "x") == answer(col, "x")
    with pytest.raises(InvalidArgument):
        rocchio.open(tmp_path / "c")


def test_repr_and_info(col: Collection) -> None:
    put(col, 1, 2)
    assert repr(col) == f"<rocchio.Collection {str(col.path)!r}: 2 documents>"
    info = col.info()
    assert (info.documents, info.deleted, info.generation) == (2, 0, 1)
    assert info.tokens == 2 * (2 + 3)
    assert info.average_length == 5.0
    assert info.fields == {"title": "text(boost=2)", "text": "text()", "n": "number()"}
    assert info.postings == info.segments[0].postings == 10
