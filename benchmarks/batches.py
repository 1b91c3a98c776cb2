"""Batches in which each query has a filter of its own, and searches of texts and vectors by how much a filter leaves.

What is measured: 1,000 queries with 20 distinct filters, in one call and one after the other, for words, vectors and
    both; queries per second under filters that leave from 100 to 0.1 percent, before and after the collection is
    clustered by the field that they name.
Data: a Parquet file with _id, title, text, whose first rows have vectors of unit length in a .npy file, and questions
    with vectors; by default those of the shared data folder beside the checkout. Each document gets a random `year` of
    20 and a random `u` from 0 to 1.
Notes: one thread and processor time, but for one column: there a batch has a thread for each processor, and the time
    that passes counts, for the loop as well, which is of one thread. Ways to search alternate within each round; a
    ratio is the median of the ratios of the rounds. Masks are kept from the first round on, for the loop as well.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import rocchio
from data import passages
from dense_data import read_vectors
from measure import machine
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
YEARS, FIRST_YEAR = 20, 2000
SELECTIVITIES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001)
TEXT: dict[str, Any] = {"field": ["title", "text"]}
FILTERS: dict[str, Callable[[int], str]] = {
    "one year of 20": lambda number: f"year = {FIRST_YEAR + number % YEARS}",
    "years from one of 20 on": lambda number: f"year >= {FIRST_YEAR + number % YEARS}",
}

Matrix = npt.NDArray[np.float32]
Call = Callable[[], Any]


def build(folder: Path, documents: Any, base: Matrix | None) -> rocchio.Collection:
    """The documents with their attributes, and vectors if they are given."""
    rng = np.random.default_rng(3)
    count = documents.num_rows
    fields: dict[str, Any] = {"title": rocchio.text(), "text": rocchio.text(), "u": rocchio.number()}
    columns: dict[str, Any] = {name: documents[name].to_pylist() for name in ("doc_id", "title", "text")}
    fields["year"], columns["year"] = rocchio.number(integer=True), FIRST_YEAR + rng.integers(0, YEARS, count)
    columns["u"] = rng.random(count)
    if base is not None:
        fields["v"], columns["v"] = rocchio.vector(base.shape[1], metric="cosine", dtype="float16"), base
    col = rocchio.create(folder, fields=fields, analyzer="bm25s")
    col.add(rocchio.columns(**columns))
    col.commit()
    return col


def clustered(col: rocchio.Collection, folder: Path) -> rocchio.Collection:
    """A copy in the order of `u`."""
    shutil.copytree(col.path, folder)
    copy = rocchio.open(folder)
    copy.compact(cluster_by="u")
    return copy


def compared(
    calls: Mapping[str, Call], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """The seconds of each call in each round, by default of processor time; they alternate, after one to warm up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            started = clock()
            call()
            if number:
                times[name].append(clock() - started)
    return times


def ratio(times: Mapping[str, list[float]], slow: str, fast: str) -> float:
    """How many times faster: the median of the ratios of the rounds."""
    return statistics.median(a / b for a, b in zip(times[slow], times[fast], strict=True))


def batches(col: rocchio.Collection, questions: list[str], vectors: Matrix, rounds: int) -> list[str]:
    """In one call and one after the other, and in one call on all processors."""
    threads = os.cpu_count() or 1
    both = [rocchio.query(text, vectors={"v": vector}) for text, vector in zip(questions, vectors, strict=True)]
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "text": (questions, TEXT),
        "vectors": (vectors, {"field": "v"}),
        "text and vectors": (both, {}),
    }
    rows = []
    for what, filter_of in FILTERS.items():
        where = [filter_of(number) for number in range(len(questions))]
        for kind, (queries, options) in kinds.items():
            times = compared(
                {
                    "batch": lambda q=queries, o=options, w=where: list(col.search(q, where=w, **o).doc_ids),
                    "loop": lambda q=queries, o=options, w=where: alone(col, q, w, o),
                    "unfiltered": lambda q=queries, o=options: list(col.search(q, **o).doc_ids),
                },
                rounds,
            )
            elapsed = compared(
                {
                    "shared": lambda q=queries, o=options, w=where: list(
                        col.search(q, where=w, threads=threads, **o).doc_ids
                    ),
                    "loop": lambda q=queries, o=options, w=where: alone(col, q, w, o),
                },
                rounds,
                time.perf_counter,
            )
            rates = [f"{len(where) / statistics.median(times[name]):,.0f}" for name in ("loop", "batch", "unfiltered")]
            ratios = [f"{ratio(times, 'loop', 'batch'):.1f}", f"{ratio(elapsed, 'loop', 'shared'):.1f}"]
            rows.append([what, kind, *rates, *ratios])
    header = ["filters", "queries", "loop", "batch", "batch without filters", "batch / loop"]
    return table([*header, f"batch on {threads} threads / loop, time that passes"], rows)


