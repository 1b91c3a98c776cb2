"""Work that runs behind the caller's back, in order, with its errors brought home."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

Result = TypeVar("Result")

MOST_WAITING = 2
"""Calls that may wait or run before the next `submit` waits: bounds the memory of what they hold."""


class Background:
    """Runs calls one after another on one other thread.

    An error of a call is raised by the next `submit` or `wait`; calls after it do not run. `result` is what the last
    call returned that was waited for: which one that is does not depend on how fast calls run.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "rocchio-writer")
        self._calls: deque[Future[int]] = deque()
        self._failed = False
        self.result = 0

    def submit(self, call: Callable[[], int]) -> None:
        """Run `call` after those before it; waits while too many are waiting."""
        while len(self._calls) >= MOST_WAITING:
            self._finish_first()
        self._calls.append(self._pool.submit(self._run, call))

    def wait(self) -> None:
        """Until all calls are done."""
        while self._calls:
            self._finish_first()

    def close(self) -> None:
        """Wait for the call that runs, drop the rest and their errors, let the thread go."""
        self._failed = True
        calls = list(self._calls)
        self._calls.clear()
        _end(self._pool, calls)

    def _run(self, call: Callable[[], int]) -> int:
        if self._failed:
            return self.result
        try:
            return call()
        except BaseException:
            self._failed = True
            raise

    def _finish_first(self) -> None:
        self.result = self._calls[0].result()  # an interrupt while waiting leaves the call in the queue
        self._calls.popleft()


@contextlib.contextmanager
def beside(call: Callable[[], Result]) -> Iterator[Future[Result]]:
    """Runs `call` on another thread while the block runs, and waits for it at the block's end.

    An error of the block comes first; one of the call is raised when its result is asked for.
    """
    pool = ThreadPoolExecutor(1, "rocchio-beside")
    running = pool.submit(call)
    try:
        yield running
    finally:
        _end(pool, [running])


def _end(pool: ThreadPoolExecutor, calls: Sequence[Future[Any]]) -> None:
    """Wait for the call that runs, drop the rest. An interrupt in the meantime is raised once the call has ended.

    Left alone, the call would write to files that the next writer may make anew. Waiting is for the calls, not for the
    thread: Python before 3.13 takes a thread for ended when `join` is interrupted.
    """
    pool.shutdown(wait=False, cancel_futures=True)
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            wait([call for call in calls if not call.cancelled()])
            break
        except KeyboardInterrupt as caught:
            interrupt = caught
    if interrupt is not None:
        raise interrupt
