"""The sections of the lexical benchmark: each measures one thing and gives its lines."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data import Query
from measure import Built, best_of, paired_ratio, paired_seconds
from peers.engine import Engine, Opened
from peers.rocchio_engine import OpenedRocchio, index_parts, listed_postings, touched
from tables import table

SLOWER = 1.3
"""A query counts as slow when it takes this many times what the exhaustive kernel takes."""


@dataclass(frozen=True)
class Bench:
    """What all sections need: engines by name with rocchio first, their indexes, rounds, bytes/s of memory."""

    engines: dict[str, Engine]
    opened: dict[str, Opened]
    rounds: int
    bandwidth: float

    @property
    def rocchio(self) -> OpenedRocchio:
        """rocchio's index."""
        found = self.opened["rocchio"]
        assert isinstance(found, OpenedRocchio)
        return found

    @property
    def peers(self) -> list[str]:
        """Names of the others."""
        return [name for name in self.engines if name != "rocchio"]


def build_section(built: dict[str, Built], sizes: dict[str, int], threads: dict[str, int], postings: int) -> list[str]:
    """Seconds, memory and bytes of each index; `postings`: distinct pairs of term and document."""
    rows = []
    for name, one in built.items():
        part = f"{one.parts['analysis']:.1f}" if "analysis" in one.parts else ""
        cells = [name, str(threads[name]), f"{one.seconds:.1f}", part, f"{one.peak_mb:,.0f}"]
        rows.append([*cells, f"{sizes[name] / 1e6:,.0f}", f"{sizes[name] / postings:.2f}"])
    header = ["engine", "threads", "seconds", "of them analysis", "peak memory MB", "index MB", "bytes/posting"]
    return ["### Build", "", *table(header, rows)]


def parts_section(folder: Path, sizes: dict[str, int]) -> list[str]:
    """What rocchio's index on disk holds, beside the whole indexes of the others."""
    parts = sorted(index_parts(folder).items(), key=lambda part: -part[1])
    peers = [name for name in sizes if name != "rocchio"]
    rows = [[part, f"{size / 1e6:,.1f}", *(f"{size / sizes[name]:.2f}" for name in peers)] for part, size in parts]
    header = ["part", "MB", *(f"of {name}'s index" for name in peers)]
    return ["### What rocchio's index holds", "", *table(header, rows)]


def search_section(bench: Bench, title: str, queries: Sequence[Query], ks: Sequence[int]) -> list[str]:
    """Queries per second of all engines at several k; what rocchio's rates mean in postings and bytes."""
    rates, costs = [], []
    for k in ks:
        prepared = {name: opened.prepare(queries, k) for name, opened in bench.opened.items()}
        calls = {name: partial(opened.search, prepared[name], k) for name, opened in bench.opened.items()}
        seconds = paired_seconds(calls, bench.rounds)
        each = {name: statistics.median(values) / len(queries) for name, values in seconds.items()}
        ratios = [f"{paired_ratio(seconds[name], seconds['rocchio']):.2f}" for name in bench.peers]
        rates.append([str(k), *(f"{1 / each[name]:,.0f}" for name in bench.engines), *ratios])
        costs += cost_rows(bench, queries, k, each)
    names = [*(f"{name} q/s" for name in bench.engines), *(f"rocchio / {name}" for name in bench.peers)]
    header = ["k", "engine", "postings touched", "ns/posting", "MB touched", "GB/s", "of memory bandwidth"]
    return [f"### {title}", "", *table(["k", *names], rates), *table(header, costs)]


def cost_rows(bench: Bench, queries: Sequence[Query], k: int, each: dict[str, float]) -> list[list[str]]:
    """What a query costs in engines whose reads are known; `each`: seconds per query."""
    found, lists = touched(bench.rocchio, queries, k), listed_postings(bench.rocchio, queries)
    reads = {"rocchio": (found.postings, found.size_bytes)}
    for name in bench.peers:
        size_of_one = bench.engines[name].bytes_per_posting
        if size_of_one is not None:
            reads[name] = (lists, lists * size_of_one)
    rows = []
    for name, (postings, size) in reads.items():
        speed = size / each[name]
        cost = [f"{postings:,.0f}", f"{each[name] * 1e9 / lists:.2f}", f"{size / 1e6:.3f}"]
        rows.append([str(k), name, *cost, f"{speed / 1e9:.2f}", f"{speed / bench.bandwidth:.0%}"])
    return rows


