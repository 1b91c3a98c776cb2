"""Asks an application of this process, without a network."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx


class Asker:
    """Sends requests to an application in this process; each call starts and stops nothing."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.app, self._loop = app, loop
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.run(self._client.request(method, path, **options))

    def run(self, waiting: Any) -> Any:
        return self._loop.run_until_complete(waiting)

    def search(self, **body: Any) -> httpx.Response:
        return self("POST", "/collections/papers/search", json=body)

    def ingest(self, lines: list[Any] | bytes, name: str = "papers") -> list[dict[str, Any]]:
        raw = lines if isinstance(lines, bytes) else b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        headers = {"content-type": "application/x-ndjson"}
        answer = self("POST", f"/collections/{name}/ingest", content=raw, headers=headers)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]
