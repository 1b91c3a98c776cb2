"""From whatever a user hands over to batches of the writer, with everything accounted for."""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa

from rocchio.engine.columns import Columns
from rocchio.engine.records import BadRow, from_arrow, read_strings, to_arrow, to_records
from rocchio.engine.tenant_documents import of_tenant, with_tenants
from rocchio.engine.writer import Writer, keep_last
from rocchio.errors import BadRecord, DuplicateDocument, InvalidArgument, SchemaMismatch
from rocchio.sources import Reject, RejectFile, SourceBatch, StopAtFirst, open_source
from rocchio.storage.schema import ID_FIELD, Schema

OnError: TypeAlias = Literal["raise", "skip"]
Progress: TypeAlias = Callable[[int, int, int], None]
"""Told (documents so far, bytes read, bytes in all; 0 when unknown)."""

BATCH = 4096
_MEMORY = "<memory>"
_OPTIONS = ("on_error", "rejects", "progress", "tenants")
_FILE_OPTIONS = ("format", "id_field")


@dataclass
class AddSummary:
    """What became of the documents of one call.

    `added` are pending (of which `replaced` took the place of an older version); `repeated` doc_ids stood several
    times in a batch and the last one won; `rejected` were not usable; `reject_file` has them, if asked for.
    """

    added: int = 0
    replaced: int = 0
    repeated: int = 0
    rejected: int = 0
    reject_file: str | None = None
    reasons: list[str] = field(default_factory=list)
    """The first ten reasons, with their places."""
    refused: list[tuple[int, str]] = field(default_factory=list, repr=False)
    """Of documents that were given in memory: which were not usable, counted from 0, and why; at most 4,096."""

    def __str__(self) -> str:
        parts = [f"documents added: {self.added:,}"]
        if self.replaced:
            parts.append(f"of them in place of an older version: {self.replaced:,}")
        if self.repeated:
            parts.append(f"repeated doc_ids, of which the last one won: {self.repeated:,}")
        if self.rejected:
            where = f" (see {self.reject_file})" if self.reject_file else ""
            parts.append(f"rejected: {self.rejected:,}{where}")
        return "; ".join(parts)


@dataclass(frozen=True)
class GivenTenants:
    """Who sees documents that do not say so, None for nobody; `only` is the one tenant whose handle this is."""

    tenants: list[str] | None = None
    only: str | None = None


