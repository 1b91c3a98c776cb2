"""What HTTP costs: searches through `rocchio serve` beside an empty route of the same framework and beside the engine.

What is measured: answers a second of single searches over some connections (each sends its next query when it has its
    answer), of an empty FastAPI route that returns the same bytes and of a bare Starlette route; latencies at half of
    the searches' rate; queries a second of the batch route and of the same batch inside a process.
Data: the 393,490 Wikipedia passages of the shared data folder beside the checkout, or a collection of your own.
Notes: client and server share the machine. Rounds are short and all servers take turns; the best round of each counts,
    because whatever else runs only slows. All counts and times are bounded.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data import passages, read_questions, write_source
from http_load import Load, post, run
from measure import machine
from peers import ENGINES, versions
from peers.rocchio_engine import build
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
K = 10
CONNECTIONS = 16
SERVE = "from rocchio.cli.main import main; main()"
EMPTY = """
import socket, sys
from fastapi import FastAPI, Response
from starlette.applications import Starlette
from starlette.routing import Route
from rocchio.server.limits import Limits
import uvicorn

body = sys.stdin.buffer.read()

async def empty(request):
    return Response(body, media_type="application/json")

if sys.argv[1] == "fastapi":
    app = FastAPI()

    @app.post("/collections/{name}/search")
    async def search(name: str):
        return Response(body, media_type="application/json")
else:
    app = Starlette(routes=[Route("/collections/{name}/search", empty, methods=["POST"])])
listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(f"listening on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])
"""


@contextlib.contextmanager
def process(code: str, *arguments: str, given: bytes = b"") -> Iterator[tuple[int, int]]:
    """Port and process id of a server that runs in a process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes) as running:  # type: ignore[call-overload]
        try:
            running.stdin.write(given)
            running.stdin.close()
            line = running.stdout.readline().decode()
            yield int(line.rpartition(":")[2]), running.pid
        finally:
            running.terminate()


def collection_name(folder: Path) -> str:
    """As the server calls the collection of a folder."""
    return folder.name.removesuffix(".rocchio")


def typical_answer(folder: Path, text: str) -> bytes:
    """An answer as the server gives it, for the empty route to return."""
    import rocchio

    hits = rocchio.open(folder).search(text, k=K)
    body = {"hits": [{"doc_id": hit.doc_id, "score": hit.score} for hit in hits], "generation": 1}
    return json.dumps(body, separators=(",", ":")).encode()


def check_answers(port: int, folder: Path, texts: list[str], requests: list[bytes]) -> None:
    """Ask all once, which builds columns of terms too. Raises RuntimeError for an answer that is not the engine's."""
    import rocchio

    found = rocchio.open(folder).search(texts, k=K)
    expected = [[{"doc_id": doc_id, "score": score} for doc_id, score in found[i]] for i in range(len(texts))]

    def check(number: int, body: bytes) -> None:
        if (hits := json.loads(body)["hits"]) != expected[number]:
            raise RuntimeError(f"expected {expected[number]} for {texts[number]!r}, found {hits}")

    run(port, requests, CONNECTIONS, check=check)


def in_process(folder: Path, texts: list[str], threads: int, rounds: int) -> list[float]:
    """Queries a second of the engine alone, after a round that nobody counts."""
    import rocchio

    col, rates = rocchio.open(folder), []
    for number in range(rounds + 1):
        started = time.perf_counter()
        found = col.search(texts, k=K, threads=threads)
        [list(ids) for ids in found.doc_ids]  # runs read their doc_ids when they are asked for
        if number:
            rates.append(len(texts) / (time.perf_counter() - started))
    return rates


