"""The cheapest setting of an index that reaches a recall, and the best index of each engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dense_data import DenseSet
from peers_dense import Opened, Setting, rows_of

TIMES = 2


@dataclass(frozen=True)
class Tuned:
    """A setting, the recall it gave and its CPU seconds for all queries, which other programs do not lengthen."""

    setting: Setting
    recall: float
    seconds: float


def least_effort(efforts: tuple[int, int], recall_of: Callable[[int], float], target: float) -> int | None:
    """The least effort whose recall reaches the target, None if none does. Recall is taken to grow with effort."""
    low, high = efforts
    step = low
    while recall_of(step) < target:
        if step >= high:
            return None
        low, step = step + 1, min(2 * step, high)
    high = step
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if recall_of(middle) >= target else (middle + 1, high)
    return low


class Tuner:
    """Settings of one index on one set; remembers the recalls it has seen."""

    def __init__(self, opened: Opened, data: DenseSet, k: int) -> None:
        self._opened, self._data, self._k = opened, data, k
        self._recalls: dict[Setting, float] = {}

    def recall(self, setting: Setting) -> float:
        """The recall of a setting."""
        if setting not in self._recalls:
            self._recalls[setting] = self._data.recall(rows_of(self._opened, self._search(setting)), self._k)
        return self._recalls[setting]

    def cheapest(self, target: float) -> Tuned | None:
        """The fastest setting with a recall of at least `target`."""
        found = [self._cheapest_with(choice, target) for choice in self._opened.choices]
        return min((one for one in found if one), key=lambda one: one.seconds, default=None)

    def _cheapest_with(self, choice: float | None, target: float) -> Tuned | None:
        effort = least_effort(self._opened.efforts, lambda e: self.recall(Setting(e, choice)), target)
        if effort is None:
            return None
        setting = Setting(effort, choice)
        return Tuned(setting, self.recall(setting), min(self._seconds(setting) for _ in range(TIMES)))

    def _seconds(self, setting: Setting) -> float:
        started = time.process_time()
        self._search(setting)
        return time.process_time() - started

    def _search(self, setting: Setting) -> Any:
        return self._opened.search(self._data.queries, self._k, setting)
