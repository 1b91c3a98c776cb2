"""What the machine's memory can do, on one thread: the limit that searches in graphs are measured against.

The loops are compiled with numba. Arrays are of 512 MB, far above the last cache; numpy asks for huge pages for them.
Of random blocks, in an order drawn before, a word of each cache line is read: the line comes whole, the arithmetic is
next to none, and reads overlap as far as the processor looks ahead. There is no software prefetch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ARRAY_BYTES = 1 << 29
LINE_BYTES = 64
LINE_WORDS = LINE_BYTES // 8
BLOCKS = (64, 128, 192, 384, 512, 1024)
READS = 1 << 20
ROUNDS = 5


@dataclass(frozen=True)
class Limits:
    """Seconds of a load that depends on the one before; bytes per second in sequence, and of random blocks by size."""

    latency_s: float
    sequential: float
    blocks: dict[int, float]

    def random(self, block: int) -> float:
        """Bytes per second for random blocks of some bytes, between the sizes that were measured."""
        return float(np.interp(block, list(self.blocks), list(self.blocks.values())))


def best_seconds(call: Callable[..., Any], *arguments: Any) -> float:
    """The least of some rounds, after one that compiles."""
    call(*arguments)
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call(*arguments)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def loops() -> tuple[Any, Any]:
    """(follow a chain of indexes, read a word of each line of some blocks), compiled."""
    import numba

    @numba.njit
    def chase(chain: Any, steps: int) -> int:
        at = 0
        for _ in range(steps):
            at = chain[at]
        return at

    @numba.njit
    def gather(words: Any, starts: Any, lines: int) -> int:
        total = 0
        for start in starts:
            for line in range(lines):
                total += words[start + line * LINE_WORDS]
        return total

    return chase, gather


def measure_limits(sizes: Sequence[int] = BLOCKS) -> Limits:
    """Measure; takes some seconds."""
    chase, gather = loops()
    rng = np.random.default_rng(1)
    order = rng.permutation(ARRAY_BYTES // LINE_BYTES) * LINE_WORDS
    words = np.zeros(ARRAY_BYTES // 8, np.int64)
    words[order] = np.roll(order, -1)  # one cycle through the first word of each cache line
    latency = best_seconds(chase, words, READS) / READS
    blocks = {}
    for size in sizes:
        starts = rng.integers(0, ARRAY_BYTES // size, READS) * (size // 8)
        blocks[size] = READS * size / best_seconds(gather, words, starts, size // LINE_BYTES)
    sequential = words.nbytes / best_seconds(words.sum)
    return Limits(latency, sequential, blocks)
