"""The randomisation test and Holm's correction."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.errors import InvalidArgument
from rocchio.evaluation import holm, randomisation_test, significance


def by_enumeration(values: list[float]) -> float:
    """The definition, one sign pattern at a time."""
    observed = abs(sum(values)) - 1e-9
    sums = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    return sum(each >= observed for each in sums) / len(sums)


def test_by_hand():
    assert randomisation_test([]) == 1.0
    assert randomisation_test([0.0, 0.0]) == 1.0
    assert randomisation_test([0.3]) == 1.0
    assert randomisation_test([0.1, 0.2, 0.3]) == 2 / 8  # only all signs equal is as extreme
    assert randomisation_test([0.1, 0.1, 0.1, 0.0]) == 2 / 8
    assert randomisation_test([0.5, -0.5]) == 1.0


@given(st.lists(st.integers(-10, 10).map(lambda n: n / 10), max_size=8))
def test_small_samples_are_exact(values):
    assert randomisation_test(values) == pytest.approx(by_enumeration(values))


def test_random_rounds_are_near_the_exact_value():
    values = np.array([0.31, -0.12, 0.2, 0.05, 0.17, -0.08, 0.4, -0.22, 0.11, 0.06, -0.3, 0.24])
    exact = randomisation_test(values, rounds=5_000)
    assert exact == pytest.approx(by_enumeration(values.tolist()))
    sampled = [randomisation_test(values, rounds=4_000, seed=seed) for seed in range(20)]
    deviation = (exact * (1 - exact) / 4_000 / 20) ** 0.5
    assert np.mean(sampled) == pytest.approx(exact, abs=4 * deviation + 1 / 4_001)


def test_the_seed_fixes_the_answer_and_chunks_do_not_change_it(monkeypatch):
    values = np.random.default_rng(3).normal(0.05, 1, 100)
    first = randomisation_test(values, seed=1)
    assert first == randomisation_test(values, seed=1)
    assert first == randomisation_test(-values, seed=1)
    assert first != randomisation_test(values, seed=2)
    monkeypatch.setattr(significance, "_CHUNK_CELLS", 64 * 100 * 7)  # whole words per chunk
    assert first == randomisation_test(values, seed=1)


def test_level_under_the_hypothesis_and_power():
    rng = np.random.default_rng(0)
    p_values = [randomisation_test(rng.normal(0, 1, 40), rounds=500) for _ in range(400)]
    assert 0.02 < np.mean(np.array(p_values) <= 0.05) < 0.09
    assert randomisation_test(rng.normal(1, 1, 100)) == 1 / 10_001  # never 0


def test_refused():
    with pytest.raises(
        InvalidArgument, match=r"expected finite differences of shape \(queries,\), found shape \(1, 2\)"
    ):
        randomisation_test([[0.1, 0.2]])
    with pytest.raises(InvalidArgument, match="expected finite differences"):
        randomisation_test([float("nan")])
    with pytest.raises(InvalidArgument, match="expected at least 1 round, found 0"):
        randomisation_test([0.1], rounds=0)
    with pytest.raises(InvalidArgument, match="expected p-values from 0 to 1, found"):
        holm([0.5, 1.5])


def test_holm_by_hand():
    assert holm([]) == []
    assert holm([0.2]) == [0.2]
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_p_values_and_bonferroni(p_values):
    adjusted = holm(p_values)
    for p, q in zip(p_values, adjusted, strict=True):
        assert p <= q <= min(1.0, len(p_values) * p) + 1e-12
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    assert [adjusted[index] for index in order] == sorted(adjusted)
