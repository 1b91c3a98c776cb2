"""How much work a wanted recall takes: measured on an index with queries whose exact answers are known."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rocchio.dense.clustering import in_threads
from rocchio.dense.index_format import Floats, Vectors
from rocchio.storage.manifest import CalibratedEffort

CALIBRATED_K = (10, 100, 1000)
"""Numbers of results for which recall is measured; a search for fewer takes the measurement of the next."""

REFINE_FACTORS = (4, 6, 9, 14, 20)
"""Rows looked at closely for each wanted result."""

QUERY_COUNTS = {10: 500, 100: 100, 1000: 20}
"""Queries that each k is measured with: larger answers vary less."""

QUERIES_AT_ONCE = 50

ENTRY_COST, REFINE_COST = 1.0, 30.0
"""What a sign code and an eight-bit code cost to compare, about, in units of the first."""

ENOUGH = 0.9995
"""No further efforts are tried once one has this recall."""

LEAST_GAIN = 0.0005
"""Looking closely at more rows of the same lists must gain this much recall."""

MOST_SHOWN = 1.0
"""Sign codes for each row: where lists show more, a comparison of all takes no longer, and misses none."""

MIXED, SCATTERED = 3, 16
"""Vectors that make one query together, and those whose spread takes it away from them."""

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Effort:
    """How much of an index a search looks at: lists, and rows of them that are looked at closely.

    The lists grow with the number of results to this power, `growth`. Where a mask leaves out many near rows, more
    lists are scanned until twice as many change no more than `most_new`, a share of the results.
    """

    probes: int
    refine: int
    most_new: float = 0.1
    growth: float = 0.0


@dataclass(frozen=True)
class Setting:
    """An effort and the recall@k that it had, a mean over queries less its standard error."""

    k: int
    recall: float
    effort: Effort

    def towards(self, better: Setting, recall: float) -> Effort:
        """The effort between two settings for a recall between theirs."""
        less, more = self.effort, better.effort
        if more.probes < less.probes or more.refine < less.refine:
            return more  # what lies between them was not measured and need not be better than the worse
        share = (recall - self.recall) / (better.recall - self.recall)
        probes = ceil(less.probes + share * (more.probes - less.probes))
        refine = ceil(less.refine + share * (more.refine - less.refine))
        return Effort(probes, refine)


@dataclass(frozen=True)
class Calibration:
    """Settings by k, the cheapest first, each with a higher recall than the one before."""

    settings: tuple[Setting, ...]

    def effort(self, k: int, recall: float) -> Effort | None:
        """The least effort for the recall; None where only an exact search is known to reach it.

        Between two settings it is interpolated: each further list and row adds less than the one before, so recall
        is no lower than on the line between them.
        """
        measured = min((s.k for s in self.settings if s.k >= k), default=None)
        before: Setting | None = None
        for setting in self.settings:
            if setting.k == measured:
                if setting.recall >= recall:
                    return setting.effort if before is None else before.towards(setting, recall)
                before = setting
        return None

    def growth(self, k: int, recall: float) -> float:
        """To which power of the number of results the lists grow that a recall takes; 0 where that is not known."""
        known = sorted({setting.k for setting in self.settings})
        at = min(bisect.bisect_left(known, k), len(known) - 2)
        if at < 0:
            return 0.0
        few, many = (self.effort(count, recall) for count in known[at : at + 2])
        if few is None or many is None:
            return 0.0
        return max(0.0, math.log(many.probes / few.probes) / math.log(known[at + 1] / known[at]))

    def to_tuples(self) -> tuple[CalibratedEffort, ...]:
        """As the manifest holds it."""
        return tuple((s.k, s.recall, s.effort.probes, s.effort.refine) for s in self.settings)

    @staticmethod
    def from_tuples(efforts: Iterable[CalibratedEffort]) -> Calibration:
        """The inverse of `to_tuples`."""
        return Calibration(tuple(Setting(k, recall, Effort(probes, refine)) for k, recall, probes, refine in efforts))


class Searched(Protocol):
    """An index that can be measured."""

    @property
    def count(self) -> int:
        """How many vectors it has."""
        ...

    @property
    def lists(self) -> int:
        """How many lists they are in."""
        ...

    def answers(self, queries: Floats, k: int, effort: Effort | None) -> tuple[Ids, int]:
        """Rows (n, k) found with an effort, exactly with none, and how many sign codes were compared."""
        ...


def calibrate(index: Searched, queries: Floats) -> Calibration:
    """Measure an index with queries (n, dim)."""
    settings: list[Setting] = []
    for k in CALIBRATED_K:
        if index.lists == 0 or 20 * k > index.count:
            break
        settings += _frontier(_measured(index, queries[: QUERY_COUNTS[k]], k))
    return Calibration(tuple(settings))


def mixtures(vectors: Vectors, count: int, seed: int, metric: str) -> Floats:
    """`count` means of MIXED random rows of `vectors` (n, dim), each moved away as far as it is from the mean of all.

    Where to is random, but as the vectors spread: a sum of SCATTERED of them, with random signs. Under cosine all this
    is done with directions. Rows themselves would be too easy as queries, since what is near a row is in the same
    lists, and so are means of rows: questions are asked in other words than passages, and lie beside them.
    """
    random = np.random.default_rng(seed)
    rows = vectors.astype(np.float64)
    if metric == "cosine":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    centre = rows.mean(axis=0)
    rows -= centre
    means = rows[random.integers(len(rows), size=(count, MIXED))].mean(axis=1)
    signs = random.choice((-1.0, 1.0), size=(count, SCATTERED))
    away = np.einsum("qsd,qs->qd", rows[random.integers(len(rows), size=(count, SCATTERED))], signs)
    length = np.linalg.norm(away, axis=1, keepdims=True)
    away *= np.linalg.norm(means, axis=1, keepdims=True) / np.where(length > 0, length, 1)
    mixed: Floats = (centre + means + away).astype(np.float32)
    return mixed


def _measured(index: Searched, queries: Floats, k: int) -> Iterator[tuple[float, Setting]]:
    """Settings of a grid with their costs."""

    def answers(effort: Effort | None) -> tuple[Ids, int]:
        parts = in_threads(
            lambda first, last: index.answers(queries[first:last], k, effort), len(queries), QUERIES_AT_ONCE
        )
        return np.vstack([rows for rows, _ in parts]), sum(entries for _, entries in parts)

    truth, _ = answers(None)
    overall = 0.0
    factors: Sequence[int] = REFINE_FACTORS
    for probes in _grid(index.lists):
        best, behind = 0.0, 0
        for factor in factors:
            effort = Effort(probes, factor * k)
            found, entries = answers(effort)
            shares = _shares(found, truth)
            recall = max(0.0, float(shares.mean() - shares.std() / np.sqrt(len(shares))))
            cost = ENTRY_COST * entries / len(queries) + REFINE_COST * effort.refine
            yield cost, Setting(k, recall, effort)
            behind += recall < overall  # fewer lists found more, with more rows looked at
            if recall < best + LEAST_GAIN:
                break
            best = recall
        if best >= ENOUGH or entries > MOST_SHOWN * index.count * len(queries):
            return
        # what fewer lists are ahead of with so few rows, more lists will not be; one is kept to be sure
        factors, overall = factors[min(behind, len(factors) - 1) :], max(best, overall)


def _shares(found: Ids, truth: Ids) -> npt.NDArray[np.float64]:
    """How much of the truth (n, k) each query found; what is absent is less than 0."""
    apart = 1 + max(int(found.max()), int(truth.max()))  # the same row of two queries are two numbers
    of_query = apart * np.arange(len(found))[:, None]
    shares: npt.NDArray[np.float64] = np.isin(np.where(found < 0, -1, found + of_query), truth + of_query).mean(axis=1)
    return shares


def _grid(lists: int) -> list[int]:
    """Numbers of lists to try: two in each doubling."""
    return sorted({min(lists, round(2 ** (step / 2))) for step in range(2 * 24)})


def _frontier(measured: Iterator[tuple[float, Setting]]) -> list[Setting]:
    """The settings that no cheaper one equals."""
    best: list[Setting] = []
    for _, setting in sorted(measured, key=lambda pair: (pair[0], -pair[1].recall)):
        if not best or setting.recall > best[-1].recall:
            best.append(setting)
    return best
