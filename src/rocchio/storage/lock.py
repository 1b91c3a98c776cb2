"""One writer at a time: an advisory lock on a file, released by the operating system if the process dies."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import IO

from rocchio.errors import BusyError, StorageFailure

LOCK_FILE = "writer.lock"


class WriterLock:
    """Held from construction to `release`. Raises BusyError with the holder if another writer has it."""

    def __init__(self, folder: str | Path) -> None:
        path = Path(folder) / LOCK_FILE
        try:
            self._file: IO[str] | None = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StorageFailure(
                error.errno or 0,
                f"cannot write {path}: {os.strerror(error.errno or 0).lower()}; open needs no lock",
            ) from error
        if not _try_lock(self._file):
            self._file.seek(0)
            holder = _holder(self._file.read())
            self._file.close()
            self._file = None
            raise BusyError(
                f"expected to be the only writer of {folder}, found {holder} writing; try again when it is done"
            )
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "host": socket.gethostname()}, self._file)
        self._file.flush()

    def release(self) -> None:
        """Give the lock back; harmless when it is gone already."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(0)
            self._file.close()  # closing releases the lock
            self._file = None


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} on {holder['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


if os.name == "nt":
    import msvcrt

    def _try_lock(file: IO[str]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise StorageFailure(
                error.errno or 0, f"cannot lock {file.name}: {error.strerror}; no lock, no writing"
            ) from error
        return True
