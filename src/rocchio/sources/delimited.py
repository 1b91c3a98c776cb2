"""CSV and TSV files with a header line: one record per row, all values text."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rocchio.errors import BadRecord, InvalidArgument
from rocchio.sources.opening import line_blocks, not_utf8
from rocchio.sources.rejects import Reject, shown
from rocchio.sources.source import (
    BATCH_BYTES,
    BATCH_RECORDS,
    Rejecter,
    SourceBatch,
    file_size,
    id_column,
    set_doc_id,
)

ROW_LIMIT_BYTES = 64 << 20
"""A quoted cell that is still open after this much is taken for a stray quote."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Cells of a row, or the reason why there are none; `line` where it starts; the raw bytes."""

    line: int
    cells: list[str]
    reason: str | None
    raw: bytes


class DelimitedSource:
    r"""Documents of a CSV or TSV file, plain, gzip or zstd.

    The first non-blank row names the fields. An empty cell means that the record lacks the field. CSV cells may
    be quoted (RFC 4180) and then span lines; TSV cells are literal, as in the IANA registration and in
    information retrieval collections: no quoting, no escapes, so a cell holds no tab and no newline.
    A row is bounded to 64 MB: a stray quote costs its own line, not the rest of the file.
    """

    def __init__(self, path: str | Path, delimiter: str, id_field: str | None = None) -> None:
        self.path, self.delimiter, self.id_field = Path(path), delimiter, id_field

    @property
    def size_bytes(self) -> int:
        """Size of the file on disk."""
        return file_size(self.path)

    def batches(self, reject: Rejecter) -> Iterator[SourceBatch]:
        """See `DocumentSource.batches`; BadRecord without header, InvalidArgument without id column."""
        lines = _Lines(self.path)
        rows = _quoted_rows(lines) if self.delimiter == "," else _literal_rows(lines, self.delimiter)
        header = self._header(rows, lines)
        records: list[dict[str, Any]] = []
        places: list[int] = []
        batch_bytes = 0
        for row in rows:
            record, reason = _record(header, row, self.id_field)
            if reason is not None:
                reject(Reject(str(self.path), row.line, reason, shown(row.raw)))
                continue
            records.append(record)
            places.append(row.line)
            batch_bytes += len(row.raw)
            if len(records) >= BATCH_RECORDS or batch_bytes >= BATCH_BYTES:
                yield SourceBatch(records, str(self.path), places, lines.position_bytes, untyped=True)
                records, places, batch_bytes = [], [], 0
        if records:
            yield SourceBatch(records, str(self.path), places, lines.position_bytes, untyped=True)
        if lines.damage:
            reject(Reject(lines.damage.path, lines.damage.line, lines.damage.reason))

    def _header(self, rows: Iterator[_Row], lines: _Lines) -> list[str]:
        row = next(rows, None)
        if row is None:
            if lines.damage:
                raise lines.damage
            raise BadRecord(self.path, 0, "expected a header line with the field names, found an empty file")
        if row.reason is not None:
            raise BadRecord(self.path, row.line, f"unusable header: {row.reason}")
        if not all(name.strip() for name in row.cells):
            raise BadRecord(self.path, row.line, f"expected a name in every cell of the header, found {row.cells!r}")
        problem = id_column(row.cells, self.id_field)[1]
        if problem:
            raise InvalidArgument(f"{self.path}: {problem}")
        return row.cells


def _record(header: list[str], row: _Row, id_field: str | None) -> tuple[dict[str, Any], str | None]:
    if row.reason is not None:
        return {}, row.reason
    if len(row.cells) != len(header):
        return {}, f"expected {len(header)} cells as in the header, found {len(row.cells)}"
    record: dict[str, Any] = {name: cell for name, cell in zip(header, row.cells, strict=True) if cell}
    return record, set_doc_id(record, id_field or header[id_column(header, None)[0]])


class _Lines:
    """Lines of a file for `csv.reader`, which can be given back; remembers what the current row consumed."""

    def __init__(self, path: Path) -> None:
        self._numbered = self._read(path)
        self._returned: deque[tuple[int, bytes]] = deque()
        self.consumed: list[tuple[int, bytes]] = []
        self.consumed_bytes = 0
        self.damage: BadRecord | None = None
        self.position_bytes = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        number, line = self._returned.popleft() if self._returned else next(self._numbered)
        self.consumed.append((number, line))
        self.consumed_bytes += len(line)
        if self.consumed_bytes > ROW_LIMIT_BYTES and len(self.consumed) > 1:
            raise csv.Error(f"a quoted cell is still open after {ROW_LIMIT_BYTES >> 20} MB")
        # bytes that are not UTF-8 are found again, and rejected, when the row is complete
        return line.decode("utf-8", errors="replace") + "\n"

    def start_row(self) -> None:
        """Forget the lines of the row before."""
        self.consumed, self.consumed_bytes = [], 0

    def give_back(self, lines: list[tuple[int, bytes]]) -> None:
        """Deliver these lines again, before all others."""
        self._returned.extendleft(reversed(lines))

    def _read(self, path: Path) -> Iterator[tuple[int, bytes]]:
        try:
            for block in line_blocks(path, 50_000, BATCH_BYTES):
                self.position_bytes = block.position_bytes
                yield from enumerate(block.lines, start=block.first)
        except BadRecord as damage:
            self.damage = damage


def _quoted_rows(lines: _Lines) -> Iterator[_Row]:
    """Rows by RFC 4180. Where quoting goes wrong, the row's first line is rejected, the next starts a row."""
    # the limit is one number for the whole process; the default of 131,072 refuses ordinary documents
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT_BYTES * 32))
    reader = csv.reader(lines, strict=True)
    while True:
        lines.start_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number, line = lines.consumed[0]
            lines.give_back(lines.consumed[1:])
            reader = csv.reader(lines, strict=True)
            yield _Row(number, [], _quoting_problem(str(error)), line)
            continue
        if cells and (len(lines.consumed) > 1 or lines.consumed[0][1].strip()):
            raw = b"\n".join(line for _, line in lines.consumed)
            yield _Row(lines.consumed[0][0], cells, _byte_problem(raw), raw)


def _literal_rows(lines: _Lines, delimiter: str) -> Iterator[_Row]:
    for text in lines:
        number, raw = lines.consumed[0]
        lines.start_row()
        if raw.strip(b" \r"):
            yield _Row(number, text[:-1].removesuffix("\r").split(delimiter), _byte_problem(raw), raw)


def _byte_problem(raw: bytes) -> str | None:
    if b"\0" in raw:
        return f"expected text, found a NUL byte at byte {raw.index(0)} of the row"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(error).replace("of the line", "of the row")
    return None


def _quoting_problem(found: str) -> str:
    if found == "unexpected end of data":
        found = "the file ends inside a quoted cell"
    return f'expected cells quoted as in RFC 4180 ("" for a quote inside a quoted cell), found: {found}'
