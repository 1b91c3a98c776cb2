"""Opens the last committed state of a collection, which a writer may replace in the meantime."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rocchio.analysis import Analyzer
from rocchio.engine.click_history import ClickHistory
from rocchio.engine.encoding import Encoders
from rocchio.engine.latent import LatentModels
from rocchio.engine.memberships import Grants, check_grants
from rocchio.engine.offline import open_offline
from rocchio.engine.open_segment import OpenSegment, open_segment
from rocchio.engine.snapshot import DEFAULT_CACHE_MB, Snapshot
from rocchio.engine.vector_memory import VectorMemory
from rocchio.errors import Corruption, NotFound
from rocchio.storage.directory import Directory
from rocchio.storage.grant_log import GRANTS
from rocchio.storage.manifest import Manifest, SegmentEntry, read_manifest


def open_snapshot(
    directory: Directory,
    analyzer_for: Callable[[str], Analyzer],
    cache_mb: int = DEFAULT_CACHE_MB,
    previous: Snapshot | None = None,
    encoders: Encoders | None = None,
    memory: VectorMemory | None = None,
) -> Snapshot:
    """The last committed state. Segments that `previous` has open are shared.

    Each scoring and choice of fields that is searched keeps columns of at most about `cache_mb` MiB; vectors stay
    within `memory`.
    """
    cache = None if memory is None else memory.cache
    for _ in range(100):
        manifest = read_manifest(directory)
        known = {_identity(segment.entry): segment for segment in previous.segments} if previous else {}
        try:
            segments = [
                known.get(_identity(entry)) or open_segment(directory, entry, manifest.schema, cache)
                for entry in manifest.segments
            ]
            if memory is not None:
                segments = memory.divided(segments, manifest.schema)
            latents = LatentModels(directory, manifest.schema, manifest.models)
            latents.map_files(previous.latents if previous else None)
            offline = open_offline(directory, manifest, previous.opened_offline if previous else None)
            grants = _grants(directory, manifest, segments, previous)
        except NotFound as error:
            # a writer may have replaced the manifest and removed old files in the meantime: look again
            if read_manifest(directory).generation == manifest.generation:
                raise Corruption(directory.path(""), None, f"a file is missing: {error}") from error
            continue
        encoders = encoders or Encoders()
        clicks = ClickHistory(directory, manifest.clicks, previous.clicks if previous else None)
        opened = Snapshot(
            manifest,
            segments,
            analyzer_for,
            cache_mb,
            latents=latents,
            encoders=encoders,
            offline=offline,
            clicks=clicks,
            grants=grants,
            directory=directory,
        )
        opened.share_columns(previous)
        return opened
    raise Corruption(directory.path(""), None, "files vanish as fast as the manifest changes")


def _grants(
    directory: Directory, manifest: Manifest, segments: Sequence[OpenSegment], previous: Snapshot | None
) -> Grants:
    """The log of grants. Raises Corruption, NotFound when a writer has replaced it in the meantime."""
    try:
        grants = Grants.read(directory, manifest.grants, previous.grants if previous else None)
    except Corruption as error:
        if read_manifest(directory).generation != manifest.generation:
            raise NotFound(str(error)) from error
        raise
    check_grants(segments, grants, directory.path(GRANTS))
    return grants


def _identity(entry: SegmentEntry) -> tuple[object, ...]:
    """What an open segment depends on."""
    return entry.name, entry.tombstones, tuple(entry.frozen.values()), entry.calibrations
