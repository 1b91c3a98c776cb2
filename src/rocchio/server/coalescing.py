"""Single queries: short texts among words are searched by threads that never wait for the event loop, nor it for them.
Others that arrive while some are searched go into one batch: the calls are shared, and nobody waits for company."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import orjson

from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_queue import TextQueue
from rocchio.engine.text_search import search_words, searches_words
from rocchio.errors import RocchioError
from rocchio.types import DocId

_MOST = 64
"""Queries of one batch: the first should not wait long for the last."""
_PATIENCE_S = 0.005
"""So long a batch may run before the next one gets a thread of its own: quick ones are better larger than more."""
_SHORT = 256
"""Characters of a text that may be analysed in the event loop."""


@dataclass(frozen=True)
class Plain:
    """What plain text queries must share to be searched together."""

    snapshot: Snapshot
    k: int
    field: str | None
    scoring: str | None

    def search(self, texts: list[str]) -> list[bytes | RocchioError]:
        """The hits as JSON, or an error, for each text."""
        try:
            return [*map(hits_json, self._found(texts))]
        except RocchioError as error:
            if len(texts) == 1:
                return [error]
        return [answer for text in texts for answer in self.search([text])]  # whose mistake it is pays for it alone

    def _found(self, texts: list[str]) -> list[list[tuple[DocId, float]]]:
        if searches_words(self.snapshot.schema, self.field):
            return search_words(self.snapshot, texts, self.k, self.field, self.scoring)
        options: dict[str, Any] = {"field": self.field, "scoring": self.scoring}
        run = self.snapshot.search(texts, self.k, **options)
        return [run[i] for i in range(len(texts))]


def hits_json(hits: list[tuple[DocId, float]]) -> bytes:
    """[{"doc_id": ..., "score": ...}, ...]"""
    return orjson.dumps([{"doc_id": doc_id, "score": score} for doc_id, score in hits])


_Queue = list[tuple[str, "asyncio.Future[bytes]"]]


class Coalescer:
    """Between `open` and `close`, short texts go to a queue of their own. Batches of the others run on `executor`, at
    most `threads` at a time; what arrives meanwhile is the next batch."""

    def __init__(self, executor: Executor, threads: int) -> None:
        self._executor, self._threads = executor, threads
        self._waiting: dict[Plain, _Queue] = {}
        self._running, self._since = 0, 0.0
        self._due: asyncio.Handle | None = None
        self._texts: TextQueue | None = None
        self._loop: asyncio.AbstractEventLoop

    def open(self) -> None:
        """Start the threads for short texts, whose answers come to the running loop."""
        texts, self._loop = TextQueue(self._threads), asyncio.get_running_loop()
        try:
            self._loop.add_reader(texts.fileno(), self._take)
        except NotImplementedError:  # by the loop of Windows
            texts.close()
        else:
            self._texts = texts

    async def close(self) -> None:
        """End these threads. Whoever still waits for one is served by the executor."""
        if self._texts is not None:
            self._loop.remove_reader(self._texts.fileno())
            texts, self._texts = self._texts, None
            self._answer(await asyncio.to_thread(texts.close))

    async def search(self, plain: Plain, text: str) -> bytes:
        """The hits as JSON, best first. Raises what the search raises."""
        hits = None
        if self._texts is not None and len(text) <= _SHORT:
            future: asyncio.Future[bytes | None] = self._loop.create_future()
            if self._texts.ask(future, plain.snapshot, text, plain.k, plain.field, plain.scoring):
                hits = await future
        return await self._in_batch(plain, text) if hits is None else hits

    async def _in_batch(self, plain: Plain, text: str) -> bytes:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._waiting.setdefault(plain, []).append((text, future))
        if self._due is None and not self._running:
            # not now: queries that the loop has already read may come along
            self._due = loop.call_soon(self._next)
        elif self._due is None and self._running < self._threads:
            self._due = loop.call_at(self._since + _PATIENCE_S, self._next)
        return await future

    def _take(self) -> None:
        assert self._texts is not None
        self._answer(self._texts.take())

    def _answer(self, answers: list[tuple[Any, bytes | None]]) -> None:
        for future, hits in answers:
            if not future.done():
                future.set_result(hits)

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
            if queue:
                self._start(plain, queue)

    def _start(self, plain: Plain, queue: _Queue) -> None:
        loop = asyncio.get_running_loop()
        self._running, self._since = self._running + 1, loop.time()

        def run() -> None:
            try:
                answers: list[Any] = [*plain.search([text for text, _ in queue])]
            except BaseException as error:  # whoever waits gets it
                answers = [error] * len(queue)
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
