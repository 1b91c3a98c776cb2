"""What feedback costs: whole plans over the first search, in words and in vectors, in batches and one by one.

What is measured: microseconds a query of `col.search(queries, k=10, plan=...)`, which searches, makes better queries
    and searches again, over those of the same call without a plan; on one thread, in paired rounds. `one by one` is a
    call for each query.
Data: the 393,490 Wikipedia passages of the shared data folder beside the checkout with questions, and MiniLM's vectors
    of 100,000 of them; or files of your own. Each makes a collection of one segment, and one of two: three quarters of
    the documents, and the rest.
Notes: the preset `english` analyses texts; `--words` names collections that are there already and takes those instead.
    Vectors are searched with the default recall.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from data import passages
from measure import machine, paired_ratio, paired_seconds
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
K = 10
WORDS = {
    "rm3": "bm25 >> rm3 >> bm25",
    "soft_rocchio": "bm25 >> soft_rocchio >> bm25",
    "rocchio": "bm25 >> rocchio >> bm25",
    "bm25prf": "bm25 >> bm25prf >> bm25",
}
VECTORS = {
    "vector_rocchio": "dense >> vector_rocchio >> dense",
    "vector_average": "dense >> vector_average >> dense",
}
SINGLE = ("rm3", "vector_rocchio", "vector_average")
FIRST = "first search"


@dataclass(frozen=True)
class Timed:
    """What one table times: collections by how many segments they have, queries, plans by name, options of searches."""

    cols: Sequence[rocchio.Collection]
    queries: Any
    plans: dict[str, str]
    options: dict[str, Any]


def main() -> None:
    """Parse, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet", help="_id, title, text")
    parser.add_argument("--words", type=Path, nargs="+", help="collections with text fields to take instead")
    parser.add_argument("--questions", type=Path, default=DATA / "wiki-queries.jsonl.gz")
    parser.add_argument("--base", type=Path, default=DATA / "wiki-minilm-base.npy", help="vectors of documents")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-minilm-queries.npy", help="vectors of queries")
    parser.add_argument("--count", type=int, default=1000, help="queries of each kind, at most")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, help="also write the report here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        publish(_report(options, Path(work)), options.output)


def _report(options: argparse.Namespace, work: Path) -> list[str]:
    lines = [
        "# What feedback costs",
        "",
        f"rocchio {rocchio.__version__}, numpy {np.__version__}; {machine()}. Made by `benchmarks/feedback_speed.py`, "
        f"which says what is measured and on what. k={K}, one thread, medians of {options.rounds} paired rounds.",
        "",
    ]
    with gzip.open(options.questions, "rt", encoding="utf-8") as read:
        texts = [json.loads(line)["text"] for line, _ in zip(read, range(options.count), strict=False)]
    words = [rocchio.open(path) for path in options.words or _word_collections(options.documents, work)]
    lines += _section("Words", Timed(words, texts, WORDS, {}), options.rounds)
    vectors = np.load(options.queries)[: options.count].astype(np.float32)
    dense = [rocchio.open(path) for path in _vector_collections(options.base, work)]
    return lines + _section("Vectors", Timed(dense, vectors, VECTORS, {"field": "v"}), options.rounds)


def _word_collections(documents: Path, work: Path) -> list[Path]:
    given = passages(documents, None)
    fields = {"title": rocchio.text(), "text": rocchio.text()}

    def make(folder: Path) -> rocchio.Collection:
        return rocchio.create(folder, fields=fields, analyzer="english")

    return _collections(make, given.slice, len(given), work / "words")


def _vector_collections(base: Path, work: Path) -> list[Path]:
    vectors = np.load(base).astype(np.float32)

    def make(folder: Path) -> rocchio.Collection:
        return rocchio.create(folder, fields={"v": rocchio.vector(vectors.shape[1], metric="cosine")})

    def part(first: int, count: int) -> Any:
        numbers = range(first, first + count)
        return rocchio.columns(doc_id=list(map(str, numbers)), v=vectors[first : first + count])

    return _collections(make, part, len(vectors), work / "vectors")


def _collections(
    make: Callable[[Path], rocchio.Collection], part: Callable[[int, int], Any], count: int, work: Path
) -> list[Path]:
    """A collection of one segment, and one of two; `part(first, count)` gives documents."""
    work.mkdir()
    folders = []
    for name, ends in (("one", [0, count]), ("two", [0, 3 * count // 4, count])):
        with make(work / name) as col:
            for first, end in pairwise(ends):
                col.add(part(first, end - first))
                col.commit()
            if name == "one":
                col.compact()
        folders.append(work / name)
    return folders


def _section(title: str, timed: Timed, rounds: int) -> list[str]:
    """A table of what plans cost on each collection."""
    rows = []
    for col in timed.cols:
        segments = str(len(col.info().segments))
        for how in ("in a batch", "one by one"):
            single = how == "one by one"
            plans = {name: plan for name, plan in timed.plans.items() if not single or name in SINGLE}
            calls = {FIRST: _call(col, timed.queries, single, timed.options)}
            calls |= {name: _call(col, timed.queries, single, {"plan": plan}) for name, plan in plans.items()}
            seconds = paired_seconds(calls, rounds)
            for name, taken in seconds.items():
                micros = f"{statistics.median(taken) / len(timed.queries) * 1e6:,.0f}"
                rows.append([segments, how, name, micros, f"{paired_ratio(taken, seconds[FIRST]):.2f}"])
    sizes = " and ".join(sorted({f"{len(col):,}" for col in timed.cols}))
    said = [f"{name}: `{plan}`" for name, plan in timed.plans.items()]
    return [
        f"## {title}: {sizes} documents, {len(timed.queries):,} queries",
        "",
        "; ".join(said) + ".",
        "",
        *table(["segments", "queries", "what", "µs a query", "times the first search"], rows),
    ]


def _call(col: rocchio.Collection, queries: Any, single: bool, options: dict[str, Any]) -> Callable[[], Any]:
    if single:
        return lambda: [col.search(query, K, **options) for query in queries]
    return lambda: col.search(queries, K, **options)


if __name__ == "__main__":
    main()
