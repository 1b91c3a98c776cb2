"""Offline feedback of a collection: its file, opened, searched and checked, and whether it still fits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from rocchio._native import Kernel, LexicalSegment, OfflineFeedback, Searcher, StoredLists
from rocchio.analysis import Analysis
from rocchio.engine.execution import DocIds
from rocchio.engine.found import Found
from rocchio.engine.frozen import mapped_file
from rocchio.engine.pseudo_embeddings import EmbeddingSearch, OpenEmbeddings, stale_note, staleness
from rocchio.engine.queries import to_batch
from rocchio.errors import Corruption, DataError, InvalidArgument, NotFound
from rocchio.feedback.offline import LARGEST_CODE, softmax
from rocchio.lexical.offline_file import open_offline_arrays
from rocchio.lexical.scoring import Bm25
from rocchio.pipelines import Offline
from rocchio.storage.array_file import ArrayFile
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import Manifest, OfflineEntry, read_manifest
from rocchio.types import DocId, Explanation, ListPart, Run

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot


@dataclass(frozen=True)
class OfflineInfo:
    """What is precomputed for feedback: results of `plan` for `pseudo_queries`, made as `queries` says; documents in
    all lists; bytes. `added` documents came since and are in no list, `deleted` are gone and never returned."""

    plan: str
    queries: str
    pseudo_queries: int
    entries: int
    size_bytes: int
    added: int
    deleted: int

    @property
    def note(self) -> str:
        """What to do about changes since, empty if there were none."""
        return stale_note(self.added, self.deleted)


def describe_offline(manifest: Manifest) -> OfflineInfo | None:
    """About the offline feedback that a manifest names."""
    entry = manifest.offline
    if entry is None:
        return None
    changes = staleness(manifest, entry.segments)
    return OfflineInfo(entry.plan, entry.queries, entry.count, entry.entries, entry.size, *changes)


class OpenOffline:
    """The file, opened. `error` is what is wrong with it, and raised when it is used: other searches do not need it."""

    def __init__(self, directory: Directory, manifest: Manifest) -> None:
        self.entry = manifest.offline
        self.error: DataError | NotFound | None = None
        self._lock = threading.Lock()
        self._searchers: dict[Bm25, Searcher] = {}
        self.embeddings = OpenEmbeddings(directory, manifest)
        if self.entry is None:
            return
        try:
            self.index, self.lists = _opened(directory, manifest, self.entry)
        except (DataError, NotFound) as error:
            self.error = error

    def is_sound_for(self, manifest: Manifest) -> bool:
        """Whether these are the files of a manifest, and nothing is wrong with them as far as that is known."""
        return (
            self.entry == manifest.offline
            and self.embeddings.entry == manifest.embeddings
            and self.error is None
            and self.embeddings.error is None
        )

    def check(self) -> OfflineEntry:
        """Raises InvalidArgument where nothing was precomputed, and what is wrong with the file."""
        if self.entry is None:
            raise InvalidArgument(
                "expected precomputed feedback for the step offline, found none: nothing was precomputed, or segments "
                "were merged since; call precompute"
            )
        if self.error is not None:
            raise self.error
        return self.entry

    def searcher(self, scoring: Bm25, cache_bytes: int) -> Searcher:
        """The kernels' view of the pseudo-queries; kept for the next query."""
        with self._lock:
            if scoring not in self._searchers:
                entry = self.check()
                parameters = scoring.native_variant, scoring.k1, scoring.b, scoring.delta, [1.0]
                counts = entry.count, np.array([entry.tokens], np.uint64), cache_bytes
                self._searchers[scoring] = Searcher([self.index], *parameters, *counts, [None])
            return self._searchers[scoring]


def open_offline(directory: Directory, manifest: Manifest, previous: OpenOffline | None) -> OpenOffline:
    """The offline feedback of a manifest; that of `previous` if it is the same file. Raises NotFound when a writer has
    replaced it in the meantime."""
    if previous is not None and previous.is_sound_for(manifest):
        return previous
    opened = OpenOffline(directory, manifest)
    missing = next((each for each in (opened.error, opened.embeddings.error) if isinstance(each, NotFound)), None)
    if missing is not None and read_manifest(directory).generation != manifest.generation:
        raise missing
    return opened


def _opened(directory: Directory, manifest: Manifest, entry: OfflineEntry) -> tuple[LexicalSegment, StoredLists]:
    documents = sum(each.rows for each in manifest.segments if each.name in entry.segments)
    return open_offline_arrays(ArrayFile(mapped_file(directory, entry)), entry.count, documents)


def offline_problems(directory: Directory, manifest: Manifest) -> list[DataError | NotFound]:
    """What is wrong with the offline feedback, that of tenants included; reads all of it."""
    entries = [*([manifest.offline] if manifest.offline else []), *manifest.tenant_offline.values()]
    return [problem for entry in entries for problem in _problems(directory, manifest, entry)]


