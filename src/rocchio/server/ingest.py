"""Streaming ingest: JSON Lines of any length in, acknowledgements of what is durable out, in bounded memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rocchio.engine.adding import AddSummary
from rocchio.engine.collection import Collection
from rocchio.engine.records import BadRow
from rocchio.errors import RocchioError
from rocchio.server.body import parse_json
from rocchio.server.limits import Limits
from rocchio.server.problems import HttpRefusal, problem_of
from rocchio.server.tenants import ServedTo

Line = tuple[int, bytes]
"""Number from 1, and its bytes without the line feed; what is too long is cut to one byte more than allowed."""


@dataclass
class Progress:
    """What is durable, of all lines up to `lines`, and what was wrong since the last acknowledgement.

    Of each line that is not empty, one of these is true: its document is `written` (of which `replaced` took the place
    of an older version), or `repeated`, replaced by a later line of its batch, or it is `rejected`.
    """

    lines: int = 0
    written: int = 0
    replaced: int = 0
    repeated: int = 0
    rejected: int = 0
    generation: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    errors_left_out: int = 0

    def take(self) -> dict[str, Any]:
        """The members of an acknowledgement: totals, and the errors not told yet."""
        told = dict(vars(self))
        self.errors, self.errors_left_out = [], 0
        return told


async def split_lines(pieces: AsyncIterator[bytes], most: int) -> AsyncIterator[list[Line]]:
    """Lines as they come in. Of a line longer than `most` bytes only `most` + 1 are kept."""
    rest, number = bytearray(), 0
    async for piece in pieces:
        begin, lines = 0, []
        while (end := piece.find(b"\n", begin)) >= 0:
            rest += piece[begin : min(end, begin + most + 1)]
            number += 1
            lines.append((number, bytes(rest[: most + 1])))
            rest.clear()
            begin = end + 1
        rest += piece[begin : begin + most + 1 - len(rest)]
        if lines:
            yield lines
    if rest:
        yield [(number + 1, bytes(rest))]


class Ingest:
    """One body. `batches` yields after each commit; `progress` says what is durable then."""

    def __init__(self, request: Request, served: ServedTo, limits: Limits, is_stopping: Callable[[], bool]) -> None:
        self._request, self._served, self._limits, self._is_stopping = request, served, limits, is_stopping
        self.progress = Progress()
        self._lines: list[Line] = []
        self._bytes = 0

    async def batches(self) -> AsyncIterator[int]:
        """The documents written by each commit. Raises what ends the ingest early."""
        limits = self._limits
        async for lines in split_lines(self._pieces(), limits.line_bytes):
            for number, raw in lines:
                self._lines.append((number, raw))
                self._bytes += len(raw)
                if len(self._lines) >= limits.batch_documents or self._bytes >= limits.batch_bytes:
                    yield await self._write()
        if self._lines:
            yield await self._write()

    async def _pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives; a client that falls silent is let go, and so is everyone when the server stops."""
        last = time.monotonic()
        while True:
            if self._is_stopping():
                raise HttpRefusal(
                    503,
                    "stopping",
                    "expected a server that runs, found one that is stopping; send the rest to the next one",
                )
            try:
                async with asyncio.timeout(1.0):  # looks up whether the server stops
                    message = await self._request.receive()
            except TimeoutError:
                if not self._is_stopping() and time.monotonic() - last > self._limits.body_s:
                    raise HttpRefusal(
                        408, "too slow", f"expected more of the body within {self._limits.body_s:g} s, found nothing"
                    ) from None
                continue
            if message["type"] != "http.request":
                raise ClientDisconnect  # what is not whole is not written
            last = time.monotonic()
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                return

    async def _write(self) -> int:
        """Parse, commit and account for the lines at hand."""
        lines, self._lines, self._bytes = self._lines, [], 0
        documents, places = [], []
        for number, raw in lines:
            reason, document = self._parse(raw)
            if reason:
                self._reject(number, reason)
            elif document is not None:
                documents.append(document)
                places.append(number)
        progress, written = self.progress, 0
        if documents:
            wait_s = 10 * self._limits.body_s
            done = await self._served.apply_patiently(lambda col: upsert(col, documents), wait_s)
            summary, refused = done.result
            for place, reason in refused:
                self._reject(places[place], reason)
            written = summary.added
            progress.written += summary.added
            progress.replaced += summary.replaced
            progress.repeated += summary.repeated
            progress.generation = done.generation
        self.progress.lines = lines[-1][0]
        return written

    def _parse(self, raw: bytes) -> tuple[str, dict[str, Any] | None]:
        """(why not, "") or ("", document); ("", None) for an empty line."""
        if len(raw) > self._limits.line_bytes:
            return f"expected a line of at most {self._limits.line_bytes:,} bytes, found a longer one", None
        if not raw.strip():
            return "", None
        try:
            value = parse_json(raw, self._limits.depth)
        except (HttpRefusal, RocchioError) as error:
            return str(error), None
        if not isinstance(value, dict):
            return f"expected a JSON object, found {type(value).__name__}", None
        return "", value

    def _reject(self, line: int, reason: str) -> None:
        progress = self.progress
        progress.rejected += 1
        if len(progress.errors) < self._limits.errors:
            progress.errors.append({"line": line, "reason": reason[:500]})
        else:
            progress.errors_left_out += 1


def upsert(col: Collection, documents: list[dict[str, Any]]) -> tuple[AddSummary, list[BadRow]]:
    """What became of the documents, and (position, reason) of those that were refused."""
    summary = col.upsert(documents, on_error="skip")
    return summary, summary.refused


class Acknowledger:
    """Sends acknowledgements while the ingest goes on. A client that does not read them yet does not hold it up: what
    it has not taken becomes one acknowledgement of all."""

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]], progress: Progress) -> None:
        self._send, self._progress = send, progress
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """There is something new to say."""
        self._news.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._send({**self._progress.take(), "done": False})

    async def stop(self, timeout_s: float) -> None:
        """Let the line that is being sent go out. Raises TimeoutError if nobody reads it."""
        if self._task is None:
            return
        self._news.clear()
        self._task.cancel()
        async with asyncio.timeout(timeout_s):
            await asyncio.wait([self._task])


def ndjson(value: dict[str, Any]) -> bytes:
    """One line."""
    return orjson.dumps(value) + b"\n"


class IngestResponse(Response):
    """Reads the body of a request and answers it at the same time."""

    media_type = "application/x-ndjson"

    def __init__(self, ingest: Ingest, timeout_s: float, count: Callable[[int], None]) -> None:
        super().__init__()
        self._ingest, self._timeout_s, self._count = ingest, timeout_s, count
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Before the first commit errors are answers of their own; later they are in the last line."""

        async def line(value: dict[str, Any]) -> None:
            if not self._started:
                self._started = True
                headers = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": ndjson(value), "more_body": True})

        acknowledger, failure = Acknowledger(line, self._ingest.progress), None
        try:
            async for written in self._ingest.batches():
                self._count(written)
                acknowledger.tell()
        except (RocchioError, HttpRefusal) as error:
            failure = error
        except ClientDisconnect:
            if not self._started:
                raise
            return  # nobody reads the rest of the answer
        finally:
            await acknowledger.stop(self._timeout_s)
        if failure is not None and not self._started:
            raise failure
        last = {**self._ingest.progress.take(), "done": failure is None}
        if failure is not None:
            last["problem"] = problem_of(failure, scope["rocchio.request"]).body
        async with asyncio.timeout(self._timeout_s):
            await line(last)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
