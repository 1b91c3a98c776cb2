"""The one small file that says what a collection consists of.

`manifest.json` is two lines: the CRC-32C of the second line in hexadecimal, and JSON. It is replaced by rename;
whoever reads it sees the state before or after a commit, never between.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rocchio._native import crc32c
from rocchio.errors import Corruption, IncompatibleFormat, InvalidArgument
from rocchio.storage.append_log import LogEntry
from rocchio.storage.checked import SealedFile, as_bytes
from rocchio.storage.cluster_by import check_cluster_by
from rocchio.storage.directory import Directory
from rocchio.storage.schema import Schema
from rocchio.storage.tenancy import check_tenant

FORMAT_VERSION = 4
PLAIN_VERSION = 3
"""Of collections without tenants, which older versions of rocchio read."""
OLDEST_VERSION = 2
"""Version 4 has tenants, which version 3 would not tell apart. Version 2 has no columns for filters. Version 1, whose
lexical arrays were not compressed, was never released."""

MANIFEST = "manifest.json"
PENDING = "manifest.json.new"
"""The manifest before it has its name: left behind only by a write that was cut off."""


@dataclass(frozen=True)
class FrozenEntry:
    """A file of frozen columns: its name with the segment's folder, its size in bytes, its chunk checksums."""

    name: str
    size: int
    checksums: SealedFile


CalibratedEffort = tuple[int, float, int, int]
"""A number of results, the recall that was measured, the lists and the rows looked at for it."""


@dataclass(frozen=True)
class ModelEntry(FrozenEntry):
    """The file of an encoder's model that was fitted on the collection, when it had so many `documents`."""

    documents: int = 0


@dataclass(frozen=True)
class OfflineEntry(FrozenEntry):
    """The file of offline feedback: results of `plan` for the pseudo-queries that `queries` describes.

    `count` pseudo-queries have `tokens` terms, and lists with `entries` documents, of those that `segments` had; with
    each name how many documents were deleted then.
    """

    plan: str = ""
    queries: str = ""
    count: int = 0
    tokens: int = 0
    entries: int = 0
    segments: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EmbeddingsEntry(FrozenEntry):
    """The file of pseudo query embeddings of the vector field `field`, of the pseudo-queries that `queries` describes.

    `count` centroids of documents that `segments` had; with each name how many documents were deleted then. `model` is
    the file of the model that made the vectors, empty where none is fitted on the collection.
    """

    field: str = ""
    queries: str = ""
    count: int = 0
    model: str = ""
    segments: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class SegmentEntry:
    """One segment: `name` (its folder), `rows` in it, and how to check its files.

    `checksums` holds the chunk checksums of all files of the segment. `tombstones` is the file of its deletions,
    or None; `deleted` counts them. `lengths` are tokens of live documents by text field. `frozen` are columns that
    were computed ahead, by the index they are of. `calibrations` say, by vector field in order, what recall takes
    which effort: tuples of (k, recall, probes, refine). `documents` counts live documents where several rows may make
    one; None where each row is a document. Documents were put in the order of the fields `cluster_by` when they were
    merged.
    """

    name: str
    rows: int
    sizes: Mapping[str, int]
    checksums: SealedFile
    lengths: tuple[int, ...]
    tombstones: SealedFile | None = None
    deleted: int = 0
    frozen: Mapping[str, FrozenEntry] = field(default_factory=dict)
    calibrations: tuple[tuple[CalibratedEffort, ...], ...] = ()
    documents: int | None = None
    cluster_by: tuple[str, ...] = ()

    @property
    def live_rows(self) -> int:
        return self.rows - self.deleted

    @property
    def live_documents(self) -> int:
        return self.live_rows if self.documents is None else self.documents

    def files(self) -> list[str]:
        """Every file that this entry needs, by name."""
        names = [f"{self.name}/{name}" for name in self.sizes] + [self.checksums.name]
        names += [name for frozen in self.frozen.values() for name in (frozen.name, frozen.checksums.name)]
        return names + ([self.tombstones.name] if self.tombstones else [])

    @property
    def frozen_bytes(self) -> int:
        return sum(frozen.size for frozen in self.frozen.values())


@dataclass(frozen=True)
class Manifest:
    """A committed state. `generation` counts commits; `next_segment` numbers segments and is never reused.

    `models` are those of encoders that were fitted on the collection, by vector field: all its vectors are of that one.
    `offline` and `embeddings` are what was precomputed for feedback, `tenant_offline` the former by tenant. `clicks`
    says how much of the click log belongs to it, `grants` how much of the log of grants and revokes. Merges put
    documents in the order of the fields `cluster_by`.
    """

    schema: Schema
    generation: int = 0
    next_segment: int = 0
    segments: tuple[SegmentEntry, ...] = field(default=())
    models: Mapping[str, ModelEntry] = field(default_factory=dict)
    offline: OfflineEntry | None = None
    clicks: LogEntry = field(default_factory=LogEntry)
    embeddings: EmbeddingsEntry | None = None
    grants: LogEntry = field(default_factory=LogEntry)
    tenant_offline: Mapping[str, OfflineEntry] = field(default_factory=dict)
    cluster_by: tuple[str, ...] = ()

    @property
    def derived_files(self) -> list[str]:
        """Names of the files of models and of what was precomputed."""
        precomputed = filter(None, (self.offline, self.embeddings, *self.tenant_offline.values()))
        entries = [*self.models.values(), *precomputed]
        return [name for entry in entries for name in (entry.name, entry.checksums.name)]

    @property
    def document_count(self) -> int:
        return sum(segment.live_documents for segment in self.segments)

    @property
    def row_count(self) -> int:
        """Live rows: passages where a text field is split, documents otherwise."""
        return sum(segment.live_rows for segment in self.segments)