def _problems(directory: Directory, manifest: Manifest, entry: OfflineEntry) -> list[DataError | NotFound]:
    try:
        damage: list[DataError | NotFound] = [*mapped_file(directory, entry).damage()]
        if not damage:
            index, lists = _opened(directory, manifest, entry)
            index.validate()
            lists.validate()
            tokens = int(index.lengths(0).sum(dtype=np.int64))
            if tokens != entry.tokens:
                reason = f"the manifest counts {entry.tokens} terms of pseudo-queries, found {tokens}"
                damage.append(Corruption(directory.path(entry.name), None, reason))
    except (DataError, NotFound) as error:
        return [error]
    return damage


class OfflineSearch:
    """Searches of one snapshot by offline feedback."""

    def __init__(self, snapshot: Snapshot, opened: OpenOffline, names: Searcher, cache_bytes: int) -> None:
        self._snapshot, self._opened, self._names, self._cache_bytes = snapshot, opened, names, cache_bytes
        self._analysis_lock = threading.Lock()

    @cached_property
    def _analysis(self) -> Analysis:
        return Analysis(self._snapshot.analyzer)

    @cached_property
    def _numbers(self) -> list[int]:
        """The segments of the file, in its order, which may not be that of the snapshot."""
        places = {segment.entry.name: number for number, segment in enumerate(self._snapshot.segments)}
        return [places[name] for name in self._opened.check().segments]

    @cached_property
    def _feedback(self) -> OfflineFeedback:
        segments = [self._snapshot.segments[number].lexical for number in self._numbers]
        return OfflineFeedback(self._opened.lists, segments, self._numbers)

    @cached_property
    def embeddings(self) -> EmbeddingSearch:
        """Searches by pseudo query embeddings."""
        return EmbeddingSearch(self._snapshot, self._opened.embeddings, self._names)

    @property
    def note(self) -> str:
        """What to know about the answers, empty if nothing."""
        info = describe_offline(self._snapshot.manifest)
        return info.note if info is not None else ""

    def search(self, queries: Sequence[Any], step: Offline, k: int, where: Any = None) -> Run:
        """The best k documents of each query, a text or {term: weight}. `where` is a filter, or a list of one for each
        query. Raises InvalidArgument, Corruption.
        """
        similar = self.similar(queries, step)
        if isinstance(where, list):
            ends = pairwise(similar.offsets.tolist())
            parts = [
                self._combined(similar, first, last, k, each) for (first, last), each in zip(ends, where, strict=True)
            ]
        else:
            parts = [self._combined(similar, 0, None, k, where)]
        ids = list(map(str, range(len(queries))))
        scores = [each for part in parts for each in part.scores_by_query()]
        return Run(ids, DocIds(self._names, parts), scores, "offline")

    def _combined(self, similar: Found, first: int, last: int | None, k: int, where: Any) -> Found:
        """The best k documents by the pseudo-queries [first, last) of one query, or by all pseudo-queries of all."""
        allowed = self._snapshot.allowed(where)
        masks = [allowed.masks[number] for number in self._numbers] if allowed is not None else []
        offsets = similar.offsets if last is None else np.array([0, last - first], np.uint64)
        rows, scores = similar.rows[first:last], similar.scores[first:last]
        return Found(*self._feedback.combine(offsets, rows, scores, k, masks))

    def explain(self, query: Any, doc_id: DocId, step: Offline) -> Explanation:
        """What the list of each pseudo-query adds to the score of a document. Raises NotFound if it is in none."""
        similar = self.similar([query], step)
        segment, row = self._snapshot.locate(doc_id)
        before = sum(self._snapshot.segments[number].rows for number in takewhile(segment.__ne__, self._numbers))
        document = before + row if segment in self._numbers else -1
        parts = []
        weights = softmax(similar.scores.tolist())
        for number, score, weight in zip(similar.rows.tolist(), similar.scores.tolist(), weights, strict=True):
            documents, codes = self._opened.lists.entries(number)
            found = np.flatnonzero(documents == document)
            if len(found):
                code = int(codes[found[0]])
                rank = 1 + int((codes > code).sum())
                name = f"{self._terms(number)} (bm25 {score:.2f})"
                parts.append(ListPart(name, rank, code / LARGEST_CODE, weight * (code / LARGEST_CODE), None))
        if not parts:
            raise NotFound(f"expected a document that pseudo-queries of the query have found, {doc_id!r} is none")
        total = float(np.float32(sum(part.added for part in parts)))
        return Explanation(doc_id, total, str(step), (), 0.0, 0.0, 0.0, None, tuple(parts))

    def _terms(self, number: int) -> str:
        """The terms of a pseudo-query; their order is not kept."""
        index = self._opened.index
        return " ".join(index.term(term) for term in index.forward(number)[0].tolist())

    def similar(self, queries: Sequence[Any], step: Offline) -> Found:
        """The pseudo-queries that each query resembles most, best first; their rows are the numbers of their lists."""
        searcher = self._opened.searcher(Bm25(step.k1, step.b), self._cache_bytes)
        with self._analysis_lock:
            batch = to_batch(queries, self._analysis)
        data, offsets = batch.term_buffers()
        arrays = data, offsets, batch.offsets, batch.terms, batch.weights
        [found] = searcher.search(*arrays, step.queries, [], Kernel.automatic)
        return Found(*found)
