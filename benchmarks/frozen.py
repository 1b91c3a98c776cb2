"""What `freeze` gains: the first questions after a collection is opened, with frozen columns and without.

What is measured: seconds and bytes of `freeze`; seconds of the first questions of a process that has just opened the
    collection, and of the same questions again. Files are in the page cache: a cold disk is not measured.
Data: the 393,490 Wikipedia passages of the shared data folder beside the checkout, or a Parquet file of your own.
Notes: two copies of one collection, one frozen, are opened in turns, each time in a process of its own.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from data import passages, read_questions, write_source
from measure import in_own_process, in_this_process, machine, paired_ratio
from peers import ENGINES, versions
from peers.rocchio_engine import build
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
K = 10


def answer(folder: Path, questions: Path, count: int) -> dict[str, float]:
    """Open a collection and answer questions twice: seconds of each time."""
    import rocchio

    texts = [query.text for query in read_questions(questions, count)]
    col = rocchio.open(folder)
    seconds = {}
    for turn in ("first", "again"):
        started = time.perf_counter()
        col.search(texts, k=K)
        seconds[turn] = time.perf_counter() - started
    return seconds


def report(options: argparse.Namespace, work: Path) -> list[str]:
    """Build, freeze a copy, open both in turns; the lines of the report."""
    import rocchio

    source, _ = write_source(passages(options.documents, options.limit), work / "source")
    folders = {"not frozen": work / "plain", "frozen": work / "frozen"}
    build(source, folders["not frozen"])
    shutil.copytree(folders["not frozen"], folders["frozen"])
    started = time.perf_counter()
    summary = rocchio.open(folders["frozen"]).freeze()
    taken = time.perf_counter() - started
    arguments = ("--questions", str(options.questions), "--count", str(options.count))
    parts: dict[str, list[dict[str, float]]] = {name: [] for name in folders}
    for _ in range(options.rounds):
        for name, folder in folders.items():
            parts[name].append(in_own_process(__file__, "--answer", str(folder), *arguments).parts)
    first, again = ({n: [p[turn] for p in each] for n, each in parts.items()} for turn in ("first", "again"))
    gains = {name: paired_ratio(first["not frozen"], seconds) for name, seconds in first.items()}
    rows = [
        [name, *(f"{statistics.median(seconds[name]):.3f}" for seconds in (first, again)), f"{gain:.2f}"]
        for name, gain in gains.items()
    ]
    info = rocchio.open(folders["frozen"]).info()
    return [
        "# Frozen columns",
        "",
        f"{machine()}; {versions([ENGINES['rocchio']])}.",
        "",
        f"{info.documents:,} documents. `freeze` took {taken:.1f} s: {summary.terms:,} columns, "
        f"{info.frozen_bytes / 1e6:,.0f} MB.",
        "",
        f"{options.count:,} questions, k = {K}, one thread; medians of {options.rounds} processes each, in turns.",
        "",
        *table(["collection", "first s", "again s", "speed of the first"], rows),
    ]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet")
    parser.add_argument("--questions", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--limit", type=int, help="documents, the first ones (default: all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="also write the report here")
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        print(in_this_process(lambda: answer(options.answer, options.questions, options.count)))
        return
    with tempfile.TemporaryDirectory(prefix="rocchio-bench-") as work:
        publish(report(options, Path(work)), options.output)


if __name__ == "__main__":
    main()