def cpu_seconds(pid: int) -> float:
    """Of processor time that a process has used; not a number where there is no /proc."""
    about = Path(f"/proc/{pid}/stat")
    if not about.exists():
        return math.nan
    fields = about.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def single(
    servers: dict[str, tuple[int, int]], folder: Path, texts: list[str], rounds: int
) -> tuple[dict[str, Load], dict[str, float], Load]:
    """The best round of single searches on each server, milliseconds of its processor time for an answer, and the best
    round at half of the searches' rate."""
    ports = {server: port for server, (port, _) in servers.items()}
    path = f"/collections/{collection_name(folder)}/search"
    requests = [post(path, json.dumps({"text": text, "k": K}).encode()) for text in texts]
    check_answers(ports["search"], folder, texts, requests)
    for port in ports.values():
        run(port, requests, CONNECTIONS)
    loads: dict[str, list[Load]] = {server: [] for server in ports}
    used = {server: -cpu_seconds(pid) for server, (_, pid) in servers.items()}
    for _ in range(rounds):
        for server, port in ports.items():
            loads[server].append(run(port, requests, CONNECTIONS))
    for server, (_, pid) in servers.items():
        used[server] = 1000 * (used[server] + cpu_seconds(pid)) / (rounds * len(requests))
    best = {server: max(each, key=lambda load: load.rate) for server, each in loads.items()}
    halves = [run(ports["search"], requests, CONNECTIONS, best["search"].rate / 2) for _ in range(rounds)]
    return best, used, min(halves, key=lambda load: load.percentile_ms(0.99))


def batches(port: int, folder: Path, texts: list[str], rounds: int) -> list[float]:
    """Queries a second of the batch route, one request at a time."""
    path = f"/collections/{collection_name(folder)}/search/batch"
    request = post(path, json.dumps({"queries": texts, "k": K}).encode())
    run(port, [request], 1)
    return [len(texts) * run(port, [request], 1).rate for _ in range(rounds)]


def report(options: argparse.Namespace, folder: Path) -> list[str]:
    """Start the servers, measure, stop them; the lines of the report."""
    import rocchio

    texts = [query.text or "" for query in read_questions(options.questions, options.count)]
    answer = typical_answer(folder, texts[0])
    serve = ("serve", str(folder), "--port", "0", "--rate", "0")
    with (
        process(SERVE, *serve) as search,
        process(EMPTY, "fastapi", given=answer) as empty,
        process(EMPTY, "starlette", given=answer) as bare,
    ):
        servers = {"search": search, "empty FastAPI route": empty, "empty Starlette route": bare}
        loads, used, half = single(servers, folder, texts, options.rounds)
        batch, engine = [], []
        for _ in range(options.rounds):
            batch += batches(search[0], folder, texts, 1)
            engine += in_process(folder, texts, 2, 1)
    rows = [
        [
            server,
            f"{load.rate:,.0f}",
            f"{load.percentile_ms(0.5):.2f}",
            f"{load.percentile_ms(0.99):.2f}",
            f"{used[server]:.3f}",
            f"{100 * loads['search'].rate / load.rate:.0f} %",
        ]
        for server, load in loads.items()
    ]
    return [
        "# Server",
        "",
        f"{machine()}; {versions([ENGINES['rocchio']])}. {len(rocchio.open(folder)):,} documents, "
        f"{len(texts):,} questions, k = {K}, the best of {options.rounds} rounds in turns; client and server share the "
        "processors.",
        "",
        f"Single searches, {CONNECTIONS} connections:",
        "",
        *table(["server", "answers/s", "p50 ms", "p99 ms", "processor ms/answer", "search has"], rows),
        f"At half of the searches' rate: p50 {half.percentile_ms(0.5):.2f} ms, p99 {half.percentile_ms(0.99):.2f} ms, "
        f"ratio {half.percentile_ms(0.99) / half.percentile_ms(0.5):.1f}.",
        "",
        f"Batches of {len(texts):,} questions:",
        "",
        *table(
            ["", "queries/s", "batch route has"],
            [
                ["batch route", f"{max(batch):,.0f}", "100 %"],
                ["in a process, two threads", f"{max(engine):,.0f}", f"{100 * max(batch) / max(engine):.0f} %"],
            ],
        ),
    ]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet")
    parser.add_argument("--questions", "--queries", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--collection", type=Path, help="an existing collection instead of --documents")
    parser.add_argument("--limit", type=int, help="only the first documents")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    options: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = options.collection
        if folder is None:
            source, _ = write_source(passages(options.documents, options.limit), Path(work) / "source")
            folder = Path(work) / "wiki.rocchio"
            build(source, folder)
        publish(report(options, folder), options.output)


if __name__ == "__main__":
    main()
