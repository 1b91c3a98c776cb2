"""Answers within a memory limit are those without one, to the last bit, whatever is in memory, read and cached."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rocchio
from rocchio import ALL_TENANTS
from rocchio.dense import index_writer, memory_plan
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument

DIM, ROWS, DELETED = 48, 1400, 40
CACHE_BYTES = 16 * 5000
"""A page in each shard: nearly everything is read anew."""
PARTS: tuple[tuple[str, ...], ...] = ((), ("lists",), ("lists", "codes"), ("lists", "codes", "originals"))
KINDS = {"cosine": "float32", "ip": "float16", "l2": "float32"}


@pytest.fixture(scope="module", autouse=True)
def little_memory() -> Iterator[None]:
    """Limits that are worth a test for a few hundred kilobytes of vectors, which have lists."""
    with (
        mock.patch.object(index_writer, "LEAST_ROWS", 100),
        mock.patch.object(memory_plan, "LEAST_CACHE_BYTES", CACHE_BYTES),
        mock.patch.object(memory_plan, "WORKING_BYTES", 0),
    ):
        yield


@dataclass
class Case:
    """A collection without a limit, and handles of the same that have `PARTS` in memory."""

    col: Collection
    limited: dict[tuple[str, ...], Collection]


def clustered(seed: int, rows: int) -> np.ndarray:
    centres = np.random.default_rng(0).normal(size=(20, DIM))
    dice = np.random.default_rng(seed)
    return (centres[dice.integers(20, size=rows)] + 0.8 * dice.normal(size=(rows, DIM))).astype(np.float32)


def with_parts(path: Path, parts: tuple[str, ...], **options: Any) -> Collection:
    """A handle that has these parts in memory, and as little as possible besides."""
    about = rocchio.open(path, memory_limit="1GB", **options)._vector_memory
    assert about is not None
    least = about.plan.needs.fixed + sum(getattr(about.plan.needs, part) for part in parts)
    extra = 0 if len(parts) == len(memory_plan.PARTS) else CACHE_BYTES
    limit = (least + max(extra, CACHE_BYTES)) if about.plan.kept_bytes == 0 else int((least + 5 * CACHE_BYTES) / 0.8)
    col = rocchio.open(path, memory_limit=limit, **options)
    if about.plan.kept_bytes == 0:
        assert col._vector_memory is not None and col._vector_memory.plan.in_memory == parts
    return col


@pytest.fixture(scope="module", params=sorted(KINDS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two segments, deletions in each, rows without a vector."""
    path = tmp_path_factory.mktemp("memory") / "c"
    vector = rocchio.vector(DIM, metric=request.param, dtype=KINDS[request.param])  # type: ignore[arg-type]
    col = rocchio.create(path, fields={"v": vector, "n": rocchio.number()})
    for segment in range(2):
        values = clustered(segment, ROWS)
        for row in range(ROWS):
            doc = {"doc_id": f"d{segment}-{row}", "n": row, "v": values[row].tolist()}
            col.add(doc if row % 50 else {"doc_id": doc["doc_id"], "n": row})
        col.commit()
    col.delete([f"d{row % 2}-{row * 7}" for row in range(DELETED)])
    col.commit()
    assert len(col.info().segments) == 2 and all(field.lists for field in col.info().vector_fields.values())
    return Case(rocchio.open(path), {parts: with_parts(path, parts) for parts in PARTS})


def same(found: Any, expected: Any) -> bool:
    if isinstance(found, rocchio.Run):
        scores = all(np.array_equal(a, b) for a, b in zip(found.scores, expected.scores, strict=True))
        return scores and [list(ids) for ids in found.doc_ids] == [list(ids) for ids in expected.doc_ids]
    return [(hit.doc_id, hit.score) for hit in found] == [(hit.doc_id, hit.score) for hit in expected]


FILTERS = st.sampled_from([None, "n < 7", "n < 100", "n >= 300 AND n < 1000", "n != 5", "n < 0"])


@given(
    seed=st.integers(0, 10_000),
    count=st.sampled_from([1, 3, 70]),
    k=st.sampled_from([1, 10, 100, 5000]),
    recall=st.sampled_from([0.5, 0.9, 0.99, 1.0]),
    where=FILTERS,
    parts=st.sampled_from(PARTS),
)
@settings(max_examples=40)
def test_searches(case: Case, seed: int, count: int, k: int, recall: float, where: str | None, parts: Any) -> None:
    queries = clustered(100 + seed, count)
    options: dict[str, Any] = {"field": "v", "k": k, "recall": recall, "where": where}
    limited = case.limited[parts]
    assert same(limited.search(queries, **options), case.col.search(queries, **options))
    assert same(limited.search(queries[0], **options), case.col.search(queries[0], **options))
    about = limited.memory()
    assert about is not None and about.cached_bytes <= about.cache_bytes <= about.limit_bytes


