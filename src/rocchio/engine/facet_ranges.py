"""Ranges with round bounds that hold some numbers or dates, a dozen at most, with how many each holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_RANGES = 12
_STEPS = (1, 2, 5)
_DATE_STEPS = (
    *(("h", n) for n in (1, 6)),
    *(("D", n) for n in (1, 7)),
    *(("M", n) for n in (1, 3, 6)),
    *(("Y", n) for n in (1, 2, 5, 10, 20, 50, 100, 500, 1000)),
)
"""Units of dates, and how many of them make a range."""


@dataclass(frozen=True)
class FacetRange:
    """`count` of the documents have a value of at least `low` and below `high`; dates are in ISO 8601."""

    low: float | str
    high: float | str
    count: int


def few_numbers(distinct: npt.NDArray[Any]) -> bool:
    """Whether numbers are so few that each is a value of its own."""
    return len(distinct) <= MOST_RANGES


def number_ranges(numbers: npt.NDArray[Any]) -> tuple[FacetRange, ...]:
    """Ranges of finite numbers (n,), at least two of them different; they are 1, 2 or 5 times a power of ten wide."""
    low, high = numbers.min(), numbers.max()
    width = _width(float(low), float(high))
    first = math.floor(float(low) / width)
    edges = [(first + i) * width for i in range(MOST_RANGES + 2)]
    edges = [round(edge, 12 - math.floor(math.log10(width))) if width < 1 else edge for edge in edges]
    places = np.searchsorted(np.sort(numbers), np.array(edges[:-1]))
    counts = np.diff(np.append(places, len(numbers)))
    return _trimmed([FacetRange(*each) for each in zip(edges[:-1], edges[1:], counts.tolist(), strict=True)])


def _width(low: float, high: float) -> float:
    """The least round width of which MOST_RANGES reach from `low` to `high`."""
    least = max((high - low) / MOST_RANGES, np.spacing(max(abs(low), abs(high))) * 4)
    power = 10.0 ** math.floor(math.log10(least))
    for step in (*_STEPS, 10):
        width = step * power
        if math.floor(high / width) - math.floor(low / width) < MOST_RANGES:
            return width
    return 20 * power


def date_ranges(microseconds: npt.NDArray[np.int64]) -> tuple[FacetRange, ...]:
    """Ranges of dates (n,) in microseconds since 1970, in whole hours, days, months or years."""
    if not len(microseconds):
        return ()
    dates = np.sort(microseconds).astype("M8[us]")
    for unit, step in _DATE_STEPS:
        first, last = (int(date.astype(f"M8[{unit}]").astype(np.int64)) // step for date in (dates[0], dates[-1]))
        if last - first < MOST_RANGES:
            break
    else:
        last = first + MOST_RANGES - 1  # the last range takes what is left
    starts = (np.arange(first, last + 2) * step).astype(f"M8[{unit}]")
    edges = np.searchsorted(dates, starts.astype("M8[us]"))
    edges[-1] = len(dates)
    texts = [str(start.astype("M8[D]" if unit != "h" else "M8[m]")) for start in starts]
    counts = np.diff(edges).tolist()
    return _trimmed([FacetRange(*each) for each in zip(texts[:-1], texts[1:], counts, strict=True)])


def _trimmed(ranges: list[FacetRange]) -> tuple[FacetRange, ...]:
    """Without empty ranges at either end."""
    held = [place for place, each in enumerate(ranges) if each.count]
    return tuple(ranges[held[0] : held[-1] + 1]) if held else ()
