"""The files of a segment: which there are, and how they are opened and checked."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np

from rocchio._native import PageCache
from rocchio.errors import Corruption
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.checked import FileInfo, MappedFile, SealedFile, chunk_count, write_sealed
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import SegmentEntry


class SegmentFile(StrEnum):
    """The files that every segment has, but for `PASSAGES`, which belong to collections with a field that is split.

    Sparse, vector and filtered fields have files of their own beside these.
    """

    INDEX = "index.arrays"
    DOCUMENTS = "documents.arrow"
    CHECKSUMS = "checksums.bin"
    PASSAGES = "passages.arrays"


def segment_name(number: int) -> str:
    """The folder of a segment."""
    return f"segment-{number:08d}"


COLUMNS = "columns.arrays"
"""The file of the columns that filters look into; segments from before format version 3 have none."""


def sparse_name(number: int) -> str:
    """The file of a sparse field; `number` counts the sparse fields of the schema from 0."""
    return f"sparse-{number}.arrays"


def vectors_name(number: int) -> str:
    """The file of a vector field's originals; `number` counts the vector fields of the schema from 0."""
    return f"vectors-{number}.arrays"


def vector_index_name(number: int) -> str:
    """The file of a vector field's codes and lists; `number` counts the vector fields of the schema from 0."""
    return f"vector-index-{number}.arrays"


def tombstones_name(segment: str, generation: int) -> str:
    """The file of a segment's deletions as of a commit."""
    return f"{segment}/tombstones-{generation:08d}.bin"


def frozen_name(segment: str, generation: int, index: str) -> str:
    """The file of columns of an index (`index.arrays`, `sparse-0.arrays`) that a commit froze."""
    return f"{segment}/frozen-{generation:08d}-{index}"


MODELS = "models"
"""The folder of models that were fitted on the collection."""


OFFLINE = "offline"
"""The folder of what was precomputed for feedback."""


def offline_name(generation: int) -> str:
    """The file of offline feedback that a commit wrote."""
    return f"{OFFLINE}/offline-{generation:08d}.arrays"


def embeddings_name(generation: int) -> str:
    """The file of pseudo query embeddings that a commit wrote."""
    return f"{OFFLINE}/embeddings-{generation:08d}.arrays"


def model_name(kind: str, generation: int, number: int) -> str:
    """The file of a model that a commit fitted; `number` counts the vector fields of the schema from 0."""
    return f"{MODELS}/{kind}-{generation:08d}-{number}.arrays"


def write_checksums(directory: Directory, segment: str, files: Mapping[str, FileInfo]) -> SealedFile:
    """Chunk checksums of all files of a segment, in the order of their names."""
    content = b"".join(files[name].checksums.astype("<u4").tobytes() for name in sorted(files))
    return write_sealed(directory, f"{segment}/{SegmentFile.CHECKSUMS}", content)


class SegmentFiles:
    """The opened files of a segment: mapped, sizes checked, contents verified when touched."""

    def __init__(
        self,
        directory: Directory,
        entry: SegmentEntry,
        sparse_fields: int = 0,
        vector_fields: int = 0,
        has_passages: bool = False,
        cache: PageCache | None = None,
    ) -> None:
        """`cache`: the files of vector fields are read through it where they are not in memory."""
        path = directory.path(entry.name)
        expected = {SegmentFile.INDEX, SegmentFile.DOCUMENTS, *map(sparse_name, range(sparse_fields))}
        of_vectors = {*map(vectors_name, range(vector_fields)), *map(vector_index_name, range(vector_fields))}
        expected |= of_vectors
        expected |= {SegmentFile.PASSAGES} if has_passages else set()
        if set(entry.sizes) - {COLUMNS} != expected:
            raise Corruption(path, None, f"expected files {', '.join(sorted(expected))}, found {sorted(entry.sizes)}")
        content = entry.checksums.read(directory)
        if len(content) % 4:
            raise Corruption(path, None, f"expected whole checksums of 4 bytes, found {len(content)} bytes")
        checksums = np.frombuffer(content, "<u4")
        self.mapped: dict[str, MappedFile] = {}
        begin = 0
        for name in sorted(entry.sizes):
            chunks = chunk_count(entry.sizes[name])
            info = FileInfo(entry.sizes[name], checksums[begin : begin + chunks])
            through = cache if name in of_vectors else None
            self.mapped[name] = MappedFile(directory, f"{entry.name}/{name}", info, through)
            begin += chunks
        if begin != len(checksums):
            raise Corruption(path, None, f"expected {begin} chunk checksums, found {len(checksums)}")
        self.index = ArrayFile(self.mapped[SegmentFile.INDEX])
        self.columns = ArrayFile(self.mapped[COLUMNS]) if COLUMNS in self.mapped else None
        self.documents = self.mapped[SegmentFile.DOCUMENTS]
        self.passages = ArrayFile(self.mapped[SegmentFile.PASSAGES]) if has_passages else None
        self.sparse = [ArrayFile(self.mapped[sparse_name(number)]) for number in range(sparse_fields)]
        self.vectors = [ArrayFile(self.mapped[vectors_name(number)]) for number in range(vector_fields)]
        self.vector_indexes = [ArrayFile(self.mapped[vector_index_name(number)]) for number in range(vector_fields)]
