"""Frozen columns change no answer: a collection that freezes and thaws equals one that never does."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.lexical.scoring import Bm25

FIELDS = {"title": rocchio.text(boost=1.5), "text": rocchio.text(), "s": rocchio.sparse()}
CHOICES: list[dict[str, Any]] = [
    {},
    {"scoring": "bm25(k1=1.2, b=0.75)"},
    {"scoring": Bm25(variant="bm25l", b=0.0)},
    {"scoring": Bm25(variant="anserini", b=1.0)},
    {"field": "title"},
    {"field": {"text": 2.0}},
]
QUERIES = ["t0 t1", "t3", "t2 t9 t40 absent", " ".join(f"t{i}" for i in range(25))]
WEIGHTED = [{"t0": 1.0, "t4": 0.25}, {"t30": 2.0}]


def documents(seed: int, count: int, first: int) -> list[dict[str, Any]]:
    """Skewed texts: some terms stand in most documents, some in few, a few hundred times in one."""
    dice = random.Random(seed)
    terms = [f"t{i}" for i in range(60)]
    popularity = [1 / (rank + 1) for rank in range(60)]
    out = []
    for i in range(first, first + count):
        words = dice.choices(terms, popularity, k=dice.choice([0, 3, 10, 25]))
        words += ["t1"] * (dice.randint(200, 700) if i % 97 == 5 else 0)
        weights = {word: dice.randint(1, 400) / 100 for word in words}
        out.append({"doc_id": f"d{i:05}", "title": f"t{i % 5}", "text": " ".join(words), "s": weights})
    return out


def answers(col: rocchio.Collection) -> list[Any]:
    out: list[Any] = []
    for choice in CHOICES:
        for kernel in ("automatic", "pruned", "exhaustive"):
            run = col.search(QUERIES, k=7, kernel=kernel, **choice)
            out += [(ids, scores.tobytes()) for ids, scores in zip(run.doc_ids[:], run.scores, strict=True)]
    run = col.search(WEIGHTED, k=20, field="s")
    return out + [(ids, scores.tobytes()) for ids, scores in zip(run.doc_ids[:], run.scores, strict=True)]


def make(folder: Path, count: int = 700) -> rocchio.Collection:
    col = rocchio.create(folder, fields=FIELDS, analyzer="whitespace")
    col.add(documents(1, count, 0))
    col.commit()
    return col


def uses_frozen(col: rocchio.Collection, scoring: str | Bm25 | None = None, field: Any = None) -> list[bool]:
    snapshot = col.snapshot()
    searcher = snapshot.to_freeze(scoring, field)[1]
    return [searcher.has_frozen(i) for i in range(len(snapshot.segments))]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("freeze"), st.sampled_from([*CHOICES, {"field": "s"}, {"max_mb": 0}])),
        st.tuples(st.just("thaw"), st.none()),
        st.tuples(st.just("add"), st.integers(1, 150)),
        st.tuples(st.just("delete"), st.integers(2, 40)),
        st.tuples(st.just("compact"), st.none()),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=7,
)


@settings(max_examples=12)
@given(steps=steps)
def test_any_history_gives_the_answers_of_one_without_freezing(steps: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        frozen, plain = make(Path(folder) / "frozen", 300), make(Path(folder) / "plain", 300)
        rows = 300
        for name, value in [("freeze", {}), *steps]:
            for col in (frozen, plain):
                if name == "add":
                    col.add(documents(rows, value, rows))
                elif name == "delete":
                    col.delete([f"d{i:05}" for i in range(0, rows, value)])
                elif name == "compact":
                    col.compact()
                col.commit()
            rows += value if name == "add" else 0
            if name == "freeze":
                frozen.freeze(**value)
            elif name == "thaw":
                frozen.thaw()
            elif name == "reopen":
                frozen = rocchio.open(Path(folder) / "frozen", cache_mb=0)
            assert answers(frozen) == answers(plain), name
        assert frozen.verify().ok


def test_frozen_columns_are_used_and_known_to_be_stale(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    expected = answers(col)
    summary = col.freeze()
    assert summary.terms > 20
    assert col.info().frozen_bytes > summary.size_bytes > 0
    assert uses_frozen(col) == [True]
    assert uses_frozen(col, "bm25(k1=1.2, b=0.75)") == uses_frozen(col, field="title") == [False]
    assert answers(col) == expected
    col.snapshot().searcher(Bm25(), None)
    assert col.snapshot().searcher(Bm25(), None).memory_bytes < 100_000  # columns are in the file
    col.add({"doc_id": "new", "text": "t0 t7"})
    col.commit()
    assert uses_frozen(col) == [False, False]
    col.freeze()
    assert uses_frozen(col) == [True, True]
    col.delete("d00003")
    col.commit()
    assert uses_frozen(col) == [False, False]
    assert col.verify().ok
    col.thaw()
    assert col.info().frozen_bytes == 0
    assert not list((tmp_path / "c").rglob("frozen*"))


def test_columns_that_depend_on_no_statistics_stay(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    flat = "bm25(k1=1.1, b=0)"
    col.freeze(scoring=flat)
    col.freeze(field="s")
    col.add(documents(5, 100, 1000))
    col.delete([f"d{i:05}" for i in range(50)])
    col.commit()
    assert uses_frozen(col, flat) == uses_frozen(col, field="s") == [True, False]
    plain = rocchio.create(tmp_path / "plain", fields=FIELDS, analyzer="whitespace")
    plain.add(documents(1, 700, 0)[50:])
    plain.add(documents(5, 100, 1000))
    plain.commit()
    assert answers(col) == answers(plain)


def test_a_bound_keeps_the_most_frequent_terms(tmp_path: Path) -> None:
    col = make(tmp_path / "c", 30_000)
    everything = col.freeze()
    bounded = col.freeze(max_mb=1)
    assert 0 < bounded.terms < everything.terms
    assert bounded.size_bytes <= 1 << 20 < everything.size_bytes
    assert col.freeze(max_mb=0).terms == 0
    assert uses_frozen(col) == [True]


def test_files_go_with_their_segment(tmp_path: Path) -> None:
    col = make(tmp_path / "c")
    col.freeze()
    col.add(documents(3, 80, 900))
    col.commit()
    assert len(list((tmp_path / "c").rglob("frozen*"))) == 2
    col.compact()
    assert not list((tmp_path / "c").rglob("frozen*"))
    col.freeze(field="s")
    col.freeze(field="s")
    names = sorted(path.name for path in (tmp_path / "c").rglob("frozen*"))
    assert [name.split("-", 2)[2] for name in names] == ["sparse-0.arrays", "sparse-0.bin"]


def test_what_cannot_be_frozen(tmp_path: Path) -> None:
    empty = rocchio.create(tmp_path / "empty", fields=FIELDS)
    assert empty.freeze().terms == 0
    assert empty.thaw() == 0
    col = make(tmp_path / "c", 100)
    for options in ({"max_mb": -1}, {"max_mb": 1.5}, {"field": "nope"}, {"field": "s", "scoring": "bm25"}):
        with pytest.raises(InvalidArgument, match="expected"):
            col.freeze(**options)  # type: ignore[arg-type]
    col.delete("d00001")
    with pytest.raises(InvalidArgument, match="expected no uncommitted changes to freeze"):
        col.freeze()
    col.commit()
    assert rocchio.open(tmp_path / "c").freeze().terms > 0  # the lock is free again


def test_threads_share_frozen_columns(tmp_path: Path) -> None:
    col = make(tmp_path / "c", 3000)
    queries = QUERIES * 20
    expected = col.search(queries)
    col.freeze()
    found = rocchio.open(tmp_path / "c").search(queries, threads=3)
    assert found.doc_ids[:] == expected.doc_ids[:]
    for ours, theirs in zip(found.scores, expected.scores, strict=True):
        np.testing.assert_array_equal(ours, theirs)
