"""What the filter benchmark asks of a peer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from filter_cases import Case, FilteredSet, Rows


class Peer(Protocol):
    """An index that filters, on one thread where it can be told to."""

    name: str
    packages: tuple[str, ...]
    most_queries: int | None
    """So many queries of a case are enough; None: all."""

    def build(self, data: FilteredSet, folder: Path) -> None:
        """Index the vectors and their numbers."""

    def efforts(self, k: int) -> Sequence[Any]:
        """Settings to try, the cheapest first; the last one finds all that the peer can find."""

    def search(self, case: Case, k: int, effort: Any) -> Rows:
        """Rows [queries, k] found under the filter of a case, -1 where there are fewer."""
