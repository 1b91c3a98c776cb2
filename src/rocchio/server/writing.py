"""One writer thread for each collection: changes wait in a queue, are committed, then acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from rocchio.engine.collection import Collection
from rocchio.errors import BadRecord, BusyError, RocchioError, UserError
from rocchio.storage.directory import LocalDirectory
from rocchio.storage.manifest import MANIFEST, read_manifest
from rocchio.storage.tenancy import ALL_TENANTS

Change = Callable[[Collection], Any]
_TOGETHER = 16
"""Changes of one commit at most."""


@dataclass
class Done:
    """A change that is durable: what it returned, and the generation that has it."""

    result: Any
    generation: int


@dataclass
class _Job:
    change: Change | None
    """None: only look whether another process has committed."""
    future: Future[Done] = field(default_factory=Future)
    result: Any = None


class Writing:
    """Applies changes to a collection in the order in which they came.

    Changes that wait together are committed together. A change must be whole or nothing when it raises a UserError:
    one call of `add`, `upsert` or `delete` of at most 4,096 documents is. After any other error nothing of the group is
    committed and all of it is refused.
    """

    def __init__(self, col: Collection, limit: int = 32) -> None:
        self._col = col
        self._queue: queue.Queue[_Job | None] = queue.Queue(limit)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._seen = self._signature()

    @property
    def waiting(self) -> int:
        """Changes in the queue."""
        return self._queue.qsize()

    def submit(self, change: Change) -> Future[Done]:
        """Queue a change; the future is done when it is durable. Raises BusyError when the queue is full."""
        job = _Job(change)
        with self._lock:
            if self._closed:
                raise BusyError("expected a server that runs, found one that is stopping; try again later")
            self._start()
            try:
                self._queue.put_nowait(job)
            except queue.Full:
                raise BusyError(
                    f"expected a free place in the queue of changes, found {self._queue.maxsize} waiting; "
                    "try again later"
                ) from None
        return job.future

    async def apply(self, change: Change) -> Done:
        """Queue a change and wait until it is durable. Raises what the change raises, and BusyError."""
        return await asyncio.wrap_future(self.submit(change))

    async def apply_patiently(self, change: Change, timeout_s: float) -> Done:
        """The same, but waits for a place in the queue."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            try:
                future = self.submit(change)
            except BusyError:
                if self._closed or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.02)
                continue
            return await asyncio.wrap_future(future)

    def look(self) -> None:
        """See what other processes have committed, if the manifest has changed."""
        if self._signature() == self._seen or self._queue.full():
            return
        with self._lock, contextlib.suppress(queue.Full):
            if not self._closed:
                self._start()
                self._queue.put_nowait(_Job(None))

    def close(self) -> None:
        """Finish what is queued, take on nothing new, release the writer lock."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()
            self._thread = None
        self._col.close()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"writer of {self._col.path.name}", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            group, last = [job], False
            while len(group) < _TOGETHER:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
            self._commit([job for job in group if job.future.set_running_or_notify_cancel()])
            if last:
                return

    def _commit(self, group: list[_Job]) -> None:
        try:
            applied = [job for job in group if self._apply(job)]
            generation = self._col.commit() if any(job.change for job in applied) else 0
            self._seen = self._signature()
        except BaseException as error:
            with contextlib.suppress(RocchioError):
                self._col.rollback()
            for job in group:
                if not job.future.done():
                    job.future.set_exception(error)
            return
        for job in applied:
            job.future.set_result(Done(job.result, generation))

    def _apply(self, job: _Job) -> bool:
        """Whether the change is pending now; a refusal of the change itself concerns only it."""
        try:
            if job.change is None:
                self._refresh()
            else:
                job.result = job.change(self._col)
        except (UserError, BadRecord) as error:
            job.future.set_exception(error)
            return False
        return True

    def _refresh(self) -> None:
        """A new snapshot costs the columns that searches have built: only if the generation is another one."""
        seen = self._signature()
        known = self._col.snapshot(ALL_TENANTS).manifest.generation
        if read_manifest(LocalDirectory(self._col.path)).generation != known:
            with contextlib.suppress(UserError):  # changes of this group are pending: their commit will see it too
                self._col.refresh()
        self._seen = seen

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            now = (self._col.path / MANIFEST).stat()
        except OSError:
            return None
        return now.st_mtime_ns, now.st_size, now.st_ino
