"""A directory that fails or crashes on purpose: how rocchio's durability is tested, and how you can test yours.

Every write, sync, rename and folder operation is one step. `FaultyDirectory(inner, fail_at=k)` makes step k fail
with an operating-system error; with `crash=True` everything after step k is lost as a power cut would lose it:
`after_crash` keeps only what was made durable, plus, by a seed, an arbitrary part of what was not.
"""

from __future__ import annotations

import errno
import random
import shutil
from pathlib import Path

from rocchio.errors import StorageFailure
from rocchio.storage.checked import as_bytes
from rocchio.storage.directory import FileWriter, LocalDirectory


class SimulatedCrash(BaseException):
    """The power went out. Not an Exception, so that no handler in the engine can soften it."""


class FaultyDirectory(LocalDirectory):
    """A local directory that counts steps, remembers what is durable, and fails or crashes at one of them.

    `fail_at` is the 0-based step that goes wrong (None: never); `crash` loses power there instead of failing;
    `torn` writes half of the data of a failing write first; `error` is the errno of a failure.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        fail_at: int | None = None,
        crash: bool = False,
        torn: bool = False,
        error: int = errno.ENOSPC,
    ) -> None:
        super().__init__(root)
        self.fail_at, self.crash, self.torn, self.error = fail_at, crash, torn, error
        self.steps: list[str] = []
        self._durable_size: dict[str, int] = {}  # synced bytes of files written since the start
        self._pending_names: dict[str, list[tuple[str, str, bytes | None]]] = {}  # by folder: undo log, oldest first

    def step(self, what: str) -> bool:
        """Counts one operation; raises when it is the one to go wrong."""
        self.steps.append(what)
        if self.fail_at is None or len(self.steps) - 1 < self.fail_at:
            return False
        if self.crash:
            raise SimulatedCrash(what)
        if len(self.steps) - 1 == self.fail_at:
            raise StorageFailure(self.error, f"cannot {what}: simulated failure")
        return False

    def create(self, name: str) -> FileWriter:
        self.step(f"create {name}")
        self._remember_name(name, "create")
        self._durable_size[name] = 0
        return _FaultyFile(self, name, super().create(name))

    def append(self, name: str, size: int) -> FileWriter:
        if size == 0:
            return self.create(name)
        self.step(f"append {name}")
        self._durable_size[name] = size
        return _FaultyFile(self, name, super().append(name, size), size)

    def make_folder(self, name: str) -> None:
        self.step(f"make folder {name}")
        if not (self.root / name).exists():
            self._pending_names.setdefault("", []).append(("make_folder", name, None))
        super().make_folder(name)

    def rename(self, old: str, new: str) -> None:
        self.step(f"rename {old}")
        previous = (self.root / new).read_bytes() if (self.root / new).exists() else None
        self._pending_names.setdefault(_folder(new), []).append((f"rename {old}", new, previous))
        self._durable_size[new] = self._durable_size.pop(old, (self.root / old).stat().st_size)
        super().rename(old, new)

    def sync_folder(self, name: str) -> None:
        self.step(f"sync folder {name}")
        super().sync_folder(name)
        self._pending_names.pop(name, None)

    def remove(self, name: str) -> None:
        self.step(f"remove {name}")
        path = self.root / name
        content = path.read_bytes() if path.is_file() else None
        self._pending_names.setdefault(_folder(name), []).append(("remove", name, content))
        super().remove(name)

    def _remember_name(self, name: str, what: str) -> None:
        path = self.root / name
        previous = path.read_bytes() if path.exists() else None
        self._pending_names.setdefault(_folder(name), []).append((what, name, previous))

    def after_crash(self, seed: int) -> None:
        """Turns the files into what a disk could hold after the crash.

        Bytes that were not synced are kept up to an arbitrary length (with the last kept one flipped at times);
        names that were not made durable by a sync of their folder are undone from an arbitrary point on.
        """
        dice = random.Random(seed)
        for name, durable in self._durable_size.items():
            path = self.root / name
            if path.is_file() and path.stat().st_size > durable:
                _lose_bytes(path, durable, dice)
        for log in self._pending_names.values():
            kept = dice.randint(0, len(log))
            for what, name, previous in reversed(log[kept:]):
                self._undo(what, name, previous)

    def _undo(self, what: str, name: str, previous: bytes | None) -> None:
        path = self.root / name
        if what == "make_folder":
            shutil.rmtree(path, ignore_errors=True)
        elif what.startswith("rename ") and path.exists():
            path.replace(self.root / what.removeprefix("rename "))
            if previous is not None:
                path.write_bytes(previous)
        elif what in ("create", "remove"):
            if previous is None:
                path.unlink(missing_ok=True)
            elif path.parent.exists():
                path.write_bytes(previous)


class _FaultyFile:
    def __init__(self, directory: FaultyDirectory, name: str, inner: FileWriter, size: int = 0) -> None:
        self._directory, self._name, self._inner, self._size = directory, name, inner, size

    def write(self, data: bytes | memoryview) -> int:
        try:
            self._directory.step(f"write {self._name}")
        except BaseException:
            if self._directory.torn:
                view = as_bytes(data)
                self._inner.write(view[: len(view) // 2].data)
            self._inner.close()  # flushes what was written before into the file
            raise
        written = self._inner.write(data)
        self._size += written
        return written

    def sync(self) -> None:
        try:
            self._directory.step(f"sync {self._name}")
        except BaseException:
            self._inner.close()
            raise
        self._inner.sync()
        self._directory._durable_size[self._name] = self._size

    def close(self) -> None:
        self._inner.close()


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _lose_bytes(path: Path, durable: int, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    size = dice.randint(durable, len(content))
    del content[size:]
    if size > durable and dice.random() < 0.5:
        content[dice.randint(durable, size - 1)] ^= 1 << dice.randint(0, 7)
    path.write_bytes(content)
