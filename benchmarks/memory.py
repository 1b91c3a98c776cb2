"""Vector searches within a memory limit: recall, latency, bytes read and resident memory, by limit and filter.

What is measured: recall@k; the median and 99th percentile of latencies one by one, warm (what is read comes from the
    operating system's page cache) and cold (it is dropped before each query: Linux); kilobytes read per query, as
    rocchio counts them and as the disk gave them; what the resident memory of a process grew by until the end (Linux).
Data: .npy files of unit vectors and of queries, by default those of the shared data folder beside the checkout.
Notes: a limit is a share of the bytes of the float32 vectors. Each is measured in a process of its own, which has
    searched with WARM_UP other queries before: the first touch of each 64 KiB reads all of it, to verify it. Filters
    are random. What is in memory by its limit is not dropped for a cold query, of a search without a limit nothing can
    be: pages that are mapped stay.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import rocchio
from dense_data import read_vectors
from measure import machine
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
SHARES = (0.1, 0.25, 0.5, 1.0)
"""Of the vectors' bytes: the limits."""
SELECTIVITIES = (1.0, 0.5, 0.1, 0.01)
WARM_UP, QUERIES, COLD = 1000, 300, 100
"""Queries that nothing is measured with, that warm latencies are, and that cold ones are."""
SEED = 5

Matrix = npt.NDArray[np.float32]


def build(base: Matrix, folder: Path) -> None:
    """The vectors, and a number `u` from 0 to 1 that filters go by."""
    col = rocchio.create(folder, fields={"v": rocchio.vector(base.shape[1]), "u": rocchio.number()})
    names = [str(row) for row in range(len(base))]
    col.add(rocchio.columns(doc_id=names, v=base, u=np.random.default_rng(SEED).random(len(base))))
    col.commit()


def condition(selectivity: float) -> str | None:
    return None if selectivity == 1 else f"u < {selectivity}"


def exact_answers(base: Matrix, queries: Matrix, selectivity: float, k: int) -> list[list[int]]:
    """Rows of the best k under a filter, by query."""
    rows = np.flatnonzero(np.random.default_rng(SEED).random(len(base)) < selectivity)
    scores = queries @ base[rows].T
    return [rows[each].tolist() for each in np.argsort(-scores, axis=1, kind="stable")[:, :k]]


class Measuring:
    """One limit, in this process."""

    def __init__(self, folder: Path, queries: Matrix, limit: int | None, k: int, recall: float) -> None:
        self._files = [os.open(path, os.O_RDONLY) for path in sorted(folder.glob("segment-*/vector*"))]
        self._queries, self._options = queries, {"field": "v", "k": k, "recall": recall}
        load_libraries(queries.shape[1])
        self._before = resident_bytes()
        self._col = rocchio.open(folder, memory_limit=limit)

    def run(self) -> dict[str, Any]:
        cells = [self._cell(selectivity) for selectivity in SELECTIVITIES]
        about = self._col.memory()
        return {"cells": cells, "grown": resident_bytes() - self._before, "plan": str(about) if about else "no limit"}

    def _cell(self, selectivity: float) -> dict[str, Any]:
        where = condition(selectivity)
        warm_up, asked = self._queries[:WARM_UP], self._queries[WARM_UP:][:QUERIES]
        for query in warm_up:
            self._search(query, where)
        found, warm, warm_bytes = self._timed(asked, where, lambda: None)
        cold_queries = self._queries[WARM_UP + QUERIES :][:COLD]
        from_disk = disk_bytes()
        _, cold, _ = self._timed(cold_queries, where, self._drop)
        device = (disk_bytes() - from_disk) / max(1, len(cold_queries))
        return {"found": found, "warm": warm, "bytes": warm_bytes, "cold": cold, "device": device}

    def _search(self, query: Matrix, where: str | None) -> list[int]:
        return [int(hit.doc_id) for hit in self._col.search(query, where=where, **self._options)]  # type: ignore[call-overload]

    def _timed(
        self, queries: Matrix, where: str | None, prepare: Callable[[], None]
    ) -> tuple[list[list[int]], list[float], float]:
        """Rows by query, milliseconds by query, bytes read per query."""
        found, milliseconds, before = [], [], self._read_bytes()
        for query in queries:
            prepare()
            started = time.perf_counter()
            found.append(self._search(query, where))
            milliseconds.append(1000 * (time.perf_counter() - started))
        return found, milliseconds, (self._read_bytes() - before) / max(1, len(queries))

    def _read_bytes(self) -> int:
        about = self._col.memory()
        return 0 if about is None else about.read_bytes

    def _drop(self) -> None:
        if hasattr(os, "posix_fadvise"):
            for file in self._files:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def load_libraries(dim: int) -> None:
    """Search a few vectors: what that loads is not what vectors take."""
    with tempfile.TemporaryDirectory() as folder:
        build(np.ones((10, dim), np.float32), Path(folder) / "few.rocchio")
        rocchio.open(Path(folder) / "few.rocchio").search(np.ones(dim), field="v", where=condition(0.5))


