"""The passages of a segment's documents: which rows a document has, and where in its text they are.

`passages.arrays` is there if a text field of the collection is split (docs/formats/passages.md). Reader and writer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.errors import Corruption
from rocchio.storage.array_file import ArrayFile, ArrayFileWriter

FIRST_ROWS, BEGINS, ENDS = "first_rows", "begins", "ends"
PASSAGE_ARRAYS = {FIRST_ROWS: "u4", BEGINS: "u8", ENDS: "u8"}
"""Arrays of the passages and their types."""

MAX_PLACE = 2**62

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pieces:
    """The passages of some documents: `counts` (documents,) of each, which begin at the characters `begins` and end at
    `ends` (passages,) of its text."""

    counts: Numbers
    begins: Numbers
    ends: Numbers


class PassageReader:
    """Documents and their rows. A document's passages are consecutive rows; it has at least one.

    `field` is the one that is split.
    """

    def __init__(self, file: ArrayFile, rows: int, field: str) -> None:
        self._file, self._rows, self.field = file, rows, field
        counts = {name: file.native(name, dtype)[2] for name, dtype in PASSAGE_ARRAYS.items()}
        if counts[BEGINS] != rows or counts[ENDS] != rows or not 1 <= counts[FIRST_ROWS] <= rows + 1:
            raise self._corruption(f"expected passages of {rows} rows, found {counts}")
        self.documents = counts[FIRST_ROWS] - 1
        """How many documents there are."""

    def _corruption(self, reason: str) -> Corruption:
        return Corruption(self._file.file.path, None, reason)

    @cached_property
    def first_rows(self) -> Numbers:
        """The first row of each document, and the number of rows: int64 (documents + 1,). Raises Corruption."""
        first_rows = self._file.array(FIRST_ROWS, PASSAGE_ARRAYS[FIRST_ROWS]).astype(np.int64)
        if first_rows[0] != 0 or first_rows[-1] != self._rows or (np.diff(first_rows) < 1).any():
            raise self._corruption(f"the first rows of documents do not increase from 0 to {self._rows}")
        return first_rows

    def documents_of(self, rows: npt.NDArray[Any]) -> Numbers:
        """The document, from 0, that each row belongs to."""
        return np.searchsorted(self.first_rows, rows.astype(np.int64), side="right") - 1

    def document_of(self, row: int) -> int:
        """The document, from 0, that a row belongs to."""
        return int(np.searchsorted(self.first_rows, row, side="right")) - 1

    def rows_of(self, document: int) -> range:
        """All rows of a document."""
        first, end = self.first_rows[document : document + 2].tolist()
        return range(first, end)

    def rows_of_all(self, documents: Numbers) -> Numbers:
        """All rows of several documents."""
        chosen = np.zeros(self.documents, np.bool_)
        chosen[documents] = True
        return np.flatnonzero(self.by_row(chosen))

    def by_row(self, by_document: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is said of each document (documents,), for each row (rows,)."""
        return np.repeat(by_document, np.diff(self.first_rows))

    @cached_property
    def is_first(self) -> Flags:
        """Which rows are the first of their document (rows,)."""
        flags = np.zeros(self._rows, np.bool_)
        flags[self.first_rows[:-1]] = True
        return flags

    def live_documents(self, deleted_rows: Flags) -> Flags:
        """Which documents are live, given which rows are deleted. Raises Corruption if only some rows of one are."""
        deleted = deleted_rows[self.first_rows[:-1]]
        if (self.by_row(deleted) != deleted_rows).any():
            raise self._corruption("a document is deleted in part")
        return ~deleted

    def places(self, first: int, last: int) -> tuple[Numbers, Numbers]:
        """Where the passages of rows [first, last) begin and end in their texts, in characters. Raises Corruption."""
        begins, ends = (
            self._file.rows(name, PASSAGE_ARRAYS[name], 1, first, last).reshape(-1) for name in (BEGINS, ENDS)
        )
        if not ((begins <= ends) & (ends <= MAX_PLACE)).all():
            raise self._corruption(f"a passage of rows {first} to {last - 1} ends before it begins")
        return begins.astype(np.int64), ends.astype(np.int64)

    def piece(self, row: int, text: str) -> tuple[int, int]:
        """Where the passage of a row begins and ends in its document's text. Raises Corruption."""
        begins, ends = self.places(row, row + 1)
        begin, end = int(begins[0]), int(ends[0])
        if end > len(text):
            raise self._corruption(f"the passage of row {row} ends at {end}, its text at {len(text)}")
        return begin, end

    def validate(self, text_lengths: Numbers) -> None:
        """Check every passage; `text_lengths` are those of the documents' texts, in characters. Raises Corruption."""
        begins, ends = self.places(0, self._rows)
        firsts, lasts = self.first_rows[:-1], self.first_rows[1:] - 1
        later = ~self.is_first
        fine = (begins[firsts] == 0).all() and np.array_equal(ends[lasts], text_lengths)
        before = np.roll(begins, 1), np.roll(ends, 1)
        fine = fine and ((begins > before[0]) & (begins <= before[1]) & (ends > before[1]))[later].all()
        if not fine:
            raise self._corruption("passages do not cover the texts of their documents")


class PassageWriter:
    """Collects the passages of documents as they come: 20 bytes a passage, until they are written."""

    def __init__(self) -> None:
        self._parts: list[Pieces] = []

    def add(self, pieces: Pieces) -> None:
        """Append the passages of further documents."""
        self._parts.append(pieces)

    @property
    def first_rows(self) -> Numbers:
        """The first row of each document, and the number of rows: int64 (documents + 1,)."""
        counts = np.concatenate([np.zeros(1, np.int64), *(part.counts for part in self._parts)])
        return np.cumsum(counts)

    def write(self, out: ArrayFileWriter) -> None:
        """Write all arrays."""
        out.add(FIRST_ROWS, PASSAGE_ARRAYS[FIRST_ROWS], [self.first_rows])
        out.add(BEGINS, PASSAGE_ARRAYS[BEGINS], (part.begins for part in self._parts))
        out.add(ENDS, PASSAGE_ARRAYS[ENDS], (part.ends for part in self._parts))
