"""kill -9 of a server under concurrent ingest: every acknowledged line is there, no batch is half."""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra server is not installed")

from tests.end_to_end.server_process import server

import rocchio

BATCH = 5
CLIENTS = 3
SMALL_BATCHES = f"""
import rocchio.server.limits as limits
made = limits.Limits.__init__
def small(self, **given):
    made(self, **{{**given, "batch_documents": {BATCH}}})
limits.Limits.__init__ = small
from rocchio.cli.main import main; main()
"""


class Client(threading.Thread):
    """Sends batches until the connection breaks; `acknowledged` lines of its own are durable."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__()
        host, _, port = url.removeprefix("http://").partition(":")
        self._connection = socket.create_connection((host, int(port)), timeout=20)
        self.prefix, self.acknowledged, self._sent = name, 0, 0

    def run(self) -> None:
        head = (
            b"POST /collections/c/ingest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/x-ndjson\r\n\r\n"
        )
        try:
            self._connection.sendall(head)
            answer = self._connection.makefile("rb")
            while True:
                lines = b"".join(self._line() for _ in range(BATCH))
                self._connection.sendall(b"%x\r\n%s\r\n" % (len(lines), lines))
                while not (line := answer.readline()).startswith(b'{"lines"'):
                    if not line:
                        return
                self.acknowledged = json.loads(line)["lines"]
        except OSError:
            pass
        finally:
            self._connection.close()

    def _line(self) -> bytes:
        batch, place = divmod(self._sent, BATCH)
        self._sent += 1
        doc = {"doc_id": f"{self.prefix}-{batch}-{place}", "text": f"{self.prefix}batch{batch}"}
        return json.dumps(doc).encode() + b"\n"


@pytest.mark.timeout(1800)
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_acknowledged_batches_survive_kill(tmp_path: Path, slow: bool) -> None:
    dice = random.Random(5)
    folder = tmp_path / "c.rocchio"
    rocchio.create(folder, fields={"text": rocchio.text()}, analyzer="whitespace")
    durable: dict[str, int] = {}
    for number in range(100 if slow else 3):
        with server(folder, "--rate", "0", code=SMALL_BATCHES) as (process, url):
            clients = [Client(url, f"r{number}c{client}") for client in range(CLIENTS)]
            for client in clients:
                client.start()
            deadline = time.monotonic() + 20
            while not any(client.acknowledged for client in clients) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(dice.random() * 0.3)
            process.kill()
            for client in clients:
                client.join(30)
        durable |= {client.prefix: client.acknowledged for client in clients}
        assert any(client.acknowledged for client in clients)
        check(rocchio.open(folder), durable)


def check(col: rocchio.Collection, durable: dict[str, int]) -> None:
    assert col.verify().ok
    assert len(col) % BATCH == 0
    found = Counter(doc_id.rpartition("-")[0] for doc_id, _ in col.documents())
    assert set(found.values()) <= {BATCH}
    for prefix, acknowledged in durable.items():
        assert all(f"{prefix}-{batch}" in found for batch in range(acknowledged // BATCH)), (prefix, acknowledged)