@pytest.mark.parametrize("parts", PARTS, ids="-".join)
def test_all_else_that_looks_at_vectors(case: Case, parts: tuple[str, ...]) -> None:
    limited, queries = case.limited[parts], clustered(3, 5)
    least = float(case.col.search(queries[0], field="v", k=200, recall=1)[-1].score)
    assert same(
        limited.search(queries, field="v", min_score=least), case.col.search(queries, field="v", min_score=least)
    )
    first = limited.search(queries[0], field="v", k=3)[0]
    assert str(first.why()) == str(case.col.search(queries[0], field="v", k=3)[0].why())
    assert np.array_equal(limited.vector("d0-1", "v"), case.col.vector("d0-1", "v"))
    assert limited.vector("d0-50", "v") is None
    if case.col.schema.fields["v"].metric == "ip":
        return
    assert np.array_equal(limited.knn_graph("v", 3).indices, case.col.knn_graph("v", 3).indices)
    near, expected = (col.range_search("v", queries, 0.5 if least < 1 else 9.0) for col in (limited, case.col))
    assert np.array_equal(near.distances, expected.distances)
    assert np.array_equal(limited.clusters("v", 3).labels, case.col.clusters("v", 3).labels)


def test_many_threads_share_a_cache(case: Case) -> None:
    queries = clustered(9, 60)
    expected = case.col.search(queries, field="v", k=10, recall=0.9)
    for limited in case.limited.values():
        with ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(lambda _: limited.search(queries, field="v", k=10, recall=0.9, threads=2), range(8)))  # noqa: B023
        assert all(same(run, expected) for run in runs)


def test_what_is_read_is_counted(case: Case) -> None:
    for parts, limited in case.limited.items():
        before = limited.memory()
        limited.search(clustered(10, 20), field="v", k=10, recall=0.9)
        after = limited.memory()
        assert before is not None and after is not None
        assert (after.read_bytes > before.read_bytes) == (len(parts) < len(PARTS) - 1)
        assert after.reads - before.reads <= after.misses - before.misses


def test_changes_of_a_limited_handle(tmp_path: Path) -> None:
    """A handle with a limit writes, deletes, merges and calibrates like any other."""
    col = rocchio.create(tmp_path / "c", fields={"v": rocchio.vector(DIM)}, memory_limit=300_000)
    for segment in range(3):
        names = [f"d{segment}-{row}" for row in range(ROWS)]
        col.add(rocchio.columns(doc_id=names, v=clustered(segment, ROWS)))
        col.commit()
        col.delete([f"d{segment}-{row}" for row in range(0, 90, 3)])
        col.commit()
    queries = clustered(7, 30)
    for change in (lambda: None, lambda: col.calibrate(queries, "v"), col.compact):
        change()
        for recall in (0.9, 1.0):
            expected = rocchio.open(tmp_path / "c").search(queries, field="v", recall=recall)
            assert same(col.search(queries, field="v", recall=recall), expected)
    about = col.info().memory
    assert about is not None and "originals" not in about.in_memory and about.read_bytes > 0
    assert col.verify().ok


def test_tenants(tmp_path: Path) -> None:
    """Lists of a tenant's own are made of codes that are read."""
    values, path = clustered(1, 2 * ROWS), tmp_path / "c"
    col = rocchio.create(path, fields={"v": rocchio.vector(DIM)}, tenants=rocchio.tenants())
    col.add(
        {"doc_id": str(row), "v": vector.tolist(), "_tenants": [f"t{row % 4}", "all"] if row % 3 else ["few", "all"]}
        for row, vector in enumerate(values)
    )
    col.commit()
    queries = clustered(2, 10)
    for parts in PARTS[:3]:
        limited = with_parts(path, parts, tenant=ALL_TENANTS)
        for tenant in ("t1", "few", "all"):
            for recall in (0.9, 1.0):
                options: dict[str, Any] = {"field": "v", "recall": recall, "tenant": tenant}
                assert same(limited.search(queries, **options), col.search(queries, **options))
        about = limited.memory()
        assert about is not None and about.tenants_bytes > 0
    with pytest.raises(InvalidArgument, match="expected a handle of the whole collection for memory"):
        limited.for_tenant("t1").memory()
