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

REFINE_FACTORS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25, 30, 40, 60, 90)
"""Rows looked at closely for each wanted result."""

MOST_REFINED = 20_000
"""Rows that are looked at closely, at most."""

QUERY_COUNTS = {10: 500, 100: 100, 1000: 20}
"""Queries that each k is measured with: larger answers vary less."""

QUERIES_AT_ONCE = 50

ENTRY_COST, REFINE_COST = 1.0, 30.0
"""What a sign code and an eight-bit code cost to compare, about, in units of the first."""

MIXED, SCATTERED = 3, 16
"""Vectors that make one query together, and those whose spread takes it away from them."""

LEAST_GAIN = 0.05
"""Of what a setting misses, the share that the next one must find."""

ENTRIES_OF_ROW = 2
"""Lists that a row is in."""

Ids = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint32]


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

    def nearest(self, queries: Floats, k: int) -> Ids:
        """Exactly the best k rows (n, k)."""
        ...

    def places(self, queries: Floats, wanted: Ids, probes: Sequence[int], most: int) -> Places:
        """Where wanted rows (n, k) stand among the candidates of some numbers of lists: (n, probes, k).

        A search with so many lists that looks closely at more rows than the place finds the row. More than any number
        of rows if it is not among `most` candidates.
        """
        ...


def calibrate(index: Searched, queries: Floats) -> Calibration:
    """Measure an index with queries (n, dim)."""
    settings: list[Setting] = []
    for k in CALIBRATED_K:
        if index.lists == 0 or 20 * k > index.count:
            break
        asked = queries[: QUERY_COUNTS[k]]
        best = _frontier(_measured(index, asked, k))
        settings += best + _beyond(best[-1], index.lists, _most_shown(len(asked) * k))
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
    grid, factors = _grid(index.lists), [factor for factor in REFINE_FACTORS if factor * k <= MOST_REFINED]

    def places(first: int, last: int) -> Places:
        asked = queries[first:last]
        return index.places(asked, index.nearest(asked, k), grid, factors[-1] * k)

    of_queries = np.concatenate(in_threads(places, len(queries), QUERIES_AT_ONCE))
    for number, probes in enumerate(grid):
        for factor in factors:
            shares = (of_queries[:, number] < factor * k).mean(axis=1)
            mean = shares.mean() * _most_shown(len(shares) * k)
            recall = max(0.0, float(mean - shares.std() / np.sqrt(len(shares))))
            entries = ENTRIES_OF_ROW * index.count * probes / index.lists
            yield ENTRY_COST * entries + REFINE_COST * factor * k, Setting(k, recall, Effort(probes, factor * k))


def _most_shown(rows: int) -> float:
    """The recall that is shown by finding as many rows: as if one more had been looked for in vain."""
    return rows / (rows + 1)


def _beyond(best: Setting, lists: int, most_shown: float) -> list[Setting]:
    """Where all rows were found, further settings that cannot be measured: twice the lists miss half as much."""
    settings: list[Setting] = []
    while best.recall >= most_shown and best.effort.probes < lists:
        probes = min(2 * best.effort.probes, lists)
        best = Setting(best.k, (1 + best.recall) / 2, Effort(probes, best.effort.refine))
        settings.append(best)
    return settings


def _grid(lists: int) -> list[int]:
    """Numbers of lists to try: four in each doubling."""
    return sorted({min(lists, round(2 ** (step / 4))) for step in range(4 * 24)})


def _frontier(measured: Iterator[tuple[float, Setting]]) -> list[Setting]:
    """The settings that no cheaper one equals, a step apart."""
    best: list[Setting] = []
    for _, setting in sorted(measured, key=lambda pair: (pair[0], -pair[1].recall)):
        if not best or setting.recall > best[-1].recall + LEAST_GAIN * (1 - best[-1].recall):
            best.append(setting)
    return best
