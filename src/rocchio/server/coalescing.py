"""Single queries that arrive while others are searched go into one batch: the calls are shared, and nobody waits for
company. What is known to take less than handing it to another thread is searched at once, in the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_search import search_words, searches_words
from rocchio.errors import RocchioError

Found = list[tuple[str, float]]
_MOST = 64
"""Queries of one batch: the first should not wait long for the last."""
_PATIENCE_S = 0.005
"""So long a batch may run before the next one gets a thread of its own: quick ones are better larger than more."""
_QUICK_S = 0.0005
"""What a query may have taken lately to be searched in the event loop,"""
_FEW = 2
"""how many may come together,"""
_SHORT = 256
"""how many characters each may have,"""
_SMALL_K = 100
"""how many results it may want,"""
_SMALL = 1 << 20
"""and how many rows there may be: the columns of its words may have to be built first."""


@dataclass(frozen=True)
class Plain:
    """What plain text queries must share to be searched together."""

    snapshot: Snapshot
    k: int
    field: str | None
    scoring: str | None

    def search(self, texts: list[str]) -> list[Found | RocchioError]:
        """An answer, or an error, for each text."""
        try:
            return [*self._found(texts)]
        except RocchioError as error:
            if len(texts) == 1:
                return [error]
        return [answer for text in texts for answer in self.search([text])]  # whose mistake it is pays for it alone

    def _found(self, texts: list[str]) -> list[Found]:
        if searches_words(self.snapshot.schema, self.field):
            return search_words(self.snapshot, texts, self.k, self.field, self.scoring)
        options: dict[str, Any] = {"field": self.field, "scoring": self.scoring}
        run = self.snapshot.search(texts, self.k, **options)
        return [run[i] for i in range(len(texts))]

    @property
    def is_small(self) -> bool:
        """Whether it bounds what a search of few words can take."""
        snapshot = self.snapshot
        return (
            self.k <= _SMALL_K
            and self.scoring is None
            and snapshot.manifest.row_count <= _SMALL
            and searches_words(snapshot.schema, self.field)
        )


_Queue = list[tuple[str, "asyncio.Future[Found]"]]


class Coalescer:
    """Runs batches on `executor`, at most `threads` at a time; what arrives meanwhile is the next batch."""

    def __init__(self, executor: Executor, threads: int) -> None:
        self._executor, self._threads = executor, threads
        self._waiting: dict[Plain, _Queue] = {}
        self._running, self._since = 0, 0.0
        self._due: asyncio.Handle | None = None
        self._pace: weakref.WeakKeyDictionary[Snapshot, float] = weakref.WeakKeyDictionary()

    async def search(self, plain: Plain, text: str) -> Found:
        """(doc_id, score), best first. Raises what the search raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Found] = loop.create_future()
        self._waiting.setdefault(plain, []).append((text, future))
        if self._due is None and not self._running:
            # not now: queries that the loop has already read may come along
            self._due = loop.call_soon(self._next)
        elif self._due is None and self._running < self._threads:
            self._due = loop.call_at(self._since + _PATIENCE_S, self._next)
        return await future

    def _next(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        loop = asyncio.get_running_loop()
        while self._waiting and self._running < self._threads:
            if self._running and loop.time() < self._since + _PATIENCE_S:
                self._due = loop.call_at(self._since + _PATIENCE_S, self._next)
                return
            plain = next(iter(self._waiting))
            queue = self._waiting.pop(plain)
            if len(queue) > _MOST:
                self._waiting[plain] = queue[_MOST:]  # behind those of other kinds
            queue = [(text, future) for text, future in queue[:_MOST] if not future.cancelled()]
            if queue and self._is_quick(plain, queue):
                self._tell(queue, self._timed(plain, queue))
            elif queue:
                self._start(plain, queue)

    def _is_quick(self, plain: Plain, queue: _Queue) -> bool:
        """Whether the search is over sooner than a thread would have begun with it."""
        return (
            len(queue) <= _FEW
            and not self._running
            and self._pace.get(plain.snapshot, 1.0) <= _QUICK_S
            and all(len(text) <= _SHORT for text, _ in queue)
            and plain.is_small
            and not plain.snapshot.is_analysing
        )

    def _timed(self, plain: Plain, queue: _Queue) -> list[Any]:
        """The answers; how long each took is remembered as long as the snapshot is searched."""
        started = time.perf_counter()
        try:
            answers: list[Any] = [*plain.search([text for text, _ in queue])]
        except BaseException as error:  # whoever waits gets it
            answers = [error] * len(queue)
        each_s = (time.perf_counter() - started) / len(queue)
        self._pace[plain.snapshot] = 0.9 * self._pace.get(plain.snapshot, each_s) + 0.1 * each_s
        return answers

    def _start(self, plain: Plain, queue: _Queue) -> None:
        loop = asyncio.get_running_loop()
        self._running, self._since = self._running + 1, loop.time()

        def run() -> None:
            answers = self._timed(plain, queue)
            with contextlib.suppress(RuntimeError):  # the loop has ended, and all who waited
                loop.call_soon_threadsafe(self._finish, queue, answers)

        self._executor.submit(run)

    def _finish(self, queue: _Queue, answers: list[Any]) -> None:
        self._running -= 1
        self._tell(queue, answers)
        self._next()

    def _tell(self, queue: _Queue, answers: list[Any]) -> None:
        for (_, future), answer in zip(queue, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
