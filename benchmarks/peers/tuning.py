"""Approximate engines: the fastest setting that finds enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Protocol

from peers.engine import Opened


class Tunable(Opened, Protocol):
    """An index with settings that trade recall for speed."""

    def settings(self, prepared: Any) -> Iterable[Any]:
        """The queries in every setting worth a try."""

    def name_of(self, prepared: Any) -> str:
        """What to call a setting in a report."""


def fastest(
    opened: Tunable, prepared: Any, k: int, recall_of: Callable[[list[list[int]]], float], targets: Sequence[float]
) -> dict[float, Any]:
    """For each target that some setting's recall reaches, the queries in the fastest such setting."""
    tried = []
    for setting in opened.settings(prepared):
        started = time.process_time()  # unlike the clock, it leaves out what other programs take
        found = opened.search(setting, k)
        seconds = time.process_time() - started
        tried.append((seconds, recall_of(opened.rows(found, setting, k)), setting))
    enough = {target: [one for one in tried if one[1] >= target] for target in targets}
    return {target: min(ones, key=itemgetter(0))[2] for target, ones in enough.items() if ones}
