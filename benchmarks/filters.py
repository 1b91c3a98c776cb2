"""Vector searches under filters: recall and speed by selectivity, and by what the filter has to do with the query.

What is measured: what a mask takes, by kind of comparison, and again when it is kept; recall@k that a recall asked for
    gives, and queries per second in a batch and one by one, under filters that leave from 100 to 0.01 percent.
Data: .npy files of unit vectors and of queries, by default those of the shared data folder beside the checkout.
Notes: filters are random, or leave what is nearest to a question (positive), or what is farthest from it (negative);
    the queries are then those nearest to that question. Peers (`peers_filters`) search with the least effort, of some,
    that reaches the recall on these very queries. OPENBLAS_NUM_THREADS=1 keeps numpy's threads, which compute the exact
    answers and then wait for more, from the processors while searches are measured.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import rocchio
from dense_data import read_vectors
from filter_cases import KINDS, Case, FilteredSet, Rows, padded
from measure import machine
from peers_filters import Peer, installed
from tables import publish, table

DATA = Path(__file__).parents[2] / "shared" / "data"
SELECTIVITIES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001, 0.0001)


@dataclass(frozen=True)
class Measured:
    """Means over the cases of a cell."""

    recall: float
    batch: float
    single: float

    def cells(self) -> list[str]:
        return [f"{self.recall:.3f}", f"{self.batch:,.0f}", f"{self.single:,.0f}"]


Search = Callable[[Case], Rows]
"""Rows (queries, k) found under the filter of a case."""


def build(data: FilteredSet, folder: Path) -> rocchio.Collection:
    """The vectors with their numbers, and a word that every second of them shares."""
    rows = np.arange(len(data.base))
    fields = {"v": rocchio.vector(data.base.shape[1], metric="cosine"), "parity": rocchio.keyword()}
    col = rocchio.create(folder, fields={**fields, **dict.fromkeys(data.numbers, rocchio.number())})
    parity = np.where(rows % 2, "odd", "even")
    col.add(rocchio.columns(doc_id=list(map(str, rows)), v=data.base, parity=parity, **data.numbers))
    col.commit()
    return col


def measure(search: Search, cell: list[Case]) -> Measured:
    """Recall, and queries per second in a batch and one by one, the best of three."""
    shares, batch, single, count = [], 0.0, 0.0, 0
    for case in cell:
        shares += [case.recall(search(case))] * len(case.queries)
        alone = [case.at(query) for query in range(len(case.queries))]
        batch += least_seconds(lambda case=case: search(case))
        single += least_seconds(lambda alone=alone: [search(each) for each in alone])
        count += len(case.queries)
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

    def search(case: Case) -> Rows:
        run = col.search(case.queries, field="v", k=k, recall=recall, where=case.where)
        return padded([list(map(int, ids)) for ids in run.doc_ids], k)

    return search


def measure_peer(peer: Peer, cell: list[Case], k: int, recall: float) -> Measured:
    """With the least effort that reaches the recall on these queries, or the most that there is."""
    if peer.most_queries is not None:
        cell = [case.first(peer.most_queries) for case in cell[:1]]
    efforts = peer.efforts(k)
    for effort in efforts:
        found = [case.recall(peer.search(case, k, effort)) for case in cell]
        if np.mean(found) >= recall or effort == efforts[-1]:
            return measure(lambda case, effort=effort: peer.search(case, k, effort), cell)
    raise AssertionError(peer.name)


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
    parser.add_argument("--peers", nargs="*", help="names, or how they begin (default: all that are installed)")
    parser.add_argument("--output", type=Path, help="write the report here too")
    given = parser.parse_args()
    data = FilteredSet.drawn(read_vectors(given.base), read_vectors(given.queries))
    folder = Path(tempfile.mkdtemp())
    try:
        peers = installed(given.peers)
        for peer in peers:
            print(f"building {peer.name}", file=sys.stderr, flush=True)
            peer.build(data, folder)
        with build(data, folder / "c") as col:
            publish(report(col, peers, data, given), given.output)
    finally:
        shutil.rmtree(folder)


def report(col: rocchio.Collection, peers: list[Peer], data: FilteredSet, given: argparse.Namespace) -> list[str]:
    """What did it on what, masks, and a table for each recall and kind of filters."""
    packages = dict.fromkeys(["rocchio", *(package for peer in peers for package in peer.packages)])
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    count, size = data.base.shape
    lines = ["# Filters", "", f"{machine()}; {versions}.", ""]
    lines += [f"{count:,} vectors, {size} dimensions; one thread, k={given.k}. What each is:", ""]
    lines += [f"- {peer.name}: {(peer.__doc__ or '').strip()}" for peer in peers]
    lines += ["", "## Masks", "", *mask_times(col)]
    for recall in given.recall:
        for kind in KINDS:
            lines += [f"## Recall {recall}, {kind} filters", ""]
            lines += by_selectivity(col, peers, data, kind, recall, given)
    return lines


def by_selectivity(
    col: rocchio.Collection, peers: list[Peer], data: FilteredSet, kind: str, recall: float, given: argparse.Namespace
) -> list[str]:
    """Recall, and queries per second in a batch and one by one, and rocchio beside the best peer that is as good."""
    header = ["left", *(f"{name}: {what}" for name in ("rocchio", *(peer.name for peer in peers))
                        for what in ("recall", "batch", "single"))]  # fmt: skip
    rows = []
    for share in given.selectivity:
        cell = list(data.cases(kind, share, given.k))
        ours = measure(searching(col, given.k, recall), cell)
        theirs = [measure_peer(peer, cell, given.k, recall) for peer in peers]
        strategy = col.explain_filter(cell[0].where, "v", k=given.k, recall=recall).plans[0].strategy
        print(kind, share, ours, *theirs, file=sys.stderr, flush=True)
        cells = [text for each in (ours, *theirs) for text in each.cells()]
        rows.append([f"{share:.2%} ({strategy})", *cells, *beside_the_best(ours, theirs, recall)])
    return table([*header, "batch / best", "single / best"], rows)


def beside_the_best(ours: Measured, theirs: list[Measured], recall: float) -> tuple[str, str]:
    """Rates over those of the fastest peer that reaches the recall."""
    able = [each for each in theirs if each.recall >= recall]
    if not able:
        return "", ""
    best = max(each.batch for each in able), max(each.single for each in able)
    return f"{ours.batch / best[0]:.2f}", f"{ours.single / best[1]:.2f}"


if __name__ == "__main__":
    main()
