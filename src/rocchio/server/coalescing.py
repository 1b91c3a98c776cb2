"""Single queries that arrive while others are searched go into one batch: the calls are shared, and nobody waits for
company."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from rocchio.engine.snapshot import Snapshot
from rocchio.engine.text_search import search_words, searches_words
from rocchio.errors import RocchioError

Found = list[tuple[str, float]]
_MOST = 64
"""Queries of one batch: the first should not wait long for the last."""


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


class Coalescer:
    """Runs batches on `executor`, at most `threads` at a time; what arrives meanwhile is the next batch."""

    def __init__(self, executor: Executor, threads: int) -> None:
        self._executor, self._free = executor, threads
        self._waiting: dict[Plain, list[tuple[str, asyncio.Future[Found]]]] = {}

    async def search(self, plain: Plain, text: str) -> Found:
        """(doc_id, score), best first. Raises what the search raises."""
        future: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(plain, [])
        waiting.append((text, future))
        if len(waiting) == 1 and self._free:
            # not now: queries that the loop has already read may come along
            asyncio.get_running_loop().call_soon(self._next)
        return await future

    def _next(self) -> None:
        while self._free and self._waiting:
            plain = next(iter(self._waiting))
            queue = self._waiting.pop(plain)
            if len(queue) > _MOST:
                self._waiting[plain] = queue[_MOST:]  # behind those of other kinds
            queue = [(text, future) for text, future in queue[:_MOST] if not future.cancelled()]
            if queue:
                self._start(plain, queue)

    def _start(self, plain: Plain, queue: list[tuple[str, asyncio.Future[Found]]]) -> None:
        self._free -= 1
        loop, texts = asyncio.get_running_loop(), [text for text, _ in queue]

        def run() -> None:
            try:
                answers: list[Any] = [*plain.search(texts)]
            except BaseException as error:  # whoever waits gets it
                answers = [error] * len(queue)
            with contextlib.suppress(RuntimeError):  # the loop has ended, and all who waited
                loop.call_soon_threadsafe(self._finish, queue, answers)

        self._executor.submit(run)

    def _finish(self, queue: list[tuple[str, asyncio.Future[Found]]], answers: list[Any]) -> None:
        self._free += 1
        for (_, future), answer in zip(queue, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._next()
