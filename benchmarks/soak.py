"""A long run of `rocchio serve` at half load while documents are written: errors, memory and latencies over time.

What is measured: searches at half of the rate that the server reaches beside the writes, over some connections, while
    another client upserts a batch each second; for each window p50 and p99, the server's memory, open files and errors.
Data: a copy of a collection of passages with the fields title and text, as `benchmarks/server.py` builds it.
Notes: bounded by --minutes. The batches replace the same documents again and again, so that the collection stays as
    large as it is and memory should stay flat.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data import read_questions
from http_load import Load, post, run
from measure import machine
from peers import ENGINES, versions
from server import CONNECTIONS, DATA, SERVE, K, process
from tables import publish, table

BATCH, KEPT, PAUSE_S = 50, 5_000, 1.0


@dataclass
class Writes:
    """What the writing client did; `errors` are those of both clients."""

    batches: int = 0
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass
class Window:
    """A part of the run."""

    ended_s: float
    load: Load
    memory_mb: float
    files: int


def write(port: int, name: str, writes: Writes, stop: threading.Event) -> None:
    """Upsert a batch each second until told to stop."""
    while not stop.wait(PAUSE_S):
        first = writes.batches * BATCH % KEPT
        documents = [{"doc_id": f"soak{first + i}", "title": f"Soak {writes.batches}", "text": "relevance feedback"}
                     for i in range(BATCH)]  # fmt: skip
        body = json.dumps({"documents": documents}).encode()
        url = f"http://127.0.0.1:{port}/collections/{name}/documents"
        request = urllib.request.Request(url, body, {"content-type": "application/json"})
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
            writes.seconds.append(time.perf_counter() - started)
        except OSError as error:
            told = error.read().decode(errors="replace") if isinstance(error, urllib.error.HTTPError) else ""
            writes.errors.append(f"{type(error).__name__} {error} {told}"[:400])
            print(writes.errors[-1], file=sys.stderr)
        writes.batches += 1


def resident_mb(pid: int) -> float:
    """Memory of a process that is its own or of files that it has mapped and touched, in MB; without those of files."""
    status = Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1000


def soak(
    port: int, pid: int, name: str, requests: list[bytes], minutes: float, window_s: float
) -> tuple[float, list[Window], Writes]:
    """(searches a second, windows, writes)."""
    writes, stop = Writes(), threading.Event()
    writer = threading.Thread(target=write, args=(port, name, writes, stop), daemon=True)
    writer.start()
    run(port, requests, CONNECTIONS)
    rate = run(port, requests, CONNECTIONS).rate / 2
    per_window = max(1, int(rate * window_s))
    started, windows, sent = time.monotonic(), [], 0
    while not windows or time.monotonic() - started < minutes * 60:
        part = [requests[(sent + i) % len(requests)] for i in range(per_window)]
        sent += per_window
        try:
            load = run(port, part, CONNECTIONS, rate)
        except RuntimeError as error:  # no success, or far too slow: the run goes on, and tells
            writes.errors.append(str(error)[:400])
            print(writes.errors[-1], file=sys.stderr)
            continue
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        windows.append(Window(time.monotonic() - started, load, resident_mb(pid), files))
        print(f"{windows[-1].ended_s:7.0f} s  p50 {load.percentile_ms(0.5):.2f} ms  p99 {load.percentile_ms(0.99):.2f}"
              f" ms  {windows[-1].memory_mb:,.0f} MB  {len(writes.errors)} errors", file=sys.stderr)  # fmt: skip
    stop.set()
    writer.join()
    return rate, windows, writes


def report(rate: float, windows: list[Window], writes: Writes) -> list[str]:
    """Lines of the report: every few minutes a row."""
    shown = windows[:: max(1, len(windows) // 10)]
    shown = [*shown, windows[-1]] if shown[-1] is not windows[-1] else shown
    rows = [
        [f"{each.ended_s / 60:.1f}", f"{len(each.load.latencies):,}", f"{each.load.percentile_ms(0.5):.2f}",
         f"{each.load.percentile_ms(0.99):.2f}", f"{each.memory_mb:,.0f}", f"{each.files}"]
        for each in shown
    ]  # fmt: skip
    answered = sum(len(each.load.latencies) for each in windows)
    slowest = max(writes.seconds, default=0.0)
    what = "; ".join(writes.errors[:5]) or "none"
    return [
        f"{machine()}; {versions([ENGINES['rocchio']])}. {windows[-1].ended_s / 60:.0f} minutes, {answered:,} searches "
        f"at {rate:,.0f} a second (half of what the server reaches beside the writes), {writes.batches:,} batches of "
        f"{BATCH} documents, the slowest in {slowest:.2f} s; errors: {what}.",
        "",
        *table(["minute", "searches", "p50 ms", "p99 ms", "anonymous MB", "open files"], rows),
    ]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--questions", "--queries", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument(
        "--window",
        type=float,
        default=5.0,
        help="seconds that are looked at together, below the 10 that a server waits for a silent client",
    )
    parser.add_argument("--output", type=Path)
    options: Any = parser.parse_args()
    texts = [query.text or "" for query in read_questions(options.questions, 2000)]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "soak.rocchio"
        shutil.copytree(options.collection, folder)
        requests = [post("/collections/soak/search", json.dumps({"text": text, "k": K}).encode()) for text in texts]
        with process(SERVE, "serve", str(folder), "--port", "0", "--rate", "0") as (port, pid):
            found = soak(port, pid, "soak", requests, options.minutes, options.window)
        publish(report(*found), options.output)


if __name__ == "__main__":
    main()
