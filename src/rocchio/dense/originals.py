"""The vectors of one field in one segment, as they were given: checked and mapped."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.dense.reference import BLOCK_ROWS, unpacked
from rocchio.errors import Corruption
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.schema import Field
from rocchio.types import Mask

VECTORS, PRESENT = "vectors", "present"
STORED = {"float32": "f4", "float16": "f2"}
"""How the format names the field's dtypes."""
VECTOR_ARRAYS = {VECTORS: "f2", PRESENT: "u1"}
"""Arrays of a vector field and their types; vectors are f4 or f2 as the field's dtype says."""


class Originals:
    """`rows` vectors of `dim` numbers, some of which may be absent. Any number of threads may share it."""

    def __init__(self, file: ArrayFile, rows: int, field: Field) -> None:
        self.file, self.rows, self.dim, self.metric = file, rows, field.dim, field.metric
        self.dtype = STORED[field.dtype]
        _, _, count = file.native(VECTORS, self.dtype)
        _, _, mask_bytes = file.native(PRESENT, "u1")
        if count != rows * self.dim or mask_bytes != (rows + 7) // 8:
            raise Corruption(
                file.file.path, None, f"expected {rows} vectors of {self.dim} numbers, found {count} numbers"
            )

    @cached_property
    def vectors(self) -> npt.NDArray[Any]:
        """All vectors (rows, dim) as they were stored, mapped and verified; zeros where there is none."""
        return self.file.array(VECTORS, self.dtype).reshape(self.rows, self.dim)

    @cached_property
    def present(self) -> Mask:
        """A set bit for each row that has a vector, verified."""
        mask = self.file.array(PRESENT, "u1")
        if self.rows % 8 and mask[-1] >> self.rows % 8:
            raise Corruption(self.file.file.path, None, f"rows past the last one, {self.rows - 1}, are marked present")
        return mask

    @cached_property
    def is_present(self) -> npt.NDArray[np.bool_]:
        """Which rows have a vector (rows,)."""
        return unpacked(self.present, self.rows)

    @cached_property
    def count(self) -> int:
        """How many rows have a vector."""
        return int(self.is_present.sum())

    def vector(self, row: int) -> npt.NDArray[Any] | None:
        """The vector (dim,) of a row in its stored dtype, None if there is none. Raises Corruption."""
        if not self.present[row // 8] >> row % 8 & 1:
            return None
        vector: npt.NDArray[Any] = self.file.rows(VECTORS, self.dtype, self.dim, row, row + 1)[0]
        return vector

    def gather(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """The vectors (n, dim) of some rows in their stored dtype; zeros where there is none. Raises Corruption."""
        return self.file.gather(VECTORS, self.dtype, self.dim, rows)

    def blocks(self) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]:
        """All rows in order, some thousand at a time: vectors (n, dim), and which of them are there (n,)."""
        for first in range(0, self.rows, BLOCK_ROWS):
            last = min(first + BLOCK_ROWS, self.rows)
            yield self.file.rows(VECTORS, self.dtype, self.dim, first, last), self.is_present[first:last]

    def validate(self) -> None:
        """Check every vector: finite, with a direction where the metric needs one. Raises Corruption."""
        first = 0
        for vectors, present in self.blocks():
            absolute = np.abs(vectors.astype(np.float64))
            fine = (absolute <= np.where(present, np.inf, 0.0)[:, None]).all(axis=1) & (absolute < np.inf).all(axis=1)
            if self.metric == "cosine":
                fine &= ~present | (absolute > 0).any(axis=1)
            if not fine.all():
                row = first + int(fine.argmin())
                raise Corruption(self.file.file.path, None, f"row {row} holds no vector for metric {self.metric}")
            first += len(present)