def write_manifest(directory: Directory, manifest: Manifest) -> None:
    """The commit point: durable and visible when this returns, or not at all."""
    body = json.dumps(_to_json(manifest), ensure_ascii=False).encode()
    file = directory.create(PENDING)
    try:
        file.write(f"{crc32c(as_bytes(body)):08x}\n".encode() + body + b"\n")
        file.sync()
    finally:
        file.close()
    directory.rename(PENDING, MANIFEST)
    directory.sync_folder("")


def read_manifest(directory: Directory) -> Manifest:
    """The last committed state. Raises NotFound, Corruption or IncompatibleFormat."""
    path = directory.path(MANIFEST)
    data = directory.read(MANIFEST)
    line, _, rest = data.partition(b"\n")
    body = rest[:-1]
    if not rest.endswith(b"\n") or line != f"{crc32c(as_bytes(body)):08x}".encode():
        raise Corruption(path, 0, "checksum mismatch")
    try:
        content = json.loads(body)
        version = content["format_version"]
        if type(version) is not int or not OLDEST_VERSION <= version <= FORMAT_VERSION:
            raise IncompatibleFormat(path, version, FORMAT_VERSION, OLDEST_VERSION)
        return _from_json(content)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, InvalidArgument) as error:
        raise Corruption(path, None, f"the manifest cannot be read: {error!r}") from error


def format_version(schema: Schema) -> int:
    """The version in which a collection is written."""
    return PLAIN_VERSION if schema.tenants is None else FORMAT_VERSION


def _to_json(manifest: Manifest) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format_version": format_version(manifest.schema),
        "generation": manifest.generation,
        "next_segment": manifest.next_segment,
        "schema": manifest.schema.to_json(),
        "segments": [
            {
                "name": entry.name,
                "rows": entry.rows,
                "sizes": dict(entry.sizes),
                "checksums": _sealed_to_json(entry.checksums),
                "lengths": list(entry.lengths),
                "tombstones": _sealed_to_json(entry.tombstones) if entry.tombstones else None,
                "deleted": entry.deleted,
                "frozen": {index: _frozen_to_json(frozen) for index, frozen in entry.frozen.items()},
                "calibrations": [[list(effort) for effort in efforts] for efforts in entry.calibrations],
            }
            | ({} if entry.documents is None else {"documents": entry.documents})
            | ({"cluster_by": list(entry.cluster_by)} if entry.cluster_by else {})
            for entry in manifest.segments
        ],
        "models": {
            name: _frozen_to_json(model) | {"documents": model.documents} for name, model in manifest.models.items()
        },
        "clicks": _log_to_json(manifest.clicks),
    }
    if manifest.offline:
        content["offline"] = _offline_to_json(manifest.offline)
    if manifest.embeddings:
        content["embeddings"] = _embeddings_to_json(manifest.embeddings)
    if manifest.cluster_by:
        content["cluster_by"] = list(manifest.cluster_by)
    if manifest.schema.tenants is not None:
        content["grants"] = _log_to_json(manifest.grants)
        content["tenant_offline"] = {name: _offline_to_json(each) for name, each in manifest.tenant_offline.items()}
    return content


def _from_json(content: Mapping[str, Any]) -> Manifest:
    schema = Schema.from_json(content["schema"])
    models = {name: _model_from_json(model) for name, model in content.get("models", {}).items()}
    if not models.keys() <= set(schema.encoded_fields):
        raise ValueError(f"expected models of fields with an encoder, found {sorted(models)}")
    return Manifest(
        schema,
        _count(content["generation"]),
        _count(content["next_segment"]),
        tuple(
            SegmentEntry(
                _safe_name(entry["name"]),
                _count(entry["rows"]),
                {_safe_name(name): _count(size) for name, size in entry["sizes"].items()},
                _sealed_from_json(entry["checksums"]),
                tuple(_count(length) for length in entry["lengths"]),
                _sealed_from_json(entry["tombstones"]) if entry["tombstones"] else None,
                _count(entry["deleted"]),
                {_safe_name(index): _frozen_from_json(frozen) for index, frozen in entry.get("frozen", {}).items()},
                tuple(tuple(map(_effort, efforts)) for efforts in entry.get("calibrations", [])),
                _count(entry["documents"]) if schema.split_field is not None else None,
                _cluster_by(schema, entry),
            )
            for entry in content["segments"]
        ),
        models,
        _offline_from_json(content["offline"]) if content.get("offline") else None,
        _log_from_json(content["clicks"]) if "clicks" in content else LogEntry(),
        _embeddings_from_json(content["embeddings"], schema) if content.get("embeddings") else None,
        _log_from_json(content["grants"]) if schema.tenants is not None else LogEntry(),
        _tenant_offline_from_json(content["tenant_offline"]) if schema.tenants is not None else {},
        _cluster_by(schema, content),
    )


