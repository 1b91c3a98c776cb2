"""What every document source delivers: batches of records with the place of each, and where its rejects go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from rocchio.sources.rejects import Reject

ID_FIELDS = ("doc_id", "_id", "id", "docno")
"""Names under which the document key is looked for, in this order, when the caller names none."""

BATCH_RECORDS = 4_000
BATCH_BYTES = 8 << 20

Rejecter: TypeAlias = Callable[[Reject], None]


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Some records of one file.

    `records`: dicts with a non-empty str under "doc_id", or a RecordBatch with a non-null string column "doc_id";
    `path` they come from; `places[i]` is the 1-based line (text formats) or record number (Parquet, folders) of
    record i; `position_bytes` of the source's `size_bytes` have been read so far; `untyped` when the format knows
    only strings (CSV, TSV), so that numbers and the like have still to be read out of them.
    """

    records: list[dict[str, Any]] | pa.RecordBatch
    path: str
    places: Sequence[int]
    position_bytes: int
    untyped: bool = False


class DocumentSource(Protocol):
    """Something that documents can be read from, any number of times, in bounded memory.

    A batch holds about 4,000 records or 8 MB, whichever is reached first; a single record that is larger than
    that is the only exception: it is held whole.
    """

    @property
    def size_bytes(self) -> int:
        """Size on disk, compressed where the files are; compare with `SourceBatch.position_bytes`."""

    def batches(self, reject: Rejecter) -> Iterator[SourceBatch]:
        """Read from the start; what cannot be used goes to `reject`, the rest follows in file order.

        Raises: BadRecord when a file as a whole cannot be read as its format (a CSV file without header),
        InvalidArgument when its columns hold no document key, StorageFailure when the disk refuses.
        """


def file_size(path: Path) -> int:
    """Bytes of the file on disk; 0 when it has gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def set_doc_id(record: dict[str, Any], id_field: str | None) -> str | None:
    """Move the key of a record to "doc_id", in place, integers as text; return why it has none, or None."""
    if id_field is None:
        for name in ID_FIELDS:
            if name in record:
                break
        else:
            return f"expected an id under one of {', '.join(ID_FIELDS)}, found {_names(record)}"
    else:
        name = id_field
        if name not in record:
            return f"expected an id under {name!r}, found {_names(record)}"
        if name != "doc_id" and "doc_id" in record:
            return f"has both {name!r} (the id) and a field named 'doc_id'; rename one of them"
    value = record.pop(name)
    if type(value) is int:
        value = str(value)
    elif type(value) is not str:
        return f"expected a string or an integer as id in {name!r}, found {_kind(value)}"
    elif not value or value.isspace():
        return f"expected an id in {name!r}, found an empty string"
    record["doc_id"] = value
    return None


def id_column(names: Sequence[str], id_field: str | None) -> tuple[int, str | None]:
    """Index of the key's column and None, or -1 and what is wrong with these column names."""
    found = ", ".join(map(repr, names[:20])) or "none"
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        return -1, f"expected different column names, found {', '.join(map(repr, repeated))} more than once"
    if id_field is None:
        for name in ID_FIELDS:
            if name in names:
                return names.index(name), None
        expected = ", ".join(ID_FIELDS)
        return -1, f"expected an id column named one of {expected}, found columns {found}; name it with id_field"
    if id_field not in names:
        return -1, f"expected an id column named {id_field!r}, found columns {found}"
    if id_field != "doc_id" and "doc_id" in names:
        return -1, f"has both the id column {id_field!r} and a column 'doc_id'; rename one of them"
    return names.index(id_field), None


def _names(record: dict[str, Any]) -> str:
    return "fields " + ", ".join(repr(name) for name in list(record)[:20]) if record else "no fields"


def _kind(value: Any) -> str:
    return "null" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
