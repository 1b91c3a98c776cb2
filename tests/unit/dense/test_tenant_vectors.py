"""Vectors as a tenant sees them: its own list of sign codes, scanned whole, with as close a look as a recall takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rocchio
from rocchio.dense.tenant_vectors import FACTORS, LISTED_ROWS, TenantEffort, TenantVectors

COUNT, DIM, K = 6_000, 48, 10
SEEN = {"small": LISTED_ROWS // 2, "listed": 2 * LISTED_ROWS, "most": COUNT // 2}
"""Rows that tenants see: compared one by one, in a list of their own, in the lists of all."""


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    made = np.random.default_rng(1).normal(size=(COUNT, DIM)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


@pytest.fixture(scope="module")
def path(vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tenants") / "c"
    tenants = [[name for name, count in SEEN.items() if row < count] or ["other"] for row in range(COUNT)]
    with rocchio.create(path, {"v": rocchio.vector(DIM)}, tenants=rocchio.tenants()) as col:
        col.add(rocchio.columns(doc_id=list(map(str, range(COUNT))), v=vectors, _tenants=tenants))
        col.commit()
    return path


@pytest.mark.parametrize("tenant", SEEN)
@pytest.mark.parametrize("recall", [0.9, 1.0])
def test_a_tenant_finds_what_it_sees(path: Path, vectors: np.ndarray, tenant: str, recall: float) -> None:
    queries = vectors[::300] + vectors[1::300]
    truth = np.argsort(-queries @ vectors[: SEEN[tenant]].T, axis=1)[:, :K]
    with rocchio.open(path, tenant=tenant) as col:
        found = np.array(col.search(queries, K, field="v", recall=recall).doc_ids).astype(int)
    assert found.max() < SEEN[tenant]
    shares = [np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)]
    assert np.mean(shares) >= (1 if recall == 1 else recall - 0.05)


def test_how_close_a_look_a_recall_takes(path: Path) -> None:
    with rocchio.open(path, tenant="listed") as col:
        (segment,) = col.snapshot().vector_view("v").segments
        assert isinstance(segment, TenantVectors)
        effort, whole = segment.effort(K, 0.9), segment._base.effort(K, 0.9)
        assert isinstance(effort, TenantEffort)
        assert whole is not None
        assert effort.closely in [K * factor for factor in FACTORS]
        assert (effort.probes, effort.refine, effort.growth) == (whole.probes, whole.refine, whole.growth)
        assert segment.plan(segment._live, effort).strategy == "lists"
        assert segment.plan(segment._live, segment.effort(K, 1.0)).strategy == "exact"
    with rocchio.open(path, tenant="small") as col:
        (segment,) = col.snapshot().vector_view("v").segments
        assert segment.plan(segment._live, segment.effort(K, 0.9)).strategy == "exact"  # type: ignore[attr-defined]
