"""The next item is prepared while the last one is in use; errors come in their turn."""

from __future__ import annotations

import threading

import pytest

from rocchio.encoders.ahead import ahead


def test_results_come_in_order() -> None:
    assert list(ahead(str, range(5))) == ["0", "1", "2", "3", "4"]
    assert list(ahead(str, [])) == []


def test_the_next_item_is_prepared_while_the_last_is_in_use() -> None:
    started = [threading.Event() for _ in range(2)]

    def call(number: int) -> int:
        started[number].set()
        return number

    results = ahead(call, range(2))
    assert next(results) == 0
    assert started[1].wait(20)
    assert list(results) == [1]


def test_an_error_comes_in_its_turn() -> None:
    results = ahead(lambda divisor: 6 // divisor, [3, 2, 0, 1])
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_lets_the_thread_go() -> None:
    before = threading.active_count()
    results = ahead(str, range(100))
    next(results)
    results.close()
    assert threading.active_count() == before
