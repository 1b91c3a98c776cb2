"""How a batch is cut into parts for threads."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.engine.execution import PARTS_PER_THREAD, on_threads, parts_by_filter


@given(st.lists(st.sampled_from(["year = 1", "year = 2", "lang = 'de'", None])), st.integers(1, 9))
def test_each_query_is_in_one_part_and_parts_have_one_filter(where: list[str | None], threads: int):
    parts = parts_by_filter(where, threads)
    assert sorted(place for places in parts for place in places) == list(range(len(where)))
    assert all(places == sorted(places) and len({where[place] for place in places}) == 1 for places in parts)
    if threads == 1:
        assert len(parts) == len(set(where))
    else:
        assert all(len(places) <= -(-len(where) // (threads * PARTS_PER_THREAD)) for places in parts)
        assert len(parts) <= threads * PARTS_PER_THREAD + len(set(where))


def test_a_filter_for_all_is_shared_evenly():
    assert [len(places) for places in parts_by_filter([None] * 1000, 2)] == [125] * 8
    assert [len(places) for places in parts_by_filter([None] * 130, 2)] == [16, 16, 16, 17, 16, 16, 16, 17]
    assert parts_by_filter([], 2) == []


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parts_are_shared_and_answers_are_in_order(threads: int):
    both_are_here = threading.Barrier(2, timeout=10)

    def work(part: int) -> tuple[int, int]:
        if threads > 1 and part < 2:
            both_are_here.wait()
        return part * part, threading.get_ident()

    done = on_threads(work, range(20), threads)
    assert [square for square, _ in done] == [part * part for part in range(20)]
    assert (len({thread for _, thread in done}) > 1) == (threads > 1)


def test_the_first_failure_is_raised():
    def work(part: int) -> int:
        raise ValueError(part)

    with pytest.raises(ValueError, match=r"^0$"):
        on_threads(work, range(4), 2)
