"""Single queries that share calls of the engine, and where these calls run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the extra server is not installed")

import rocchio
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_search import search_words, searches_words
from rocchio.errors import InvalidArgument
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
    snapshot: Snapshot, texts: list[str], before: Callable[[Coalescer], Any] | None = None
) -> tuple[list[Any], int]:
    """Answers to texts that come at once, and how many calls went to a thread; `before` may change the coalescer."""

    async def run() -> list[Any]:
        coalescer = Coalescer(threads, 2)
        if before is not None:
            before(coalescer)
        plain = Plain(snapshot, 5, None, None)
        return await asyncio.gather(*(coalescer.search(plain, text) for text in texts), return_exceptions=True)

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


def quick(snapshot: Snapshot, seconds: float = 0.0) -> Callable[[Coalescer], None]:
    return lambda coalescer: coalescer._pace.update({snapshot: seconds})


def test_what_comes_together_shares_a_call(snapshot: Snapshot):
    texts = ["wing", "flag \ud800", "wind tunnel", "wing"]
    answers, calls = ask(snapshot, texts)
    assert calls == 1
    assert isinstance(answers[1], InvalidArgument)
    for text, answer in zip(texts[::2], answers[::2], strict=True):
        assert answer == [(hit.doc_id, hit.score) for hit in snapshot.search(text, 5)]


def test_quick_searches_need_no_thread(snapshot: Snapshot):
    answers, calls = ask(snapshot, ["wing", "flag"], quick(snapshot))
    assert calls == 0
    assert answers == ask(snapshot, ["wing", "flag"])[0]
    assert isinstance(ask(snapshot, ["\ud800"], quick(snapshot))[0][0], InvalidArgument)


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [(["wing"], 1.0), (["wing"] * 3, 0.0), (["wing " * 100], 0.0)],
    ids=["slow lately", "several", "long"],
)
def test_other_searches_do_not_hold_up_the_loop(snapshot: Snapshot, texts: list[str], seconds: float):
    assert ask(snapshot, texts, quick(snapshot, seconds))[1] == 1


def test_nobody_waits_in_the_loop_for_an_analysis(snapshot: Snapshot):
    assert not snapshot.is_analysing
    with snapshot._analysis_lock:
        assert snapshot.is_analysing


@pytest.mark.parametrize(
    ("k", "field", "scoring"), [(101, None, None), (5, "v", None), (5, None, "bm25(k1=1.0)")], ids=str
)
def test_what_a_search_of_few_words_can_take_is_not_always_bounded(
    snapshot: Snapshot, k: int, field: Any, scoring: Any
):
    assert Plain(snapshot, 100, "text", None).is_small
    assert not Plain(snapshot, k, field, scoring).is_small


def test_how_long_searches_take_is_remembered(snapshot: Snapshot):
    known: list[Coalescer] = []
    ask(snapshot, ["wing"], known.append)
    assert known[0]._pace[snapshot] > 0
