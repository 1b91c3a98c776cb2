"""What approximate search in a sparse field costs: recall and speed of settings, beside the exact search."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rocchio.engine.snapshot import Snapshot
from rocchio.errors import InvalidArgument
from rocchio.types import Run

ALPHAS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
QUERY_CUTS = (None, 16, 8, 4)
ROUNDS = 3
"""Times that every setting is run, in turns; the median counts."""


@dataclass(frozen=True)
class Setting:
    """One way to search: `recall` is the share of the exact top k that it finds, the mean over queries."""

    alpha: float
    query_cut: int | None
    recall: float
    queries_per_s: float


@dataclass(frozen=True)
class RecallReport:
    """Settings of one sparse field, the exact one first. Prints as a table."""

    field: str
    k: int
    queries: int
    settings: tuple[Setting, ...]

    def fastest(self, recall: float) -> Setting:
        """The fastest setting that has at least this recall; the exact one has 1."""
        return max((s for s in self.settings if s.recall >= recall), key=lambda s: s.queries_per_s)

    def __str__(self) -> str:
        exact = self.settings[0].queries_per_s
        lines = [f"{'alpha':>6} {'query_cut':>9} {f'recall@{self.k}':>11} {'queries/s':>10} {'speed-up':>8}"]
        for s in self.settings:
            cut = "all" if s.query_cut is None else str(s.query_cut)
            lines.append(
                f"{s.alpha:>6g} {cut:>9} {s.recall:>11.4f} {s.queries_per_s:>10,.0f} {s.queries_per_s / exact:>7.2f}x"
            )
        return "\n".join(lines)


def recall_report(
    snapshot: Snapshot,
    queries: Iterable[Mapping[str, float]],
    field: str,
    k: int = 10,
    alphas: Sequence[float] = ALPHAS,
    query_cuts: Sequence[int | None] = QUERY_CUTS,
    progress: Callable[[int, int], None] | None = None,
) -> RecallReport:
    """Search with every combination of `alphas` and `query_cuts`. Raises InvalidArgument.

    The exact search comes first, whether it is among them or not. Rates are those of one thread, in wall-clock time,
    with columns in memory.
    """
    asked = list(queries)
    if not asked:
        raise InvalidArgument("expected queries to measure recall with, found none")
    if not isinstance(field, str) or snapshot.schema.sparse_choice(field) is None:
        raise InvalidArgument(f"expected the name of a sparse field, found {field!r}; text fields are searched exactly")
    pairs: list[tuple[float, int | None]] = [(1.0, None)]
    pairs += [(alpha, cut) for cut in query_cuts for alpha in alphas if (alpha, cut) != (1.0, None)]
    seconds: list[list[float]] = [[] for _ in pairs]
    runs: list[Any] = [None] * len(pairs)
    for step in range(ROUNDS * len(pairs)):
        number = step % len(pairs)
        alpha, cut = pairs[number]
        started = time.perf_counter()
        runs[number] = snapshot.search(asked, k, field=field, alpha=alpha, query_cut=cut)
        seconds[number].append(time.perf_counter() - started)
        if progress is not None:
            progress(step + 1, ROUNDS * len(pairs))
    settings = [
        Setting(alpha, cut, _recall(runs[0], run), len(asked) / max(statistics.median(times), 1e-9))
        for (alpha, cut), run, times in zip(pairs, runs, seconds, strict=True)
    ]
    return RecallReport(field, k, len(asked), tuple(settings))


def _recall(exact: Run, run: Run) -> float:
    """The mean share of the exact results that were found, over queries that have any."""
    pairs = zip(exact.doc_ids, run.doc_ids, strict=True)
    shares = [len(set(wanted) & set(found)) / len(wanted) for wanted, found in pairs if len(wanted)]
    return statistics.fmean(shares) if shares else 1.0
