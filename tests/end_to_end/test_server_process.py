"""A real server: started, asked over sockets, stopped; slow clients; no text in its log."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra server is not installed")
import httpx
from tests.end_to_end.server_process import server

import rocchio

IMPATIENT = """
import rocchio.server.limits as limits
made = limits.Limits.__init__
def impatient(self, **given):
    made(self, **{**given, "header_s": 1.0, "body_s": 1.0, "batch_documents": 10})
limits.Limits.__init__ = impatient
from rocchio.cli.main import main; main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with rocchio.create(tmp_path / "served" / "papers.rocchio", fields={"text": rocchio.text()}) as col:
        col.add({"doc_id": f"d{i}", "text": f"alpha secretword{i}"} for i in range(20))
        col.commit()
    return tmp_path / "served"


@pytest.fixture
def impatient(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    with server(folder, code=IMPATIENT) as (process, url):
        yield process, url, folder


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def test_it_answers_logs_and_stops(folder: Path):
    with server(folder) as (process, url), httpx.Client(base_url=url) as client:
        assert client.get("/readyz").json() == {"status": "ok"}
        assert len(client.post("/collections/papers/search", json={"text": "secretword3"}).json()["hits"]) == 1
        client.post("/collections/papers/documents", json={"documents": [{"doc_id": "x", "text": "secretdocument"}]})
        client.post("/collections/papers/documents", json={"documents": [{"doc_id": "x", "txt": "secretdocument"}]})
        assert client.get("/").headers.get("server") is None
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    log = Path(f"{folder}.log").read_text()
    events = [json.loads(line) for line in log.splitlines()]
    assert [event["event"] for event in events][:1] == ["started"]
    assert events[-1]["event"] == "stopped"
    searched = next(event for event in events if event.get("route") == "/collections/{name}/search")
    assert searched["status"] == 200
    assert searched["ms"] > 0
    assert "secret" not in log
    with rocchio.open(folder / "papers.rocchio") as col:  # the writer lock is free
        assert col.delete("x") == 1


def read_all(connection: socket.socket) -> bytes:
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def test_slow_clients_are_let_go(impatient: tuple[subprocess.Popen[str], str, Path]):
    _, url, _ = impatient
    silent, headers, second, body, lines = (connect(url) for _ in range(5))
    headers.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
    second.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    found = b""
    while b'"ok"}' not in found:
        found += second.recv(65536)
    assert b"200 OK" in found
    second.sendall(b"GET /livez HTTP/1.1\r\nX: ")
    post = (
        b"POST /collections/papers/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nContent-Type: %s\r\n\r\n"
    )
    body.sendall(post % (b"search", b"application/json") + b'{"text"')
    lines.sendall(post % (b"ingest", b"application/x-ndjson") + b'{"doc_id": "half"')
    started = time.monotonic()
    assert read_all(silent) == b""
    assert read_all(headers) == b""
    assert read_all(second) == b""
    assert b"408 Request Timeout" in read_all(body)
    assert b"408 Request Timeout" in read_all(lines)
    assert 0.5 < time.monotonic() - started < 8
    assert httpx.get(f"{url}/collections/papers").json()["documents"] == 20


def read_until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        piece = connection.recv(65536)
        assert piece, found
        found += piece
    return found


def test_answers_of_one_connection(folder: Path):
    search = b"POST /collections/papers/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    body = b'{"text": "secretword3"}'
    with server(folder) as (_, url), connect(url) as connection:
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in read_until(connection, b"\r\n\r\n")
        connection.sendall(search + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body))
        assert read_until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert b'"d3"' in read_until(connection, b"}")
        whole = search + b"Content-Length: %d\r\n\r\n" % len(body) + body
        connection.sendall(whole + whole.replace(b"Host", b"Connection: close\r\nHost"))
        assert read_all(connection).count(b'"d3"') == 2


def test_an_ingest_ends_with_what_is_durable_when_the_server_stops(folder: Path):
    with server(folder, code=IMPATIENT.replace('"body_s": 1.0', '"body_s": 20.0')) as (process, url):
        stop_during_ingest(process, url)
    assert len(rocchio.open(folder / "papers.rocchio")) == 30


def stop_during_ingest(process: subprocess.Popen[str], url: str) -> None:
    connection = connect(url)
    connection.sendall(
        b"POST /collections/papers/ingest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/x-ndjson\r\n\r\n"
    )
    for number in range(15):
        line = json.dumps({"doc_id": f"n{number}"}).encode() + b"\n"
        connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
    found = b""
    while b'"written":10' not in found:
        found += connection.recv(65536)
    process.send_signal(signal.SIGTERM)
    found += read_all(connection)
    assert b'"done":false,"problem"' in found
    assert b'"status":503' in found
    process.wait(20)


def own_memory_mb(process: subprocess.Popen[str]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("RssAnon"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory of processes is read from /proc")
def test_an_ingest_of_any_length_takes_bounded_memory(folder: Path):
    """64 MiB of lines, of which none fits: what is told about them is bounded too."""
    line = b'{"doc_id": "x", "txt": "' + b"a" * 4000 + b'"}\n'
    pieces = 16 * [64 * line] * 16
    with server(folder, "--rate", "0") as (process, url), httpx.Client(base_url=url, timeout=60) as client:
        headers, path = {"content-type": "application/x-ndjson"}, "/collections/papers/ingest"
        client.post(path, content=iter(pieces[:16]), headers=headers)
        before = own_memory_mb(process)
        answer = client.post(path, content=iter(pieces), headers=headers)
        assert own_memory_mb(process) - before < 32
    told = [json.loads(each) for each in answer.text.splitlines()]
    assert (told[-1]["done"], told[-1]["lines"], told[-1]["written"]) == (True, 64 * len(pieces), 0)


def test_json_as_deep_as_a_body_is_long(folder: Path):
    with server(folder) as (_, url), httpx.Client(base_url=url) as client:
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            body = '{"text": "x", "where": ' + opening * 1_000_000 + "1" + closing * 1_000_000 + "}"
            answer = client.post("/collections/papers/search", content=body,
                                 headers={"content-type": "application/json"})  # fmt: skip
            assert answer.status_code in (400, 413), answer.text
            assert answer.headers["content-type"] == "application/problem+json"
        assert client.get("/livez").status_code == 200