def resident_bytes() -> int:
    """Of this process; 0 where that is not told."""
    return 1000 * sum(number for name, number in numbers_of("status").items() if name in ("RssAnon", "RssFile"))


def disk_bytes() -> int:
    """What this process has read from disks so far; 0 where that is not told."""
    return numbers_of("io").get("read_bytes", 0)


def numbers_of(file: str) -> dict[str, int]:
    path = Path("/proc/self") / file
    if not path.exists():
        return {}
    pairs = (line.split()[:2] for line in path.read_text(encoding="utf-8").splitlines() if len(line.split()) > 1)
    return {name.rstrip(":"): int(number) for name, number in pairs if number.isdigit()}


def measured(arguments: list[str]) -> dict[str, Any]:
    """What a process of its own measures."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"expected a measurement, found exit code {done.returncode}:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def row(name: str, cell: dict[str, Any], truth: list[list[int]]) -> list[str]:
    shares = [len({*found} & {*best}) / max(1, len(best)) for found, best in zip(cell["found"], truth, strict=True)]
    warm, cold = (np.percentile(cell[kind], [50, 99]) for kind in ("warm", "cold"))
    times = [f"{value:.2f}" for value in (*warm, *cold)]
    return [name, f"{np.mean(shares):.3f}", *times, f"{cell['bytes'] / 1000:,.0f}", f"{cell['device'] / 1000:,.0f}"]


def report(base: Matrix, queries: Matrix, folder: Path, given: argparse.Namespace) -> list[str]:
    results = {}
    for share in (*given.limits, None):
        limit = None if share is None else int(share * base.nbytes)
        name = "no limit" if limit is None else f"{share:.0%}, {limit / 1e6:.1f} MB"
        shared = ["--queries", str(given.queries), "--k", str(given.k), "--recall", str(given.recall)]
        results[name] = measured(["--measure", json.dumps(limit), "--collection", str(folder), *shared])
        print(name, results[name]["plan"], file=sys.stderr, flush=True)
    lines = [
        "# Memory limits",
        "",
        f"{machine()}; rocchio {rocchio.__version__}.",
        "",
        f"{len(base):,} vectors, {base.shape[1]} dimensions, {base.nbytes / 1e6:.1f} MB as float32; one by one on one "
        f"thread, k={given.k}, recall {given.recall} asked.",
        "",
        "## Memory",
        "",
        *table(
            ["limit", "divided", "resident memory grew by, MB"],
            [[name, result["plan"], f"{result['grown'] / 1e6:.1f}"] for name, result in results.items()],
        ),
    ]
    header = ["limit", "recall", "warm p50, ms", "p99", "cold p50, ms", "p99", "kB read", "kB from disk, cold"]
    for place, selectivity in enumerate(SELECTIVITIES):
        truth = exact_answers(base, queries[WARM_UP:][:QUERIES], selectivity, given.k)
        rows = [row(name, result["cells"][place], truth) for name, result in results.items()]
        found = [result["cells"][place]["found"] for result in results.values()]
        same = "the same in all rows" if all(each == found[0] for each in found) else "NOT THE SAME IN ALL ROWS"
        lines += [f"## {selectivity:.0%} of the vectors allowed", "", f"Answers are {same}.", "", *table(header, rows)]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, default=DATA / "wiki-minilm-base.npy")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-minilm-queries.npy")
    parser.add_argument("--rows", type=int, default=100_000, help="of the vectors, so many")
    parser.add_argument("--limits", type=float, nargs="+", default=SHARES, help="shares of the vectors' bytes")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--collection", type=Path, help="where it is, or is built; default: a temporary folder")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--measure", type=json.loads, default="false", help=argparse.SUPPRESS)
    given = parser.parse_args()
    queries = read_vectors(given.queries)
    if given.measure is not False:
        print(json.dumps(Measuring(given.collection, queries, given.measure, given.k, given.recall).run()))
        return
    base = read_vectors(given.base)[: given.rows]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.collection or Path(temporary) / "vectors.rocchio"
        if not folder.exists():
            build(base, folder)
        publish(report(base, queries, folder, given), given.output)


if __name__ == "__main__":
    main()
