"""Pseudo query embeddings of a collection: their file, opened, searched and checked, and whether it still fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from rocchio._native import Searcher
from rocchio.dense.reference import unpacked
from rocchio.engine.execution import DocIds
from rocchio.engine.found import Found
from rocchio.engine.frozen import mapped_file
from rocchio.engine.plan_query import unit
from rocchio.errors import Corruption, DataError, InvalidArgument, NotFound
from rocchio.feedback.pseudo_embeddings import attended_score, attention
from rocchio.pipelines import PseudoEmbeddings
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import EmbeddingsEntry, FrozenEntry, Manifest, OfflineEntry, SegmentEntry
from rocchio.types import DocId, Explanation, ListPart, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

CENTROIDS, COUNTS = "centroids", "counts"
EMBEDDING_ARRAYS = {CENTROIDS: "f2", COUNTS: "u1"}
"""Arrays of the file and their types."""

Entry = TypeVar("Entry", OfflineEntry, EmbeddingsEntry)


def still_fitting(entry: Entry | None, segments: Sequence[SegmentEntry], models: Mapping[str, Any]) -> Entry | None:
    """The entry, or None when a segment is gone whose rows it numbers, merged with others or emptied, or when the
    field's model is another one."""
    if entry is None or not entry.segments.keys() <= {each.name for each in segments}:
        return None
    if isinstance(entry, EmbeddingsEntry) and entry.model != model_of(models, entry.field):
        return None
    return entry


def model_of(models: Mapping[str, FrozenEntry], field: str) -> str:
    """The file of the model that makes the vectors of a field; empty if it is not fitted on the collection."""
    return models[field].name if field in models else ""


def staleness(manifest: Manifest, segments: Mapping[str, int]) -> tuple[int, int]:
    """Documents (added, deleted) since something was precomputed for `segments` with so many deleted documents each."""
    added = sum(each.live_rows for each in manifest.segments if each.name not in segments)
    deleted = sum(each.deleted - segments[each.name] for each in manifest.segments if each.name in segments)
    return added, deleted


def stale_note(added: int, deleted: int) -> str:
    """What to do about changes since, empty if there were none."""
    if not added and not deleted:
        return ""
    return f"stale: {added:,} documents added, {deleted:,} deleted since; precompute again"


@dataclass(frozen=True)
class EmbeddingsInfo:
    """Pseudo query embeddings: of which vector field, for pseudo-queries made as `queries` says; centroids of all
    documents together; bytes. `added` documents came since and have none, `deleted` are gone and never returned."""

    field: str
    queries: str
    centroids: int
    size_bytes: int
    added: int
    deleted: int

    @property
    def note(self) -> str:
        """What to do about changes since, empty if there were none."""
        return stale_note(self.added, self.deleted)


def describe_embeddings(manifest: Manifest) -> EmbeddingsInfo | None:
    """About the pseudo query embeddings that a manifest names."""
    entry = manifest.embeddings
    if entry is None:
        return None
    return EmbeddingsInfo(entry.field, entry.queries, entry.count, entry.size, *staleness(manifest, entry.segments))


class OpenEmbeddings:
    """The file, opened. `error` is what is wrong with it, and raised when it is used."""

    def __init__(self, directory: Directory, manifest: Manifest) -> None:
        self.entry = manifest.embeddings
        self.error: DataError | NotFound | None = None
        if self.entry is None:
            return
        try:
            if not self.entry.segments.keys() <= {each.name for each in manifest.segments}:
                raise Corruption(directory.path(self.entry.name), None, "it is of segments that are not there")
            self._file = ArrayFile(mapped_file(directory, self.entry))
            self._dim = manifest.schema.fields[self.entry.field].dim
            self._rows = sum(each.rows for each in manifest.segments if each.name in self.entry.segments)
            self._check_sizes(self.entry)
        except (DataError, NotFound) as error:
            self.error = error

    def _check_sizes(self, entry: EmbeddingsEntry) -> None:
        sizes = {name: self._file.native(name, kind)[2] for name, kind in EMBEDDING_ARRAYS.items()}
        expected = {CENTROIDS: entry.count * self._dim, COUNTS: self._rows}
        if sizes != expected:
            raise Corruption(self._file.file.path, None, f"expected arrays of {expected} items, found {sizes}")

    def check(self) -> EmbeddingsEntry:
        """Raises InvalidArgument where nothing was precomputed, and what is wrong with the file."""
        if self.entry is None:
            raise InvalidArgument(
                "expected pseudo query embeddings for the step pseudo_embeddings, found none: nothing was precomputed, "
                "or segments were merged since; call precompute_embeddings"
            )
        if self.error is not None:
            raise self.error
        return self.entry

    @cached_property
    def ends(self) -> npt.NDArray[np.int64]:
        """The centroids of row i are [ends[i], ends[i + 1]) (rows + 1,). Raises Corruption."""
        counts = self._file.array(COUNTS, EMBEDDING_ARRAYS[COUNTS])
        ends = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        if ends[-1] != self.check().count:
            reason = f"expected rows with {self.check().count} centroids, found {ends[-1]}"
            raise Corruption(self._file.file.path, None, reason)
        return ends

    @cached_property
    def centroids(self) -> npt.NDArray[np.float32]:
        """Of all rows (centroids, dim). Raises Corruption."""
        vectors = self._file.array(CENTROIDS, EMBEDDING_ARRAYS[CENTROIDS]).reshape(-1, self._dim).astype(np.float32)
        if not np.isfinite(vectors).all():
            raise Corruption(self._file.file.path, None, "a centroid is not finite")
        return vectors

    def problems(self) -> list[DataError | NotFound]:
        """What is wrong with the file; reads all of it."""
        if self.entry is None:
            return []
        try:
            self.check()
            damage: list[DataError | NotFound] = [*self._file.file.damage()]
            if not damage:
                _ = self.ends, self.centroids
        except (DataError, NotFound) as error:
            return [error]
        return damage


