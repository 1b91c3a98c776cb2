"""Opens the lexical arrays of a segment for the kernels."""

from __future__ import annotations

from rocchio._native import LexicalSegment
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.tombstones import Tombstones

LEXICAL_ARRAYS = {
    "term_bytes": "u1",
    "term_offsets": "u8",
    "term_order": "u1",
    "posting_counts": "u8",
    "posting_offsets": "u8",
    "posting_lists": "u1",
    "forward_offsets": "u8",
    "forward_rows": "u1",
    "frequency_tuples": "u4",
    "lengths": "u1",
    "doc_id_bytes": "u1",
    "doc_id_offsets": "u8",
    "doc_id_order": "u1",
}
"""Arrays of a lexical index and their types."""


def open_lexical(index: ArrayFile, rows: int, fields: int, tombstones: Tombstones) -> LexicalSegment:
    """The segment's inverted index without its deleted documents. Raises Corruption when the shapes do not fit."""
    arrays = {name: index.native(name, dtype) for name, dtype in LEXICAL_ARRAYS.items()}
    return LexicalSegment(arrays, rows, fields, tombstones.live, tombstones.terms, tombstones.counts)
