"""Files whose every chunk of 64 KiB has a CRC-32C, kept apart from the file.

A file is opened without reading it; a chunk is verified when something in it is first asked for. So opening is
cheap and no answer comes from a damaged byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rocchio._native import CHUNK_BYTES, CheckedFile, PageCache, chunk_checksums, crc32c
from rocchio.errors import Corruption
from rocchio.storage.directory import Bytes, Directory


def as_bytes(data: bytes | memoryview | npt.NDArray[np.generic]) -> Bytes:
    """A flat uint8 view of contiguous data, without a copy."""
    if isinstance(data, np.ndarray):
        return np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    return np.frombuffer(data, np.uint8)


def chunk_count(size: int) -> int:
    """Number of chunks of a file of `size` bytes."""
    return -(-size // CHUNK_BYTES)


@dataclass(frozen=True)
class FileInfo:
    """What must be known about a file to trust it: its size in bytes and one CRC-32C per chunk."""

    size: int
    checksums: npt.NDArray[np.uint32]


class CheckedFileWriter:
    """Writes a file and computes its chunk checksums on the way. Has `write`, so pyarrow can write into it."""

    def __init__(self, directory: Directory, name: str) -> None:
        self._file = directory.create(name)
        self._pending = bytearray()
        self._checksums: list[npt.NDArray[np.uint32]] = []
        self.size = 0
        self.closed = False

    def write(self, data: bytes | memoryview | npt.NDArray[np.generic]) -> int:
        """Append bytes (any contiguous array); returns how many."""
        view = as_bytes(data)
        self._file.write(view.data)
        self.size += len(view)
        head = min(len(view), -len(self._pending) % CHUNK_BYTES) if self._pending else 0
        self._pending += view[:head].tobytes()
        if len(self._pending) == CHUNK_BYTES:
            self._add_checksums(np.frombuffer(bytes(self._pending), np.uint8))
            self._pending.clear()
        whole = head + (len(view) - head) // CHUNK_BYTES * CHUNK_BYTES
        if whole > head:
            self._add_checksums(view[head:whole])
        self._pending += view[whole:].tobytes()
        return len(view)

    def _add_checksums(self, data: Bytes) -> None:
        self._checksums.append(chunk_checksums(data))

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Nothing to do: bytes count from `finish` on. Part of Python's file interface."""

    def close(self) -> None:
        """Close without making durable (after an error); `finish` is the way to keep the file."""
        if not self.closed:
            self.closed = True
            self._file.close()

    def finish(self) -> FileInfo:
        """Make the file durable and say how to check it."""
        if self._pending:
            self._add_checksums(np.frombuffer(bytes(self._pending), np.uint8))
            self._pending.clear()
        self._file.sync()
        self.close()
        return FileInfo(self.size, np.concatenate([*self._checksums, np.empty(0, np.uint32)]))


class MappedFile:
    """A checked file, mapped: `native` for the kernels, `view` for Python.

    With a `cache` it can also be read: then `view` and `gather` give copies, and the mapping is only touched by kernels
    that are told that what they want is in memory.
    """

    def __init__(self, directory: Directory, name: str, info: FileInfo, cache: PageCache | None = None) -> None:
        self.path = directory.path(name)
        self.data = directory.map(name)
        if len(self.data) != info.size:
            raise Corruption(self.path, None, f"expected {info.size} bytes, found {len(self.data)}")
        source = None if cache is None else directory.source(name)
        self.native = CheckedFile(self.path, self.data, info.checksums, source, cache)
        self._is_read = cache is not None

    def view(self, begin: int, end: int) -> Bytes:
        """Bytes [begin, end), verified. Raises Corruption."""
        if self._is_read:
            return self.native.gather(np.array([begin], np.uint64), end - begin)
        self.native.ensure(begin, end)
        return self.data[begin:end]

    def gather(self, begins: npt.NDArray[np.uint64], size: int) -> Bytes:
        """`size` bytes at each of `begins`, a copy, verified. Raises Corruption."""
        return self.native.gather(begins, size)

    def damage(self) -> list[Corruption]:
        """Every damaged chunk of the file."""
        offsets = self.native.damaged_chunks().tolist()
        return [Corruption(self.path, offset, "checksum mismatch") for offset in offsets]


@dataclass(frozen=True)
class SealedFile:
    """A small file that is read whole: its name, size in bytes and CRC-32C."""

    name: str
    size: int
    crc: int

    def read(self, directory: Directory) -> bytes:
        """The content. Raises Corruption when size or checksum differ."""
        data = directory.read(self.name)
        if len(data) != self.size:
            raise Corruption(directory.path(self.name), None, f"expected {self.size} bytes, found {len(data)}")
        if crc32c(as_bytes(data)) != self.crc:
            raise Corruption(directory.path(self.name), 0, "checksum mismatch")
        return data


def write_sealed(directory: Directory, name: str, data: bytes) -> SealedFile:
    """Write a small file durably."""
    file = directory.create(name)
    try:
        file.write(data)
        file.sync()
    finally:
        file.close()
    return SealedFile(name, len(data), crc32c(as_bytes(data)))
