"""Is the difference between two runs more than chance? Randomisation test and Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rocchio.errors import InvalidArgument

ROUNDS = 10_000
_CHUNK_CELLS = 1 << 22


def randomisation_test(differences: npt.ArrayLike, *, rounds: int = ROUNDS, seed: int = 0) -> float:
    """Two-sided p-value of the paired randomisation (sign-flip) test, in (0, 1].

    `differences`: (queries,) per-query differences between two runs. The hypothesis tested is that the runs are
    exchangeable on every query: how often is the sum as far from 0 when every difference has a random sign?
    Exact, by all sign patterns, when there are no more than `rounds`; otherwise `rounds` random patterns
    from `seed`, and p = (1 + as extreme) / (1 + rounds), which never is 0. Same input, same answer everywhere.

    Raises: InvalidArgument when a difference is not finite, the shape is not (queries,), or rounds < 1.

    Sources: Smucker, Allan and Carterette, "A comparison of statistical significance tests for information
    retrieval evaluation", CIKM 2007; (1 + b) / (1 + m): Phipson and Smyth, "Permutation p-values should never be
    zero", Statistical Applications in Genetics and Molecular Biology 9(1), 2010.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InvalidArgument(f"expected finite differences of shape (queries,), found shape {values.shape}")
    if rounds < 1:
        raise InvalidArgument(f"expected at least 1 round, found {rounds}")
    values = values[values != 0]  # flipping the sign of 0 changes nothing
    if not len(values):
        return 1.0
    # sums of the same numbers in another order differ in the last bits, and must count as equal
    limit = abs(values.sum()) - 1e-10 * np.abs(values).sum()
    exact = len(values) < 63 and 2 ** len(values) <= rounds
    patterns = 2 ** len(values) if exact else rounds
    bits = np.random.PCG64(seed)
    extreme = 0
    step = max(1, _CHUNK_CELLS // len(values))
    for start in range(0, patterns, step):
        count = min(step, patterns - start)
        flips = _all_patterns(start, count, len(values)) if exact else _random_patterns(bits, count, len(values))
        sums = values.sum() - 2.0 * (flips @ values)
        extreme += int(np.count_nonzero(np.abs(sums) >= limit))
    return extreme / patterns if exact else (1 + extreme) / (1 + patterns)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of a family of tests, adjusted so that the family's error rate is that of one test; same order.

    Raises: InvalidArgument when a p-value is not in [0, 1].

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
    6(2), 1979.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise InvalidArgument(f"expected p-values from 0 to 1, found {list(p_values)!r}")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _all_patterns(start: int, count: int, width: int) -> npt.NDArray[np.float64]:
    numbers = np.arange(start, start + count, dtype=np.int64)
    return ((numbers[:, None] >> np.arange(width)) & 1).astype(np.float64)


def _random_patterns(bits: np.random.PCG64, count: int, width: int) -> npt.NDArray[np.float64]:
    # raw output is the part of numpy's generators that never changes between versions (NEP 19)
    words = np.asarray(bits.random_raw(-(-count * width // 64)), dtype="<u8")
    return np.unpackbits(words.view(np.uint8), count=count * width).reshape(count, width).astype(np.float64)
