"""Removes files that no manifest names: left by an interrupted writer, or replaced by a compaction."""

from __future__ import annotations

from rocchio.storage.click_log import click_file, is_click_file
from rocchio.storage.directory import Directory
from rocchio.storage.grant_log import GRANTS, grant_file
from rocchio.storage.manifest import Manifest
from rocchio.storage.segment import MODELS, OFFLINE

SEGMENT_PREFIX = "segment-"


def remove_orphans(directory: Directory, manifest: Manifest) -> None:
    """Only the writer may call this, and only when `manifest` is durable.

    Readers that have the files mapped keep them; a reader that is just opening looks at the new manifest again.
    """
    needed = {name for entry in manifest.segments for name in entry.files()} | set(manifest.derived_files)
    needed |= {grant_file(manifest.grants)} if manifest.grants.name else set()
    folders = {name.partition("/")[0] for name in needed}
    for folder in directory.names(""):
        if is_click_file(folder) and folder != click_file(manifest.clicks):
            directory.remove(folder)
        if folder not in (MODELS, OFFLINE, GRANTS) and not folder.startswith(SEGMENT_PREFIX):
            continue
        for name in directory.names(folder):
            if f"{folder}/{name}" not in needed:
                directory.remove(f"{folder}/{name}")
        if folder not in folders:
            directory.remove(folder)
