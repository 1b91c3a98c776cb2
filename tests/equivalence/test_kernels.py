"""Every kernel equals the reference, on collections that span windows, shapes of columns and rare codes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import rocchio


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    """40,000 documents in two segments: several windows, lengths from 0 to 5,000, term frequencies above 255."""
    dice = random.Random(7)
    vocabulary = [f"t{i}" for i in range(300)]
    popularity = [1 / (rank + 1) for rank in range(300)]

    def text(row: int) -> str:
        length = 5000 if row % 5000 == 17 else dice.randint(0, 12)
        return " ".join(dice.choices(vocabulary, popularity, k=length))

    fields = {"title": rocchio.text(boost=1.7), "text": rocchio.text()}
    col = rocchio.create(tmp_path_factory.mktemp("large") / "c", fields=fields, analyzer="whitespace")
    for part in range(2):
        rows = range(part * 20_000, part * 20_000 + 20_000)
        col.add({"doc_id": f"d{row:05}", "title": f"t{row % 7}", "text": text(row)} for row in rows)
        col.commit()
    col.delete([f"d{row:05}" for row in range(0, 40_000, 13)])
    col.commit()
    return col


@pytest.mark.parametrize("variant", ["robertson", "lucene", "atire", "bm25l", "bm25+", "anserini"])
@pytest.mark.parametrize("k", [1, 10, 300, 50_000])
@pytest.mark.parametrize("kernel", ["pruned", "exhaustive"])
def test_kernels_equal_the_reference(large: rocchio.Collection, variant: str, k: int, kernel: str) -> None:
    queries = ["t0 t1", "t5 t60 t200", "t299", "t0 t0 t3 t3 t3", "t2 absent", " ".join(f"t{i}" for i in range(40))]
    scoring = rocchio.Bm25(variant=variant)
    fast = large.search(queries, k=k, scoring=scoring, kernel=kernel)
    plain = large.search(queries, k=k, scoring=scoring, kernel="reference")
    threaded = large.search(queries, k=k, scoring=scoring, threads=3)
    for index in range(len(queries)):
        assert fast.doc_ids[index] == plain.doc_ids[index] == threaded.doc_ids[index]
        np.testing.assert_array_equal(fast.scores[index], plain.scores[index])
        np.testing.assert_array_equal(threaded.scores[index], plain.scores[index])


def test_ties_are_ordered_by_doc_id(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    ids = [f"{i:03}" for i in range(500)]
    for part in (ids[250:], ids[:250]):
        col.add({"doc_id": doc_id, "text": "same words"} for doc_id in reversed(part))
        col.commit()
    assert [hit.doc_id for hit in col.search("words", k=20)] == ids[:20]
    assert [hit.doc_id for hit in col.search("words", k=1000)] == ids
