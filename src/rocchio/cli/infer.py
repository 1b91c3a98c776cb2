"""Field types for `rocchio index`, read off the first batch of a source where the user declared none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

import rocchio
from rocchio.errors import BadRecord, InvalidArgument
from rocchio.sources import DocumentSource, Reject
from rocchio.storage.schema import ID_FIELD, Field
from rocchio.storage.tenancy import TENANTS_FIELD

USUAL_TEXT_FIELDS = ("title", "text", "body", "content", "contents", "abstract", "description")


@dataclass(frozen=True)
class Inference:
    """Fields by name, what the user should know about how they were found, and the first records of the source."""

    fields: dict[str, Field]
    notes: tuple[str, ...]
    records: list[dict[str, Any]]


def infer_fields(source: DocumentSource, declared: Mapping[str, Field]) -> Inference:
    """Declared fields as they are; others by their values. Raises InvalidArgument when there is nothing to search."""
    records = _first_records(source)
    seen = {name: None for record in records for name in record if name not in (ID_FIELD, TENANTS_FIELD)}
    fields: dict[str, Field] = {}
    notes = []
    texts = [name for name, field in declared.items() if field.kind == "text"]
    if not texts:
        texts = [name for name in USUAL_TEXT_FIELDS if name in seen and name not in declared]
        if texts:
            notes.append(f"searching fields {', '.join(texts)}; choose others with --text")
    if not texts and not any(field.kind in ("sparse", "vector") for field in declared.values()):
        raise InvalidArgument(f"expected a field to search, found {', '.join(seen)}; name it with --text")
    if texts and not any(name in seen for name in texts):
        close = difflib.get_close_matches(texts[0], list(seen), n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise InvalidArgument(f"expected --text of {', '.join(seen)}, found {', '.join(texts)}{meant}")
    missing = [name for name in declared if records and name not in seen]
    if missing:
        notes.append(f"fields {', '.join(missing)} are not in the first {len(records):,} records")
    for name in [*texts, *declared, *seen]:
        if name in fields:
            continue
        field = declared.get(name) or (
            rocchio.text() if name in texts else _by_values(record.get(name) for record in records)
        )
        fields[name] = field
    inferred = [f"{name}: {field}" for name, field in fields.items() if name not in declared and name not in texts]
    if inferred:
        notes.append(f"stored besides: {', '.join(inferred)}")
    return Inference(fields, tuple(notes), records)


def _first_records(source: DocumentSource) -> list[dict[str, Any]]:
    """The first batch. Raises InvalidArgument with the first problem when there is none."""
    rejects: list[Reject] = []
    for batch in source.batches(rejects.append):
        records = batch.records
        return records.to_pylist() if isinstance(records, pa.RecordBatch) else records
    problem = BadRecord(rejects[0].path, rejects[0].line, rejects[0].reason) if rejects else "it is empty"
    raise InvalidArgument(f"expected records in the source, found none that can be read; {problem}")


def _by_values(values: Iterable[Any]) -> Field:
    """Bool, number (whole or not), else keyword: what a keyword cannot hold is rejected with its line."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return rocchio.bool()
    if kinds and kinds <= {int, float}:
        return rocchio.number(integer=kinds == {int})
    return rocchio.keyword()
