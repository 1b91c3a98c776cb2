"""Texts of like length together: a batch is padded to its longest text, and padding costs as much as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class BatchLimit(NamedTuple):
    """How much a batch takes at most."""

    texts: int
    tokens: int
    """Padding included."""


CPU_BATCH = BatchLimit(texts=16, tokens=8192)
"""MiniLM on one core of a Zen 5 takes 12 % longer with 64 texts, which no longer fit its cache."""
GPU_BATCH = BatchLimit(texts=1024, tokens=32768)
"""MiniLM on an H100 takes 26 % longer with 256 texts and 8,192 tokens, and no less time with 131,072 tokens."""


def batches(sizes: Sequence[int], most: BatchLimit = CPU_BATCH) -> list[list[int]]:
    """Places of texts in batches of like `sizes` (about tokens); longest first: memory is short at once or never."""
    order = sorted(range(len(sizes)), key=lambda place: -sizes[place])
    found: list[list[int]] = []
    first = 0
    while first < len(order):
        count = max(1, min(most.texts, most.tokens // max(1, sizes[order[first]])))
        found.append(order[first : first + count])
        first += count
    return found
