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

_DOC_IDS = {name: dtype for name, dtype in LEXICAL_ARRAYS.items() if name.startswith("doc_id")}


def open_lexical(index: ArrayFile, rows: int, fields: int, tombstones: Tombstones) -> LexicalSegment:
    """The segment's inverted index without its deleted documents. Raises Corruption when the shapes do not fit."""
    return _opened(index, index, rows, fields, tombstones)


def open_sparse(sparse: ArrayFile, index: ArrayFile, rows: int, tombstones: Tombstones) -> LexicalSegment:
    """A sparse field's inverted index of impacts; its doc_ids are those of the segment's `index`.

    The terms of `tombstones` must be this field's. Raises Corruption when the shapes do not fit.
    """
    return _opened(sparse, index, rows, 1, tombstones)


def _opened(terms: ArrayFile, doc_ids: ArrayFile, rows: int, fields: int, tombstones: Tombstones) -> LexicalSegment:
    arrays = {
        name: (doc_ids if name in _DOC_IDS else terms).native(name, dtype) for name, dtype in LEXICAL_ARRAYS.items()
    }
    return LexicalSegment(arrays, rows, fields, tombstones.live, tombstones.terms, tombstones.counts)
