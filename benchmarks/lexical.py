"""Lexical search beside the peers that are installed.

What is measured: building (tokenise, index, commit; seconds and peak memory, each engine in its own process), opening
    (seconds and memory before the first query), and queries per second on one thread at several k, in paired rounds.
Data: a Parquet file of documents (_id, title, text) and a JSON Lines file of queries, by default the 393,490 Wikipedia
    passages and natural questions of the shared data folder beside the checkout.
Notes: every engine uses the tokens of bm25s's `en` preset (lower case, \\w\\w+, 33 stopwords, Snowball English) and
    BM25 k1=0.9 b=0.4. rocchio's time includes analysing the queries and making doc_id strings; bm25s is given token
    ids and returns integers. Ratios of medians over paired rounds are what to read; absolute rates drift.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import importlib.util
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_NUM_THREADS", "1")

DATA = Path(__file__).parents[2] / "shared" / "data"
K1, B = 0.9, 0.4
Search = Callable[[int], Any]


def read_documents(path: Path, limit: int | None) -> Any:
    """An Arrow table with columns doc_id, title, text."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["_id", "title", "text"])
    return table.slice(0, limit).rename_columns(["doc_id", "title", "text"])


def read_queries(path: Path, limit: int) -> list[str]:
    """The first `limit` query texts."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line, _ in zip(lines, range(limit), strict=False)]


def build_rocchio(table: Any, folder: Path) -> None:
    """Tokenise, index and commit."""
    import rocchio

    fields = {"title": rocchio.text(), "text": rocchio.text()}
    col = rocchio.create(folder, fields=fields, analyzer="bm25s")
    col.add(table)
    col.commit()


def build_bm25s(table: Any, folder: Path) -> None:
    """Tokenise, index and save."""
    import bm25s
    import Stemmer

    texts = [f"{a} {b}" for a, b in zip(table["title"].to_pylist(), table["text"].to_pylist(), strict=True)]
    stemmer = Stemmer.Stemmer("english")
    tokens = bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)
    index = bm25s.BM25(k1=K1, b=B, backend="numba")
    index.index(tokens, show_progress=False)
    index.save(folder)


BUILDERS = {"rocchio": build_rocchio, "bm25s": build_bm25s}


def open_rocchio(folder: Path, queries: list[str]) -> Search:
    """A function that searches all queries at a given k."""
    import rocchio

    col = rocchio.open(folder)
    return lambda k: col.search(queries, k=k, scoring=rocchio.Bm25(K1, B))


def open_bm25s(folder: Path, queries: list[str]) -> Search:
    """A function that searches all queries at a given k."""
    import bm25s
    import Stemmer

    index = bm25s.BM25.load(folder)
    index.activate_numba_scorer() if index.backend != "numba" else None
    stemmer = Stemmer.Stemmer("english")
    tokens = bm25s.tokenize(queries, stopwords="en", stemmer=stemmer, show_progress=False)
    return lambda k: index.retrieve(tokens, k=k, n_threads=0, show_progress=False)


OPENERS = {"rocchio": open_rocchio, "bm25s": open_bm25s}
SIZES = {"rocchio": "index.arrays", "bm25s": "*.npy"}


def measured(task: str, *arguments: str) -> dict[str, float]:
    """Run one task of this script in its own process; its seconds and peak memory."""
    command = [sys.executable, __file__, "--task", task, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_task(options: argparse.Namespace) -> None:
    """The child's side of `measured`."""
    if options.task == "build":
        table = read_documents(options.documents, options.limit)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        BUILDERS[options.engine](table, options.folder)
    else:
        import rocchio.engine.opening

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        rocchio.open(options.folder)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024, "before_mb": before / 1024}))


def index_bytes(engine: str, folder: Path) -> int:
    """Bytes of the index structures, without stored documents."""
    return sum(path.stat().st_size for path in folder.rglob(SIZES[engine]))


def paired_rates(searches: dict[str, Search], queries: int, k: int, rounds: int) -> dict[str, list[float]]:
    """Queries per second of each engine, in turn, after one warm-up each."""
    rates: dict[str, list[float]] = {name: [] for name in searches}
    for turn in range(rounds + 1):
        for name, search in searches.items():
            started = time.perf_counter()
            search(k)
            if turn:
                rates[name].append(queries / (time.perf_counter() - started))
    return rates


