"""Damage in what is read within a memory limit: found before it is used, as it is in mapped files."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from tests.unit.native.hostile import repair, rewrite_arrays

import rocchio
from rocchio._native import CheckedFile, FileSource, PageCache, chunk_checksums
from rocchio.dense import index_writer, memory_plan
from rocchio.engine.collection import Collection
from rocchio.errors import Corruption, StorageFailure
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.checked import FileInfo, MappedFile
from rocchio.storage.directory import LocalDirectory

DIM, ROWS = 128, 3000
INDEX, VECTORS = "vector-index-0.arrays", "vectors-0.arrays"


@pytest.fixture(autouse=True)
def little_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_plan, "LEAST_CACHE_BYTES", 16 * 5000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    values = np.random.default_rng(1).normal(size=(ROWS, DIM)).astype(np.float32)
    with mock.patch.object(index_writer, "LEAST_ROWS", 100):
        col = rocchio.create(tmp_path / "c", fields={"v": rocchio.vector(DIM)})
        col.add(rocchio.columns(doc_id=[str(row) for row in range(ROWS)], v=values))
        col.commit()
    return tmp_path / "c"


def limited(path: Path) -> Collection:
    """With nothing in memory that can be read."""
    col = rocchio.open(path, memory_limit=1_300_000)
    assert col._vector_memory is not None and col._vector_memory.plan.in_memory == ()
    return col


def offset_of(path: Path, file: str, array: str) -> tuple[Path, int, int]:
    """The file, and where an array begins and ends in it."""
    (found,) = path.glob(f"segment-*/{file}")
    data = np.fromfile(found, np.uint8)
    table = ArrayFile(
        MappedFile(LocalDirectory(found.parent), file, FileInfo(len(data), chunk_checksums(data)))
    )._table[array]
    return found, table["offset"], table["offset"] + table["count"] * np.dtype(table["dtype"]).itemsize


@pytest.mark.parametrize(
    ("file", "array"), [(INDEX, "codes"), (INDEX, "list_blocks"), (INDEX, "constants"), (VECTORS, "vectors")]
)
@pytest.mark.parametrize("share", [0.0, 0.4, 0.999])
def test_flipped_bits(path: Path, file: str, array: str, share: float) -> None:
    found, begin, end = offset_of(path, file, array)
    content = bytearray(found.read_bytes())
    content[begin + int(share * (end - begin - 1))] ^= 4
    found.write_bytes(content)
    queries = np.random.default_rng(2).normal(size=(40, DIM)).astype(np.float32)
    with pytest.raises(Corruption, match="checksum mismatch") as caught:  # at opening, where the table is near
        col = limited(path)
        for k, recall in ((10, 0.9), (ROWS // 2, 1.0)):
            col.search(queries, field="v", k=k, recall=recall)
    assert Path(str(caught.value.path)).name == file


@pytest.mark.parametrize("name", ["row", "factor"])
def test_lists_that_lie_with_sound_checksums(path: Path, name: str) -> None:
    found, _, _ = offset_of(path, INDEX, "list_blocks")
    block_bytes = DIM * 4 + 2 * 128

    def change(arrays: dict[str, np.ndarray]) -> None:
        blocks = arrays["list_blocks"].reshape(-1, block_bytes)
        if name == "row":
            blocks[:, -128:-124] = np.frombuffer(np.uint32(ROWS).tobytes(), np.uint8)
        else:
            blocks[:, DIM * 4 : DIM * 4 + 4] = np.frombuffer(np.float32(np.inf).tobytes(), np.uint8)

    rewrite_arrays(found, change)
    repair(path)
    col = limited(path)  # opens: lists are checked as they are read
    reason = "a list names a row past the last" if name == "row" else "a factor is not finite"
    with pytest.raises(Corruption, match=reason):
        col.search(np.ones(DIM), field="v", recall=0.5)


def test_a_file_that_ends_early(tmp_path: Path) -> None:
    data = np.random.default_rng(1).integers(0, 256, 200_000).astype(np.uint8)
    short = tmp_path / "short"
    short.write_bytes(data[:70_000].tobytes())
    file = CheckedFile("short", data, chunk_checksums(data), source_of(short), PageCache(1 << 20))
    assert np.array_equal(file.gather(np.array([5], np.uint64), 10), data[5:15])
    with pytest.raises(Corruption, match="the file ends before"):
        file.gather(np.array([150_000], np.uint64), 10)
    with pytest.raises(Corruption, match="bytes up to 200001 are needed"):
        file.gather(np.array([199_999], np.uint64), 2)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    data = np.zeros(100, np.uint8)
    (tmp_path / "f").write_bytes(data.tobytes())
    source = FileSource(os.open(tmp_path / "f", os.O_WRONLY), str(tmp_path / "f"))
    file = CheckedFile("f", data, chunk_checksums(data), source, PageCache(0))
    with pytest.raises(StorageFailure, match=f"cannot read {tmp_path / 'f'}"):
        file.gather(np.array([0], np.uint64), 10)


def test_a_source_needs_a_cache(tmp_path: Path) -> None:
    data = np.zeros(100, np.uint8)
    (tmp_path / "f").write_bytes(data.tobytes())
    with pytest.raises(ValueError, match="expected a source and a cache, or neither"):
        CheckedFile("f", data, chunk_checksums(data), source_of(tmp_path / "f"), None)


def source_of(path: Path) -> FileSource:
    return LocalDirectory(path.parent).source(path.name)
