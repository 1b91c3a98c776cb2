"""Streaming ingest: bounded, accounted for line by line, durable before it is acknowledged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.server.asker import Asker

import rocchio
from rocchio.errors import BusyError, StorageFailure
from rocchio.server.ingest import Acknowledger, Progress, split_lines
from rocchio.server.limits import Limits
from rocchio.server.writing import Writing


@given(st.binary(max_size=60), st.lists(st.integers(1, 9), max_size=20), st.integers(1, 12))
def test_lines_are_the_same_however_the_body_is_cut(body: bytes, sizes: list[int], most: int):
    body = body.replace(b"\x00", b"\n").replace(b"\x01", b"\n")

    async def pieces() -> AsyncIterator[bytes]:
        place = 0
        for size in [*sizes, len(body)]:
            yield body[place : place + size]
            place += size

    async def split() -> list[tuple[int, bytes]]:
        return [line async for lines in split_lines(pieces(), most) for line in lines]

    whole = body.split(b"\n")
    whole = whole[:-1] if not whole[-1] else whole
    assert asyncio.run(split()) == [(number, line[: most + 1]) for number, line in enumerate(whole, start=1)]


def test_each_line_is_accounted_for(ask: Asker):
    lines: list[Any] = [
        {"doc_id": "n1", "text": "first"},
        {"doc_id": "n1", "text": "again"},
        {"doc_id": "a1", "text": "replaced"},
        {"doc_id": "n2", "year": "old"},
        ["no object"],
        {"text": "no doc_id"},
    ]
    raw = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + b"\n{broken\n" + b'{"doc_id": "last"}'
    (last,) = ask.ingest(raw)
    errors = {error["line"]: error["reason"] for error in last.pop("errors")}
    assert last == {"lines": 9, "written": 3, "replaced": 1, "repeated": 1, "rejected": 4, "generation": 2,
                    "errors_left_out": 0, "done": True}  # fmt: skip
    assert sorted(errors) == [4, 5, 6, 8]
    assert "year" in errors[4]
    assert "found list" in errors[5]
    assert "doc_id" in errors[6]
    assert "expected JSON" in errors[8]
    assert ask("GET", "/collections/papers/documents/n1").json()["fields"]["text"] == "again"


def test_batches_are_acknowledged_and_errors_bounded(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder, limits=Limits(rate=0, batch_documents=10, errors=3, line_bytes=200, depth=4))
    lines: list[Any] = [{"doc_id": f"d{i}", "text": f"word{i}"} for i in range(35)]
    lines[5] = {"doc_id": "long", "text": "x" * 500}
    lines[6] = {"doc_id": "deep", "text": [[[[[1]]]]]}
    lines[21:27] = ["no object"] * 6
    told = ask.ingest(lines)
    assert [line["done"] for line in told] == [False] * (len(told) - 1) + [True]
    assert told[-1]["lines"] == 35
    assert told[-1]["written"] == 27
    errors = [error for line in told for error in line["errors"]]
    assert {error["line"] for error in errors[:2]} == {6, 7}
    assert "200 bytes" in errors[0]["reason"]
    assert "4 levels" in errors[1]["reason"]
    assert sum(line["errors_left_out"] for line in told) == 8 - len(errors) > 0
    assert ask("GET", "/collections/papers").json()["documents"] == 31


def test_a_body_that_breaks_off_leaves_whole_batches(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder, limits=Limits(rate=0, batch_documents=10))
    body = b"".join(json.dumps({"doc_id": f"d{i}"}).encode() + b"\n" for i in range(25))
    messages = [{"type": "http.request", "body": body, "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/x-ndjson")]
    scope = {"type": "http", "method": "POST", "path": "/collections/papers/ingest", "headers": headers,
             "query_string": b"", "raw_path": b"", "client": ("127.0.0.1", 1)}  # fmt: skip
    ask.run(ask.app(scope, receive, send))
    assert ask("GET", "/collections/papers").json()["documents"] == 24


def test_a_full_disk_ends_the_ingest_with_what_is_durable(folder: Path, serve, monkeypatch):
    ask = serve(folder, limits=Limits(rate=0, batch_documents=10))
    calls: list[int] = []
    commit = rocchio.Collection.commit

    def full(col: rocchio.Collection) -> int:
        calls.append(1)
        if len(calls) > 2:
            raise StorageFailure(28, "no space left on /secret")
        return commit(col)

    monkeypatch.setattr(rocchio.Collection, "commit", full)
    told = ask.ingest([{"doc_id": f"d{i}"} for i in range(35)])
    assert told[-1]["done"] is False
    assert told[-1]["lines"] == 20
    assert told[-1]["problem"]["status"] == 507
    assert "secret" not in str(told)
    assert ask("GET", "/collections/papers").json()["documents"] == 24
    monkeypatch.undo()
    assert ask.ingest([{"doc_id": "after"}])[-1]["written"] == 1


def test_an_ingest_that_fails_at_once_is_a_problem(ask: Asker, monkeypatch):
    def full(col: rocchio.Collection) -> int:
        raise StorageFailure(28, "no space left")

    monkeypatch.setattr(rocchio.Collection, "commit", full)
    headers = {"content-type": "application/x-ndjson"}
    answer = ask("POST", "/collections/papers/ingest", content=b'{"doc_id": "x"}', headers=headers)
    assert answer.status_code == 507


def test_an_acknowledgement_that_nobody_reads_holds_nothing_up():
    async def check() -> None:
        progress, sent, reads = Progress(), [], asyncio.Event()

        async def send(line: dict[str, Any]) -> None:
            sent.append(line)
            await reads.wait()

        acknowledger = Acknowledger(send, progress)
        for lines in range(1, 6):
            progress.lines = lines
            progress.errors.append({"line": lines})
            acknowledger.tell()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert [line["lines"] for line in sent] == [1]
        reads.set()
        await asyncio.sleep(0.01)
        assert [line["lines"] for line in sent] == [1, 5]
        assert [len(line["errors"]) for line in sent] == [1, 4]
        await acknowledger.stop(1)

    asyncio.run(check())


def test_a_writer_refuses_more_than_its_queue(tmp_path: Path):
    import threading

    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})
    writing, go = Writing(col, limit=2), threading.Event()
    first = writing.submit(lambda _: go.wait(10))
    while writing.waiting:
        pass
    others = [writing.submit(lambda col, i=i: col.upsert({"doc_id": str(i)})) for i in range(2)]
    with pytest.raises(BusyError, match="2 waiting"):
        writing.submit(lambda _: None)
    go.set()
    assert [other.result(10).result.added for other in others] == [1, 1]
    assert first.result(10).generation == 0
    assert others[0].result().generation == others[1].result().generation == 1  # one commit for both
    writing.close()
    with pytest.raises(BusyError, match="stopping"):
        writing.submit(lambda _: None)


def test_a_mistake_in_a_group_is_its_own(tmp_path: Path):
    import threading

    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})
    writing, go = Writing(col), threading.Event()
    writing.submit(lambda _: go.wait(10))
    good = writing.submit(lambda col: col.upsert({"doc_id": "good"}))
    bad = writing.submit(lambda col: col.upsert({"doc_id": 3}))
    also = writing.submit(lambda col: col.upsert({"doc_id": "also"}))
    go.set()
    assert isinstance(bad.exception(10), rocchio.errors.SchemaMismatch)
    assert good.result(10).generation == also.result(10).generation == 1
    writing.close()
    assert len(rocchio.open(tmp_path / "c")) == 2


def test_another_writer_is_told_to_come_back(ask: Asker, folder: Path):
    with rocchio.open(folder / "papers.rocchio") as other:
        other.upsert({"doc_id": "other"})
        answer = ask("POST", "/collections/papers/documents", json={"documents": [{"doc_id": "x"}]})
        assert answer.status_code == 503
        assert answer.json()["type"].endswith("BusyError")
        other.commit()
    assert ask("POST", "/collections/papers/documents", json={"documents": [{"doc_id": "x"}]}).status_code == 200
    assert ask("GET", "/collections/papers").json()["documents"] == 6
