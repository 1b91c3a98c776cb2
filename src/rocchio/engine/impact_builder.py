"""One sparse field of a segment that is being built: weights in, a file of impacts out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rocchio._native import SegmentBuilder, StringTable
from rocchio.engine.open_segment import string_buffers
from rocchio.lexical.writer import write_built
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import FileInfo
from rocchio.storage.directory import Directory


class ImpactBuilder:
    """Collects {token: weight} of documents; a weight becomes round(weight * scale), at least 1."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._builder = SegmentBuilder(1)
        self._tokens = StringTable()

    @property
    def memory_bytes(self) -> int:
        """What the postings and the tokens take so far."""
        return self._builder.memory_bytes + self._tokens.memory_bytes

    def add(self, documents: pa.MapArray) -> None:
        """Append documents: a map<large_string, float32> of weights above 0, null where a document has none."""
        # a map that was cut out of a longer one begins at its first offset; null maps are empty
        ends = documents.offsets.to_numpy().astype(np.int64)
        first, last = int(ends[0]), int(ends[-1])
        offsets, data = string_buffers(documents.keys.slice(first, last - first))
        ids = self._tokens.intern(data, offsets)
        weights = documents.items.slice(first, last - first).to_numpy().astype(np.float64)
        impacts = np.maximum(1.0, np.rint(weights * self._scale)).astype(np.uint32)
        self._builder.add_impacts(ids, impacts, ends - first, len(self._tokens))

    def write(self, directory: Directory, name: str) -> FileInfo:
        """Write the file, durably."""
        out = ArrayFileWriter(directory, name)
        try:
            write_built(out, self._builder.finish(*self._tokens.strings()))
            return out.finish()
        finally:
            out.close()
