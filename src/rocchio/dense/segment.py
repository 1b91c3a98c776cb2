"""One vector field of a segment, with its index: searched exactly, or to a wanted recall."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from rocchio._native import VectorIndex, VectorTransform, count_bits, pack_lists
from rocchio.dense.calibration import MIXED, QUERY_COUNTS, Calibration, Effort, Ids, Places, calibrate, mixtures
from rocchio.dense.index_format import (
    CENTROID_CODES,
    CENTROID_CONSTANTS,
    CODES,
    CONSTANTS,
    CONSTANTS_OF_ROW,
    INDEX_ARRAYS,
    LIST_BLOCKS,
    LIST_SIZES,
    MEAN,
    SEED,
)
from rocchio.dense.mask_plan import CLOSER, MaskPlan, plan_search
from rocchio.dense.memory_plan import PARTS, MemoryNeeds, MemoryPlan
from rocchio.dense.originals import VECTORS, Originals
from rocchio.dense.point_tree import PointTree, Within, best_of, reaching, suits
from rocchio.dense.reference import Found, unpacked
from rocchio.errors import Corruption
from rocchio.storage.array_file import ArrayFile
from rocchio.types import Mask

SEED_OF_QUERIES = 11
"""Of the queries that an index is calibrated with."""

LARGEST_MEAN = 1e16
"""Of a number in a mean, and more than any number in a vector: what is computed from it stays finite."""

KEPT_SHARE = 0.18
"""Of the space of vectors and index, what indexes of tenants' rows may take besides."""

MOST_NEW = 0.2
"""Of the best rows, what twice the lists may change, however low the recall: else far lists settle early."""

ROW_BYTES, LIST_BYTES = 6, 8
"""Of each row and each list, what a search knows beside the index: marks of rows, numbers of rows and of blocks."""

LISTS_AT_ONCE = 64
"""Lists that are compared with their rows in one go."""


class HasIndex(Protocol):
    """What an index of some rows is part of."""

    index: VectorIndex


Restricted = TypeVar("Restricted", bound=HasIndex)


