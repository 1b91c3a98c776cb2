"""How a memory limit is divided among the parts of vector fields.

What every search needs is always in memory. Then come the parts in the order in which a search touches them, from
much to little: lists of sign codes, which are scanned, eight-bit codes, originals. Each is in memory in all segments,
or is read through one cache of pages, which has what is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

from rocchio.errors import InvalidArgument

LEAST_CACHE_BYTES = 1 << 20
"""With less, the pages of one query would push each other out."""

WORKING_BYTES = 1 << 20
"""What a search on one thread reads into, beside the cache."""

PARTS = ("lists", "codes", "originals")


@dataclass(frozen=True)
class MemoryNeeds:
    """Bytes of a vector field, by part. `fixed`: what is in memory in any case."""

    fixed: int = 0
    lists: int = 0
    codes: int = 0
    originals: int = 0

    @staticmethod
    def of_all(needs: Iterable[MemoryNeeds]) -> MemoryNeeds:
        """The sums."""
        every = list(needs)
        return MemoryNeeds(*(sum(getattr(each, part.name) for each in every) for part in fields(MemoryNeeds)))

    @property
    def total(self) -> int:
        """All of it."""
        return self.fixed + self.lists + self.codes + self.originals


@dataclass(frozen=True)
class MemoryPlan:
    """`in_memory` are the parts that are; the others share the cache of `cache_bytes`. `kept_share` of the limit
    is for what is made for tenants. `limit_bytes` is the sum of all, and may be too small, see `check`.
    """

    limit_bytes: int
    needs: MemoryNeeds
    in_memory: tuple[str, ...]
    cache_bytes: int
    kept_share: float = 0.0

    @property
    def kept_bytes(self) -> int:
        """What is for tenants."""
        return int(self.kept_share * self.limit_bytes)

    @property
    def least_bytes(self) -> int:
        """The smallest limit that would do."""
        held = min(self.needs.fixed + LEAST_CACHE_BYTES, self.needs.total)
        return math.ceil((WORKING_BYTES + held) / (1 - self.kept_share))

    def check(self) -> None:
        """Raises InvalidArgument where the limit is too small for the least that a search needs."""
        if self.limit_bytes < self.least_bytes:
            raise InvalidArgument(
                f"expected a memory_limit of at least {self.least_bytes:,} bytes for the vectors of this collection, "
                f"found {self.limit_bytes:,}; raise it, or open the collection without one"
            )


def plan_memory(limit_bytes: int, needs: MemoryNeeds, kept_share: float = 0.0) -> MemoryPlan:
    """Divide a limit; `kept_share` of it, below 1, is for tenants."""
    left = limit_bytes - int(kept_share * limit_bytes) - WORKING_BYTES
    if needs.total <= left:
        return MemoryPlan(limit_bytes, needs, PARTS, 0, kept_share)
    left -= needs.fixed
    in_memory = []
    for part in PARTS:
        size = getattr(needs, part)
        if size + LEAST_CACHE_BYTES > left:
            break
        in_memory.append(part)
        left -= size
    return MemoryPlan(limit_bytes, needs, tuple(in_memory), max(left, LEAST_CACHE_BYTES), kept_share)
