"""Which tenants see which documents of a snapshot: what documents were given with, changed by the log of grants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.dense.reference import unpacked
from rocchio.engine.open_segment import OpenSegment
from rocchio.errors import Corruption
from rocchio.storage.append_log import LogEntry
from rocchio.storage.directory import Directory
from rocchio.storage.documents import BATCH_ROWS
from rocchio.storage.grant_log import Grant, read_grants
from rocchio.storage.tenancy import TENANTS_FIELD

Changes = Mapping[tuple[str, str], tuple[Grant, ...]]
"""Entries of the log by segment and tenant, in order."""
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


class Grants:
    """The log of grants as of one commit. It never changes."""

    def __init__(self, entry: LogEntry, changes: Changes) -> None:
        self.entry, self.changes = entry, changes

    @staticmethod
    def read(directory: Directory, entry: LogEntry, previous: Grants | None) -> Grants:
        """The log of a manifest; behind that of `previous`, if it is the same, only what is new is read.

        Raises Corruption.
        """
        if previous is None or previous.entry.name != entry.name or previous.entry.size > entry.size:
            previous = Grants(LogEntry(), {})
        if previous.entry == entry:
            return previous
        return Grants(entry, with_changes(previous.changes, read_grants(directory, entry, previous.entry)))

    def of_segments(self, names: Iterable[str]) -> list[Grant]:
        """The entries that are of some segments."""
        kept = set(names)
        return [grant for (segment, _), grants in self.changes.items() if segment in kept for grant in grants]


def with_changes(changes: Changes, more: Iterable[Grant]) -> Changes:
    """The same with further entries."""
    changed = dict(changes)
    for grant in more:
        key = grant.segment, grant.tenant
        changed[key] = (*changed.get(key, ()), grant)
    return changed


class Memberships:
    """Tenants by document, and documents by tenant, of opened segments. Any number of threads may share it."""

    def __init__(self, segments: Sequence[OpenSegment], changes: Changes) -> None:
        self._segments, self._changes = segments, changes
        self._sorted: dict[str, tuple[Places, Places, list[Grant]]] = {}

    def seen(self, number: int, tenant: str) -> Flags:
        """Which stored documents of a segment, deleted ones too, a tenant sees (documents,). Raises Corruption."""
        segment = self._segments[number]
        seen = unpacked(segment.columns.tenants().equal([tenant]), segment.stored_documents)
        for grant in self._changes.get((segment.entry.name, tenant), ()):
            seen[grant.documents] = grant.granted
        return seen

    def names(self) -> set[str]:
        """Every tenant that is written somewhere, also of those who see nothing any more."""
        named = {name for segment in self._segments for name in segment.columns.tenants().values}
        present = {segment.entry.name for segment in self._segments}
        return named | {tenant for segment, tenant in self._changes if segment in present}

    def counts(self) -> dict[str, int]:
        """How many live documents each tenant sees, of those who see any, by name."""
        counted = dict.fromkeys(sorted(self.names()), 0)
        for number, segment in enumerate(self._segments):
            live = segment.live_documents()
            for name in counted:
                counted[name] += int((self.seen(number, name) & live).sum())
        return {name: count for name, count in counted.items() if count}

    def of_documents(self, number: int, documents: Places) -> list[set[str]]:
        """The tenants of some stored documents of a segment, which ascend. Raises Corruption."""
        segment = self._segments[number]
        found: list[set[str]] = []
        for index in np.unique(documents // BATCH_ROWS).tolist():
            chosen = documents[documents // BATCH_ROWS == index] - index * BATCH_ROWS
            stored = segment.documents.batch(index).column(TENANTS_FIELD).take(pa.array(chosen))
            found += [set(names or ()) for names in stored.to_pylist()]
        for position, tenant, granted in self._changed(segment, documents):
            (found[position].add if granted else found[position].discard)(tenant)
        return found

    def rewritten(self, segment: OpenSegment, batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
        """Stored documents, of which the first is the `first` of a segment, with the tenants that they have now."""
        changed: dict[int, set[str]] = {}
        place = batch.schema.get_field_index(TENANTS_FIELD)
        for document, tenant, granted in self._changed(segment, np.arange(first, first + batch.num_rows)):
            if document not in changed:
                changed[document] = set(batch.column(place)[document].as_py() or ())
            (changed[document].add if granted else changed[document].discard)(tenant)
        if not changed:
            return batch
        tenants: list[Any] = batch.column(place).to_pylist()
        for document, names in changed.items():
            tenants[document] = sorted(names)
        return batch.set_column(place, batch.schema.field(place), pa.array(tenants, batch.schema.field(place).type))

    def _changed(self, segment: OpenSegment, documents: Places) -> Iterator[tuple[int, str, bool]]:
        """(position in `documents`, which ascend, tenant, whether it was granted), in the order of the log."""
        places, entries, grants = self._by_document(segment.entry.name)
        firsts, lasts = np.searchsorted(places, documents), np.searchsorted(places, documents, side="right")
        for position in np.flatnonzero(lasts > firsts).tolist():
            for entry in entries[firsts[position] : lasts[position]].tolist():
                yield position, grants[entry].tenant, grants[entry].granted

    def _by_document(self, segment: str) -> tuple[Places, Places, list[Grant]]:
        """Documents of the log's entries of a segment, ascending, the number of each one's entry, and the entries."""
        if segment not in self._sorted:
            grants = [grant for (name, _), entries in self._changes.items() if name == segment for grant in entries]
            places = np.concatenate([np.empty(0, np.int64), *(grant.documents for grant in grants)])
            entries = np.repeat(np.arange(len(grants)), [len(grant.documents) for grant in grants])
            order = np.argsort(places, kind="stable")  # those of one tenant stay in the order of the log
            self._sorted[segment] = places[order], entries[order], grants
        return self._sorted[segment]


def check_grants(segments: Sequence[OpenSegment], grants: Grants, path: str) -> None:
    """Raises Corruption for entries of the log that name documents which are not there."""
    documents = {segment.entry.name: segment.stored_documents for segment in segments}
    for (name, _), entries in grants.changes.items():
        if name in documents and any(entry.documents[-1] >= documents[name] for entry in entries):
            raise Corruption(path, None, f"a grant is of a document that {name} does not have")