def alone(col: rocchio.Collection, queries: Any, where: Sequence[str], options: dict[str, Any]) -> list[list[str]]:
    """The answers one after the other."""
    return [
        [hit.doc_id for hit in col.search(query, where=each, **options)]
        for query, each in zip(queries, where, strict=True)
    ]


def by_selectivity(
    cols: Mapping[str, rocchio.Collection], search: Callable[[rocchio.Collection, str], Any], count: int, rounds: int
) -> list[str]:
    """Queries per second in each collection by what a filter leaves, and what that is of the rate of all."""
    rows, whole = [], {}
    for share in SELECTIVITIES:
        where = f"u < {share}"
        times = compared({name: lambda c=col, w=where: search(c, w) for name, col in cols.items()}, rounds)
        rates = {name: count / statistics.median(spent) for name, spent in times.items()}
        whole = whole or rates
        rows.append(
            [f"{share:.1%}", *(t for name in cols for t in (f"{rates[name]:,.0f}", f"{rates[name] / whole[name]:.2f}"))]
        )
    return table(["left", *(text for name in cols for text in (name, "of all"))], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, default=DATA / "wiki-393k.parquet")
    parser.add_argument("--base", type=Path, default=DATA / "wiki-minilm-base.npy")
    parser.add_argument("--questions", type=Path, default=DATA / "wiki-minilm-queries.json")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-minilm-queries.npy")
    parser.add_argument("--count", type=int, default=1000, help="queries of a batch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="write the report here too")
    given = parser.parse_args()
    base, vectors = read_vectors(given.base), read_vectors(given.queries)[: given.count]
    questions = json.loads(given.questions.read_text())[: given.count]
    folder = Path(tempfile.mkdtemp())
    try:
        mixed = build(folder / "mixed", passages(given.documents, len(base)), base)
        texts = build(folder / "texts", passages(given.documents, None), None)
        lines = ["# Batches and filters", "", f"{machine()}; rocchio {importlib.metadata.version('rocchio')}.", ""]
        lines += ["Queries per second of processor time on one thread; k=10 where nothing else is said. The last "
                  "column of the first table alone is about more threads: a loop has one.", ""]  # fmt: skip
        lines += [f"## {given.count:,} queries with {YEARS} filters, {len(mixed):,} documents", ""]
        lines += batches(mixed, questions, vectors, given.rounds)
        both = {"as added": texts, "clustered": clustered(texts, folder / "texts-clustered")}
        some, few, fewest = questions[:200], vectors[:200], vectors[:50]
        for k in (10, 1000):
            lines += [f"## Texts by selectivity, {len(texts):,} documents, k={k}", ""]
            lines += by_selectivity(both, lambda c, w, k=k: c.search(some, k, where=w, **TEXT), len(some), given.rounds)
        both = {"as added": mixed, "clustered": clustered(mixed, folder / "mixed-clustered")}
        for recall in (0.95, 0.99, 1.0):
            options: dict[str, Any] = {"field": "v", "recall": recall}
            lines += [f"## Vectors by selectivity, {len(mixed):,}, recall {recall}, in a batch", ""]
            lines += by_selectivity(both, lambda c, w, o=options: c.search(few, where=w, **o), len(few), given.rounds)
            lines += [f"## The same one by one, recall {recall}", ""]
            count = len(fewest)
            lines += by_selectivity(
                both, lambda c, w, o=options: alone(c, fewest, [w] * len(fewest), o), count, given.rounds
            )
        publish(lines, given.output)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
