"""The one writer of a collection: what is added and deleted waits here until it is committed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rocchio._native import Searcher
from rocchio.analysis import Analysis
from rocchio.dense.calibration import calibrate
from rocchio.engine.background import beside
from rocchio.engine.embedding import Remade, text_blocks
from rocchio.engine.embedding_precompute import MadeEmbeddings, summarised_embeddings, write_embeddings_file
from rocchio.engine.frozen import write_frozen_file
from rocchio.engine.garbage import remove_orphans
from rocchio.engine.latent import check_latent, latent_fields
from rocchio.engine.merging import merge_segments
from rocchio.engine.open_segment import OpenSegment, open_segment
from rocchio.engine.passages import RowMaker, Rows
from rocchio.engine.precompute import Precomputed, PrecomputeSummary, summarised, write_offline_file
from rocchio.engine.pseudo_embeddings import still_fitting
from rocchio.engine.segment_writer import FieldTerms, SegmentWriter, analyse, with_deletions
from rocchio.engine.snapshot import Snapshot
from rocchio.engine.tenant_writing import MOST_LISTED, GrantSummary, PendingTenants, as_ids
from rocchio.errors import StorageFailure
from rocchio.lexical.frozen import Frozen
from rocchio.storage.append_log import LogEntry
from rocchio.storage.click_log import Impression, append_clicks
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import Manifest, SegmentEntry, write_manifest
from rocchio.storage.schema import ID_FIELD, Field, Schema
from rocchio.storage.segment import segment_name

DEFAULT_MEMORY_MB = 256
MERGE_FACTOR = 10
"""Segments of one size class (powers of ten of documents) that a commit leaves; one more and they are merged."""


@dataclass(frozen=True)
class Place:
    """A live document: in which list of segments, which one, which row is its first."""

    segment: int
    row: int


class Writer:
    """Pending changes on top of a snapshot. Not for several threads at once."""

    def __init__(self, directory: Directory, snapshot: Snapshot, memory_mb: int) -> None:
        self._directory, self._base, self._memory_bytes = directory, snapshot, memory_mb << 20
        self._segments: list[OpenSegment] = list(snapshot.segments)
        self._deleted: list[set[int]] = [set() for _ in self._segments]
        self._next_segment = snapshot.manifest.next_segment
        self._latents, self._offline = snapshot.latents.copy(), snapshot.manifest.offline
        self._embeddings = snapshot.manifest.embeddings
        self._building: SegmentWriter | None = None
        self._tenants = PendingTenants(snapshot, self._segments)

    @cached_property
    def _analysis(self) -> Analysis:
        return Analysis(self._base.analyzer)  # made when text comes: deleting and merging need none

    @cached_property
    def _row_maker(self) -> RowMaker:
        return RowMaker(self._base.schema, self._base.analyzer)

    @property
    def generation(self) -> int:
        """The generation that the next commit will have."""
        return self._base.manifest.generation + 1

    @property
    def has_changes(self) -> bool:
        # a number is taken before the first file of its segment: an interrupt in between leaves something to remove
        return self._next_segment > self._base.manifest.next_segment or any(self._deleted) or bool(self._tenants)

    def existing(self, doc_ids: pa.LargeStringArray) -> set[str]:
        """Those of the doc_ids that are live, pending changes included."""
        names = doc_ids.to_pylist()
        found = {names[position] for position, _ in self._places(doc_ids)}
        if self._building is not None:
            found |= {name for name in names if self._building.row_of(name) is not None}
        return found

    def _places(self, doc_ids: pa.LargeStringArray) -> Iterable[tuple[int, Place]]:
        for index, segment in enumerate(self._segments):
            rows = segment.find(doc_ids)
            for position in np.flatnonzero(rows >= 0).tolist():
                row = int(rows[position])
                if row not in self._deleted[index]:
                    yield position, Place(index, row)

    def add(self, batch: pa.RecordBatch, *, replace: bool = False) -> int:
        """Append documents with distinct doc_ids; those that are live already are replaced, which must be allowed.

        Returns how many were replaced. Writes a segment when memory is used up. What can fail for the documents'
        sake, their analysis, comes before any change.
        """
        if batch.num_rows == 0:
            return 0
        made, terms = self._prepared(self._row_maker.rows(batch))
        replaced = len(self.delete(batch.column(ID_FIELD).to_pylist())) if replace else 0
        if self._building is None:
            name = segment_name(self._next_segment)
            self._next_segment += 1
            self._building = SegmentWriter(self._directory, name, self._base.schema, self._analysis, self._latents)
        self._building.add(made, terms)
        if self._building.memory_bytes > self._memory_bytes:
            self._flush()
        return replaced

    def _prepared(self, made: Rows) -> tuple[Rows, list[FieldTerms]]:
        """Rows with the vectors of encoders, and the terms of their texts.

        Encoding, which can take long, stays on this thread, where it can be interrupted; analysis runs beside it.
        """
        schema = self._base.schema
        analysed = partial(analyse, made.rows, schema, self._analysis)
        if not schema.encoded_fields:
            return made, analysed()
        with beside(analysed) as terms:
            made = made.filled(self._base.encoders.fill(made.rows, schema, made.is_first))
        return made, terms.result()

    def settle(self) -> None:
        """Wait for what `add` left to the background; raises what went wrong there."""
        if self._building is not None:
            self._building.settle()

    def delete(self, doc_ids: Sequence[str]) -> list[str]:
        """Delete live documents; returns the doc_ids that were there, each once."""
        doc_ids = list(dict.fromkeys(doc_ids))
        ids = pa.array(doc_ids, pa.large_string())
        gone = []
        for position, place in list(self._places(ids)):
            self._deleted[place.segment].add(place.row)
            gone.append(doc_ids[position])
        if self._building is not None:
            for doc_id in doc_ids:
                if self._building.row_of(doc_id) is not None:
                    self._building.delete(doc_id)
                    gone.append(doc_id)
        return gone

    def owners(self, doc_ids: Sequence[str]) -> dict[str, set[str]]:
        """The tenants of those of the doc_ids that are live, pending changes included."""
        doc_ids = list(dict.fromkeys(doc_ids))
        found = [(doc_ids[position], place.segment, place.row) for position, place in self._places(as_ids(doc_ids))]
        owners = self._tenants.owners(found)
        if self._building is not None:
            owners |= {
                name: self._building.tenants_of(name) for name in doc_ids if self._building.row_of(name) is not None
            }
        return owners

    def change_grants(self, tenant: str, doc_ids: Sequence[str], granted: bool) -> GrantSummary:
        """Let a tenant see documents from the next commit on, or see them no more."""
        if self._building is not None and any(self._building.row_of(name) is not None for name in doc_ids):
            self._flush()  # documents have places then
        doc_ids = list(dict.fromkeys(doc_ids))
        found = list(self._places(as_ids(doc_ids)))
        changed = self._tenants.change(tenant, [(place.segment, place.row) for _, place in found], granted)
        there = {position for position, _ in found}
        missing = [doc_id for position, doc_id in enumerate(doc_ids) if position not in there]
        if changed and not granted:
            self._tenants.offline.pop(tenant, None)  # it may say what stands in documents that were seen before
        return GrantSummary(tenant, changed, len(found) - changed, len(missing), missing[:MOST_LISTED])

    def commit_grants(self, tenant: str, doc_ids: Sequence[str], granted: bool) -> GrantSummary:
        """`change_grants`, durably; nothing is written if nothing changes. There must be no pending changes."""
        summary = self.change_grants(tenant, doc_ids, granted)
        if self._tenants:
            self.commit()
        return summary

    def commit_without(self, tenant: str) -> tuple[int, int]:
        """`delete_tenant`, durably."""
        counts = self.delete_tenant(tenant)
        self.commit()
        return counts

    def delete_of(self, tenant: str, doc_ids: Sequence[str]) -> list[str]:
        """Delete a tenant's documents: those that are only theirs; of those that others see too, their own sight.

        Returns the doc_ids of both.
        """
        owners = self.owners(doc_ids)
        alone = [doc_id for doc_id, tenants in owners.items() if tenants == {tenant}]
        shared = [doc_id for doc_id, tenants in owners.items() if tenant in tenants and tenants != {tenant}]
        if shared:
            self.change_grants(tenant, shared, granted=False)
        return self.delete(alone) + shared

    def delete_tenant(self, tenant: str) -> tuple[int, int]:
        """Delete the documents that are only a tenant's, and their sight of others; there must be no pending changes.

        Returns how many of each.
        """
        alone, shared = self._tenants.forget(tenant)
        for number, rows in alone.items():
            self._deleted[number].update(rows)
        return sum(map(len, alone.values())), shared

    def _flush(self) -> None:
        if self._building is None:
            return
        entry = self._building.finish(self.generation)
        self._building = None
        self._segments.append(open_segment(self._directory, entry, self._base.schema))
        self._deleted.append(set())
        self._analysis.reset()  # the term table is part of the memory bound

    def commit(self) -> Manifest:
        """Make all pending changes durable and visible, or none."""
        self._flush()
        entries = []
        for segment, rows in zip(self._segments, self._deleted, strict=True):
            entry = segment.entry
            if rows:
                entry = with_deletions(self._directory, segment, rows, self.generation)
                self._directory.sync_folder(entry.name)
            if entry.live_rows:
                entries.append(entry)
        return self._publish(entries)

    def log_clicks(self, impressions: Sequence[Impression]) -> Manifest:
        """Append to the click log, durably. There must be no pending changes."""
        clicks = append_clicks(self._directory, self._base.manifest.clicks, impressions)
        return self._publish([segment.entry for segment in self._segments], clicks=clicks)

    def _publish(
        self,
        entries: Sequence[SegmentEntry],
        schema: Schema | None = None,
        clicks: LogEntry | None = None,
        cluster_by: tuple[str, ...] | None = None,
    ) -> Manifest:
        models = self._latents.entries if entries else {}
        manifest = replace(
            self._base.manifest,
            schema=schema or self._base.schema,
            generation=self.generation,
            next_segment=self._next_segment,
            segments=tuple(entries),
            models=models,
            clicks=clicks or self._tenants.written_clicks(self._directory, self.generation),
            offline=still_fitting(self._offline, entries, models),
            embeddings=still_fitting(self._embeddings, entries, models),
            grants=self._tenants.written_grants(self._directory, entries, self.generation),
            tenant_offline={
                tenant: entry
                for tenant, entry in self._tenants.offline.items()
                if still_fitting(entry, entries, models)
            },
            cluster_by=self._base.manifest.cluster_by if cluster_by is None else cluster_by,
        )
        self._directory.sync_folder("")  # folders of new segments must be durable before the manifest names them
        write_manifest(self._directory, manifest)
        with contextlib.suppress(StorageFailure):  # the commit is durable; the next writer tries again
            remove_orphans(self._directory, manifest)
        return manifest

    def merge(
        self,
        chosen: Sequence[str],
        advance: Callable[[int], None],
        *,
        refit: bool = False,
        cluster_by: tuple[str, ...] | None = None,
    ) -> Manifest:
        """Replace the segments of the given names by one, durably. There must be no pending changes.

        Its documents are in the order of the fields `cluster_by`, from now on; None is as the collection has it. With
        `refit`, only if all segments are chosen, models are fitted anew and their vectors computed again; documents
        stay as they are then.
        """
        wanted = self._base.manifest.cluster_by if cluster_by is None else cluster_by
        merging = [segment for segment in self._segments if segment.entry.name in chosen]
        name = segment_name(self._next_segment)
        self._next_segment += 1
        remade = self._refitted(merging) if refit else {}
        merged = merge_segments(
            self._directory,
            name,
            self._base.schema,
            merging,
            advance,
            remade,
            self._tenants.memberships,
            () if refit else wanted,
        )
        if refit and len(merging) == 1:
            merged = replace(merged, cluster_by=merging[0].entry.cluster_by)
        rest = [segment.entry for segment in self._segments if segment.entry.name not in chosen]
        return self._publish([*rest, merged] if merged.rows else rest, cluster_by=wanted)

    def set_order(self, cluster_by: tuple[str, ...]) -> Manifest:
        """Cluster by these fields from now on, durably. There must be no pending changes."""
        return self._publish([segment.entry for segment in self._segments], cluster_by=cluster_by)

    def _refitted(self, segments: Sequence[OpenSegment]) -> dict[str, Remade]:
        """The vectors of fields that have a model of the collection, by new models of these segments."""
        fields = latent_fields(self._base.schema)
        return {field: self._latents.refitted(field, segments, self.generation) for field in fields}

    def embed(self, name: str, field: Field, *, anew: bool, advance: Callable[[int], None]) -> Manifest:
        """Merge all segments, with vectors of the field's encoder where there are none, or for all if `anew`.

        The field takes the place of the one of this name, or joins the others. There must be no pending changes.
        """
        old = self._base.schema
        schema = replace(old, fields={**old.fields, name: field})
        check_latent(schema)
        self._latents = self._latents.copy(schema)
        if not self._segments:  # the first commit will encode, or fit
            self._latents.entries.pop(name, None)
            return self._publish([], schema)
        if name in latent_fields(schema):
            remade: Remade = self._latents.refitted(name, self._segments, self.generation)
        else:
            self._latents.entries.pop(name, None)
            kept = None if anew or name not in old.fields else old.vector_fields.index(name)
            running = self._base.encoders.running(name, field)
            remade = partial(text_blocks, field=field, running=running, old=kept)
        segment = segment_name(self._next_segment)
        self._next_segment += 1
        merged = merge_segments(
            self._directory, segment, schema, self._segments, advance, {name: remade}, self._tenants.memberships
        )
        return self._publish([merged] if merged.rows else [], schema)

    def freeze(
        self, index: str, searcher: Searcher, most_bytes: int, advance: Callable[[int], None]
    ) -> tuple[Manifest, Frozen]:
        """Write the columns of `searcher` beside every segment, durably. There must be no pending changes."""
        entries, total = [], Frozen()
        rows = sum(segment.rows for segment in self._segments)
        for number, segment in enumerate(self._segments):
            entry = segment.entry
            share = most_bytes * segment.rows // rows
            file, frozen = write_frozen_file(
                self._directory, entry.name, index, self.generation, searcher, number, share
            )
            self._directory.sync_folder(entry.name)
            entries.append(replace(entry, frozen={**entry.frozen, index: file}))
            total = Frozen(total.terms + frozen.terms, total.size_bytes + frozen.size_bytes)
            advance(segment.rows)
        return self._publish(entries), total

    def thaw(self) -> Manifest:
        """Forget all frozen columns, durably. There must be no pending changes."""
        return self._publish([replace(segment.entry, frozen={}) for segment in self._segments])

    def precompute(self, made: Precomputed | None, tenant: str | None = None) -> PrecomputeSummary:
        """Write the offline feedback, of a tenant or of all, durably, or forget it. No changes may be pending."""
        entry = None if made is None else write_offline_file(self._directory, self.generation, made)
        if tenant is None:
            self._offline = entry
        elif entry is None:
            self._tenants.offline.pop(tenant, None)
        else:
            self._tenants.offline[tenant] = entry
        manifest = self._publish([segment.entry for segment in self._segments])
        return summarised(manifest, made, manifest.offline if tenant is None else manifest.tenant_offline.get(tenant))

    def precompute_embeddings(self, made: MadeEmbeddings | None) -> PrecomputeSummary:
        """Write pseudo query embeddings, durably, or forget them. There must be no pending changes."""
        self._embeddings = None if made is None else write_embeddings_file(self._directory, self.generation, made)
        manifest = self._publish([segment.entry for segment in self._segments])
        return summarised_embeddings(manifest, made)

    def calibrate(self, number: int, queries: npt.NDArray[np.float32], advance: Callable[[int], None]) -> Manifest:
        """Calibrate the `number`-th vector field with queries, durably. There must be no pending changes."""
        entries = []
        for segment in self._segments:
            calibrations = list(segment.entry.calibrations)
            calibrations[number] = calibrate(segment.vectors[number], queries).to_tuples()
            entries.append(replace(segment.entry, calibrations=tuple(calibrations)))
            advance(1)
        return self._publish(entries)

    def close(self) -> None:
        """Drop pending changes."""
        if self._building is not None:
            self._building.close()
            self._building = None


def due_for_merging(manifest: Manifest) -> list[str]:
    """Names of the smallest size class that has too many segments, or nothing."""
    classes: dict[int, list[str]] = {}
    for entry in manifest.segments:
        classes.setdefault(len(str(entry.live_rows)), []).append(entry.name)
    for size in sorted(classes):
        if len(classes[size]) > MERGE_FACTOR:
            return classes[size]
    return []


def keep_last(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, list[str]]:
    """Of documents with the same doc_id keep the last; returns the doc_ids that were repeated."""
    ids = batch.column(ID_FIELD)
    if pc.count_distinct(ids).as_py() == len(ids):
        return batch, []
    last: dict[str, int] = {}
    repeated: list[str] = []
    for position, doc_id in enumerate(ids.to_pylist()):
        if doc_id in last:
            repeated.append(doc_id)
        last[doc_id] = position
    return batch.take(pa.array(sorted(last.values()))), repeated
