"""Runs a plan for every pseudo-query of a collection, ahead, and writes what it finds for the step `offline`."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rocchio.analysis import Analysis
from rocchio.engine.execution import check_threads
from rocchio.engine.feedback_places import FeedbackPlaces
from rocchio.engine.open_segment import string_buffers
from rocchio.engine.plan_query import PlanQuery
from rocchio.engine.plan_source import PlanSource
from rocchio.engine.pseudo_queries import PseudoQuery, Queries, made_queries, parse_queries, read_queries
from rocchio.engine.queries import check_unicode
from rocchio.errors import InvalidArgument, StorageFailure
from rocchio.feedback.offline import min_max_codes
from rocchio.lexical.offline_file import Lists, joined, write_index, write_lists
from rocchio.pipelines import Executor, Offline, Step, as_step, check_ending, leaves
from rocchio.storage.array_file import ArrayFileWriter
from rocchio.storage.checked import write_sealed
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import Manifest, OfflineEntry
from rocchio.storage.segment import OFFLINE, offline_name

if TYPE_CHECKING:
    from rocchio.engine.snapshot import Snapshot

DEFAULT_PLAN = "bm25 >> rm3 >> bm25"
DEFAULT_QUERIES = "sentences(n=3)"
DEFAULT_DEPTH = 100
DEFAULT_MAX_MB = 256
MIB = 1 << 20
BATCH_QUERIES = 1024
"""Pseudo-queries that are run, and kept, at a time."""
MOST_DEPTH = 1000


class PrecomputeOptions(TypedDict, total=False):
    """How `precompute` works.

    `queries` are the pseudo-queries: "sentences(n=3)", the default, "salient(terms=5, per_document=1)", "chat(MODEL,
    base_url=...)", or the path of a file of JSON Lines with doc_id and query. Of the results of each the first `depth`,
    100 by default, are stored, in `max_mb` MiB, 256 by default: if they do not fit, those with the smallest scores go.
    `keep` is a folder for what is done, so that the same call goes on after an interruption; `threads` share a batch;
    `progress` is told (steps done, steps).
    """

    queries: Any
    depth: int
    max_mb: int
    keep: str | Path | None
    threads: int
    progress: Callable[[int, int], None] | None


@dataclass(frozen=True)
class PrecomputeSummary:
    """What was stored: pseudo-queries, documents in all their lists, documents `cut` for want of space, bytes, and the
    commit."""

    pseudo_queries: int
    entries: int
    cut: int
    size_bytes: int
    generation: int


@dataclass(frozen=True)
class Precomputed:
    """What will be written: distinct pseudo-queries as terms of `analysis`, and the list of each."""

    plan: str
    queries: str
    analysis: Analysis
    ids: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.int64]
    lists: Lists
    segments: dict[str, int]
    documents: int
    most_bytes: int


def precompute(snapshot: Snapshot, plan: Step | str, options: PrecomputeOptions) -> Precomputed:
    """The lists of all pseudo-queries. Changes nothing. Raises InvalidArgument, NotFound, BadRecord, EncoderFailure."""
    if snapshot.schema.split_field is not None:
        raise InvalidArgument(
            f"expected documents that are not split to precompute feedback for, found passages of "
            f"{snapshot.schema.split_field!r}; search with the plan itself"
        )
    work = _Work(snapshot, plan, options)
    texts = list(work.pseudo_queries())
    analysis = Analysis(snapshot.analyzer)
    offsets, data = string_buffers(pa.array(texts, pa.large_string()))
    ids, ends = analysis.terms(data, offsets)
    wordy = np.flatnonzero(np.diff(ends) > 0)  # others would never be found
    texts = [texts[number] for number in wordy.tolist()]
    if not texts:
        raise InvalidArgument("expected pseudo-queries with words, found none; is the collection empty?")
    lengths = np.diff(ends)[wordy]
    lists = joined([work.lists(batch) for batch in work.batches(texts)])
    segments = {segment.entry.name: segment.entry.deleted for segment in snapshot.segments}
    kept_ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    about = str(work.step), str(work.queries), analysis, ids, kept_ends
    return Precomputed(*about, lists, segments, int(work.bases[-1]), work.most_bytes)


class _Work:
    """One call: its settings, checked, and how far it is."""

    def __init__(self, snapshot: Snapshot, plan: Step | str, options: PrecomputeOptions) -> None:
        unknown = options.keys() - PrecomputeOptions.__annotations__.keys()
        if unknown:
            known = ", ".join(PrecomputeOptions.__annotations__)
            raise InvalidArgument(f"expected options of {known}, found {', '.join(sorted(unknown))}")
        self._snapshot, self.step = snapshot, as_step(plan)
        check_ending(self.step)
        if any(isinstance(leaf, Offline) for leaf in leaves(self.step)):
            raise InvalidArgument(f"expected a plan without the step offline to precompute, found {self.step}")
        self.queries: Queries = parse_queries(options.get("queries", DEFAULT_QUERIES))
        self._depth = whole_number("depth", options.get("depth", DEFAULT_DEPTH), MOST_DEPTH)
        self.most_bytes = whole_number("max_mb", options.get("max_mb", DEFAULT_MAX_MB), 1 << 20) * MIB
        self._threads = options.get("threads", 1)
        check_threads(self._threads)
        keep = options.get("keep")
        self._keep = None if keep is None else _Keep(Path(keep), self._identity())
        self._progress = options.get("progress") or (lambda _done, _total: None)
        self._done = self._total = 0
        self.bases = np.cumsum([0, *(segment.rows for segment in snapshot.segments)])

    def _identity(self) -> str:
        """What results depend on beside the pseudo-queries."""
        segments = [(segment.entry.name, segment.entry.deleted) for segment in self._snapshot.segments]
        return f"{segments} {self._snapshot.schema.to_json()} {self.step} {self._depth} {self.queries}"

    def _advance(self, count: int) -> None:
        self._done += count
        self._progress(self._done, max(self._total, self._done))

    def pseudo_queries(self) -> Iterator[str]:
        """The distinct ones, in the order of documents."""
        queries = self.queries
        self._total = 2 * len(self._snapshot)  # about one for each document
        if isinstance(queries, Path):
            found: Iterator[PseudoQuery] = read_queries(queries)
            self._total = 0
        else:
            file = self._keep.queries(str(queries)) if self._keep is not None else None
            found = made_queries(self._snapshot, queries, file, self._advance)
        seen: set[str] = set()
        for each in found:
            if each.text and each.text not in seen:
                check_unicode(each.text)
                seen.add(each.text)
                yield each.text

    def batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Pseudo-queries to run at a time."""
        self._total = self._done + len(texts)
        rest = iter(texts)
        while batch := list(islice(rest, BATCH_QUERIES)):
            yield batch

    def lists(self, texts: list[str]) -> Lists:
        """What the plan finds for each text, from the kept results if they are there."""
        lists = self._keep.read(texts) if self._keep is not None else None
        if lists is None:
            lists = self._run(texts)
            if self._keep is not None:
                self._keep.write(texts, lists)
        self._advance(len(texts))
        return lists

    def _run(self, texts: list[str]) -> Lists:
        source = PlanSource(self._snapshot, list(map(str, range(len(texts)))), {"threads": self._threads})
        ranked = Executor(source, [PlanQuery(text) for text in texts]).run(self.step, self._depth).ranked
        assert ranked is not None  # a plan ends in a search
        places = FeedbackPlaces(self._snapshot)
        documents, codes = [], []
        for number, zeros in enumerate(ranked.zeros):
            segments, rows = places.located(ranked.run, number)
            code = min_max_codes(ranked.run.scores[number], zeros)
            document = (self.bases[segments] + rows)[code > 0]
            order = np.argsort(document)
            documents.append(document[order].astype(np.uint32))
            codes.append(code[code > 0][order])
        offsets = np.cumsum([0, *map(len, documents)], dtype=np.uint64)
        return Lists(offsets, np.concatenate(documents), np.concatenate(codes))