def _cluster_by(schema: Schema, data: Mapping[str, Any]) -> tuple[str, ...]:
    return check_cluster_by(schema, list(map(str, data.get("cluster_by", ()))))


def _log_to_json(entry: LogEntry) -> dict[str, Any]:
    content = asdict(entry)
    return content if entry.name else {name: value for name, value in content.items() if name != "name"}


def _log_from_json(data: Mapping[str, Any]) -> LogEntry:
    size, entries, crc = _count(data["size"]), _count(data["entries"]), _count(data["crc"])
    if crc >= 2**32:
        raise ValueError(f"expected a checksum, found {crc}")
    return LogEntry(size, entries, crc, _safe_name(data["name"]) if "name" in data else "")


def _tenant_offline_from_json(data: Mapping[str, Any]) -> dict[str, OfflineEntry]:
    return {check_tenant(name): _offline_from_json(each) for name, each in data.items()}


def _effort(value: Any) -> CalibratedEffort:
    k, recall, probes, refine = value
    if type(recall) is not float or not 0 <= recall <= 1 or min(_count(k), _count(probes), _count(refine)) < 1:
        raise ValueError(f"expected k, recall, probes and refine, found {value!r}")
    return k, recall, probes, refine


def _frozen_to_json(frozen: FrozenEntry) -> dict[str, Any]:
    return {"name": frozen.name, "size": frozen.size, "checksums": _sealed_to_json(frozen.checksums)}


def _frozen_from_json(data: Mapping[str, Any]) -> FrozenEntry:
    return FrozenEntry(_safe_path(data["name"]), _count(data["size"]), _sealed_from_json(data["checksums"]))


def _model_from_json(data: Mapping[str, Any]) -> ModelEntry:
    file = _frozen_from_json(data)
    return ModelEntry(file.name, file.size, file.checksums, _count(data["documents"]))


_OFFLINE_COUNTS = ("count", "tokens", "entries")


def _offline_to_json(offline: OfflineEntry) -> dict[str, Any]:
    about = {"plan": offline.plan, "queries": offline.queries, "segments": dict(offline.segments)}
    return _frozen_to_json(offline) | about | {name: getattr(offline, name) for name in _OFFLINE_COUNTS}


def _offline_from_json(data: Mapping[str, Any]) -> OfflineEntry:
    file = _frozen_from_json(data)
    plan, queries = str(data["plan"]), str(data["queries"])
    count, tokens, entries = (_count(data[name]) for name in _OFFLINE_COUNTS)
    segments = {_safe_name(name): _count(deleted) for name, deleted in data["segments"].items()}
    return OfflineEntry(file.name, file.size, file.checksums, plan, queries, count, tokens, entries, segments)


def _embeddings_to_json(entry: EmbeddingsEntry) -> dict[str, Any]:
    about = {"field": entry.field, "queries": entry.queries, "count": entry.count, "model": entry.model}
    return _frozen_to_json(entry) | about | {"segments": dict(entry.segments)}


def _embeddings_from_json(data: Mapping[str, Any], schema: Schema) -> EmbeddingsEntry:
    file = _frozen_from_json(data)
    about = str(data["field"]), str(data["queries"]), _count(data["count"]), str(data["model"])
    if about[0] not in schema.encoded_fields:
        raise ValueError(f"expected embeddings of a field with an encoder, found {about[0]!r}")
    segments = {_safe_name(name): _count(deleted) for name, deleted in data["segments"].items()}
    return EmbeddingsEntry(file.name, file.size, file.checksums, *about, segments)


def _sealed_to_json(sealed: SealedFile) -> dict[str, Any]:
    return {"name": sealed.name, "size": sealed.size, "crc": sealed.crc}


def _sealed_from_json(data: Mapping[str, Any]) -> SealedFile:
    return SealedFile(_safe_path(data["name"]), _count(data["size"]), _count(data["crc"]))


def _safe_path(value: Any) -> str:
    folder, _, name = str(value).rpartition("/")
    return f"{_safe_name(folder)}/{_safe_name(name)}"


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"expected a count, found {value!r}")
    return value


def _safe_name(value: Any) -> str:
    # names come from a file: nothing in them may lead out of the collection
    if not isinstance(value, str) or not value.replace("-", "").replace(".", "").isalnum() or value.startswith("."):
        raise ValueError(f"expected a plain file name, found {value!r}")
    return value
