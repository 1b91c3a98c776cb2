"""Texts searched by threads without the interpreter's lock: the same answers as by `Snapshot.search`, for everybody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rocchio
from rocchio._native import SearchQueue
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_queue import TextQueue
from rocchio.errors import InvalidArgument

WORDS = ["wing", "flutter", "speed", "wind", "flag", "tunnel", "naïve", "of"]
DOC_IDS = [
    "plain",
    'a "quoted" one',
    "back\\slash",
    "tab\t, line\n, null\0, bell\x07, delete\x7f",
    "ünïcode ✓ 🛩",
    "",
    "/",
]
TEXTS = st.lists(st.sampled_from([*WORDS, "zzz", "-", "wíng", "WINGS"]), max_size=6).map(" ".join)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    fields = {"title": rocchio.text(boost=2.0), "text": rocchio.text(), "v": rocchio.vector(2), "s": rocchio.sparse()}
    col = rocchio.create(tmp_path_factory.mktemp("words") / "c.rocchio", fields=fields)
    for first in (0, 30):
        texts = [" ".join(WORDS[(i * j) % len(WORDS)] for j in range(1, 6)) for i in range(first, first + 30)]
        col.add({"doc_id": f"d{first + i}", "title": text[:5], "text": text} for i, text in enumerate(texts))
        col.commit()
    col.add({"doc_id": doc_id, "text": "wing " * (i + 1)} for i, doc_id in enumerate(DOC_IDS) if doc_id)
    col.delete(["d3", "d31"])
    col.commit()
    return col.snapshot()


@pytest.fixture(scope="module")
def queue() -> Iterator[TextQueue]:
    queue = TextQueue(2)
    yield queue
    queue.close()


def make_ready(snapshot: Snapshot, field: str | None = None, scoring: str | None = None) -> None:
    """Somebody has searched the snapshot."""
    snapshot.search("wing", 1, field=field, scoring=scoring)


def answers(queue: TextQueue, snapshot: Snapshot, asked: list[tuple[Any, ...]]) -> dict[int, Any]:
    """By number of the question, which is (text, k, field, scoring)."""
    for field, scoring in {(field, scoring) for _, _, field, scoring in asked}:
        make_ready(snapshot, field, scoring)
    for number, (text, *options) in enumerate(asked):
        assert queue.ask(number, snapshot, text, *options)
    found: dict[int, Any] = {}
    while len(found) < len(asked):
        found |= {number: json.loads(hits or "null") for number, hits in queue.take()}
    return found


def plainly(snapshot: Snapshot, text: str, k: int, field: Any, scoring: Any) -> list[dict[str, Any]]:
    hits = snapshot.search(text, k, field=field, scoring=scoring)
    return [{"doc_id": hit.doc_id, "score": hit.score} for hit in hits]


@given(
    st.lists(
        st.tuples(
            TEXTS,
            st.integers(1, 70),
            st.sampled_from([None, "title", "text"]),
            st.sampled_from([None, "bm25(k1=0.9, b=0.4)"]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_answers_are_those_of_search(queue: TextQueue, snapshot: Snapshot, asked: list[tuple[Any, ...]]):
    found = answers(queue, snapshot, asked)
    assert [found[number] for number in range(len(asked))] == [plainly(snapshot, *each) for each in asked]


def test_scores_are_numbers_with_a_point(queue: TextQueue, snapshot: Snapshot):
    kinds = {type(hit["score"]) for hit in answers(queue, snapshot, [("wing flutter", 70, None, None)])[0]}
    assert kinds == {float}


@pytest.mark.parametrize("pace", [(1, 1, 60.0), (3, 1, 0.0), (16, 1, 0.0001), (2, 3, 0.0001)], ids=str)
def test_everybody_gets_an_answer(snapshot: Snapshot, pace: tuple[int, int, float]):
    told, tell = os.pipe()
    queue = SearchQueue(tell, *pace)
    threads = [threading.Thread(target=queue.work) for _ in range(4)]
    for thread in threads:
        thread.start()
    view, _ = snapshot.view({})
    terms = [snapshot.analysis.ready_terms(word) for word in WORDS]
    expected = {i: plainly(snapshot, WORDS[i % len(WORDS)], 1 + i % 3, None, None) for i in range(3 * len(WORDS))}
    found: list[tuple[int, Any]] = []
    for i in range(3000):
        queue.ask(i, view.searcher, terms[i % len(WORDS)], 1 + i % 3)  # type: ignore[arg-type]  # nobody analyses
        if i % 50 == 0:
            found += queue.take()
    while len(found) < 3000:
        found += queue.take()
    queue.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    os.close(told), os.close(tell)
    assert sorted(i for i, _ in found) == list(range(3000))
    assert all(json.loads(hits) == expected[i % len(expected)] for i, hits in found)


def test_what_is_made_first_is_made_elsewhere(queue: TextQueue, tmp_path: Path):
    """Whoever asks may be an event loop, and lengths of all rows may have to be read."""
    with rocchio.create(tmp_path / "c.rocchio", fields={"text": rocchio.text()}, tenants="tenants()") as col:
        col.add([{"doc_id": f"a{i}", "text": f"wing {word}"} for i, word in enumerate(WORDS)], tenants=["acme"])
        col.commit()
        snapshot = col.snapshot("acme")
        assert not queue.ask(1, snapshot, "wing", 5, None, None)
        assert "tokens" not in snapshot.segments[0].__dict__
        assert len(answers(queue, snapshot, [("wing", 5, None, None)])[0]) == 5
        assert not queue.ask(1, snapshot, "wing", 5, None, "bm25(k1=1.2)")


def test_what_waits_when_it_is_closed_is_not_searched(snapshot: Snapshot):
    queue = SearchQueue(0, 4, 1, 1.0)
    queue.ask("nobody", snapshot.view({})[0].searcher, snapshot.analysis.ready_terms("wing"), 3)  # type: ignore[arg-type]
    queue.close()
    queue.work()
    assert queue.take() == [("nobody", None)]


def test_nobody_is_forgotten_when_it_is_closed(snapshot: Snapshot):
    queue = TextQueue(2)
    make_ready(snapshot)
    for number in range(500):
        assert queue.ask(number, snapshot, "wing flutter speed wind", 60, None, None)
    assert sorted(number for number, _ in queue.close()) == list(range(500))


def test_threads_end_with_their_queue(snapshot: Snapshot):
    make_ready(snapshot)
    queue = TextQueue(2)
    threads, (told, tell) = queue._threads, (queue._told, queue._tell)
    assert queue.ask(1, snapshot, "wing", 3, None, None)
    del queue
    assert not any(thread.is_alive() for thread in threads)
    for end in (told, tell):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end)


FORGETFUL = """
import sys
import rocchio
from rocchio.engine.text_queue import TextQueue
col = rocchio.create(sys.argv[1], fields={"text": rocchio.text()})
col.add([{"doc_id": f"d{i}", "text": "wing flag"} for i in range(1000)])
col.commit()
col.search("wing")
queue = TextQueue(2)
for number in range(100):
    assert queue.ask((queue, number), col.snapshot(), "wing", 1000, None, None)
