"""`cache_mb`: bounds what is kept of the terms that were searched, and changes no answer."""

from __future__ import annotations

from pathlib import Path

import rocchio
from rocchio.lexical.scoring import Bm25


def test_the_bound_changes_no_answer(tmp_path: Path) -> None:
    fields = {"text": rocchio.text(), "s": rocchio.sparse()}
    with rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace", cache_mb=3) as col:
        col.add(
            {"doc_id": f"d{i:03}", "text": f"t{i % 7} t{i % 3} t{i % 50}", "s": {f"t{i % 9}": 1.0}} for i in range(400)
        )
        col.commit()
        queries = [f"t{i} t{2 * i}" for i in range(50)]
        expected = col.search(queries)
    weighted = {"t1": 1.0, "t4": 0.5}
    for cache_mb in (0, 1):
        opened = rocchio.open(tmp_path / "c", cache_mb=cache_mb)
        for _ in range(2):
            run = opened.search(queries)
            assert run.doc_ids[:] == expected.doc_ids[:]
            assert [hit.doc_id for hit in opened.search(weighted, field="s")] == [
                hit.doc_id for hit in col.search(weighted, field="s")
            ]


def test_without_memory_little_is_kept(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace", cache_mb=0)
    col.add({"doc_id": f"d{i:05}", "text": " ".join(f"t{i % n}" for n in range(1, 40))} for i in range(3000))
    col.commit()
    searcher = col.snapshot().searcher(Bm25(), None)
    col.search("t1")
    once = searcher.memory_bytes
    for i in range(20):
        col.search(f"t{i}")
    assert 0 < searcher.memory_bytes < 3 * once
