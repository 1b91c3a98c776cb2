"""How a memory limit is divided."""

from __future__ import annotations

import pytest

from rocchio.dense.memory_plan import LEAST_CACHE_BYTES, WORKING_BYTES, MemoryNeeds, plan_memory
from rocchio.errors import InvalidArgument

MB = 10**6
NEEDS = MemoryNeeds(fixed=3 * MB, lists=13 * MB, codes=38 * MB, originals=154 * MB)
LEAST = NEEDS.fixed + WORKING_BYTES + LEAST_CACHE_BYTES


@pytest.mark.parametrize(
    ("limit", "in_memory"),
    [
        (LEAST, ()),
        (LEAST + NEEDS.lists - 1, ()),
        (LEAST + NEEDS.lists, ("lists",)),
        (LEAST + NEEDS.lists + NEEDS.codes - 1, ("lists",)),
        (LEAST + NEEDS.lists + NEEDS.codes, ("lists", "codes")),
        (NEEDS.total + WORKING_BYTES - 1, ("lists", "codes")),
        (NEEDS.total + WORKING_BYTES, ("lists", "codes", "originals")),
    ],
)
def test_parts_in_order(limit: int, in_memory: tuple[str, ...]) -> None:
    plan = plan_memory(limit, NEEDS)
    plan.check()
    assert plan.in_memory == in_memory
    held = sum(getattr(NEEDS, part) for part in in_memory)
    assert NEEDS.fixed + held + plan.cache_bytes + WORKING_BYTES <= limit
    assert (plan.cache_bytes == 0) == (len(in_memory) == 3)


def test_tenants_get_a_share() -> None:
    plan = plan_memory(100 * MB, NEEDS, 0.2)
    assert plan.kept_bytes == 20 * MB
    assert plan.in_memory == ("lists", "codes")
    assert plan.cache_bytes == 80 * MB - NEEDS.fixed - NEEDS.lists - NEEDS.codes - WORKING_BYTES


def test_too_small() -> None:
    with pytest.raises(InvalidArgument, match=f"at least {LEAST:,} bytes"):
        plan_memory(LEAST - 1, NEEDS).check()


def test_the_least_is_enough_with_tenants_too() -> None:
    limit = plan_memory(0, NEEDS, 0.2).least_bytes
    plan_memory(limit, NEEDS, 0.2).check()
    with pytest.raises(InvalidArgument, match=f"at least {limit:,} bytes"):
        plan_memory(limit - 10, NEEDS, 0.2).check()


def test_what_is_small_needs_no_cache() -> None:
    small = MemoryNeeds(10, 20, 30, 40)
    limit = plan_memory(0, small).least_bytes
    assert limit == WORKING_BYTES + 100
    plan = plan_memory(limit, small)
    plan.check()
    assert plan.in_memory == ("lists", "codes", "originals") and plan.cache_bytes == 0
    with pytest.raises(InvalidArgument):
        plan_memory(limit - 1, small).check()


def test_sums() -> None:
    assert MemoryNeeds.of_all([NEEDS, MemoryNeeds(1, 2, 3, 4)]).total == NEEDS.total + 10
    assert MemoryNeeds.of_all([]) == MemoryNeeds()
