"""Searches to a recall find what was wanted, exact ones everything, and nothing depends on threads or on the day."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import rocchio
from rocchio.dense import index_writer
from rocchio.dense.calibration import QUERY_COUNTS
from rocchio.dense.reference import search_exactly

METRICS = ("cosine", "ip", "l2")
ROWS, DIM = 6200, 32
Matrix = npt.NDArray[np.float32]


def clustered(seed: int, rows: int, dim: int = DIM) -> Matrix:
    """Directions of unequal lengths around 150 centers, which vary less in later dimensions, as embeddings do."""
    dice = np.random.default_rng(seed)
    spread = 1 / np.sqrt(np.arange(1, dim + 1))
    centers = np.random.default_rng(0).normal(size=(150, dim)) * spread
    vectors = centers[dice.integers(150, size=rows)] + 0.7 * spread * dice.normal(size=(rows, dim))
    return (vectors * dice.uniform(0.8, 1.2, size=(rows, 1))).astype(np.float32)


def questions(count: int) -> Matrix:
    """Half of them look like the vectors, half are means of some."""
    near = clustered(8, count // 2)
    return np.vstack([near, clustered(9, 4 * (count - len(near))).reshape(-1, 4, DIM).mean(axis=1)])


def numbers_of(doc_ids: list[list[str]]) -> list[list[int]]:
    return [[int(doc_id[1:]) for doc_id in found] for found in doc_ids]


@pytest.fixture(scope="module", params=METRICS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[rocchio.Collection, Matrix]:
    vectors = clustered(7, ROWS)
    col = rocchio.create(
        tmp_path_factory.mktemp("index") / "c", fields={"v": rocchio.vector(DIM, metric=request.param)}
    )
    col.add(rocchio.columns(doc_id=[f"d{row:05}" for row in range(ROWS)], v=vectors))
    col.commit()
    (segment,) = col.snapshot().segments
    assert segment.vectors[0].lists == ROWS // index_writer.ROWS_OF_LIST
    return col, vectors


@pytest.mark.parametrize("k", [1, 10, 100])
def test_searches_meet_their_recall(made: tuple[rocchio.Collection, Matrix], k: int) -> None:
    col, vectors = made
    asked = questions(300)
    truth, _ = search_exactly(asked, vectors, col.schema.fields["v"].metric, k, None)
    for recall in (0.8, 0.9, 0.95, 0.99):
        found = numbers_of(col.search(asked, field="v", k=k, recall=recall).doc_ids)
        shares = [np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)]
        assert np.mean(shares) > recall - 0.02, (k, recall)


@pytest.mark.parametrize("k", [1, 10, 100, ROWS])
def test_a_recall_of_1_is_the_reference(made: tuple[rocchio.Collection, Matrix], k: int) -> None:
    col, vectors = made
    asked = questions(20 if k == ROWS else 100)
    truth, scores = search_exactly(asked, vectors, col.schema.fields["v"].metric, k, None)
    found = col.search(asked, field="v", k=k, recall=1)
    assert np.stack(found.scores) == pytest.approx(scores, rel=1e-6, abs=1e-7)
    # sums in another order may differ in the last bit, which decides among equals
    assert (np.array(numbers_of(found.doc_ids)) != truth).mean() < 0.01


def test_less_recall_is_less_work(made: tuple[rocchio.Collection, Matrix]) -> None:
    col, _ = made
    (segment,) = col.snapshot().segments
    efforts = [segment.vectors[0].effort(10, recall) for recall in (0.5, 0.8, 0.9, 0.95)]
    probes = [effort.probes for effort in efforts if effort is not None]
    assert len(probes) == 4
    assert probes == sorted(probes)
    assert probes[-1] < segment.vectors[0].lists / 2


@pytest.mark.parametrize("recall", [0.9, 1])
def test_answers_do_not_depend_on_threads_or_company(made: tuple[rocchio.Collection, Matrix], recall: float) -> None:
    col, _ = made
    asked = questions(90)
    one = col.search(asked, field="v", k=20, recall=recall)
    for threads in (2, 5):
        many = col.search(asked, field="v", k=20, recall=recall, threads=threads)
        assert many.doc_ids == one.doc_ids
        assert [a.tobytes() for a in many.scores] == [a.tobytes() for a in one.scores]
    for number in range(0, 90, 9):
        hits = col.search(asked[number], field="v", k=20, recall=recall)
        assert [hit.doc_id for hit in hits] == one.doc_ids[number]


def test_deleted_documents_are_not_found_and_no_others_lost(made: tuple[rocchio.Collection, Matrix]) -> None:
    col, vectors = made
    asked = questions(100)
    col.delete([f"d{row:05}" for row in range(0, ROWS, 3)])
    col.commit()
    live = np.arange(ROWS) % 3 != 0
    mask = np.packbits(live, bitorder="little")
    truth, _ = search_exactly(asked, vectors, col.schema.fields["v"].metric, 10, mask)
    found = numbers_of(col.search(asked, field="v", k=10, recall=0.95).doc_ids)
    assert all(number % 3 for numbers in found for number in numbers)
    assert {*map(len, found)} == {10}
    assert np.mean([np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)]) > 0.93
    assert col.verify().ok


def digest(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "writer.lock"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_documents_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_writer, "LEAST_ROWS", 300)
    monkeypatch.setitem(QUERY_COUNTS, 10, 50)

    def build(folder: Path) -> dict[str, str]:
        fields: dict[str, Any] = {"v": rocchio.vector(DIM), "w": rocchio.vector(DIM, metric="l2", dtype="float16")}
        col = rocchio.create(folder, fields=fields)
        for part in range(2):
            vectors = clustered(part, 400)
            col.add(rocchio.columns(doc_id=[f"d{part}{row:04}" for row in range(400)], v=vectors, w=vectors))
            col.commit()
        col.delete([f"d0{row:04}" for row in range(0, 400, 8)])
        col.commit()
        before = digest(folder)
        col.compact()
        assert col.verify().ok
        (segment,) = col.snapshot().segments
        assert [vectors.lists for vectors in segment.vectors] == [750 // 32] * 2
        return {**before, **{f"compact {name}": value for name, value in digest(folder).items()}}

    first = build(tmp_path / "a")
    assert sum("vector-index" in name for name in first) == 6
    assert build(tmp_path / "b") == first
