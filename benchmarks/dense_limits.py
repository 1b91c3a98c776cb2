"""What the machine's memory can do, on one thread: the limit that searches in graphs are measured against.

The loops are compiled with numba. Arrays are of 512 MB, far above the last cache; numpy asks for huge pages for them.
Random blocks are read in an order drawn before, each summed as a whole, so that reads overlap as far as the processor
looks ahead; there is no software prefetch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ARRAY_BYTES = 1 << 29
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
    """(follow a chain of indexes, sum random blocks), compiled."""
    import numba

    @numba.njit
    def chase(chain: Any, steps: int) -> int:
        at = 0
        for _ in range(steps):
            at = chain[at]
        return at

    @numba.njit
    def gather(blocks: Any, order: Any) -> int:
        total = 0
        for row in order:
            block = blocks[row]
            for word in block:
                total += word
        return total

    return chase, gather


def measure_limits(sizes: Sequence[int] = BLOCKS) -> Limits:
    """Measure; takes some seconds."""
    chase, gather = loops()
    rng = np.random.default_rng(1)
    lines = ARRAY_BYTES // 64
    order = rng.permutation(lines)
    chain = np.zeros(lines * 8, np.int64)
    chain[order * 8] = np.roll(order, -1) * 8  # one cycle through a word of each cache line
    latency = best_seconds(chase, chain, READS) / READS
    words = np.ones(ARRAY_BYTES // 8, np.int64)
    blocks = {}
    for size in sizes:
        rows = len(words) * 8 // size
        picked = rng.integers(0, rows, READS)
        view = words[: rows * size // 8].reshape(rows, size // 8)
        blocks[size] = READS * size / best_seconds(gather, view, picked)
    sequential = words.nbytes / best_seconds(words.sum)
    return Limits(latency, sequential, blocks)