def latency_section(bench: Bench, queries: Sequence[Query], k: int) -> list[str]:
    """One query a call: median and 99th percentile over the queries."""
    calls = {}
    for name, opened in bench.opened.items():
        opened.prepare(queries, k)  # lets an engine choose its algorithm on many queries
        calls[name] = [partial(opened.search, opened.prepare([query], k), k) for query in queries]
    microseconds = {name: best * 1e6 for name, best in best_of(calls).items()}
    rows = [[name, *(f"{np.percentile(v, p):,.0f}" for p in (50, 99))] for name, v in microseconds.items()]
    title = f"### One query a call, k = {k}, {len(queries):,} queries, best of 3 calls each"
    return [title, "", *table(["engine", "p50 µs", "p99 µs"], rows)]


def threads_section(bench: Bench, queries: Sequence[Query], k: int) -> list[str]:
    """What a second thread gives rocchio."""
    asked = bench.rocchio.prepare(queries, k)
    calls = {f"{n}": partial(bench.rocchio.search, asked, k, threads=n) for n in (1, 2)}
    seconds = paired_seconds(calls, bench.rounds)
    ratio = paired_ratio(seconds["1"], seconds["2"])
    return [f"rocchio on two threads answers {ratio:.2f} times the queries of one, k = {k}.", ""]


def kernel_section(bench: Bench, queries: Sequence[Query], ks: Sequence[int]) -> list[str]:
    """How often rocchio would have been better off reading everything."""
    rows = []
    for k in ks:
        ratios = kernel_ratios(bench.rocchio, queries, k)
        slow = f"{np.mean(ratios > SLOWER):.1%}"
        rows.append([str(k), slow, f"{ratios.max():.2f}", f"{np.median(ratios):.2f}"])
    title = f"### rocchio beside its exhaustive kernel, {len(queries):,} queries, best of 3 calls each"
    header = ["k", f"slower than {SLOWER} times", "worst ratio", "median ratio"]
    return [title, "", *table(header, rows)]


def kernel_ratios(rocchio: OpenedRocchio, queries: Sequence[Query], k: int) -> np.ndarray:
    """Float64[queries]: seconds with the kernel rocchio picks / seconds with the exhaustive one."""
    asked = [rocchio.prepare([query], k) for query in queries]
    best = best_of({
        name: [partial(rocchio.search, one, k, kernel=name) for one in asked] for name in ("automatic", "exhaustive")
    })  # fmt: skip
    return best["automatic"] / best["exhaustive"]


def agreement_section(bench: Bench, sets: dict[str, Sequence[Query]], k: int) -> list[str]:
    """How many of rocchio's first k each peer finds too: whether all do the same work."""
    rows = []
    for title, queries in sets.items():
        found = {name: found_rows(opened, queries, k) for name, opened in bench.opened.items()}
        shares = [f"{overlap(found['rocchio'], found[name]):.1%}" for name in bench.peers]
        rows.append([title, *shares])
    return [f"### Of rocchio's first {k}, found by", "", *table(["queries", *bench.peers], rows)]


def found_rows(opened: Opened, queries: Sequence[Query], k: int) -> list[list[int]]:
    """Document numbers by query, best first."""
    prepared: Any = opened.prepare(queries, k)
    return opened.rows(opened.search(prepared, k), prepared, k)


def overlap(ours: Sequence[Sequence[int]], theirs: Sequence[Sequence[int]]) -> float:
    """Mean share of our documents that are among theirs; queries without documents do not count."""
    pairs = zip(ours, theirs, strict=True)
    return float(np.mean([len(set(a) & set(b)) / len(a) for a, b in pairs if a]))
