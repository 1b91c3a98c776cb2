"""Texts of like length together: a batch is padded to its longest text, and padding costs as much as text."""

from __future__ import annotations

from collections.abc import Sequence

BATCH_TOKENS = 8192
"""Of a batch, padding included: enough for all cores, few enough for the caches of a CPU."""
MAX_BATCH = 16
"""Texts of a batch on a CPU: MiniLM on one core of a Zen 5 takes 12 % longer with 64, which no longer fit its cache."""
GPU_BATCH = 256


def batches(sizes: Sequence[int], most: int = MAX_BATCH) -> list[list[int]]:
    """Places of texts in batches of like `sizes` (about tokens); longest first: memory is short at once or never."""
    order = sorted(range(len(sizes)), key=lambda place: -sizes[place])
    found: list[list[int]] = []
    first = 0
    while first < len(order):
        count = max(1, min(most, BATCH_TOKENS // max(1, sizes[order[first]])))
        found.append(order[first : first + count])
        first += count
    return found
