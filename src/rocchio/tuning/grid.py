"""The weights that tuning tries."""

from __future__ import annotations

from collections.abc import Iterator

from rocchio.errors import InvalidArgument
from rocchio.fusion import Fusion, ZNorm

MAX_LISTS = 5


def fusion_grid(lists: int) -> list[Fusion]:
    """z-norm with all weights in tenths that sum to 1, from four lists on in fifths; weight 1 is a list alone.

    Few settings on purpose: with some dozens of judged queries more of them fit noise. Raises InvalidArgument.
    """
    if not 1 <= lists <= MAX_LISTS:
        raise InvalidArgument(f"expected from 1 to {MAX_LISTS} lists to tune weights for, found {lists}; give fusions")
    steps = 10 if lists <= 3 else 5
    return [ZNorm(tuple(part / steps for part in parts)) for parts in _shares(steps, lists)]


def _shares(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All tuples of `parts` whole numbers from 0 that sum to `total`."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total, -1, -1):
        for rest in _shares(total - first, parts - 1):
            yield (first, *rest)
