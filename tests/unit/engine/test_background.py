"""Work in the background: in order, bounded, with its errors brought home."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from rocchio.engine.background import MOST_WAITING, Background, beside


def test_calls_run_in_order_on_one_other_thread() -> None:
    background, seen = Background(), []
    for number in range(20):
        background.submit(lambda number=number: seen.append((number, threading.get_ident())) or number)
    background.wait()
    assert [number for number, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen}) == 1 and seen[0][1] != threading.get_ident()
    assert background.result == 19
    background.close()


def test_the_result_does_not_depend_on_speed() -> None:
    background, results = Background(), []
    for number in range(6):
        background.submit(lambda number=number: number)
        results.append(background.result)
    background.close()
    assert results == [0, 0, *range(6 - MOST_WAITING)]


def test_an_error_is_raised_and_stops_what_follows() -> None:
    background, ran = Background(), []

    def fail() -> int:
        raise OSError(28, "no space")

    background.submit(fail)
    background.submit(lambda: ran.append(1) or 0)
    with pytest.raises(OSError, match="no space"):
        background.wait()
    background.close()
    assert not ran


def test_a_call_beside_a_block_runs_while_the_block_does() -> None:
    started, ended = threading.Event(), threading.Event()

    def call() -> bool:
        started.set()
        return ended.wait(20)

    with beside(call) as result:
        assert started.wait(20)
        ended.set()
    assert result.result() is True


def test_an_error_beside_a_block_is_raised_with_its_result_and_after_one_of_the_block() -> None:
    def fail() -> int:
        raise OSError(28, "no space")

    with beside(fail) as result:
        pass
    with pytest.raises(OSError, match="no space"):
        result.result()
    with pytest.raises(KeyError, match="of the block"), beside(fail):
        raise KeyError("of the block")


class _Interrupted:
    """A call that ends when the user, who waits for it, has interrupted twice."""

    def __init__(self) -> None:
        self._may_end, self._runs, self.has_ended = threading.Event(), threading.Event(), False

    def __call__(self) -> int:
        self._runs.set()
        self.has_ended = self._may_end.wait(20)
        return 0

    def wait(self, wait: Callable[[], None]) -> None:
        user = threading.get_ident()

        def interrupt() -> None:
            self._runs.wait(20)
            for _ in range(2):
                time.sleep(0.1)
                signal.pthread_kill(user, signal.SIGINT)
            time.sleep(0.1)
            self._may_end.set()

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                wait()
        finally:
            interrupting.join()


needs_signals = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system has no signals to threads")


@needs_signals
def test_interrupts_beside_a_block_leave_no_call_running() -> None:
    call = _Interrupted()

    def wait() -> None:
        with beside(call):
            pass

    call.wait(wait)
    assert call.has_ended


@needs_signals
def test_interrupts_while_closing_leave_no_call_running() -> None:
    call = _Interrupted()

    def wait() -> None:
        background = Background()
        background.submit(call)
        background.close()

    call.wait(wait)
    assert call.has_ended
