"""Reads every byte of a collection and checks it against checksums and formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rocchio.engine.frozen import frozen_problems
from rocchio.engine.latent import model_problems
from rocchio.engine.memberships import Grants, check_grants
from rocchio.engine.offline import offline_problems
from rocchio.engine.open_segment import open_segment
from rocchio.engine.pseudo_embeddings import OpenEmbeddings
from rocchio.errors import DataError, NotFound
from rocchio.storage.append_log import LogEntry
from rocchio.storage.click_log import read_clicks
from rocchio.storage.directory import Directory
from rocchio.storage.grant_log import GRANTS
from rocchio.storage.manifest import Manifest, SegmentEntry, read_manifest


@dataclass(frozen=True)
class VerifyReport:
    """What was checked and what is wrong. `ok` when nothing is."""

    generation: int
    documents: int
    files: int
    size_bytes: int
    problems: tuple[DataError | NotFound, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(directory: Directory, progress: Callable[[int, int], None]) -> VerifyReport:
    """Check the last commit, segment by segment, from the disk: also what is too damaged to be opened.

    Raises NotFound, Corruption or IncompatibleFormat when the manifest itself cannot be read.
    """
    manifest = read_manifest(directory)
    problems: list[DataError | NotFound] = []
    for done, entry in enumerate(manifest.segments):
        progress(done, len(manifest.segments))
        problems += _problems(directory, entry, manifest)
    problems += model_problems(directory, manifest) + offline_problems(directory, manifest)
    problems += OpenEmbeddings(directory, manifest).problems()
    problems += click_problems(directory, manifest.clicks) + grant_problems(directory, manifest)
    progress(len(manifest.segments), len(manifest.segments))
    return VerifyReport(
        manifest.generation,
        manifest.document_count,
        1
        + sum(len(entry.files()) for entry in manifest.segments)
        + len(manifest.derived_files)
        + bool(manifest.clicks.size)
        + bool(manifest.grants.size),
        sum(sum(entry.sizes.values()) + entry.frozen_bytes for entry in manifest.segments)
        + sum(model.size for model in manifest.models.values())
        + sum(entry.size for entry in (manifest.offline, manifest.embeddings) if entry)
        + sum(entry.size for entry in manifest.tenant_offline.values())
        + manifest.clicks.size
        + manifest.grants.size,
        tuple(problems),
    )


def click_problems(directory: Directory, entry: LogEntry) -> list[DataError | NotFound]:
    """What is wrong with the click log, if anything."""
    try:
        read_clicks(directory, entry)
    except (DataError, NotFound) as error:
        return [error]
    return []


def grant_problems(directory: Directory, manifest: Manifest) -> list[DataError | NotFound]:
    """What is wrong with the log of grants, if anything."""
    try:
        grants = Grants.read(directory, manifest.grants, None)
        segments = (
            [open_segment(directory, entry, manifest.schema) for entry in manifest.segments] if grants.changes else []
        )
        check_grants(segments, grants, directory.path(GRANTS))
    except (DataError, NotFound) as error:
        return [error]
    return []


def _problems(directory: Directory, entry: SegmentEntry, manifest: Manifest) -> list[DataError | NotFound]:
    try:
        segment = open_segment(directory, entry, manifest.schema)
        found = segment.problems()
        # frozen columns are compared with postings, which must be sound for that
        return [*found] if found else frozen_problems(directory, entry, segment.indexes)
    except (DataError, NotFound) as error:
        return [error]
