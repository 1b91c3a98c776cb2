"""A closed-loop and a paced HTTP client on loopback, bounded in count and time; one thread, no library."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
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
        self.since, self.received, self.expected = 0.0, b"", -1

    def take(self) -> bool:
        """Whether the answer is whole now. Raises RuntimeError for one that is no success."""
        piece = self.socket.recv(1 << 20)
        if not piece:
            raise RuntimeError("the server closed a connection")
        self.received = self.received + piece if self.received else piece
        if self.expected < 0:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            if not self.received.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"expected 200, found {self.received[:500]!r}")
            head = self.received[:end].lower()
            self.expected = end + 4 + int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(self.received) < self.expected:
            return False
        self.received, self.expected = b"", -1
        return True


def run(port: int, requests: Sequence[bytes], connections: int, rate: float | None = None) -> Load:
    """Send all requests over some connections, each as soon as one is free; with a `rate`, at that many a second.

    Latencies with a rate count from the moment at which a request was due, so that waiting for a connection counts.
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
            connection.since = now if rate is None else started + sent / rate
            connection.socket.sendall(requests[sent])
            sent += 1
        due = 1.0 if rate is None or sent == len(requests) else max(0.0, started + sent / rate - time.perf_counter())
        for key, _ in chooser.select(due if free or rate is None else 1.0):
            if key.data.take():
                latencies.append(time.perf_counter() - key.data.since)
                free.append(key.data)
    seconds = time.perf_counter() - started
    for connection in everyone:
        connection.socket.close()
    return Load(latencies, seconds)
