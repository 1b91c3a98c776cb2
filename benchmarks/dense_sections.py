"""The sections of the dense benchmark: each measures one thing and gives its lines."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dense_data import DenseSet
from dense_limits import Limits
from dense_tuning import Tuned, Tuner
from measure import Built, Call, paired_ratio, paired_seconds
from peers_dense import ENGINES, Engine, Opened, rows_of
from peers_dense.faiss_engine import Flat
from tables import table

FIRST = "rocchio"
FLAT_RECALL = 0.999


@dataclass(frozen=True)
class Indexes:
    """Indexes of one set on disk, with what their building took."""

    data: DenseSet
    folder: Path
    built: dict[str, Built]
    k: int
    rounds: int

    def open(self, name: str) -> Opened:
        """An index in memory."""
        return ENGINES[name].open(self.folder / name, self.data.base)

    def size(self, name: str) -> int:
        """Its bytes in memory."""
        return ENGINES[name].index_bytes(self.folder / name)

    def share(self, name: str) -> float:
        """Its bytes in memory by those of the vectors in float32."""
        return self.size(name) / self.data.base.nbytes


@dataclass(frozen=True)
class Winner:
    """The best index of an engine at a recall, in its cheapest setting."""

    name: str
    tuned: Tuned

    @property
    def engine(self) -> Engine:
        """What it is."""
        return ENGINES[self.name]


Winners = dict[float, list[Winner]]
"""By recall; one for each engine that reaches it."""


def tune_all(indexes: Indexes, targets: Sequence[float]) -> dict[str, dict[float, Tuned]]:
    """By index and recall, the cheapest setting; each index is open for as long as it is tuned."""
    tuned: dict[str, dict[float, Tuned]] = {}
    for name in indexes.built:
        tuner = Tuner(indexes.open(name), indexes.data, indexes.k)
        found = {target: tuner.cheapest(target) for target in targets}
        tuned[name] = {target: one for target, one in found.items() if one}
    return tuned


def winners_of(tuned: dict[str, dict[float, Tuned]], targets: Sequence[float]) -> Winners:
    """The fastest index of each engine at each recall."""
    winners: Winners = {}
    for target in targets:
        best: dict[str, Winner] = {}
        for name, found in tuned.items():
            family = ENGINES[name].family
            if target in found and (family not in best or found[target].seconds < best[family].tuned.seconds):
                best[family] = Winner(name, found[target])
        winners[target] = list(best.values())
    return winners


def build_section(indexes: Indexes, tuned: Mapping[str, Mapping[float, Tuned]], threads: int) -> list[str]:
    """Seconds, memory and bytes of each index, and its rates by CPU time, from which the best are chosen."""
    rows, count = [], len(indexes.data.queries)
    targets = sorted({target for found in tuned.values() for target in found})
    for name, one in indexes.built.items():
        rates = [f"{count / tuned[name][t].seconds:,.0f}" if t in tuned[name] else "-" for t in targets]
        size = f"{indexes.size(name) / 1e6:,.0f}"
        rows.append([name, f"{one.seconds:.1f}", f"{one.peak_mb:,.0f}", size, f"{indexes.share(name):.2f}", *rates])
    header = ["index", "build s", "peak MB", "index MB", "of float32", *[f"q/s at {target}" for target in targets]]
    title = f"### Build with {threads} threads; queries per second of CPU time at a recall@{indexes.k}"
    return [title, "", *table(header, rows)]


def search_section(indexes: Indexes, winners: Winners, limits: Limits | None, single_count: int) -> list[str]:
    """Paired rounds of the best of each engine at each recall: a batch in one call, and queries one by one."""
    opened = {one.name: indexes.open(one.name) for each in winners.values() for one in each}
    lines = []
    for target, best in winners.items():
        if best:
            lines += target_table(indexes, opened, target, best, limits, single_count)
    return lines


def target_table(indexes: Indexes, opened: dict[str, Opened], target: float, best: list[Winner],
                 limits: Limits | None, single_count: int) -> list[str]:  # fmt: skip
    """One recall."""
    queries, k, rows = indexes.data.queries, indexes.k, []
    calls: dict[str, Call] = {w.name: partial(opened[w.name].search, queries, k, w.tuned.setting) for w in best}
    seconds = paired_seconds(calls, indexes.rounds)
    first = seconds[best[0].name]
    single = single_latencies({w.name: one_by_one(opened[w.name], w, k) for w in best}, queries[:single_count])
    for winner in best:
        rate = len(queries) / statistics.median(seconds[winner.name])
        p50, p99 = np.percentile(single[winner.name], [50, 99]) * 1e6
        cells = [winner.name, opened[winner.name].name_of(winner.tuned.setting), f"{winner.tuned.recall:.3f}"]
        cells += [f"{rate:,.0f}", f"{paired_ratio(seconds[winner.name], first):.2f}", f"{p50:,.0f}", f"{p99:,.0f}"]
        rows.append([*cells, f"{indexes.share(winner.name):.2f}", *read_cells(opened, winner, indexes, rate, limits)])
    header = ["engine", "setting", "recall", "q/s", f"{best[0].name} / it", "one by one p50 us", "p99 us", "of float32"]
    return [f"### recall@{k} of {target}", "", *table([*header, "KB/query", "GB/s", "of the random-read limit"], rows)]


def read_cells(
    opened: dict[str, Opened], winner: Winner, indexes: Indexes, rate: float, limits: Limits | None
) -> list[str]:
    """Bytes by query, what they make in a second, and its share of what the machine reads in such blocks."""
    reads = getattr(opened[winner.name], "reads", None)
    found = reads(indexes.data.queries, indexes.k, winner.tuned.setting) if reads else None
    if found is None:
        return ["", "", ""]
    share = f"{found.bytes * rate / limits.random(found.block):.2f}" if limits else ""
    return [f"{found.bytes / 1e3:,.1f}", f"{found.bytes * rate / 1e9:.1f}", share]


def one_by_one(opened: Opened, winner: Winner, k: int) -> Callable[[Any], Any]:
    """A call for a matrix of one query."""
    return lambda query: opened.search(query, k, winner.tuned.setting)


def single_latencies(calls: Mapping[str, Callable[[Any], Any]], queries: Any) -> dict[str, list[float]]:
    """Seconds of each query in a call of its own; the engines alternate after each query."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for place in range(len(queries)):
        query = queries[place : place + 1]
        for name, call in calls.items():
            started = time.perf_counter()
            call(query)
            seconds[name].append(time.perf_counter() - started)
    return seconds


