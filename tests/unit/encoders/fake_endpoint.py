"""An endpoint on this machine that speaks OpenAI's embeddings protocol and fails in every way on request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = dict[str, Any]
DIM = 4


def vector_of(text: str) -> list[float]:
    return [float(len(text)), float(text.count("a")), float(text.count("e")), 1.0]


def good(request: Answer) -> Answer:
    """What a sound endpoint says, in another order than asked: the index counts."""
    data = [{"index": i, "embedding": vector_of(text)} for i, text in enumerate(request["input"])]
    return {"data": data[::-1], "usage": {"total_tokens": sum(len(text.split()) for text in request["input"])}}


@dataclass
class Plan:
    """What happens to the requests to come, one after another; after that all are answered well.

    An item is a status, (status, headers), bytes to send as they are, a function from request to answer, or seconds to
    wait as a float.
    """

    items: list[Any] = field(default_factory=list)
    requests: list[Answer] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def texts(self) -> list[str]:
        """Everything that was asked to be encoded."""
        return [text for request in self.requests for text in request["input"]]


class _Handler(BaseHTTPRequestHandler):
    plan: Plan

    def do_POST(self) -> None:  # the name is http.server's
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.plan.requests.append(request)
        self.plan.headers.append(dict(self.headers))
        item = self.plan.items.pop(0) if self.plan.items else good
        if isinstance(item, float):
            time.sleep(item)
            item = good
        if item == "close":
            self.close_connection = True
            return
        status, headers = item if isinstance(item, tuple) else (item if isinstance(item, int) else 200, {})
        content = item if isinstance(item, bytes) else json.dumps(item(request) if callable(item) else {}).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) + (100 if headers.get("X-Cut") else 0)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def endpoint() -> Iterator[Plan]:
    """A plan whose `url` is answered by it."""
    plan = Plan()
    handler: Callable[..., Any] = type("Handler", (_Handler,), {"plan": plan})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    plan.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield plan
    finally:
        server.shutdown()
        server.server_close()
