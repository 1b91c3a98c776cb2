"""What the vector fields of an open collection may hold in memory: one limit, one cache, and what they did so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rocchio._native import PAGE_BYTES, PageCache
from rocchio.dense.memory_plan import PARTS, WORKING_BYTES, MemoryNeeds, MemoryPlan, plan_memory
from rocchio.dense.segment import KEPT_SHARE
from rocchio.engine.open_segment import OpenSegment
from rocchio.errors import InvalidArgument
from rocchio.storage.schema import Schema

MemoryLimit = int | str

_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_SIZE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([kmg]i?b)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class MemoryInfo:
    """How a `memory_limit` is divided, in bytes, and what reading took since the collection was opened.

    `fixed_bytes` are in memory in any case. Of `lists_bytes`, `codes_bytes` and `originals_bytes` those are that
    `in_memory` names; pages of the others are read through a cache of `cache_bytes`, of which `cached_bytes` are taken.
    `working_bytes` are what a search on one thread reads into, `tenants_bytes` what may be kept for tenants. `hits` and
    `misses` count pages, `reads` and `read_bytes` what was asked of the operating system.
    """

    limit_bytes: int
    fixed_bytes: int
    working_bytes: int
    lists_bytes: int
    codes_bytes: int
    originals_bytes: int
    in_memory: tuple[str, ...]
    cache_bytes: int
    cached_bytes: int
    tenants_bytes: int
    hits: int
    misses: int
    reads: int
    read_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        held = [f"{part} {_size(getattr(self, f'{part}_bytes'))}" for part in self.in_memory]
        read = [f"{part} {_size(getattr(self, f'{part}_bytes'))}" for part in PARTS if part not in self.in_memory]
        parts = [f"in memory: {', '.join([*held, f'the rest {_size(self.fixed_bytes + self.working_bytes)}'])}"]
        if read:
            parts.append(f"read: {', '.join(read)}, with a cache of {_size(self.cache_bytes)}")
        if self.tenants_bytes:
            parts.append(f"for tenants: {_size(self.tenants_bytes)}")
        return f"{_size(self.limit_bytes)}; {'; '.join(parts)}"


class VectorMemory:
    """A limit, the plan for the segments that were opened last, and the cache. Any number of threads may share it."""

    def __init__(self, limit: MemoryLimit) -> None:
        self._limit_bytes = parse_limit(limit)
        self.cache = PageCache(0)
        self.plan = MemoryPlan(self._limit_bytes, MemoryNeeds(), (), 0)

    def divided(self, segments: Sequence[OpenSegment], schema: Schema) -> list[OpenSegment]:
        """The segments with their vectors within a plan for all of them. Raises Corruption."""
        needs = MemoryNeeds.of_all(field.memory_needs for segment in segments for field in segment.vectors)
        plan = plan_memory(self._limit_bytes, needs, KEPT_SHARE if schema.tenants is not None else 0.0)
        if plan.cache_bytes != self.plan.cache_bytes:
            self.cache.resize(plan.cache_bytes)
        self.plan = plan
        return [_within(segment, plan) for segment in segments]

    def info(self) -> MemoryInfo:
        """What it is divided into, and what was read so far."""
        plan, needs = self.plan, self.plan.needs
        return MemoryInfo(
            plan.limit_bytes,
            needs.fixed,
            WORKING_BYTES,
            needs.lists,
            needs.codes,
            needs.originals,
            plan.in_memory,
            plan.cache_bytes,
            len(self.cache) * PAGE_BYTES,
            plan.kept_bytes,
            *self.cache.counts,
        )


def _within(segment: OpenSegment, plan: MemoryPlan) -> OpenSegment:
    """A segment with its vectors within a plan; the same one if they are."""
    vectors = tuple(field.with_memory(plan) for field in segment.vectors)
    unchanged = all(new is old for new, old in zip(vectors, segment.vectors, strict=True))
    return segment if unchanged else replace(segment, vectors=vectors)


def parse_limit(limit: Any) -> int:
    """Bytes of a limit like 67108864, "64MB" (millions) or "64 MiB". Raises InvalidArgument."""
    if isinstance(limit, str) and (match := _SIZE.fullmatch(limit)):
        return int(float(match[1]) * _UNITS[(match[2] or "").lower()])
    if isinstance(limit, int) and not isinstance(limit, bool) and 0 <= limit < 1 << 60:
        return limit
    raise InvalidArgument(f"expected a memory_limit in bytes, or like '64MB' or '1.5 GiB', found {limit!r:.80}")


def _size(size_bytes: int) -> str:
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= scale:
            return f"{size_bytes / scale:.1f} {unit}"
    return f"{size_bytes} B"