def promise_section(indexes: Indexes, targets: Sequence[float]) -> list[str]:
    """The recall that rocchio delivers when it is asked for one, and what that costs."""
    if FIRST not in indexes.built:
        return []
    opened: Any = indexes.open(FIRST)
    queries, rows = indexes.data.queries, []
    for target in targets:
        started = time.process_time()
        found = opened.search_at(queries, indexes.k, target)
        rate = len(queries) / (time.process_time() - started)
        rows.append([str(target), f"{indexes.data.recall(rows_of(opened, found), indexes.k):.4f}", f"{rate:,.0f}"])
    return ["### Recall asked for and delivered by rocchio", "", *table(["recall=", "delivered", "q/s of CPU"], rows)]


def flat_section(indexes: Indexes, single_count: int) -> list[str]:
    """Every vector compared, beside rocchio's exact search and its cheapest one with a recall of at least 0.999."""
    if not ENGINES["faiss HNSW32,SQ8"].is_installed:
        return []
    data, k = indexes.data, indexes.k
    flat = Flat(data.base)
    calls: dict[str, Callable[[Any], Any]] = {}
    if FIRST in indexes.built:
        opened: Any = indexes.open(FIRST)
        least = Tuner(opened, data, k).cheapest(FLAT_RECALL)
        for recall in (1.0, *([least.setting.effort / 10000] if least else [])):
            calls[f"rocchio recall={recall:g}"] = lambda queries, r=recall: opened.search_at(queries, k, r)
    calls[flat.name] = lambda queries: flat.search(queries, k)
    seconds = paired_seconds({name: partial(call, data.queries) for name, call in calls.items()}, indexes.rounds)
    times = single_latencies(calls, data.queries[:single_count])
    rows = []
    for name, call in calls.items():
        median, below = statistics.median(times[name]), statistics.median(times[flat.name])
        rate = f"{len(data.queries) / statistics.median(seconds[name]):,.0f}"
        speed = f"{data.base.nbytes / median / 1e9:.1f}"
        answer = call(data.queries)
        recall = data.recall(answer if name == flat.name else rows_of(opened, answer), k)
        rows.append([name, rate, f"{median * 1e3:.2f}", f"{below / median:.2f}", speed, f"{recall:.4f}"])
    header = ["engine", "batch q/s", "one query ms", "times faiss's speed", "float32 GB/s", "recall"]
    title = f"### Every vector compared, or a recall of {FLAT_RECALL}"
    return [title, "", *table(header, rows)]
