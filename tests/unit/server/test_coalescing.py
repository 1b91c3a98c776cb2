"""Single queries that share calls of the engine, and where these calls run."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the extra server is not installed")

import rocchio
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_search import search_words, searches_words
from rocchio.errors import Corruption, InvalidArgument
from rocchio.lexical.scoring import Bm25
from rocchio.server.coalescing import Coalescer, Plain

WORDS = ["wing", "flutter", "speed", "wind", "flag", "tunnel", "naïve", "of"]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    fields = {"title": rocchio.text(boost=2.0), "text": rocchio.text(), "v": rocchio.vector(2)}
    col = rocchio.create(tmp_path_factory.mktemp("words") / "c.rocchio", fields=fields)
    for first in (0, 30):
        texts = [" ".join(WORDS[(i * j) % len(WORDS)] for j in range(1, 6)) for i in range(first, first + 30)]
        col.add({"doc_id": f"d{first + i}", "title": text[:5], "text": text} for i, text in enumerate(texts))
        col.commit()
    col.delete(["d3", "d31"])
    col.commit()
    return col.snapshot()


class Threads(ThreadPoolExecutor):
    """Counts what it is given."""

    given = 0

    def submit(self, *given: Any, **options: Any) -> Future[Any]:
        self.given += 1
        return super().submit(*given, **options)


def ask(
    snapshot: Snapshot, texts: list[str], *, is_open: bool = False, field: str | None = None
) -> tuple[list[Any], int]:
    """Answers to texts that come at once, and how many calls went to a thread of the executor."""

    async def run() -> list[Any]:
        coalescer, plain = Coalescer(threads, 2), Plain(snapshot, 5, field, None)
        if is_open:
            coalescer.open()
        found = await asyncio.gather(*(coalescer.search(plain, text) for text in texts), return_exceptions=True)
        await coalescer.close()
        return found

    with Threads(2) as threads:
        return asyncio.run(run()), threads.given


@given(
    st.lists(st.lists(st.sampled_from([*WORDS, "zzz", "-"]), max_size=6).map(" ".join), min_size=1, max_size=5),
    st.integers(1, 70),
    st.sampled_from([None, "title", "text"]),
    st.sampled_from([None, "bm25(k1=0.9, b=0.4)"]),
)
def test_words_are_found_as_by_search(snapshot: Snapshot, texts: list[str], k: int, field: Any, scoring: Any):
    run = snapshot.search(texts, k, field=field, scoring=scoring)
    assert searches_words(snapshot.schema, field)
    assert search_words(snapshot, texts, k, field, scoring) == [run[i] for i in range(len(texts))]


def test_fields_that_are_no_words(snapshot: Snapshot):
    assert not searches_words(snapshot.schema, "v")
    with pytest.raises(InvalidArgument, match="'none'"):
        search_words(snapshot, ["wing"], 5, "none", None)


def as_json(snapshot: Snapshot, text: str) -> list[dict[str, Any]]:
    return [{"doc_id": hit.doc_id, "score": hit.score} for hit in snapshot.search(text, 5)]


@pytest.mark.parametrize("is_open", [False, True])
def test_everybody_gets_their_answer(snapshot: Snapshot, is_open: bool):
    texts = ["wing", "flag \ud800", "wind tunnel", "wing"]
    snapshot.search("wing")
    answers, calls = ask(snapshot, texts, is_open=is_open)
    assert calls == (0 if is_open else 1)  # what comes together shares a call
    assert isinstance(answers[1], InvalidArgument)
    for text, answer in zip(texts[::2], answers[::2], strict=True):
        assert json.loads(answer) == as_json(snapshot, text)


@pytest.mark.parametrize(("text", "field"), [("wing " * 100, None), ("wing", "v")], ids=["long", "not of words"])
def test_what_may_take_long_is_left_to_the_executor(snapshot: Snapshot, text: str, field: str | None):
    assert ask(snapshot, [text], is_open=True, field=field)[1] == 1


def test_the_first_search_of_a_snapshot_is_left_to_the_executor(tmp_path: Path):
    """What all searches share is made by it, which takes longer than the event loop may be held up."""
    with rocchio.create(tmp_path / "c.rocchio", fields={"text": rocchio.text()}) as col:
        col.add({"doc_id": f"d{i}", "text": "wing flutter"} for i in range(100))
        col.commit()
        assert [ask(col.snapshot(), ["wing"], is_open=True)[1] for _ in range(2)] == [1, 0]


def test_who_waits_while_the_threads_end_gets_an_answer(snapshot: Snapshot):
    async def run() -> list[bytes]:
        coalescer, plain = Coalescer(threads, 2), Plain(snapshot, 5, None, None)
        coalescer.open()
        waiting = [asyncio.ensure_future(coalescer.search(plain, "wing flag wind")) for _ in range(200)]
        await asyncio.sleep(0)
        await coalescer.close()
        return await asyncio.wait_for(asyncio.gather(*waiting), 10)

    snapshot.search("wing")
    with Threads(2) as threads:
        found = asyncio.run(run())
    assert [json.loads(answer) for answer in found] == 200 * [as_json(snapshot, "wing flag wind")]


def test_who_does_not_wait_any_more_holds_up_nobody(snapshot: Snapshot):
    async def run() -> bytes:
        coalescer, plain = Coalescer(threads, 2), Plain(snapshot, 5, None, None)
        coalescer.open()
        gone = asyncio.ensure_future(coalescer.search(plain, "flag"))
        await asyncio.sleep(0)
        gone.cancel()
        found = await coalescer.search(plain, "wing")
        await coalescer.close()
        return found

    with Threads(2) as threads:
        assert json.loads(asyncio.run(run())) == as_json(snapshot, "wing")


def test_a_search_that_fails_says_why(tmp_path: Path):
    """The queue says that it failed, the search that is tried then says how."""
    with rocchio.create(tmp_path / "c.rocchio", fields={"text": rocchio.text()}) as col:
        col.add({"doc_id": f"d{i}", "text": "wing flutter"} for i in range(100))
        col.commit()
        snapshot = col.snapshot()
        snapshot.searcher(Bm25(), None)
    with next((tmp_path / "c.rocchio").glob("segment-*/index.arrays")).open("r+b") as file:  # which is mapped
        place = file.read().index(b"d10d11")
        file.seek(place + 3)
        file.write(b"\xff")
    answers, calls = ask(snapshot, ["wing"], is_open=True)
    assert calls == 1
    assert isinstance(answers[0], Corruption)


def test_a_loop_that_watches_no_pipes(snapshot: Snapshot):
    class Loop(asyncio.SelectorEventLoop):
        def add_reader(self, *_: Any) -> None:
            raise NotImplementedError

    async def run() -> bytes:
        coalescer = Coalescer(threads, 2)
        coalescer.open()
        return await coalescer.search(Plain(snapshot, 5, None, None), "wing")

    with Threads(2) as threads, asyncio.Runner(loop_factory=Loop) as runner:
        assert json.loads(runner.run(run())) == as_json(snapshot, "wing")
        assert threads.given == 1
