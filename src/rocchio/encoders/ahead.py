"""The next piece of work prepared while the present one is done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(call: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    """`call` of each item, in order; of the next one on another thread while the caller is busy with the last.

    An error of a call is raised when its result is asked for. Close the generator to let the thread go early.
    """
    with ThreadPoolExecutor(1, "rocchio-ahead") as pool:
        waiting = None
        for item in items:
            coming = pool.submit(call, item)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()