class VectorSegment:
    """Vectors and their index. Any number of threads may share it.

    `calibration` says what recall takes which effort; without it, searches are exact. With a plan of `memory`, parts
    are read that are not in memory; answers are the same. Its files must have been opened with a cache.
    """

    def __init__(
        self,
        originals: Originals,
        index_file: ArrayFile,
        calibration: Calibration,
        memory: MemoryPlan | None = None,
    ) -> None:
        self.originals, self._index_file, self.calibration = originals, index_file, calibration
        self._memory = memory
        self._efforts: dict[tuple[int, float], Effort | None] = {}
        self._restricted: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def rows(self) -> int:
        """All rows, those without a vector too."""
        return self.originals.rows

    @cached_property
    def index(self) -> VectorIndex:
        """Codes and lists, what is in memory of them verified at first use.

        Raises Corruption, and InvalidArgument where memory is too small.
        """
        file, originals, memory = self._index_file, self.originals, self._memory
        if memory is not None:
            memory.check()
        in_memory = PARTS if memory is None else memory.in_memory
        arrays = {name: file.native(name, dtype) for name, dtype in INDEX_ARRAYS.items()}
        arrays["originals"] = originals.file.native(VECTORS, originals.dtype)
        mean, seed = file.array(MEAN, INDEX_ARRAYS[MEAN]), file.array(SEED, INDEX_ARRAYS[SEED])
        if len(seed) != 1 or len(mean) != originals.dim or not (np.abs(mean) <= LARGEST_MEAN).all():
            raise Corruption(
                file.file.path, None, f"expected one seed and a mean of {originals.dim} numbers up to {LARGEST_MEAN:g}"
            )
        parts = [part in in_memory for part in PARTS]
        return VectorIndex(arrays, originals.metric, originals.dim, originals.dtype == "f2", int(seed[0]), mean, *parts)

    def with_memory(self, memory: MemoryPlan) -> VectorSegment:
        """The same within a plan; this one, if it has the same parts in memory."""
        if self._memory is not None and self._memory.in_memory == memory.in_memory:
            self._memory = memory
            return self
        return VectorSegment(self.originals, self._index_file, self.calibration, memory)

    @property
    def memory_needs(self) -> MemoryNeeds:
        """What the parts take in memory. Raises Corruption for arrays that are not there."""
        sizes = {
            name: self._index_file.native(name, dtype)[2] * np.dtype(dtype).itemsize
            for name, dtype in INDEX_ARRAYS.items()
        }
        lists, codes = sizes.pop(LIST_BLOCKS), sizes.pop(CODES)
        marks = ROW_BYTES * self.rows + LIST_BYTES * self.lists
        originals = self.rows * self.originals.dim * np.dtype(self.originals.dtype).itemsize
        return MemoryNeeds(sum(sizes.values()) + marks, lists, codes, originals)

    def kept(self, rows: npt.NDArray[np.uint32], make: Callable[[], Restricted]) -> Restricted:
        """What was made for some rows, if it is kept, or is made now; the ones last used are kept, within a share of
        the space that all vectors take.
        """
        key = hashlib.blake2b(rows.tobytes(), digest_size=16).digest()
        with self._lock:
            if key in self._restricted:
                self._restricted.move_to_end(key)
                return self._restricted[key]  # type: ignore[no-any-return]
        made = make()
        with self._lock:
            self._restricted[key] = made
            used = sum(each.index.own_bytes for each in self._restricted.values())
            while used > self._kept_bytes and len(self._restricted) > 1:
                used -= self._restricted.popitem(last=False)[1].index.own_bytes
        return made

    @property
    def _kept_bytes(self) -> float:
        """What indexes of tenants' rows may take."""
        memory, share = self._memory, KEPT_SHARE * self.size_bytes
        return share if memory is None else min(share, memory.kept_bytes * self.size_bytes / memory.needs.total)

    @property
    def size_bytes(self) -> int:
        """Of vectors and index."""
        return len(self.originals.file.file.data) + len(self._index_file.file.data)

    def effort(self, k: int, recall: float) -> Effort | None:
        """What the best k take with this recall; None: an exact search."""
        if recall >= 1:
            return None
        if (k, recall) not in self._efforts:
            self._efforts[k, recall] = self._least_effort(k, recall)
        return self._efforts[k, recall]

    def _least_effort(self, k: int, recall: float) -> Effort | None:
        effort = self.calibration.effort(k, recall)
        # what twice as many lists add is about what is missing with as many as there are
        return effort and replace(
            effort, most_new=min(MOST_NEW, 2 * (1 - recall)), growth=self.calibration.growth(k, recall)
        )

    def search(self, queries: npt.NDArray[np.float32], k: int, allowed: Mask | None, effort: Effort | None) -> Found:
        """The best k rows for each query (q, dim): rows int64 (q, k), padded with -1, and scores float32 (q, k).

        Best first, ties by row; the scores are exact. `allowed` has a set bit for each row that may be found, None
        allows all; where those are few or hard to find, the search goes beyond `effort`, see `plan`. No effort is
        exact. Raises Corruption.
        """
        mask = self._usable(allowed)
        flat = np.ascontiguousarray(queries, np.float32).ravel()
        plan = None if allowed is None else self._plan(mask, effort, masked=True)
        if effort is None or self.lists == 0 or (plan is not None and plan.strategy == "exact"):
            near = self._tree and self._tree.nearest(queries, k, self._unpacked(mask))
            if near:
                return best_of(*self._scored(flat, near), k)
            return self.index.exact(flat, k, mask)[:2]
        probes, refine = effort.probes, max(effort.refine, 2 * k)
        if plan is None:
            return self.index.search(flat, k, mask, probes, refine, 2 * k)[:2]
        probes, closer = plan.probes(effort), int(CLOSER * refine)
        settling = effort.most_new, plan.most_probes(effort, self.lists), plan.least_share
        return self.index.search(flat, k, mask, probes, closer, 2 * k, *settling)[:2]

    def within(self, queries: npt.NDArray[np.float32], least: npt.NDArray[np.float32], allowed: Mask | None) -> Within:
        """Exactly the rows that score at least `least` (q,) for each query (q, dim), best first, ties by row.

        `allowed` is as for `search`. Raises Corruption.
        """
        flat = np.ascontiguousarray(queries, np.float32).ravel()
        least, mask = np.ascontiguousarray(least, np.float32), self._usable(allowed)
        if self._tree is not None:
            marks = self._unpacked(mask)
            near = [rows if marks is None else rows[marks[rows]] for rows in self._tree.within(queries, least)]
            return reaching(*self._scored(flat, near), least)
        offsets, rows, scores, _ = self.index.within(flat, least, mask)
        return offsets, rows, scores

    @cached_property
    def _tree(self) -> PointTree | None:
        """Of vectors of few numbers; built at first use. Within a memory limit there is none."""
        originals = self.originals
        if self._memory is not None or not suits(originals.dim, originals.metric, originals.count):
            return None
        rows = np.flatnonzero(originals.is_present).astype(np.uint32)
        points = originals.vectors[rows]
        if not np.isfinite(points).all():  # damaged
            return None
        return PointTree(points, rows, originals.metric)

    def _scored(self, queries: npt.NDArray[np.float32], found: list[npt.NDArray[np.uint32]]) -> Within:
        """Rows of each query with their exact scores."""
        offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in found])]).astype(np.uint64)
        rows = np.concatenate([np.empty(0, np.uint32), *found])
        return offsets, rows.astype(np.int64), self.index.scores(queries, offsets, rows)

    def _unpacked(self, mask: Mask | None) -> npt.NDArray[np.bool_] | None:
        return None if mask is None else unpacked(mask, self.rows)

    def plan(self, allowed: Mask | None, effort: Effort | None) -> MaskPlan:
        """How a search under a mask goes, and why."""
        return self._plan(self._usable(allowed), effort, masked=allowed is not None)

    def _plan(self, mask: Mask | None, effort: Effort | None, *, masked: bool) -> MaskPlan:
        chosen = self.count if mask is None else count_bits(mask)
        return plan_search(chosen, self.count, self.lists, effort, masked=masked)

    def _usable(self, allowed: Mask | None) -> Mask | None:
        """Rows that are allowed and have a vector; None if all are and have."""
        originals = self.originals
        if originals.count == originals.rows:
            return allowed
        return originals.present if allowed is None else originals.present & allowed

    @property
    def count(self) -> int:
        """How many vectors there are."""
        return self.originals.count

    @cached_property
    def lists(self) -> int:
        """How many lists they are in; 0 for few vectors."""
        _, _, count = self._index_file.native(LIST_SIZES, INDEX_ARRAYS[LIST_SIZES])
        return count

    def nearest(self, queries: npt.NDArray[np.float32], k: int) -> Ids:
        """Exactly the best k rows (n, k)."""
        found: Ids = self.index.exact(np.ascontiguousarray(queries, np.float32).ravel(), k, self._usable(None))[0]
        return found

    def places(self, queries: npt.NDArray[np.float32], wanted: Ids, probes: Sequence[int], most: int) -> Places:
        """Where wanted rows (n, k) stand among the candidates of some numbers of lists: (n, probes, k).

        See `VectorIndex.places`.
        """
        flat, k = np.ascontiguousarray(queries, np.float32).ravel(), wanted.shape[1]
        rows = wanted.astype(np.uint32).ravel()
        return self.index.places(flat, k, self._usable(None), rows, [*probes], most).reshape(-1, len(probes), k)

    def calibrated_with_mixtures(self) -> Calibration:
        """What recall takes which effort, measured with queries that are made of the vectors."""
        originals = self.originals
        if self.lists == 0:
            return Calibration(())
        present = np.random.default_rng(SEED_OF_QUERIES).permutation(np.flatnonzero(originals.is_present))
        sample = originals.vectors[np.sort(present[: MIXED * max(QUERY_COUNTS.values())])]
        return calibrate(self, mixtures(sample, max(QUERY_COUNTS.values()), SEED_OF_QUERIES, originals.metric))

    def validate(self) -> None:
        """Check the vectors, and that codes and lists are theirs; reads everything. Raises Corruption."""
        self.originals.validate()
        file, index = self._index_file, self.index  # opening it checks the shapes of what is read below
        mean = file.array(MEAN, INDEX_ARRAYS[MEAN])
        (seed,) = file.array(SEED, INDEX_ARRAYS[SEED]).tolist()
        transform = VectorTransform(self.originals.metric, self.originals.dim, seed, mean)
        first = 0
        for vectors, _ in self.originals.blocks():
            codes, constants = transform.encode(np.ascontiguousarray(vectors, np.float32).ravel())
            last = first + len(vectors)
            stored = file.rows(CODES, INDEX_ARRAYS[CODES], transform.width, first, last)
            of_rows = file.rows(CONSTANTS, INDEX_ARRAYS[CONSTANTS], CONSTANTS_OF_ROW, first, last)
            if not np.array_equal(codes, stored.ravel()) or not np.array_equal(constants, of_rows.ravel()):
                raise Corruption(file.file.path, None, f"a code of rows {first} to {last - 1} is not its vector's")
            first = last
        if self.lists:
            self._validate_lists(index, transform.width)

    def _validate_lists(self, index: VectorIndex, width: int) -> None:
        file, listed = self._index_file, index.listed_rows()
        if not np.array_equal(np.unique(listed), np.flatnonzero(self.originals.is_present)):
            raise Corruption(file.file.path, None, "the lists do not show every row that has a vector, and no other")
        arrays = {name: file.array(name, dtype) for name, dtype in INDEX_ARRAYS.items()}
        offsets = np.concatenate([[0], np.cumsum(arrays[LIST_SIZES], dtype=np.uint64)]).astype(np.uint64)
        begin = 0
        for first in range(0, self.lists, LISTS_AT_ONCE):
            last = min(first + LISTS_AT_ONCE, self.lists)
            packed = pack_lists(
                arrays[CODES],
                arrays[CONSTANTS],
                width,
                self.originals.metric,
                arrays[CENTROID_CODES],
                arrays[CENTROID_CONSTANTS],
                listed,
                offsets,
                first,
                last,
            )
            if not np.array_equal(packed, arrays[LIST_BLOCKS][begin : begin + len(packed)]):
                raise Corruption(
                    file.file.path, None, f"signs in lists {first} to {last - 1} are not those of their rows"
                )
            begin += len(packed)
