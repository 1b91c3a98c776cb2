"""Chooses a setting from its values on training queries, and says by cross-validation what the choice is worth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument

CAUTION = 1.0
"""Standard errors that a gain over the default must exceed its rivals' by: with few queries most gains are noise."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Selection:
    """Settings are numbers of rows. `chosen` on all queries; `counts` says how often which was chosen without a fold.

    `held_out` float64 (queries,) is what a query gets from the settings that were chosen without it, on average.
    """

    chosen: int
    counts: dict[int, int]
    held_out: Values


def choose(values: Values, default: int, caution: float = CAUTION) -> int:
    """The setting whose gain over the default, less `caution` standard errors of it, is largest; the first of ties.

    `values` (settings, queries), at least two queries. After the one-standard-error rule of Breiman, Friedman, Olshen
    and Stone, Classification and Regression Trees, 1984: only what is better beyond noise replaces a safe choice.
    """
    gains = values - values[default]
    errors = gains.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    bounds = gains.mean(axis=1) - caution * errors
    return default if bounds[default] >= bounds.max() else int(np.argmax(bounds))


def cross_validate(
    values: Values, default: int, folds: int, repeats: int = 1, seed: int = 0, caution: float = CAUTION
) -> Selection:
    """Choose on all folds but one, measure on that one, for each of `folds` random parts of the queries.

    `values` (settings, queries). All is done `repeats` times with other parts, so that the result does not hang on one
    of them. Raises InvalidArgument for fewer than 2 folds, or fewer than two queries for each.
    """
    queries = values.shape[1]
    _check(queries, folds, repeats, caution)
    random = np.random.PCG64(seed)
    total = np.zeros(queries)
    counts: Counter[int] = Counter()
    for _ in range(repeats):
        # raw output is the part of numpy's generators that never changes between versions (NEP 19)
        order = np.argsort(random.random_raw(queries), kind="stable")
        fold = np.empty(queries, np.int64)
        fold[order] = np.arange(queries) % folds
        for number in range(folds):
            best = choose(values[:, fold != number], default, caution)
            counts[best] += 1
            total[fold == number] += values[best, fold == number]
    return Selection(choose(values, default, caution), dict(counts.most_common()), total / repeats)


def _check(queries: int, folds: int, repeats: int, caution: float) -> None:
    for name, value, least in (("folds", folds, 2), ("repeats", repeats, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 1000:
            raise InvalidArgument(f"expected {name} from {least} to 1000, found {value!r}")
    if queries < 2 * folds:
        raise InvalidArgument(
            f"expected at least {2 * folds} judged queries for {folds} folds, found {queries}; ask for fewer folds"
        )
    if isinstance(caution, bool) or not isinstance(caution, int | float) or not 0 <= caution <= 100:
        raise InvalidArgument(f"expected caution from 0 to 100 standard errors, found {caution!r}")
