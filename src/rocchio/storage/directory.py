"""The file operations a collection needs, in one place, so that tests can make each of them fail.

Names are relative, with forward slashes. Every operating-system refusal becomes a `StorageFailure` that names
the file, except a missing file, which is `NotFound`.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from rocchio._native import FileSource
from rocchio.errors import NotFound, StorageFailure

Bytes = npt.NDArray[np.uint8]


class FileWriter(Protocol):
    """A file being written. It is durable only after `sync`."""

    def write(self, data: bytes | memoryview) -> int: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class Directory(Protocol):
    """Where a collection lives."""

    def create(self, name: str) -> FileWriter:
        """A new file, truncated if it exists."""

    def append(self, name: str, size: int) -> FileWriter:
        """A file to write on at its end, cut to its first `size` bytes; new if there is none and `size` is 0."""

    def make_folder(self, name: str) -> None:
        """Create a folder; fine if it exists."""

    def rename(self, old: str, new: str) -> None:
        """Replace `new` by `old` atomically."""

    def sync_folder(self, name: str) -> None:
        """Make the names in a folder durable; "" is the top."""

    def remove(self, name: str) -> None:
        """Remove a file or an empty folder if that is possible now."""

    def names(self, folder: str) -> list[str]:
        """Sorted names in a folder; empty if there is none."""

    def read(self, name: str) -> bytes:
        """The whole of a small file."""

    def map(self, name: str) -> Bytes:
        """A read-only view of a file, mapped into memory."""

    def source(self, name: str) -> FileSource:
        """A file to read from at given places."""

    def path(self, name: str) -> str:
        """What to call the file in a message."""


@contextlib.contextmanager
def explained(action: str, path: Path) -> Iterator[None]:
    """Turns OSError into the errors of rocchio."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"cannot {action} {path}: there is no such file") from error
    except OSError as error:
        text = os.strerror(error.errno).lower() if error.errno else str(error)
        hint = "free some space and try again" if error.errno == 28 else "nothing was committed"
        raise StorageFailure(error.errno or 0, f"cannot {action} {path}: {text}; {hint}") from error


class LocalFileWriter:
    """A file of the operating system, written through one buffer."""

    def __init__(self, path: Path, kept: int = 0) -> None:
        """A file of which the first `kept` bytes stay."""
        self._path = path
        with explained("create", path):
            self._file: BinaryIO = path.open("r+b" if kept else "wb", buffering=1 << 20)
        if kept:
            with explained("write", path):
                self._file.truncate(kept)
                self._file.seek(kept)

    def write(self, data: bytes | memoryview) -> int:
        with explained("write", self._path):
            return self._file.write(data)

    def sync(self) -> None:
        with explained("sync", self._path):
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        with explained("close", self._path):
            self._file.close()


class LocalDirectory:
    """A folder of the local file system."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def path(self, name: str) -> str:
        return str(self.root / name)

    def create(self, name: str) -> FileWriter:
        return LocalFileWriter(self.root / name)

    def append(self, name: str, size: int) -> FileWriter:
        return LocalFileWriter(self.root / name, size)

    def make_folder(self, name: str) -> None:
        with explained("create folder", self.root / name):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def rename(self, old: str, new: str) -> None:
        with explained("rename", self.root / old):
            (self.root / old).replace(self.root / new)

    def sync_folder(self, name: str) -> None:
        if os.name == "nt":  # Windows has no handle to a folder; its rename is durable by itself
            return
        with explained("sync folder", self.root / name):
            descriptor = os.open(self.root / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self, name: str) -> None:
        # Best effort: a file in use on Windows or a network file system stays until the next writer tries again.
        path = self.root / name
        with contextlib.suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()

    def names(self, folder: str) -> list[str]:
        path = self.root / folder
        return sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []

    def read(self, name: str) -> bytes:
        with explained("read", self.root / name):
            return (self.root / name).read_bytes()

    def map(self, name: str) -> Bytes:
        path = self.root / name
        with explained("open", path), path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return np.empty(0, np.uint8)
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)

    def source(self, name: str) -> FileSource:
        path = self.root / name
        with explained("open", path):
            return FileSource(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), str(path))
