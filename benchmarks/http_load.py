"""A closed-loop and a paced HTTP client on loopback, bounded in count and time; one thread, no library."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_SECONDS = 60.0


@dataclass
class Load:
    """What a run of requests gave: latencies in seconds in order of arrival, and the time it all took."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """Latency that `share` of the answers do not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def post(path: str, body: bytes) -> bytes:
    """A request whose body is JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number, self.since = 0, 0.0
        self.received, self.body, self.expected = b"", 0, -1

    def take(self) -> bytes | None:
        """The body of the answer when it is whole. Raises RuntimeError for one that is no success."""
        piece = self.socket.recv(1 << 20)
        if not piece:
            raise RuntimeError("the server closed a connection")
        self.received = self.received + piece if self.received else piece
        if self.expected < 0:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return None
            if not self.received.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"expected 200, found {self.received[:500]!r}")
            head = self.received[:end].lower()
            self.body = end + 4
            self.expected = self.body + int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(self.received) < self.expected:
            return None
        body = self.received[self.body :]
        self.received, self.expected = b"", -1
        return body


def run(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    rate: float | None = None,
    check: Callable[[int, bytes], None] = lambda _number, _body: None,
) -> Load:
    """Send all requests over some connections, each as soon as one is free; with a `rate`, at that many a second.

    Latencies with a rate count from the moment at which a request was due, so that waiting for a connection counts.
    `check` gets the number of each request and the body of its answer.
    Raises RuntimeError for an answer that is no success, and when it takes too long.
    """
    chooser = selectors.DefaultSelector()
    free = [_Connection(port) for _ in range(connections)]
    everyone = list(free)
    for connection in free:
        chooser.register(connection.socket, selectors.EVENT_READ, connection)
    latencies: list[float] = []
    started = time.perf_counter()
    sent = 0
    while len(latencies) < len(requests):
        now = time.perf_counter()
        if now - started > MOST_SECONDS:
            raise RuntimeError(f"expected an end within {MOST_SECONDS:g} s, found {len(latencies)} answers")
        while free and sent < len(requests) and (rate is None or started + sent / rate <= now):
            connection = free.pop()
            connection.number, connection.since = sent, now if rate is None else started + sent / rate
            connection.socket.sendall(requests[sent])
            sent += 1
        due = 1.0 if rate is None or sent == len(requests) else max(0.0, started + sent / rate - time.perf_counter())
        for key, _ in chooser.select(due if free or rate is None else 1.0):
            if (body := key.data.take()) is not None:
                latencies.append(time.perf_counter() - key.data.since)
                check(key.data.number, body)
                free.append(key.data)
    seconds = time.perf_counter() - started
    for connection in everyone:
        connection.socket.close()
    return Load(latencies, seconds)
