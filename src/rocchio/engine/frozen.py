"""Files of frozen columns beside a segment: a cache, which is written, opened if it is sound, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rocchio._native import FrozenColumns, LexicalSegment, Searcher
from rocchio.errors import Corruption, DataError, InvalidArgument, NotFound
from rocchio.lexical.frozen import Frozen, open_frozen, write_frozen
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter
from rocchio.storage.checked import FileInfo, MappedFile, chunk_count, write_sealed
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import FrozenEntry, SegmentEntry
from rocchio.storage.segment import frozen_name


@dataclass(frozen=True)
class FreezeSummary:
    """What `freeze` wrote: columns of terms, summed over segments, their bytes, and the commit."""

    terms: int
    size_bytes: int
    generation: int


def bytes_to_freeze(max_mb: int | None) -> int:
    """How much to freeze at most, None for all. Raises InvalidArgument."""
    if max_mb is not None and (isinstance(max_mb, bool) or not isinstance(max_mb, int) or max_mb < 0):
        raise InvalidArgument(f"expected max_mb of at least 0, in MiB, found {max_mb!r}")
    return 1 << 62 if max_mb is None else max_mb << 20


def write_frozen_file(
    directory: Directory, segment: str, index: str, generation: int, searcher: Searcher, number: int, most_bytes: int
) -> tuple[FrozenEntry, Frozen]:
    """Freeze the columns of one segment, the `number`-th of the searcher; durable once its folder is synced."""
    name = frozen_name(segment, generation, index)
    out = ArrayFileWriter(directory, name)
    try:
        frozen = write_frozen(out, searcher, number, most_bytes)
        info = out.finish()
    finally:
        out.close()
    sealed = write_sealed(directory, name.removesuffix(".arrays") + ".bin", info.checksums.astype("<u4").tobytes())
    return FrozenEntry(name, info.size, sealed), frozen


def open_frozen_columns(directory: Directory, entry: SegmentEntry) -> dict[str, FrozenColumns]:
    """The frozen columns of a segment by the index they are of; damaged ones are left out, `verify` reports them."""
    opened = {}
    for index, frozen in entry.frozen.items():
        try:
            opened[index] = open_frozen(ArrayFile(mapped_file(directory, frozen)))
        except (DataError, NotFound):
            continue  # a cache: columns are computed from the postings instead
    return opened


def frozen_problems(
    directory: Directory, entry: SegmentEntry, indexes: Sequence[tuple[str, LexicalSegment]]
) -> list[DataError | NotFound]:
    """What is wrong with the frozen columns of a segment; computes all of them anew."""
    known = dict(indexes)
    problems: list[DataError | NotFound] = []
    for index, frozen in entry.frozen.items():
        try:
            if index not in known:
                raise Corruption(directory.path(frozen.name), None, f"there is no {index} to have frozen columns of")
            file = mapped_file(directory, frozen)
            damage = file.damage()
            problems += damage
            if not damage:
                open_frozen(ArrayFile(file)).validate(known[index])
        except (DataError, NotFound) as error:
            problems.append(error)
    return problems


def mapped_file(directory: Directory, frozen: FrozenEntry) -> MappedFile:
    """A file that the manifest names with its checksums, mapped. Raises Corruption, NotFound."""
    checksums = np.frombuffer(frozen.checksums.read(directory), np.uint8)
    if len(checksums) != 4 * chunk_count(frozen.size):
        raise Corruption(directory.path(frozen.checksums.name), None, "the checksums do not fit the file's size")
    return MappedFile(directory, frozen.name, FileInfo(frozen.size, checksums.view("<u4")))
