"""Recall at an asked-for recall holds while the data is replaced, and `calibrate` makes it hold for other queries."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import rocchio
from rocchio.cli.main import app
from rocchio.errors import InvalidArgument

DIM, ROWS, ROUNDS = 32, 6000, 10


def clustered(seed: int, rows: int) -> np.ndarray:
    """Vectors around 200 centres that are the same for every seed."""
    centres = np.random.default_rng(0).normal(size=(200, DIM))
    dice = np.random.default_rng(seed)
    return (centres[dice.integers(200, size=rows)] + 0.7 * dice.normal(size=(rows, DIM))).astype(np.float32)


def recall_of(col: rocchio.Collection, queries: np.ndarray, recall: float) -> float:
    truth = col.search(queries, field="v", k=10, recall=1)
    found = col.search(queries, field="v", k=10, recall=recall)
    return float(np.mean([len({*a} & {*b}) / 10 for a, b in zip(truth.doc_ids, found.doc_ids, strict=True)]))


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory) -> tuple[rocchio.Collection, list[float]]:
    """A collection of which a tenth was replaced ten times, and the recall after each round."""
    col = rocchio.create(tmp_path_factory.mktemp("updates") / "c", fields={"v": rocchio.vector(DIM)})
    col.add(rocchio.columns(doc_id=[f"d{row}" for row in range(ROWS)], v=clustered(1, ROWS)))
    col.commit()
    queries, recalls = clustered(2, 100), []
    tenth = ROWS // 10
    for number in range(ROUNDS):
        recalls.append(recall_of(col, queries, 0.9))
        names = [f"d{row}" for row in range(number * tenth, (number + 1) * tenth)]
        col.upsert(rocchio.columns(doc_id=names, v=clustered(10 + number, tenth)))
        col.commit()
    return col, [*recalls, recall_of(col, queries, 0.9)]


def test_recall_does_not_decay(replaced: tuple[rocchio.Collection, list[float]]) -> None:
    _, recalls = replaced
    assert min(recalls) >= 0.88
    assert recalls[-1] >= recalls[0] - 0.01


def test_compaction_keeps_recall(replaced: tuple[rocchio.Collection, list[float]]) -> None:
    col, _ = replaced
    col.compact()
    assert len(col.info().segments) == 1
    assert col.info().vector_fields["v"].lists > 0
    assert recall_of(col, clustered(2, 100), 0.9) >= 0.88


def test_calibration_with_own_queries(replaced: tuple[rocchio.Collection, list[float]], tmp_path: Path) -> None:
    col, _ = replaced
    col.compact()
    # far from every vector, where lists tell little: harder than what the index was calibrated with
    hard = np.random.default_rng(5).normal(size=(400, DIM)).astype(np.float32)
    before = col.info().generation
    assert col.calibrate(hard[:200], "v") == before + 1
    assert recall_of(col, hard[200:], 0.9) >= 0.87
    assert recall_of(rocchio.open(col.path), hard[200:], 0.99) >= 0.975
    efforts = {one.recall: one for one in col.info().vector_fields["v"].recalls}
    assert efforts[0.9].lists is not None
    np.save(tmp_path / "q.npy", clustered(3, 100))
    result = CliRunner().invoke(
        app, ["calibrate", str(col.path), "--vectors", str(tmp_path / "q.npy"), "--field", "v", "--json"]
    )
    assert result.exit_code == 0
    easy = {one["recall"]: one for one in json.loads(result.stdout)["recalls"]}
    assert easy[0.9]["lists"] < efforts[0.9].lists


def test_calibration_needs_queries_and_a_vector_field(replaced: tuple[rocchio.Collection, list[float]]) -> None:
    col, _ = replaced
    with pytest.raises(InvalidArgument, match="at least 20 queries to calibrate with, found 3"):
        col.calibrate(clustered(3, 3), "v")
    with pytest.raises(InvalidArgument, match="expected a vector field to calibrate, found 'w'"):
        col.calibrate(clustered(3, 30), "w")


def test_info_shows_efforts(replaced: tuple[rocchio.Collection, list[float]]) -> None:
    col, _ = replaced
    col.compact()
    result = CliRunner().invoke(app, ["info", str(col.path)])
    assert "recall 0.95: " in result.stdout
    assert " lists, " in result.stdout
