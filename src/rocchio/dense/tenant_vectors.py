"""The vectors of a field as one tenant sees them, in a segment that many tenants share.

A tenant's rows are kept by number, those of all but small tenants also as sign codes in a list of their own: a scan of
these, then a closer look at the best by the codes and vectors that all share (docs/decisions/0015-tenants.md).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rocchio._native import VectorIndex
from rocchio.dense.calibration import CALIBRATED_K, MIXED, Effort, mixtures
from rocchio.dense.mask_plan import MaskPlan
from rocchio.dense.point_tree import PointTree
from rocchio.dense.reference import Found, unpacked
from rocchio.dense.segment import SEED_OF_QUERIES, VectorSegment
from rocchio.types import Mask

LISTED_ROWS = 512
"""Fewer rows are compared one by one."""

MOST_SHARE = 0.25
"""Tenants that see a larger share of a segment search its lists, under a mask."""

FACTORS = (4, 6, 9, 14, 20, 30, 45)
"""Rows looked at closely for each wanted result, of which the least that reaches a recall is taken."""

QUERIES = 32
"""That recall is measured with."""


@dataclass(frozen=True)
class TenantEffort(Effort):
    """`closely` are the rows to look at of the tenant's own list; the rest is for searches under a further filter."""

    closely: int = 0


class TenantRows:
    """Some rows of a segment's field, and what recall takes how close a look at them."""

    def __init__(self, base: VectorSegment, rows: npt.NDArray[np.uint32]) -> None:
        self._base, self.rows = base, rows
        self.listed = len(rows) >= LISTED_ROWS
        self.index: VectorIndex = base.index.restricted(rows, self.listed)
        self._recalls: dict[int, dict[int, float]] = {}
        self._truth: dict[int, npt.NDArray[np.int64]] = {}
        self._lock = threading.Lock()

    def closely(self, k: int, recall: float) -> int | None:
        """Rows to look at closely for the best k to a recall; None where all are compared."""
        measured = min((each for each in CALIBRATED_K if each >= k), default=None)
        if measured is None or not self.listed or 20 * measured > len(self.rows):
            return None
        with self._lock:
            factor = self._factor(measured, recall)
        return None if factor is None else max(factor * measured, 2 * k)

    def _factor(self, k: int, recall: float) -> int | None:
        """The least factor that reaches a recall, less its standard error, on mixtures of the tenant's own vectors."""
        known = self._recalls.setdefault(k, {})
        for factor in FACTORS:
            if factor not in known:
                known[factor] = self._measured(k, factor)
            if known[factor] >= recall:
                return factor
        return None

    def _measured(self, k: int, factor: int) -> float:
        flat, truth = self._asked(k)
        found = self.index.search(flat, k, None, 1, factor * k, 2 * k)[0]
        shares = np.array([np.isin(a, b, assume_unique=True).mean() for a, b in zip(found, truth, strict=True)])
        return float(shares.mean() - shares.std() / np.sqrt(len(shares)))

    def _asked(self, k: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Queries that recall is measured with, one after the other, and their exact answers (queries, k)."""
        originals = self._base.originals
        chosen = np.random.default_rng(SEED_OF_QUERIES).permutation(self.rows)[: MIXED * QUERIES]
        flat = mixtures(
            originals.gather(np.sort(chosen).astype(np.int64)), QUERIES, SEED_OF_QUERIES, originals.metric
        ).ravel()
        if k not in self._truth:
            self._truth[k] = self.index.exact(flat, k)[0]
        return flat, self._truth[k]


class TenantVectors(VectorSegment):
    """Like `VectorSegment`, of the rows that are `live` for a tenant. Any number of threads may share it."""

    def __init__(self, base: VectorSegment, live: Mask) -> None:
        self._base, self._live = base, live
        self.originals, self.calibration = base.originals, base.calibration
        self._efforts: dict[tuple[int, float], Effort | None] = {}

    @property
    def _tree(self) -> PointTree | None:  # of all vectors, under a mask
        return self._base._tree

    @property
    def index(self) -> VectorIndex:
        return self._base.index

    @cached_property
    def _tenant(self) -> TenantRows | None:
        """The tenant's own rows; None where they are so many that the segment's lists serve better."""
        base, mask = self._base, self._usable(self._live)
        assert mask is not None  # it is that of the tenant, or less
        rows = np.flatnonzero(unpacked(mask, base.rows)).astype(np.uint32)
        if len(rows) > MOST_SHARE * base.count and base.lists:
            return None
        return base.kept(rows, lambda: TenantRows(base, rows))

    @cached_property
    def count(self) -> int:
        """How many vectors the tenant sees."""
        mask = self._usable(self._live)
        assert mask is not None
        return int(unpacked(mask, self.rows).sum())

    @property
    def lists(self) -> int:
        """How many lists all vectors of the segment are in."""
        return self._base.lists

    def _least_effort(self, k: int, recall: float) -> Effort | None:
        base = self._base.effort(k, recall)
        if self._tenant is None:
            return base
        closely = self._tenant.closely(k, recall)
        if closely is None:
            return base and TenantEffort(**vars(base))
        base = base or Effort(self.lists, len(self._tenant.rows))
        return TenantEffort(**vars(base), closely=closely)

    def search(self, queries: npt.NDArray[np.float32], k: int, allowed: Mask | None, effort: Effort | None) -> Found:
        """The best k rows for each query; see `VectorSegment.search`. `allowed` are rows that the tenant sees."""
        if allowed is not self._live or self._tenant is None:
            return self._base.search(queries, k, allowed, effort)
        flat, index = np.ascontiguousarray(queries, np.float32).ravel(), self._tenant.index
        closely = effort.closely if isinstance(effort, TenantEffort) else 0
        if closely and len(self._tenant.rows) >= 2 * k:
            return index.search(flat, k, None, 1, max(closely, 2 * k), 2 * k)[:2]
        return index.exact(flat, k)[:2]

    def plan(self, allowed: Mask | None, effort: Effort | None) -> MaskPlan:
        """How a search under a mask goes, and why; what others have in the segment is not told."""
        mask = self._usable(self._live if allowed is None else allowed)
        assert mask is not None
        plan = self._base.plan(mask, effort)
        if allowed is self._live and self._tenant is not None:
            plan = plan._replace(strategy="lists" if getattr(effort, "closely", 0) else "exact")
        return plan._replace(vectors=self.count, lists_cost=None)
