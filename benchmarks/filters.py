"""Vector searches under filters: recall and speed by selectivity, and by what the filter has to do with the query.

What is measured: what a mask takes, by kind of comparison, and again when it is kept; recall@k that a recall asked for
    gives, and queries per second in a batch and one by one, under filters that leave from 100 to 0.01 percent.
Data: .npy files of unit vectors and of queries, by default those of the shared data folder beside the checkout.
Notes: filters are random, or leave what is nearest to a question (positive), or what is farthest from it (negative);
    the queries are then those nearest to that question. faiss, if it is installed, has inverted lists of 8-bit codes
    with IDSelectorBitmap, and the least nprobe, of doublings, that reaches the recall on these queries; and it compares
    all vectors that are left.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import rocchio
from dense_data import read_vectors
from measure import machine
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
SELECTIVITIES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0001)
PIVOTS, NEAR, RANDOM = 4, 25, 100
"""Questions that filters go by, queries for each of them, queries under random filters."""

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """Queries under one filter: its text, its rows, and the exact answers."""

    queries: Matrix
    where: str
    allowed: npt.NDArray[np.bool_]
    truth: list[set[int]]


@dataclass(frozen=True)
class Measured:
    """Means over the cases of a cell."""

    recall: float
    batch: float
    single: float

    def cells(self) -> list[str]:
        return [f"{self.recall:.3f}", f"{self.batch:,.0f}", f"{self.single:,.0f}"]


Search = Callable[[Matrix, Case], npt.NDArray[np.int64]]
"""Rows (queries, k) found under the filter of a case."""


def build(base: Matrix, pivots: Matrix, folder: Path) -> rocchio.Collection:
    """A number for each filter: `u` is random, `pN` ascends with nearness to question N, both from 0 to 1."""
    numbers = {"u": np.random.default_rng(5).random(len(base))}
    for number, pivot in enumerate(pivots):
        numbers[f"p{number}"] = np.argsort(np.argsort(base @ pivot)) / len(base)
    kinds = {"parity": np.where(np.arange(len(base)) % 2, "odd", "even")}
    fields = {"v": rocchio.vector(base.shape[1], metric="cosine"), **dict.fromkeys(numbers, rocchio.number())}
    col = rocchio.create(folder, fields={**fields, "parity": rocchio.keyword()})
    names = [str(row) for row in range(len(base))]
    col.add(rocchio.columns(doc_id=names, v=base, **numbers, **kinds))
    col.commit()
    return col


def cases(base: Matrix, queries: Matrix, pivots: Matrix, kind: str, share: float, k: int) -> Iterator[Case]:
    """The queries and filters of a cell."""
    u = np.random.default_rng(5).random(len(base))
    if kind == "random":
        yield case(base, queries[:RANDOM], f"u < {share}", u < share, k)
        return
    for number, pivot in enumerate(pivots):
        nearness = np.argsort(np.argsort(base @ pivot)) / len(base)
        near = queries[np.argsort(-(queries @ pivot))[:NEAR]]
        if kind == "positive":
            yield case(base, near, f"p{number} >= {1 - share}", nearness >= 1 - share, k)
        else:
            yield case(base, near, f"p{number} < {share}", nearness < share, k)


def case(base: Matrix, queries: Matrix, where: str, allowed: npt.NDArray[np.bool_], k: int) -> Case:
    """With the exact answers."""
    rows = np.flatnonzero(allowed)
    scores = queries @ base[rows].T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return Case(queries, where, allowed, [set(rows[each].tolist()) for each in best])


def measure(search: Search, cell: list[Case]) -> Measured:
    """Recall, and queries per second in a batch and one by one, the best of three."""
    shares, batch, single, count = [], 0.0, 0.0, 0
    for one in cell:
        found = search(one.queries, one)
        shares += [len(t & set(f.tolist())) / max(1, len(t)) for f, t in zip(found, one.truth, strict=True)]
        batch += least_seconds(lambda one=one: search(one.queries, one))
        single += least_seconds(lambda one=one: [search(query[None], one) for query in one.queries])
        count += len(one.queries)
    return Measured(float(np.mean(shares)), count / batch, count / single)


def least_seconds(call: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def searching(col: rocchio.Collection, k: int, recall: float) -> Search:
    """rocchio through its public interface, doc_ids and all."""

    def search(queries: Matrix, one: Case) -> npt.NDArray[np.int64]:
        run = col.search(queries, field="v", k=k, recall=recall, where=one.where)
        return padded([list(map(int, ids)) for ids in run.doc_ids], k)

    return search


def padded(rows: list[list[int]], k: int) -> npt.NDArray[np.int64]:
    return np.array([[*each, *[-1] * (k - len(each))] for each in rows], np.int64)


def faiss_searches(base: Matrix, k: int) -> dict[str, Callable[[float, list[Case]], Measured]]:
    """faiss with its bitmaps, if it is installed: by lists with the least effort, and exactly."""
    if importlib.util.find_spec("faiss") is None:
        return {}
    import faiss

    faiss.omp_set_num_threads(1)
    lists = faiss.index_factory(base.shape[1], f"IVF{int(4 * len(base) ** 0.5)},SQ8", faiss.METRIC_INNER_PRODUCT)
    lists.train(base)
    lists.add(base)
    flat = faiss.IndexFlatIP(base.shape[1])
    flat.add(base)

    def selector(one: Case) -> Any:
        return faiss.IDSelectorBitmap(np.packbits(one.allowed, bitorder="little"))

    def by_lists(recall: float, cell: list[Case]) -> Measured:
        for probes in (2**step for step in range(20)):

            def search(queries: Matrix, one: Case, probes: int = min(probes, lists.nlist)) -> npt.NDArray[np.int64]:
                return lists.search(queries, k, params=faiss.SearchParametersIVF(sel=selector(one), nprobe=probes))[1]

            shares = [len(t & set(f.tolist())) / max(1, len(t))
                      for one in cell for f, t in zip(search(one.queries, one), one.truth, strict=True)]  # fmt: skip
            if np.mean(shares) >= recall or probes >= lists.nlist:
                return measure(search, cell)
        raise AssertionError

    def exactly(recall: float, cell: list[Case]) -> Measured:
        del recall
        return measure(lambda q, one: flat.search(q, k, params=faiss.SearchParameters(sel=selector(one)))[1], cell)

    return {"faiss IVF,SQ8": by_lists, "faiss Flat": exactly}


def mask_times(col: rocchio.Collection) -> list[str]:
    """What masks take, of a new snapshot, and when they are kept."""
    rows = []
    for where in ("parity = 'odd'", "u < 0.5", "u < 0.001", "u BETWEEN 0.2 AND 0.4 AND parity = 'odd'",
                  "NOT (parity = 'odd' OR u > 0.9)", "doc_id STARTS WITH '12'"):  # fmt: skip
        col.count(where)  # the file is verified
        snapshot = col.snapshot()
        predicate = snapshot.filters.predicate(where)
        made = least_seconds(lambda predicate=predicate, s=snapshot: s.filters._evaluate(predicate))
        kept = least_seconds(lambda where=where: col.count(where))
        rows.append([where, f"{col.count(where):,}", f"{made * 1e6:,.0f}", f"{kept * 1e6:,.0f}"])
    return table(["filter", "documents", "µs to make", "µs kept"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, default=DATA / "wiki-minilm-base.npy")
    parser.add_argument("--queries", type=Path, default=DATA / "wiki-minilm-queries.npy")
    parser.add_argument("--recall", type=float, nargs="+", default=[0.95, 0.99])
    parser.add_argument("--selectivity", type=float, nargs="+", default=list(SELECTIVITIES))
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--output", type=Path, help="write the report here too")
    given = parser.parse_args()
    base, queries = read_vectors(given.base), read_vectors(given.queries)
    pivots = queries[np.random.default_rng(7).permutation(len(queries))[:PIVOTS]]
    folder = Path(tempfile.mkdtemp())
    try:
        col = build(base, pivots, folder / "c")
        peers = faiss_searches(base, given.k)
        lines = ["# Filters", "", f"{machine()}; rocchio {importlib.metadata.version('rocchio')}.", ""]
        lines += [f"{len(base):,} vectors, {base.shape[1]} dimensions; one thread, k={given.k}.", "", "## Masks", ""]
        lines += mask_times(col)
        for recall in given.recall:
            for kind in ("random", "positive", "negative"):
                lines += [f"## Recall {recall}, {kind} filters", ""]
                lines += report(col, peers, recall, given, (base, queries, pivots, kind))
        publish(lines, given.output)
    finally:
        shutil.rmtree(folder)


def report(
    col: rocchio.Collection,
    peers: dict[str, Callable[[float, list[Case]], Measured]],
    recall: float,
    given: argparse.Namespace,
    of: tuple[Matrix, Matrix, Matrix, str],
) -> list[str]:
    """Recall, and q/s in a batch and one by one, by selectivity."""
    header = ["left", *(f"{name}: {what}" for name in ("rocchio", *peers) for what in ("recall", "batch", "single"))]
    rows = []
    for share in given.selectivity:
        cell = list(cases(*of, share, given.k))
        measured = [measure(searching(col, given.k, recall), cell)]
        measured += [peer(recall, cell) for peer in peers.values()]
        strategy = col.explain_filter(cell[0].where, "v", k=given.k, recall=recall).plans[0].strategy
        print(of[3], share, measured[0], file=sys.stderr, flush=True)
        rows.append([f"{share:.2%} ({strategy})", *(text for each in measured for text in each.cells())])
    return table(header, rows)


if __name__ == "__main__":
    main()
