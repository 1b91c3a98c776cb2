"""Tells how far a long change has come."""

from __future__ import annotations

from collections.abc import Callable


class Counter:
    """Adds up steps and tells `progress` (steps done, `total`)."""

    def __init__(self, progress: Callable[[int, int], None] | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def advance(self, count: int) -> None:
        """So many steps more."""
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)