class EmbeddingSearch:
    """Searches of one snapshot by pseudo query embeddings, over all centroids, exactly."""

    def __init__(self, snapshot: Snapshot, opened: OpenEmbeddings, names: Searcher) -> None:
        self._snapshot, self._opened, self._names = snapshot, opened, names

    @property
    def note(self) -> str:
        """What to know about the answers, empty if nothing."""
        if self._snapshot.schema.tenants is not None:
            return ""  # how much all tenants added is none of a tenant's business
        info = describe_embeddings(self._snapshot.manifest)
        return info.note if info is not None else ""

    def field(self, name: str | None) -> str:
        """The vector field that a step names, which must be the one of the file. Raises InvalidArgument."""
        entry = self._opened.check()
        if name not in (None, entry.field):
            raise InvalidArgument(f"expected the field {entry.field!r} of the pseudo query embeddings, found {name!r}")
        return entry.field

    @cached_property
    def _segments(self) -> list[int]:
        """The segments of the file, in its order, which may not be that of the snapshot."""
        places = {segment.entry.name: number for number, segment in enumerate(self._snapshot.segments)}
        return [places[name] for name in self._opened.check().segments]

    @cached_property
    def _bases(self) -> npt.NDArray[np.int64]:
        rows = [self._snapshot.segments[number].rows for number in self._segments]
        return np.cumsum([0, *rows], dtype=np.int64)

    def search(self, vectors: npt.NDArray[np.float32], step: PseudoEmbeddings, k: int, where: Any = None) -> Run:
        """The best k documents of each query (n, dim). `where` is a filter, or a list of one for each query.

        Raises InvalidArgument, Corruption.
        """
        by_query = where if isinstance(where, list) else [where] * len(vectors)
        parts = [self._one(vector, step, k, each) for vector, each in zip(vectors, by_query, strict=True)]
        ids = list(map(str, range(len(vectors))))
        return Run(ids, DocIds(self._names, parts), [part.scores for part in parts], "pseudo_embeddings")

    def _one(self, vector: npt.NDArray[np.float32], step: PseudoEmbeddings, k: int, where: Any) -> Found:
        rows = self._candidates(vector, max(k, step.candidates), where)
        scores = [np.float32(attended_score(self._similarities(vector, row), step.temperature)) for row in rows]
        places = np.searchsorted(self._bases, rows, side="right") - 1
        segments = np.array(self._segments, np.uint32)[places]
        local = (rows - self._bases[places]).astype(np.uint32)
        ids = self._names.doc_ids(segments, local)
        order = sorted(range(len(rows)), key=lambda place: (-scores[place], ids[place].encode()))[:k]
        offsets = np.array([0, len(order)], np.uint64)
        return Found(offsets, segments[order], local[order], np.array(scores, np.float32)[order])

    def _candidates(self, vector: npt.NDArray[np.float32], count: int, where: Any) -> npt.NDArray[np.int64]:
        """The rows of the file with the `count` best single centroids, of live documents that the filter allows."""
        ends = self._opened.ends
        there = np.flatnonzero(self._usable(where) & (ends[1:] > ends[:-1]))
        filled = np.flatnonzero(ends[1:] > ends[:-1])
        if not len(there):
            return there
        best = np.full(len(ends) - 1, -np.inf)
        similar = self._opened.centroids @ self._asked(vector).astype(np.float32)
        best[filled] = np.maximum.reduceat(similar, ends[filled])
        chosen = there[np.argsort(-best[there], kind="stable")[:count]]
        return np.sort(chosen)

    def _usable(self, where: Any) -> npt.NDArray[np.bool_]:
        allowed, segments = self._snapshot.allowed(where), self._snapshot.segments
        parts = [
            unpacked(allowed.masks[number], segments[number].rows)
            if allowed is not None
            else ~segments[number].tombstones.is_deleted
            for number in self._segments
        ]
        return np.concatenate([np.empty(0, np.bool_), *parts])

    def _asked(self, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        metric = self._snapshot.schema.fields[self._opened.check().field].metric
        return unit(vector) if metric == "cosine" else vector

    def _similarities(self, vector: npt.NDArray[np.float32], row: int) -> npt.NDArray[np.float64]:
        """Of a query to the centroids of a row."""
        begin, end = self._opened.ends[row : row + 2].tolist()
        found: npt.NDArray[np.float64] = self._opened.centroids[begin:end].astype(np.float64) @ self._asked(vector)
        return found

    def explain(self, vector: npt.NDArray[np.float32], doc_id: DocId, step: PseudoEmbeddings) -> Explanation:
        """What each centroid of a document adds to its score. Raises NotFound if it has none."""
        segment, row = self._snapshot.locate(doc_id)
        place = self._segments.index(segment) if segment in self._segments else -1
        similar = self._similarities(vector, int(self._bases[place]) + row) if place >= 0 else np.empty(0)
        if not len(similar):
            raise NotFound(f"expected a document with pseudo query embeddings, {doc_id!r} has none")
        shares = attention(similar, step.temperature)
        added = (shares * similar).tolist()
        parts = tuple(
            ListPart(f"centroid {number}", None, score, part, None)
            for number, (score, part) in enumerate(zip(similar.tolist(), added, strict=True), start=1)
        )
        return Explanation(doc_id, float(np.float32(sum(added))), str(step), (), 0.0, 0.0, 0.0, None, parts)
