"""Opens the lexical arrays of a segment for the kernels."""

from __future__ import annotations

from rocchio._native import LexicalSegment
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.tombstones import Tombstones

LEXICAL_ARRAYS = (
    "term_bytes",
    "term_offsets",
    "posting_offsets",
    "posting_rows",
    "posting_codes",
    "posting_escape_positions",
    "posting_escape_codes",
    "forward_offsets",
    "forward_terms",
    "forward_codes",
    "forward_escape_positions",
    "forward_escape_codes",
    "frequency_tuples",
    "lengths",
    "doc_id_bytes",
    "doc_id_offsets",
    "doc_id_order",
)


def open_lexical(index: ArrayFile, rows: int, fields: int, tombstones: Tombstones) -> LexicalSegment:
    """The segment's inverted index without its deleted documents. Raises Corruption when the shapes do not fit."""
    arrays = {name: index.native(name) for name in LEXICAL_ARRAYS}
    return LexicalSegment(arrays, rows, fields, tombstones.live, tombstones.terms, tombstones.counts)
