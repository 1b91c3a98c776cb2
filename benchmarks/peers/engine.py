"""What the benchmark asks of an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from data import Query, Source

K1, B = 0.9, 0.4


class Opened(Protocol):
    """An index that answers queries."""

    def prepare(self, queries: Sequence[Query], k: int) -> Any:
        """The queries in the form this engine takes; not timed. May look which algorithm is fastest for them."""

    def search(self, prepared: Any, k: int) -> Any:
        """The top k of all prepared queries, on one thread, in the form this engine gives; this is timed."""

    def rows(self, found: Any, prepared: Any, k: int) -> list[list[int]]:
        """What `search` gave, as document numbers by query, best first; not timed."""


@dataclass(frozen=True)
class Engine:
    """An engine by name, the modules it needs, the packages whose versions are reported, and what it does.

    `build` makes an index in a new folder and gives seconds by part, where it has parts. `index_files` are the
    patterns of the files a search reads. `bytes_per_posting` is what a search reads of each posting it touches, None
    where it depends. `build_threads` is how many a build uses. `includes` says what times cover.
    """

    name: str
    modules: tuple[str, ...]
    packages: tuple[str, ...]
    build: Callable[[Source, Path], dict[str, float]]
    open: Callable[[Path, Source], Opened]
    index_files: tuple[str, ...]
    bytes_per_posting: float | None
    build_threads: int
    includes: str

    def index_bytes(self, folder: Path) -> int:
        """Bytes of the index on disk, without stored documents and files that only the build needs."""
        return sum(path.stat().st_size for pattern in self.index_files for path in folder.rglob(pattern))
