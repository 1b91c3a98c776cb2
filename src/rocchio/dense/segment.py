"""One vector field of a segment, with its index: searched exactly, or to a wanted recall."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from rocchio._native import VectorIndex, VectorTransform, pack_lists
from rocchio.dense.calibration import MIXED, QUERY_COUNTS, Calibration, Effort, Ids, calibrate, mixtures
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
from rocchio.dense.originals import VECTORS, Originals
from rocchio.dense.reference import Found
from rocchio.errors import Corruption
from rocchio.storage.array_file import ArrayFile
from rocchio.types import Mask

SEED_OF_QUERIES = 11
"""Of the queries that an index is calibrated with."""

EXACT_COST = 15
"""What an eight-bit code that a mask chose costs to compare, about, in sign codes of a list."""

LARGEST_MEAN = 1e16
"""Of a number in a mean, and more than any number in a vector: what is computed from it stays finite."""

LISTS_AT_ONCE = 64
"""Lists that are compared with their rows in one go."""


class VectorSegment:
    """Vectors and their index. Any number of threads may share it.

    `calibration` says what recall takes which effort; without it, searches are exact.
    """

    def __init__(self, originals: Originals, index_file: ArrayFile, calibration: Calibration) -> None:
        self.originals, self._index_file, self.calibration = originals, index_file, calibration
        self._efforts: dict[tuple[int, float], Effort | None] = {}

    @property
    def rows(self) -> int:
        """All rows, those without a vector too."""
        return self.originals.rows

    @cached_property
    def index(self) -> VectorIndex:
        """Codes and lists, all of them verified at first use. Raises Corruption."""
        file, originals = self._index_file, self.originals
        arrays = {name: file.native(name, dtype) for name, dtype in INDEX_ARRAYS.items()}
        arrays["originals"] = originals.file.native(VECTORS, originals.dtype)
        mean, seed = file.array(MEAN, INDEX_ARRAYS[MEAN]), file.array(SEED, INDEX_ARRAYS[SEED])
        if len(seed) != 1 or len(mean) != originals.dim or not (np.abs(mean) <= LARGEST_MEAN).all():
            raise Corruption(
                file.file.path, None, f"expected one seed and a mean of {originals.dim} numbers up to {LARGEST_MEAN:g}"
            )
        return VectorIndex(arrays, originals.metric, originals.dim, originals.dtype == "f2", int(seed[0]), mean)

    def effort(self, k: int, recall: float) -> Effort | None:
        """What the best k take with this recall; None: an exact search."""
        if recall >= 1:
            return None
        if (k, recall) not in self._efforts:
            self._efforts[k, recall] = self.calibration.effort(k, recall)
        return self._efforts[k, recall]

    def search(self, queries: npt.NDArray[np.float32], k: int, allowed: Mask | None, effort: Effort | None) -> Found:
        """The best k rows for each query (q, dim): rows int64 (q, k), padded with -1, and scores float32 (q, k).

        Best first, ties by row; the scores are exact. `allowed` has a set bit for each row that may be found, None
        allows all; while few of those are met, the search goes beyond `effort`. No effort is exact. Raises Corruption.
        """
        originals = self.originals
        mask = allowed
        if originals.count < originals.rows:
            mask = originals.present if allowed is None else originals.present & allowed
        flat = np.ascontiguousarray(queries, np.float32).ravel()
        least = 0 if effort is None or self.lists == 0 else self._least_entries(k, mask, effort)
        if effort is None or least == 0:
            rows, scores, _ = self.index.exact(flat, k, mask)
        else:
            rows, scores, _ = self.index.search(flat, k, mask, effort.probes, max(effort.refine, 2 * k), least)
        return rows.reshape(-1, k), scores.reshape(-1, k)

    def _least_entries(self, k: int, mask: Mask | None, effort: Effort) -> int:
        """How many allowed rows a search should meet, 0 where comparing all of them is less work."""
        count = self.originals.count
        chosen = count if mask is None else int(np.unpackbits(mask).sum())
        if 2 * chosen >= count:
            return 2 * k
        # each row is in two lists; as many allowed rows as an effort meets without a mask
        usual = 2 * count * min(effort.probes, self.lists) // self.lists
        return max(usual, 2 * k) if EXACT_COST * chosen * chosen > usual * count else 0

    @property
    def count(self) -> int:
        """How many vectors there are."""
        return self.originals.count

    @property
    def lists(self) -> int:
        """How many lists they are in; 0 for few vectors."""
        _, _, count = self._index_file.native(LIST_SIZES, INDEX_ARRAYS[LIST_SIZES])
        return count

    def answers(self, queries: npt.NDArray[np.float32], k: int, effort: Effort | None) -> tuple[Ids, int]:
        """Rows (n, k) found with an effort, exactly with none, and how many sign codes were compared."""
        flat = np.ascontiguousarray(queries, np.float32).ravel()
        mask = None if self.count == self.rows else self.originals.present
        if effort is None:
            rows, _, work = self.index.exact(flat, k, mask)
        else:
            rows, _, work = self.index.search(flat, k, mask, effort.probes, max(effort.refine, 2 * k), 2 * k)
        return rows.reshape(-1, k), work[1]

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