"""


def test_a_program_that_does_not_close_it_ends_quietly(tmp_path: Path):
    command = [sys.executable, "-c", FORGETFUL, str(tmp_path / "c.rocchio")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stderr == ""


@pytest.mark.parametrize("given", [(0, 1), (1, 0)], ids=str)
def test_a_queue_for_nobody(given: tuple[int, int]):
    with pytest.raises(ValueError, match="at least 1"):
        SearchQueue(0, *given, 1.0)


def test_arguments_of_another_kind(queue: TextQueue, snapshot: Snapshot):
    terms = snapshot.analysis.ready_terms("wing")
    with pytest.raises(TypeError):
        queue._queue.ask(1, "searcher", terms, 5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="k of at least 1"):
        queue._queue.ask(1, snapshot.view({})[0].searcher, terms, 0)  # type: ignore[arg-type]
    make_ready(snapshot)
    for text, options in (("\ud800", (5, None, None)), ("a", (0, None, None)), ("a", (5, "none", None)),
                          ("a", (5, None, "bm26"))):  # fmt: skip
        with pytest.raises(InvalidArgument, match="expected"):
            queue.ask(1, snapshot, text, *options)


def test_searchers_are_remembered_within_bounds(queue: TextQueue, snapshot: Snapshot):
    for number in range(40):
        answers(queue, snapshot, [("wing", 3, None, f"bm25(k1=1.{number})")])
    assert len(queue._searchers[snapshot]) <= 16


def words(text: str) -> list[str]:
    return text.split()


OTHERS: dict[str, dict[str, Any]] = {
    "passages": {"fields": {"text": rocchio.text(passages="passages(tokens=2, overlap=0)")}},
    "encoder": {"fields": {"text": rocchio.text(), "v": rocchio.vector(encoder="lsa(dim=2)")}},
    "function": {"fields": {"text": rocchio.text()}, "analyzer": words},
}


@pytest.mark.parametrize("name", OTHERS)
def test_searches_that_take_more_than_the_kernels(queue: TextQueue, tmp_path: Path, name: str):
    with rocchio.create(tmp_path / "c.rocchio", **OTHERS[name]) as col:
        col.add([{"doc_id": f"a{i}", "text": f"wing flutter {word}"} for i, word in enumerate(WORDS)])
        col.commit()
        make_ready(col.snapshot())
        assert not queue.ask(1, col.snapshot(), "wing", 5, None, None)


@pytest.mark.parametrize("statistics", ["tenant", "global"])
def test_tenants_see_their_documents(queue: TextQueue, tmp_path: Path, statistics: str):
    fields = {"text": rocchio.text()}
    with rocchio.create(tmp_path / "c.rocchio", fields, tenants=f"tenants(statistics={statistics})") as col:
        for tenant in ("acme", "beta"):
            col.add(
                [{"doc_id": tenant + str(i), "text": f"wing {word}"} for i, word in enumerate(WORDS)], tenants=[tenant]
            )
        col.commit()
        snapshot = col.snapshot("acme")
        make_ready(snapshot)
        if statistics == "global":  # whose searcher knows the documents of others
            assert not queue.ask(1, snapshot, "wing", 5, None, None)
        else:
            assert answers(queue, snapshot, [("wing flag", 20, None, None)])[0] == plainly(
                snapshot, "wing flag", 20, None, None
            )


def test_fields_that_are_no_words(queue: TextQueue, snapshot: Snapshot):
    assert not queue.ask(1, snapshot, "wing", 5, "v", None)
    assert not queue.ask(1, snapshot, "wing", 5, "s", None)


def test_nobody_waits_for_an_analysis(queue: TextQueue, snapshot: Snapshot):
    make_ready(snapshot)
    with snapshot.analysis._lock:
        assert not queue.ask(1, snapshot, "wing", 5, None, None)
    assert answers(queue, snapshot, [("wing", 5, None, None)])


@pytest.mark.parametrize(("most", "at_once"), [(0, 1), (1, 0)])
def test_a_queue_without_texts_or_threads_is_refused(most: int, at_once: int):
    with pytest.raises(ValueError, match=f"expected most and at_once of at least 1, found {most} and {at_once}"):
        SearchQueue(0, most, at_once, 0.005)


def test_k_of_0_is_refused(snapshot: Snapshot):
    queue, terms = SearchQueue(0, 1, 1, 0.005), snapshot.analysis.ready_terms("wing")
    assert terms is not None
    with pytest.raises(ValueError, match="expected k of at least 1, found 0"):
        queue.ask("asker", snapshot.view({})[0].searcher, terms, 0)
