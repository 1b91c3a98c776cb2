"""A collection as the stores of frameworks see it: texts with vectors and metadata of any shape, by id.

Metadata is kept whole, as JSON, in the field `metadata`. What filters may name is declared when the store is created:
those keys also have fields of their own. Every change is committed when the call returns.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rocchio.engine.collection import Collection
from rocchio.engine.opening import create
from rocchio.engine.opening import open as open_collection
from rocchio.errors import InvalidArgument, NotFound
from rocchio.filters.predicate import Predicate
from rocchio.storage.manifest import MANIFEST
from rocchio.storage.schema import Field, Schema, boolean, date, keyword, number, plain_vector, text
from rocchio.types import Hit

TEXT, VECTOR, METADATA = "text", "vector", "metadata"
RESERVED = (TEXT, VECTOR, METADATA)
KINDS = {"keyword": keyword, "number": number, "date": date, "bool": boolean}


@dataclass(frozen=True)
class Record:
    """One document; `score` where it was searched."""

    doc_id: str
    text: str | None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    vector: Sequence[float] | None = None
    score: float | None = None


class Table:
    """Reads and writes records. Raises InvalidArgument for a collection that was not created as a store."""

    def __init__(self, collection: Collection) -> None:
        check_opened(collection)
        schema = collection.schema
        kinds = [schema.fields[name].kind if name in schema.fields else "none" for name in RESERVED]
        if kinds != ["text", "vector", "keyword"]:
            raise InvalidArgument(
                "expected a collection with the fields text, vector and metadata as a store creates them, found "
                f"{', '.join(schema.fields)}; to search a collection of other fields, use the retriever"
            )
        self.col = collection
        self._lock = threading.Lock()

    @property
    def metric(self) -> str:
        """How vectors are compared: cosine, ip or l2."""
        return self.col.schema.fields[VECTOR].metric

    def write(self, records: Iterable[Record]) -> None:
        """Add or replace records, all or none. Raises SchemaMismatch, InvalidArgument."""
        rows = [self._row(record) for record in records]
        with self._lock:
            self._change(lambda: self.col.upsert(rows))

    def delete(self, doc_ids: Sequence[str]) -> int:
        """How many were there."""
        with self._lock:
            return int(self._change(lambda: self.col.delete(doc_ids)))

    def __contains__(self, doc_id: str) -> bool:
        return doc_id in self.col

    def get(self, doc_ids: Iterable[str]) -> list[Record]:
        """Records in the order of their ids; those that are not there are left out."""
        found = []
        for doc_id in doc_ids:
            try:
                found.append(self._record(doc_id, self.col.get(doc_id)))
            except NotFound:
                continue
        return found

    def all(self, where: Predicate | None = None) -> Iterator[Record]:
        """Records in the order in which they were written."""
        return (self._record(doc_id, fields) for doc_id, fields in self.col.documents(where))

    def search(self, query: Any, k: int, **options: Any) -> list[Record]:
        """The best records for a query as `Collection.search` takes it."""
        hits: list[Hit] = self.col.search(query, k, **options)
        return [self._record(hit.doc_id, hit.fields, hit.score) for hit in hits]

    def _record(self, doc_id: str, fields: Mapping[str, Any], score: float | None = None) -> Record:
        vector = self.col.vector(doc_id, VECTOR)
        metadata = json.loads(fields[METADATA]) if fields.get(METADATA) else {}
        return Record(doc_id, fields[TEXT], metadata, None if vector is None else vector.tolist(), score)

    def _row(self, record: Record) -> dict[str, Any]:
        try:
            metadata = json.dumps(record.metadata, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise InvalidArgument(
                f"expected metadata that JSON can hold in {record.doc_id!r}, found {error}"
            ) from error
        row: dict[str, Any] = {"doc_id": record.doc_id, TEXT: record.text, METADATA: metadata}
        if record.vector is not None:
            row[VECTOR] = list(record.vector)
        return row | {name: record.metadata[name] for name in declared(self.col.schema) if name in record.metadata}

    def _change(self, apply: Any) -> Any:
        try:
            result = apply()
            self.col.commit()
        except BaseException:
            self.col.rollback()
            raise
        return result


def declared(schema: Schema) -> list[str]:
    """Names of metadata that filters may name."""
    return [name for name in schema.fields if name not in RESERVED]


def check_opened(collection: Any) -> None:
    """Raises InvalidArgument for the path of a collection in place of the collection."""
    if isinstance(collection, str | Path):
        raise InvalidArgument(f"expected a collection, found the path {str(collection)!r}; open it with rocchio.open")


def create_store(
    path: str | Path,
    dim: int,
    fields: Mapping[str, Field | str] | None = None,
    *,
    metric: Any = "cosine",
    analyzer: str = "english",
    **options: Any,
) -> Table:
    """A new store of vectors of `dim` numbers. `fields` are the metadata that filters may name: a kind like "keyword",
    or a field like rocchio.number(integer=True), by name. Raises InvalidArgument."""
    made: dict[str, Field] = {TEXT: text(), VECTOR: plain_vector(dim, metric=metric), METADATA: keyword()}
    for name, given in (fields or {}).items():
        if name in RESERVED:
            raise InvalidArgument(f"expected metadata of another name than {', '.join(RESERVED)}, found {name!r}")
        if isinstance(given, str) and given not in KINDS:
            raise InvalidArgument(f"expected a kind of {', '.join(KINDS)} for {name!r}, found {given!r}")
        made[name] = KINDS[given]() if isinstance(given, str) else given
    return Table(create(path, made, analyzer=analyzer, **options))


def open_or_create(path: str | Path, dim: int, fields: Mapping[str, Field | str] | None, **options: Any) -> Table:
    """The store at a path, or a new one. Raises InvalidArgument."""
    if (Path(path) / MANIFEST).is_file():
        return Table(open_collection(path))
    return create_store(path, dim, fields, **options)