class _Keep:
    """A folder of what is done: pseudo-queries as they are made, results by batch."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder, self._identity = folder, identity
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFailure(error.errno or 0, f"cannot create folder {folder}: {error.strerror}") from error

    def queries(self, generator: str) -> Path:
        """Where the pseudo-queries of a generator are kept."""
        return self._folder / f"queries-{_digest(generator)}.jsonl"

    def _results(self, texts: Sequence[str]) -> Path:
        return self._folder / f"results-{_digest(json.dumps([self._identity, *texts]))}.npz"

    def read(self, texts: Sequence[str]) -> Lists | None:
        """The results of a batch; None where there are none, or damaged ones."""
        try:
            with np.load(self._results(texts), allow_pickle=False) as file:
                lists = Lists(file["offsets"], file["documents"], file["codes"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return lists if len(lists.offsets) == len(texts) + 1 else None

    def write(self, texts: Sequence[str], lists: Lists) -> None:
        """Keep the results of a batch, whole or not at all."""
        path, content = self._results(texts), io.BytesIO()
        np.savez(content, offsets=lists.offsets, documents=lists.documents, codes=lists.codes)
        try:
            path.with_suffix(".new").write_bytes(content.getvalue())
            path.with_suffix(".new").replace(path)
        except OSError as error:
            raise StorageFailure(error.errno or 0, f"cannot write {path}: {error.strerror}") from error


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def whole_number(name: str, value: Any, most: int) -> int:
    """A number from 1 to `most`. Raises InvalidArgument."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidArgument(f"expected {name} from 1 to {most}, found {value!r}")
    return value


def write_offline_file(directory: Directory, generation: int, made: Precomputed) -> OfflineEntry:
    """Write what was made; durable once the folder of the collection is synced. Raises InvalidArgument."""
    directory.make_folder(OFFLINE)
    name = offline_name(generation)
    out = ArrayFileWriter(directory, name)
    try:
        write_index(out, made.analysis, made.ids, made.ends)
        entries = write_lists(out, made.lists, made.documents, made.most_bytes)
        info = out.finish()
    finally:
        out.close()
    sealed = write_sealed(directory, name.removesuffix(".arrays") + ".bin", info.checksums.astype("<u4").tobytes())
    directory.sync_folder(OFFLINE)
    counts = len(made.ends) - 1, int(made.ends[-1]), entries
    return OfflineEntry(name, info.size, sealed, made.plan, made.queries, *counts, made.segments)


def summarised(manifest: Manifest, made: Precomputed | None, entry: OfflineEntry | None) -> PrecomputeSummary:
    """What was written, of the manifest after it and its `entry`."""
    if entry is None or made is None:
        return PrecomputeSummary(0, 0, 0, 0, manifest.generation)
    cut = len(made.lists.codes) - entry.entries
    return PrecomputeSummary(entry.count, entry.entries, cut, entry.size, manifest.generation)