def postings_per_query(folder: Path, queries: list[str]) -> float:
    """Mean number of postings in the lists of a query's terms."""
    import rocchio

    snapshot = rocchio.open(folder).snapshot()
    df: dict[str, int] = {}
    searcher = snapshot.searcher(rocchio.Bm25(K1, B), None)
    total = 0
    for query in queries:
        for term in snapshot.terms(query):
            if term not in df:
                df[term] = searcher.document_frequency(term)
            total += df[term]
    return total / len(queries)


def memory_bandwidth() -> float:
    """Bytes per second that one thread reads from memory (numpy sum over 512 MB, best of 5)."""
    import numpy as np

    data = np.ones(1 << 26, np.uint64)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        data.sum()
        times.append(time.perf_counter() - started)
    return data.nbytes / min(times)


def machine() -> str:
    """Processor and versions in a line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = f"{names[0]}, {len(names)} processors" if names else model
    packages = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("rocchio", "bm25s", "numba", "numpy")
        if installed(name)
    ]
    return f"{model}; Python {platform.python_version()}; {', '.join(packages)}"


def installed(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def report(options: argparse.Namespace, work: Path) -> list[str]:
    """Run everything; the lines of the report, in Markdown."""
    engines = [name for name in BUILDERS if name == "rocchio" or (installed(name) and installed("numba"))]
    queries = read_queries(options.queries, options.query_count)
    limit = ["--limit", str(options.limit)] if options.limit else []
    lines = ["# Lexical search", "", machine(), ""]
    documents = read_documents(options.documents, options.limit).num_rows
    lines += [
        f"{documents:,} documents of {options.documents.name}, {len(queries):,} queries of {options.queries.name}."
    ]
    lines += [f"One thread reads {memory_bandwidth() / 1e9:.1f} GB/s from memory (numpy sum).", ""]
    lines += ["## Build", "", "| engine | seconds | peak memory MB | index MB |", "|---|---|---|---|"]
    folders = {name: work / name for name in engines}
    for name in engines:
        paths = ["--engine", name, "--folder", str(folders[name]), "--documents", str(options.documents)]
        built = measured("build", *paths, *limit)
        size = index_bytes(name, folders[name]) / 1e6
        lines.append(f"| {name} | {built['seconds']:.1f} | {built['peak_mb']:.0f} | {size:.0f} |")
    opened = measured("open", "--folder", str(folders["rocchio"]))
    grown = opened["peak_mb"] - opened["before_mb"]
    lines += ["", f"Opening rocchio's collection: {opened['seconds'] * 1000:.1f} ms and {grown:.1f} MB.", ""]
    postings = postings_per_query(folders["rocchio"], queries)
    lines += [f"{postings:,.0f} postings per query in the lists of its terms.", "", "## Queries, one thread", ""]
    lines += ["| k | " + " | ".join(f"{name} q/s" for name in engines) + " | ns per posting | ratio to bm25s |"]
    lines += ["|---" * (len(engines) + 3) + "|"]
    searches = {name: OPENERS[name](folders[name], queries) for name in engines}
    for k in options.k:
        rates = paired_rates(searches, len(queries), k, options.rounds)
        medians = {name: statistics.median(values) for name, values in rates.items()}
        ratio = medians["rocchio"] / medians["bm25s"] if "bm25s" in medians else float("nan")
        cells = " | ".join(f"{medians[name]:,.0f}" for name in engines)
        lines.append(f"| {k} | {cells} | {1e9 / medians['rocchio'] / postings:.2f} | {ratio:.2f} |")
    lines += ["", f"Medians of {options.rounds} paired rounds after one warm-up.", *missing(engines)]
    return lines


def missing(engines: list[str]) -> list[str]:
    """Peers that were not measured because they are not installed."""
    return [f"Not installed, not measured: {name}." for name in BUILDERS if name not in engines]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--limit", type=int, default=None, help="use only the first documents")
    parser.add_argument("--query-count", type=int, default=2000)
    parser.add_argument("--k", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="also write the report here")
    parser.add_argument("--task", choices=["build", "open"], help=argparse.SUPPRESS)
    parser.add_argument("--engine", default="rocchio", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        run_task(options)
        return
    if not options.documents.exists() or not options.queries.exists():
        sys.exit(f"expected documents at {options.documents} and queries at {options.queries}; name them with options")
    work = Path(tempfile.mkdtemp(prefix="rocchio-bench-"))
    try:
        lines = report(options, work)
    finally:
        shutil.rmtree(work)
    print("\n".join(lines))
    if options.output:
        options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
