"""Reads every byte of a collection and checks it against checksums and formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rocchio.engine.snapshot import Snapshot
from rocchio.errors import DataError


@dataclass(frozen=True)
class VerifyReport:
    """What was checked and what is wrong. `ok` when nothing is."""

    generation: int
    documents: int
    files: int
    size_bytes: int
    problems: tuple[DataError, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(snapshot: Snapshot, progress: Callable[[int, int], None]) -> VerifyReport:
    """Check all segments of a snapshot, one after another."""
    problems: list[DataError] = []
    for done, segment in enumerate(snapshot.segments):
        progress(done, len(snapshot.segments))
        problems += segment.problems()
    progress(len(snapshot.segments), len(snapshot.segments))
    entries = snapshot.manifest.segments
    return VerifyReport(
        snapshot.manifest.generation,
        len(snapshot),
        1 + sum(len(entry.files()) for entry in entries),
        sum(sum(entry.sizes.values()) for entry in entries),
        tuple(problems),
    )
