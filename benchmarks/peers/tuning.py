"""Approximate engines: the fastest setting that finds enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from peers.engine import Opened


class Tunable(Opened, Protocol):
    """An index with settings that trade recall for speed."""

    def settings(self, prepared: Any) -> Iterable[Any]:
        """The queries in every setting worth a try."""

    def name_of(self, prepared: Any) -> str:
        """What to call a setting in a report."""


def fastest(
    opened: Tunable, prepared: Any, k: int, recall_of: Callable[[list[list[int]]], float], target: float
) -> Any | None:
    """The queries in the fastest setting whose recall reaches the target, None if none does."""
    best, least = None, float("inf")
    for tried in opened.settings(prepared):
        started = time.process_time()  # unlike the clock, it leaves out what other programs take
        found = opened.search(tried, k)
        seconds = time.process_time() - started
        if seconds < least and recall_of(opened.rows(found, tried, k)) >= target:
            best, least = tried, seconds
    return best
