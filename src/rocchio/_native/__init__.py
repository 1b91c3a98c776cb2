"""The C++ core (`native/` in the source tree), re-exported so that the layering test sees the arrow."""

from rocchio._native._ext import (
    CHUNK_BYTES,
    CheckedFile,
    FrozenColumns,
    Kernel,
    LexicalSegment,
    Searcher,
    SegmentBuilder,
    SegmentMerger,
    StringTable,
    TokenTable,
    Variant,
    chunk_checksums,
    crc32c,
    encode_elias_fano,
    encode_packed,
    porter_stem,
)

__all__ = [
    "CHUNK_BYTES",
    "CheckedFile",
    "FrozenColumns",
    "Kernel",
    "LexicalSegment",
    "Searcher",
    "SegmentBuilder",
    "SegmentMerger",
    "StringTable",
    "TokenTable",
    "Variant",
    "chunk_checksums",
    "crc32c",
    "encode_elias_fano",
    "encode_packed",
    "porter_stem",
]
