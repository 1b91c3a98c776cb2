"""What a snapshot holds, columns of gigabytes perhaps, is freed when nobody reads it any more: no cycle keeps it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rocchio
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_queue import TextQueue
from rocchio.engine.text_search import search_words


def by_queue(snapshot: Snapshot) -> None:
    queue = TextQueue(2)
    search_words(snapshot, ["wing"], 5, None, None)
    assert queue.ask(1, snapshot, "wing", 5, None, None)
    assert queue.take()
    queue.close()


USES: dict[str, Callable[[Snapshot], Any]] = {
    "nothing": lambda _: None,
    "text": lambda snapshot: snapshot.search("wing", 5)[0].why(),
    "batch": lambda snapshot: snapshot.search(["wing", "flag"], 5),
    "filter": lambda snapshot: snapshot.search("wing", 5, where="n > 3"),
    "vector": lambda snapshot: snapshot.search([1.0, 0.0], 5, field="v"),
    "both": lambda snapshot: snapshot.search(rocchio.query("wing", vectors={"v": [1.0, 0.0]}), 5),
    "plan": lambda snapshot: snapshot.search("wing", 5, plan="bm25 >> rm3 >> bm25"),
    "offline": lambda snapshot: snapshot.search("wing", 5, plan="offline")[0].why(),
    "documents": lambda snapshot: snapshot.get("3"),
    "words": lambda snapshot: search_words(snapshot, ["wing"], 5, None, None),
    "queue": by_queue,
    "everything": lambda snapshot: snapshot.everything,
}


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("use", USES)
@pytest.mark.usefixtures("no_collector")
def test_a_snapshot_goes_with_its_last_reader(tmp_path: Path, use: str):
    fields = {"text": rocchio.text(), "n": rocchio.number(), "v": rocchio.vector(2)}
    with rocchio.create(tmp_path / "c.rocchio", fields=fields) as col:
        col.add({"doc_id": str(i), "text": f"wing {i} flag", "n": i, "v": [1.0, i]} for i in range(20))
        col.commit()
        if use == "offline":
            col.precompute("bm25", queries="sentences(n=1)")
        snapshot = weakref.ref(col.snapshot())
        USES[use](col.snapshot())
        assert snapshot() is not None
        col.add({"doc_id": "new", "text": "wing"})
        col.commit()
        assert snapshot() is None


TENANTS: dict[str, Callable[[Snapshot], Any]] = {
    "tenant": lambda snapshot: snapshot.for_tenant("acme").search("wing", 5)[0].why(),
    "tenants": lambda snapshot: [snapshot.for_tenant(name).search("wing", 5) for name in ("acme", "beta", "acme")],
    "everything": lambda snapshot: snapshot.everything.search("wing", 5),
    "both": lambda snapshot: (snapshot.everything.for_tenant("acme").search("wing", 5), snapshot.for_tenant("beta")),
    "asked": lambda snapshot: snapshot.everything.search("wing", 5, tenant="acme"),
    "queue": lambda snapshot: by_queue(snapshot.for_tenant("acme")),
}


@pytest.mark.parametrize("statistics", ["tenant", "global"])
@pytest.mark.parametrize("use", TENANTS)
@pytest.mark.usefixtures("no_collector")
def test_a_snapshot_goes_with_its_last_tenant(tmp_path: Path, use: str, statistics: str):
    if (use, statistics) == ("queue", "global"):
        pytest.skip("such searches are none for the queue")
    fields, tenants = {"text": rocchio.text()}, f"tenants(statistics={statistics})"
    with rocchio.create(tmp_path / "c.rocchio", fields, tenants=tenants) as col:
        for tenant in ("acme", "beta"):
            col.add([{"doc_id": f"{tenant}{i}", "text": f"wing {i} flag"} for i in range(20)], tenants=[tenant])
        col.commit()
        snapshot = weakref.ref(col._snapshot)
        view = weakref.ref(col.snapshot("acme"))
        TENANTS[use](col._snapshot)
        assert view() is col.snapshot("acme")
        col.add([{"doc_id": "new", "text": "wing"}], tenants=["acme"])
        col.commit()
        assert (snapshot(), view()) == (None, None)