class Adder:
    """One call of `add` or `upsert`."""

    def __init__(
        self,
        writer: Writer,
        schema: Schema,
        replace: bool,
        on_error: OnError,
        rejects: str | Path | None,
        progress: Progress | None,
        given: GivenTenants | None = None,
    ) -> None:
        if on_error not in ("raise", "skip"):
            raise InvalidArgument(f"expected on_error to be 'raise' or 'skip', found {on_error!r}")
        if rejects is not None and on_error == "raise":
            raise InvalidArgument("expected on_error='skip' with a reject file, found 'raise'; leave out one of them")
        self._writer, self._schema, self._replace, self._on_error = writer, schema, replace, on_error
        self._reject_file = RejectFile(rejects) if rejects is not None else None
        self._given = given or GivenTenants()
        self._progress = progress or (lambda _documents, _done, _total: None)
        self.summary = AddSummary(reject_file=str(rejects) if rejects is not None else None)

    def run(self, documents: Any, source_options: Mapping[str, Any]) -> AddSummary:
        """Add everything; returns what became of it."""
        _check_options(source_options)
        with contextlib.ExitStack() as stack:
            if self._reject_file is not None:
                stack.enter_context(self._reject_file)
            if isinstance(documents, str | Path):
                self._add_source(documents, source_options)
            elif source_options:
                given = ", ".join(sorted(source_options))
                raise InvalidArgument(f"expected options {given} only with a path, found {type(documents).__name__}")
            else:
                for batch in _batches(documents):
                    self._add_batch(batch)
            self._writer.settle()
        return self.summary

    def _add_source(self, path: str | Path, options: Mapping[str, Any]) -> None:
        source = open_source(path, **options)
        stop: Callable[[Reject], None] = StopAtFirst() if self._on_error == "raise" else self._reject
        for batch in source.batches(stop):
            self._add_batch(batch, source.size_bytes)

    def _add_batch(self, batch: SourceBatch, size_bytes: int = 0) -> None:
        records = batch.records
        if batch.untyped and not isinstance(records, pa.RecordBatch):
            records = read_strings(records, self._schema)
        if self._given.only is not None:
            records = of_tenant(records, self._given.only)
        elif self._given.tenants is not None:
            records = with_tenants(records, self._given.tenants)
        columns, bad = (
            from_arrow(records, self._schema)
            if isinstance(records, pa.RecordBatch)
            else to_arrow(records, self._schema)
        )
        for position, reason in bad:
            self._refuse(batch, (position, reason), SchemaMismatch)
        columns, repeated = keep_last(columns)
        self.summary.repeated += len(repeated)
        if not self._replace:
            columns = self._without_existing(batch, columns)
        elif self._given.only is not None:
            columns = self._without_foreign(batch, columns, self._given.only)
        self.summary.replaced += self._writer.add(columns, replace=self._replace)
        self.summary.added += columns.num_rows
        self._progress(self.summary.added, batch.position_bytes, size_bytes)

    def _without_existing(self, batch: SourceBatch, columns: pa.RecordBatch) -> pa.RecordBatch:
        ids = columns.column(ID_FIELD)
        why = "is in the collection already; use upsert to replace it"
        return self._without(batch, columns, self._writer.existing(ids), why)

    def _without_foreign(self, batch: SourceBatch, columns: pa.RecordBatch, tenant: str) -> pa.RecordBatch:
        """Without what would replace documents that others see too: the handle of one tenant may not."""
        owners = self._writer.owners(columns.column(ID_FIELD).to_pylist())
        foreign = {doc_id for doc_id, tenants in owners.items() if tenants != {tenant}}
        why = "is taken by a document that is not this tenant's alone; choose another"
        return self._without(batch, columns, foreign, why)

    def _without(self, batch: SourceBatch, columns: pa.RecordBatch, taken: set[str], why: str) -> pa.RecordBatch:
        if not taken:
            return columns
        for position, doc_id in enumerate(_ids_of(batch.records)):
            if doc_id in taken:
                self._refuse(batch, (position, f"doc_id {doc_id!r} {why}"), DuplicateDocument)
        ids = columns.column(ID_FIELD).to_pylist()
        return columns.filter(pa.array([doc_id not in taken for doc_id in ids]))

    def _refuse(self, batch: SourceBatch, bad: BadRow, kind: type[SchemaMismatch] | type[DuplicateDocument]) -> None:
        position, reason = bad
        place = int(batch.places[position])
        if self._on_error == "raise":
            if batch.path == _MEMORY:
                raise kind(f"document {place}: {reason}")
            raise BadRecord(batch.path, place, reason)
        if batch.path == _MEMORY and len(self.summary.refused) < BATCH:
            self.summary.refused.append((place, reason))
        records = batch.records
        record = to_records(records.slice(position, 1))[0] if isinstance(records, pa.RecordBatch) else records[position]
        self._reject(Reject(batch.path, place, reason, json.dumps(record, ensure_ascii=False, default=_as_json)))

    def _reject(self, reject: Reject) -> None:
        self.summary.rejected += 1
        if len(self.summary.reasons) < 10:
            self.summary.reasons.append(str(BadRecord(reject.path, reject.line, reject.reason)))
        if self._reject_file is not None:
            self._reject_file(reject)


def _check_options(given: Mapping[str, Any]) -> None:
    """Raises InvalidArgument for options that adding does not have, of files or of all documents."""
    unknown = [name for name in given if name not in _FILE_OPTIONS]
    if unknown:
        close = difflib.get_close_matches(unknown[0], [*_OPTIONS, *_FILE_OPTIONS], n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        known = f"{', '.join(_OPTIONS)}, and of files {', '.join(_FILE_OPTIONS)}"
        raise InvalidArgument(f"expected options of {known}, found {', '.join(unknown)}{meant}")


def _as_json(value: Any) -> Any:
    """What JSON does not know, such as a date or a vector, for the reject file."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _ids_of(records: list[dict[str, Any]] | pa.RecordBatch) -> list[Any]:
    if isinstance(records, pa.RecordBatch):
        return [record[ID_FIELD] for record in to_records(records.select([ID_FIELD]))]
    return [record.get(ID_FIELD) if isinstance(record, dict) else None for record in records]


def _batches(documents: Any) -> Iterator[SourceBatch]:
    """Documents of this process in batches; places count from 0."""
    if isinstance(documents, Mapping):
        documents = [dict(documents)]
    first = 0
    arrow = _arrow_batches(documents)
    if arrow is not None:
        for batch in arrow:
            yield SourceBatch(batch, _MEMORY, range(first, first + batch.num_rows), 0)
            first += batch.num_rows
        return
    if not isinstance(documents, Iterable) or isinstance(documents, bytes):
        raise InvalidArgument(
            "expected a dict, an iterable of dicts, rocchio.columns(...), an Arrow table or a path, "
            f"found {type(documents).__name__}"
        )
    stream = iter(documents)
    while records := list(islice(stream, BATCH)):
        yield SourceBatch(records, _MEMORY, range(first, first + len(records)), 0)
        first += len(records)


def _arrow_batches(documents: Any) -> Iterable[pa.RecordBatch] | None:
    """Documents that are columns already, in batches; None for others."""
    if isinstance(documents, Columns):
        return documents.batches(BATCH)
    if isinstance(documents, pa.RecordBatch):
        documents = pa.Table.from_batches([documents])
    if isinstance(documents, pa.Table):
        documents = documents.to_reader(max_chunksize=BATCH)
    return documents if isinstance(documents, pa.RecordBatchReader) else None
