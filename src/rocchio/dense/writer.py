"""Writes the originals of a vector field (docs/formats/vectors.md), as they come."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.dense.originals import PRESENT, STORED, VECTORS
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import FileInfo
from rocchio.storage.directory import Directory
from rocchio.storage.schema import Field


class VectorWriter:
    """One vector field of a segment that is being built. Vectors go to disk at once."""

    def __init__(self, directory: Directory, name: str, field: Field) -> None:
        self._out = ArrayFileWriter(directory, name)
        self._out.begin(VECTORS, STORED[field.dtype])
        self._present: list[npt.NDArray[np.bool_]] = []

    def add(self, vectors: npt.NDArray[Any], present: npt.NDArray[np.bool_]) -> None:
        """Append rows (n, dim) of the field's dtype; those that are not `present` (n,) must be zeros."""
        self._out.append(vectors)
        self._present.append(present)

    def finish(self) -> FileInfo:
        """Make the file durable, say how to check it."""
        present = np.concatenate([*self._present, np.empty(0, np.bool_)])
        self._out.add(PRESENT, "u1", [np.packbits(present, bitorder="little")])
        return self._out.finish()

    def close(self) -> None:
        """Close without keeping (after an error)."""
        self._out.close()
