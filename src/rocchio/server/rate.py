"""Token buckets: how often each caller may ask."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_MOST_CALLERS = 10_000


class RateLimiter:
    """`rate` requests a second for each caller, and as many at once after a pause. A rate of 0 lets all through."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._most, self._clock = rate, max(1.0, rate), clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, caller: str) -> int:
        """0 if the caller may go on, otherwise whole seconds to wait."""
        if not self.rate:
            return 0
        now = self._clock()
        tokens, last = self._buckets.get(caller, (self._most, now))
        tokens = min(self._most, tokens + (now - last) * self.rate)
        if tokens < 1:
            return math.ceil((1 - tokens) / self.rate)
        if len(self._buckets) >= _MOST_CALLERS:
            self._forget(now)
        self._buckets[caller] = (tokens - 1, now)
        return 0

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again, or all: memory is bounded."""
        refill_s = self._most / self.rate
        self._buckets = {who: bucket for who, bucket in self._buckets.items() if now - bucket[1] < refill_s}
        if len(self._buckets) >= _MOST_CALLERS:
            self._buckets.clear()
