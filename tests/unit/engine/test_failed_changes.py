"""A change that fails, or comes from the wrong place, costs nothing that was there before."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import rocchio
from rocchio.errors import BusyError, InvalidArgument, StorageFailure
from rocchio.storage.documents import DocumentWriter


def split_or_fail(text: str) -> list[str]:
    if "BAD" in text:
        raise ValueError("boom")
    return text.split()


@pytest.fixture
def col(tmp_path: Path) -> rocchio.Collection:
    made = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer=split_or_fail)
    made.add([{"doc_id": "0", "text": "zero"}, {"doc_id": "1", "text": "one"}])
    made.commit()
    return made


def test_a_failed_upsert_keeps_the_old_versions(col: rocchio.Collection) -> None:
    col.upsert({"doc_id": "9", "text": "good"})
    with pytest.raises(InvalidArgument, match="boom"):
        col.upsert([{"doc_id": "0", "text": "BAD"}, {"doc_id": "1", "text": "new"}])
    col.commit()
    assert len(col) == 3
    assert col.get("1")["text"] == "one"


def test_a_commit_after_a_failed_first_add_changes_nothing(col: rocchio.Collection) -> None:
    with pytest.raises(InvalidArgument):
        col.add({"doc_id": "2", "text": "BAD"})
    generation = col.snapshot().manifest.generation
    assert col.commit() == generation
    col.delete("0")
    with pytest.raises(InvalidArgument):
        col.add({"doc_id": "2", "text": "BAD"})
    col.commit()
    assert "0" not in col
    assert len(col) == 1


def test_a_merge_that_fails_leaves_the_commit_before_it(col: rocchio.Collection, monkeypatch: Any) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise StorageFailure(28, "no space left")

    monkeypatch.setattr("rocchio.engine.collection.due_for_merging", lambda manifest: [manifest.segments[0].name])
    monkeypatch.setattr("rocchio.engine.writer.Writer.merge", full)
    col.add({"doc_id": "2", "text": "two"})
    with pytest.raises(StorageFailure) as caught:
        col.commit()
    assert caught.value.__notes__ == ["the last commit is intact, and nothing else was written"]
    assert [hit.doc_id for hit in col.search("two")] == ["2"]


def test_a_compaction_that_fails_ends_the_copying_of_documents(tmp_path: Path, monkeypatch: Any) -> None:
    col = rocchio.create(tmp_path / "many", fields={"text": rocchio.text()})
    for name in "ab":
        col.add({"doc_id": f"{name}{number}", "text": "word"} for number in range(2000))
        col.commit()
    copied: list[int] = []
    failed = threading.Event()

    def slowly(writer: DocumentWriter, batch: pa.RecordBatch) -> None:
        assert not copied or failed.wait(20)
        time.sleep(0.02)  # sixteen of these leave the failure time to be noticed
        copied.append(batch.num_rows)
        add(writer, batch)

    def fail(*_: Any) -> None:
        failed.set()
        raise RuntimeError("the progress bar broke")

    add = DocumentWriter.add
    monkeypatch.setattr(DocumentWriter, "add", slowly)
    with pytest.raises(RuntimeError, match="the progress bar broke"):
        col.compact(progress=fail)
    seen = sum(copied)
    monkeypatch.undo()
    assert seen < 4000
    col.add({"doc_id": "c", "text": "bird"})
    col.commit()
    assert col.verify().ok
    assert (sum(copied), len(col)) == (seen, 4001)


def test_a_generator_that_raises_leaves_earlier_batches_pending(col: rocchio.Collection) -> None:
    def documents() -> Iterator[dict[str, Any]]:
        for number in range(5000):
            yield {"doc_id": f"n{number}", "text": "word"}
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        col.add(documents())
    col.commit()
    assert len(col) == 2 + 4096  # one whole batch


def test_a_change_from_inside_a_change_is_refused(col: rocchio.Collection) -> None:
    def documents() -> Iterator[dict[str, Any]]:
        yield {"doc_id": "a", "text": "x"}
        col.commit()

    with pytest.raises(InvalidArgument, match="one change at a time"):
        col.add(documents())
    with pytest.raises(InvalidArgument, match="one change at a time"):
        col.add([{"doc_id": "b", "text": "x"}], progress=lambda *_: col.rollback())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_pending_changes_to_its_parent(col: rocchio.Collection) -> None:
    col.add({"doc_id": "parent", "text": "x"})
    child = os.fork()
    if child == 0:
        # in the child nothing is pending, and the lock is the parent's
        code = 1
        try:
            col.commit()
            col.close()
            try:
                col.add({"doc_id": "child", "text": "x"})
            except BusyError:
                code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    col.commit()
    assert "parent" in col
    assert "child" not in rocchio.open(col.path, analyzer=split_or_fail)
    assert col.verify().ok


def test_a_relative_path_survives_a_change_of_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = rocchio.create("relative", fields={"text": rocchio.text()})
    made.add({"doc_id": "a", "text": "word"})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    made.commit()
    assert len(made.search("word")) == 1


def test_close_is_harmless_when_the_folder_is_gone(tmp_path: Path) -> None:
    import shutil

    made = rocchio.create(tmp_path / "gone", fields={"text": rocchio.text()})
    made.add({"doc_id": "a", "text": "word"})
    shutil.rmtree(tmp_path / "gone")
    made.close()


def test_maintenance_needs_no_analyzer_function(col: rocchio.Collection, capsys: pytest.CaptureFixture[str]) -> None:
    from rocchio.engine.opening import open_for_maintenance

    with pytest.raises(InvalidArgument, match="pass it when opening"):
        rocchio.open(col.path)
    with open_for_maintenance(col.path) as bare:
        assert bare.info().analyzer == "callable(split_or_fail)"
        assert bare.delete("0") == 1
        bare.commit()
        bare.compact()
        assert bare.verify().ok
        with pytest.raises(InvalidArgument, match="pass it when opening"):
            bare.search("one")


def test_an_interrupt_while_a_segment_begins_leaves_no_orphan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a segment are there before the writer knows the segment."""
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rocchio.engine.segment_writer.SegmentBuilder", interrupted)
    with pytest.raises(KeyboardInterrupt):
        col.add({"doc_id": "a", "text": "alpha"})
    monkeypatch.undo()
    assert list((tmp_path / "c").glob("segment-*"))
    col.rollback()
    assert not list((tmp_path / "c").glob("segment-*"))
