"""Field types for `rocchio index`, read off the first batch of a source where the user declared none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.sources import DocumentSource
from rocchio.storage.schema import ID_FIELD, Field

USUAL_TEXT_FIELDS = ("title", "text", "body", "content", "contents", "abstract", "description")


@dataclass(frozen=True)
class Inference:
    """Fields by name, and what the user should know about how they were found."""

    fields: dict[str, Field]
    notes: tuple[str, ...]


def infer_fields(source: DocumentSource, declared: Mapping[str, Field]) -> Inference:
    """Declared fields as they are; others by their values. Raises InvalidArgument when there is nothing to search."""
    records = _first_records(source)
    seen = {name: None for record in records for name in record if name != ID_FIELD}
    fields: dict[str, Field] = {}
    notes = []
    texts = [name for name, field in declared.items() if field.kind == "text"]
    if not texts:
        texts = [name for name in USUAL_TEXT_FIELDS if name in seen and name not in declared]
        if texts:
            notes.append(f"searching fields {', '.join(texts)}; choose others with --text")
    if not texts:
        raise InvalidArgument(
            f"expected a field to search, found {', '.join(seen) or 'no fields'}; name it with --text"
        )
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
    return Inference(fields, tuple(notes))


def _first_records(source: DocumentSource) -> list[dict[str, Any]]:
    for batch in source.batches(lambda _reject: None):
        records = batch.records
        return records.to_pylist() if isinstance(records, pa.RecordBatch) else records
    return []


def _by_values(values: Iterable[Any]) -> Field:
    """Bool, number (whole or not), else keyword: what a keyword cannot hold is rejected with its line."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return rocchio.bool()
    if kinds and kinds <= {int, float}:
        return rocchio.number(integer=kinds == {int})
    return rocchio.keyword()
