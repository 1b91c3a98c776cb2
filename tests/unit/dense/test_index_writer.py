"""What an index is built from: how many lists, which mean, which codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rocchio
from rocchio._native import VectorTransform
from rocchio.dense import clustering, index_writer
from rocchio.dense.index_format import INDEX_ARRAYS, LIST_BLOCKS, LIST_SIZES, MEAN, SEED
from rocchio.dense.index_writer import LEAST_ROWS, ROWS_OF_LIST, SEED_VALUE, encode, list_count, mean_of, write_index
from rocchio.dense.originals import Originals
from rocchio.dense.writer import VectorWriter
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.checked import MappedFile
from rocchio.storage.directory import LocalDirectory


@pytest.mark.parametrize("rows", [0, 1, ROWS_OF_LIST, LEAST_ROWS - 1])
def test_few_rows_have_no_lists(rows: int) -> None:
    assert list_count(rows) == 0


def test_lists_grow_with_the_root_of_rows() -> None:
    assert list_count(LEAST_ROWS) == LEAST_ROWS // ROWS_OF_LIST
    assert list_count(1_000_000) == 6500
    assert list_count(4_000_000) == 13_000
    counts = [list_count(rows) for rows in range(LEAST_ROWS, 200_000, 997)]
    assert counts == sorted(counts)
    assert all(count * ROWS_OF_LIST <= LEAST_ROWS + 997 * n for n, count in enumerate(counts))


def blocks(vectors: np.ndarray, present: np.ndarray) -> Iterator[tuple[Any, Any]]:
    for first in range(0, len(vectors), 7):
        yield vectors[first : first + 7], present[first : first + 7]


@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_the_mean_is_of_vectors_that_are_there(dtype: str) -> None:
    dice = np.random.default_rng(1)
    vectors = dice.normal(size=(40, 5)).astype(dtype)
    present = dice.random(40) < 0.6
    vectors[~present] = 0
    values = vectors[present].astype(np.float64)
    for metric in ("ip", "l2"):
        mean = mean_of(blocks(vectors, present), rocchio.vector(5, metric=metric))
        assert mean.dtype == np.float32
        assert mean == pytest.approx(values.mean(axis=0), rel=1e-6)
    directions = values / np.linalg.norm(values, axis=1, keepdims=True)
    assert mean_of(blocks(vectors, present), rocchio.vector(5)) == pytest.approx(directions.mean(axis=0), rel=1e-6)
    none = np.zeros(40, np.bool_)
    assert mean_of(blocks(vectors * 0, none), rocchio.vector(5)).tolist() == [0.0] * 5
    assert mean_of(iter(()), rocchio.vector(5)).tolist() == [0.0] * 5


def test_codes_do_not_depend_on_blocks_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(2).normal(size=(40, 5)).astype(np.float32)
    transform = VectorTransform("cosine", 5, SEED_VALUE, np.zeros(5, np.float32))
    whole = transform.encode(vectors.ravel())
    for threads in (1, 3):
        monkeypatch.setattr(index_writer, "thread_count", lambda threads=threads: threads)
        coded = encode(blocks(vectors, np.ones(40, np.bool_)), 40, transform)
        assert (coded.codes.tobytes(), coded.constants.tobytes()) == tuple(part.tobytes() for part in whole)


def written(folder: Path, vectors: np.ndarray, present: np.ndarray, field: Any) -> tuple[ArrayFile, bytes]:
    """The index file of some vectors, and its bytes."""
    folder.mkdir()
    directory = LocalDirectory(folder)
    writer = VectorWriter(directory, "originals", field)
    writer.add(vectors, present)
    file = ArrayFile(MappedFile(directory, "originals", writer.finish()))
    info = write_index(directory, "index", Originals(file, len(vectors), field), field)
    return ArrayFile(MappedFile(directory, "index", info)), (folder / "index").read_bytes()


@pytest.mark.parametrize("metric", ["ip", "l2", "cosine"])
def test_the_same_bytes_on_any_number_of_threads(tmp_path: Path, metric: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_writer, "LEAST_ROWS", 500)
    monkeypatch.setattr(clustering, "ROWS_AT_ONCE", 64)
    dice = np.random.default_rng(3)
    vectors = dice.normal(size=(900, 6)).astype(np.float32)
    present = dice.random(900) < 0.9
    vectors[~present] = 0
    found = []
    for threads in (1, 4):
        for module in (clustering, index_writer):
            monkeypatch.setattr(module, "thread_count", lambda threads=threads: threads)
        file, content = written(tmp_path / str(threads), vectors, present, rocchio.vector(6, metric=metric))
        found.append(content)
    assert found[0] == found[1]
    sizes = file.array(LIST_SIZES, "u4")
    count = int(present.sum())
    assert len(sizes) == list_count(count) == count // ROWS_OF_LIST
    assert sizes.sum() == 2 * count
    block_bytes = 64 // 4 * 16 + 128 * (3 if metric == "l2" else 2)
    assert len(file.array(LIST_BLOCKS, "u1")) == block_bytes * sum(-(-size // 32) for size in sizes.tolist())
    assert file.array(SEED, "u8").tolist() == [SEED_VALUE]
    assert len(file.array(MEAN, "f4")) == 6


def test_few_vectors_have_codes_and_no_lists(tmp_path: Path) -> None:
    vectors = np.eye(3, dtype=np.float32)
    file, _ = written(tmp_path / "i", vectors, np.ones(3, np.bool_), rocchio.vector(3))
    lengths = {name: len(file.array(name, dtype)) for name, dtype in INDEX_ARRAYS.items()}
    assert lengths == {
        "codes": 3 * 64, "constants": 3 * 4, "centroid_codes": 0, "centroid_constants": 0,
        "list_sizes": 0, "list_blocks": 0, "mean": 3, "seed": 1,
    }  # fmt: skip
