"""Offline feedback equals its plain reference: lists come back as they were stored, and their sums to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio
from rocchio._native import encode_stored_lists
from rocchio.errors import NotFound
from rocchio.feedback.offline import combine, min_max_codes, softmax
from rocchio.fusion.normalise import min_max
from rocchio.pipelines import Offline

WORDS = [f"w{number}" for number in range(30)]
PLAN = "bm25 >> rm3(docs=3, terms=4, most_share=1.0) >> bm25"


def documents(seed: int, count: int, first: int = 0) -> list[dict[str, str]]:
    dice = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, len(WORDS) + 1)
    drawn = dice.choice(WORDS, (count, 12), p=popularity / popularity.sum())
    return [{"doc_id": f"d{first + row:03}", "text": ". ".join(" ".join(part) for part in words.reshape(3, 4))}
            for row, words in enumerate(drawn)]  # fmt: skip


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    """Three segments, then a deletion and a segment that the lists do not know."""
    made = rocchio.create(tmp_path_factory.mktemp("offline") / "c", {"text": rocchio.text()}, analyzer="whitespace")
    for part in range(3):
        made.add(documents(part, 40, 40 * part))
        made.commit()
    made.delete(["d003", "d077"])
    made.commit()
    made.precompute(PLAN, depth=30)
    made.delete([f"d{number:03}" for number in (5, 6, 44, 90)])
    made.add(documents(9, 5, 200))
    made.commit()
    return made


def reference(col: rocchio.Collection, query: str, step: Offline, k: int) -> list[tuple[str, Any]]:
    """Pseudo-queries by search, lists as they are stored, sums in Python."""
    snapshot = col.snapshot()
    similar = snapshot.offline.similar([query], step)
    lists = [dict(zip(*map(np.ndarray.tolist, snapshot.opened_offline.lists.entries(row)), strict=True))
             for row in similar.rows.tolist()]  # fmt: skip
    known = [segment for segment in snapshot.segments if segment.entry.name in snapshot.manifest.offline.segments]
    ids = [segment.lexical.doc_id(row) for segment in known for row in range(segment.rows)]
    scores = combine(lists, similar.scores.tolist())
    found = [(ids[document], score) for document, score in scores.items() if ids[document] in col]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from([*WORDS, "absent"]), max_size=6), queries=st.integers(1, 20), k=st.integers(1, 60)
)
def test_sums_are_those_of_the_reference(col: rocchio.Collection, words: list[str], queries: int, k: int) -> None:
    step = Offline(queries)
    hits = col.search(" ".join(words), k, plan=step)
    assert [(hit.doc_id, hit.score) for hit in hits] == reference(col, " ".join(words), step, k)


def test_a_batch_is_its_queries_one_by_one(col: rocchio.Collection) -> None:
    queries = ["w0 w3", "absent", "w7", "w1 w2 w29"]
    run = col.search(queries, 20, plan="offline")
    for query, found in zip(queries, run, strict=True):
        assert list(found) == [(hit.doc_id, hit.score) for hit in col.search(query, 20, plan="offline")]


def test_explanations_sum_up(col: rocchio.Collection) -> None:
    for hit in col.search("w0 w9 w13", 30, plan="offline(queries=12)"):
        why = hit.why()
        assert why.score == pytest.approx(hit.score, rel=1e-6)
        assert all(0 < part.score <= 1 and part.rank >= 1 for part in why.lists)
        assert "bm25 " in str(why)
    snapshot = col.snapshot()
    with pytest.raises(NotFound, match="that pseudo-queries of the query have found"):
        snapshot.offline.explain("w0", "d200", Offline())


def test_filters_are_respected(tmp_path: Path) -> None:
    fields = {"text": rocchio.text(), "year": rocchio.number()}
    col = rocchio.create(tmp_path / "c", fields, analyzer="whitespace")
    for part in range(2):
        col.add([record | {"year": row % 5} for row, record in enumerate(documents(part, 40, 40 * part))])
        col.commit()
    col.precompute("bm25", queries="salient(terms=3)")
    queries = ["w0 w5", "w3", "w1"]
    whole = col.search(queries, 100, plan="offline")
    years = [{doc_id for doc_id in ids if col.get(doc_id)["year"] < 2} for ids in whole.doc_ids]
    some = col.search(queries, 100, plan="offline", where="year < 2")
    for number, kept in enumerate(years):
        known = dict(whole[number])
        assert 0 < len(some.doc_ids[number]) < len(whole.doc_ids[number])
        assert set(some.doc_ids[number]) == kept
        assert dict(some[number]) == {doc_id: known[doc_id] for doc_id in kept}
    each = col.search(queries, 100, plan="offline", where=["year < 2", None, "year < 2"])
    assert [list(found) for found in each] == [list(some[0]), list(whole[1]), list(some[2])]


@st.composite
def stored(draw: st.DrawFn) -> tuple[int, list[list[tuple[int, int]]]]:
    count = draw(st.sampled_from([1, 2, 70, 5000, 2**32 - 2]))
    entry = st.tuples(st.integers(0, count - 1), st.integers(1, 255))
    lists = draw(st.lists(st.lists(entry, max_size=20, unique_by=lambda pair: pair[0]), max_size=6))
    return count, [sorted(each) for each in lists]


@settings(max_examples=150, deadline=None)
@given(stored(), st.integers(0, 255))
def test_lists_come_back(tmp_path_factory: pytest.TempPathFactory, made: tuple[int, Any], least: int) -> None:
    count, lists = made
    folder = tmp_path_factory.mktemp("lists")
    flat = [pair for each in lists for pair in each]
    encoded, offsets = encode_stored_lists(
        np.cumsum([0, *map(len, lists)], dtype=np.uint64), np.array([pair[0] for pair in flat], np.uint32),
        np.array([pair[1] for pair in flat], np.uint8), count, least,
    )  # fmt: skip
    opened = open_lists(folder, encoded, offsets, count)
    opened.validate()
    assert len(opened) == len(lists)
    for number, each in enumerate(lists):
        found = list(zip(*map(np.ndarray.tolist, opened.entries(number)), strict=True))
        assert found == [pair for pair in each if pair[1] >= least]


def open_lists(folder: Path, encoded: Any, offsets: Any, count: int) -> Any:
    from rocchio._native import StoredLists
    from rocchio.lexical.offline_file import LIST_ARRAYS
    from rocchio.lexical.writer import add_sequence
    from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
    from rocchio.storage.checked import MappedFile
    from rocchio.storage.directory import LocalDirectory

    directory = LocalDirectory(folder)
    out = ArrayFileWriter(directory, "lists")
    add_sequence(out, "list_offsets", offsets)
    out.add("lists", "u1", [encoded])
    file = ArrayFile(MappedFile(directory, "lists", out.finish()))
    return StoredLists({name: file.native(name, dtype) for name, dtype in LIST_ARRAYS.items()}, count)


@pytest.mark.parametrize(
    ("offsets", "documents_of", "codes"),
    [([], [], []), ([1], [], []), ([0, 2], [3, 3], [1, 1]), ([0, 2], [3, 2], [1, 1]), ([0, 1], [9], [1]),
     ([0, 1], [1], []), ([0, 2, 1], [1], [1])],
)  # fmt: skip
def test_what_is_no_list_is_refused(offsets: list[int], documents_of: list[int], codes: list[int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        encode_stored_lists(
            np.array(offsets, np.uint64), np.array(documents_of, np.uint32), np.array(codes, np.uint8), 9, 1
        )


@given(st.lists(st.floats(-50, 50, width=32), max_size=12), st.sampled_from([0, 3]))
def test_codes_are_the_min_max_of_fusion(scores: list[float], zeros: int) -> None:
    codes = min_max_codes(np.array(scores, np.float32), zeros)
    assert len(codes) == len(scores)
    if scores:
        expected, _ = min_max(np.array(scores, np.float64), zeros)
        assert np.abs(codes / 255 - expected).max() <= 0.5 / 255 + 1e-12


def test_softmax_does_not_overflow() -> None:
    assert softmax([]) == []
    assert softmax([2000.0, 2000.0]) == [0.5, 0.5]
    assert softmax([1e4, 0.0]) == [1.0, 0.0]
    assert sum(softmax([3.5, 2.0, 1.0])) == pytest.approx(1)
