"""One writer at a time: an advisory lock on a file, released by the operating system if the process dies."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rocchio.errors import BusyError, StorageFailure

LOCK_FILE = "writer.lock"


class WriterLock:
    """Held from construction to `release`. Raises BusyError with the holder if another writer has it."""

    def __init__(self, folder: str | Path) -> None:
        self._owner = os.getpid()
        path = Path(folder) / LOCK_FILE
        with _explained(path):
            self._file: IO[str] | None = path.open("a+", encoding="utf-8")
        try:
            with _explained(path):
                locked = _try_lock(self._file)
                self._file.seek(0)
                if not locked:
                    raise BusyError(  # noqa: TRY301
                        f"expected to be the only writer of {folder}, found {_holder(self._file.read())} writing; "
                        "try again when it is done"
                    )
                self._file.truncate()
                json.dump({"pid": self._owner, "host": socket.gethostname()}, self._file)
                self._file.flush()
        except BaseException:
            with contextlib.suppress(OSError):  # what cannot be written must not keep the lock either
                self._file.close()
            self._file = None
            raise

    @property
    def is_ours(self) -> bool:
        """False in a child process: a fork copies the handle, but the lock stays the parent's."""
        return self._owner == os.getpid()

    def release(self) -> None:
        """Give the lock back; harmless when it is gone already. A forked child only lets go of its copy."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            if self.is_ours:
                self._file.truncate(0)
                _unlock(self._file)
            self._file.close()
        self._file = None


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, StorageFailure):
            raise
        text = os.strerror(error.errno or 0).lower()
        raise StorageFailure(error.errno or 0, f"cannot lock {path}: {text}; reading needs no lock") from error


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

    def _unlock(file: IO[str]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: IO[str]) -> None:
        # said aloud, because closing alone leaves the lock with a forked child that still has the file open
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
