"""Propensities that a log tells: right on simulated clicks, with honest errors, and refused where it tells nothing."""

from __future__ import annotations

import numpy as np
import pytest
from tests.errors.refusal import refused

from rocchio.errors import InvalidArgument
from rocchio.feedback import PropensityEstimate, estimate_propensities
from rocchio.storage.click_log import Impression

DEPTH = 10


def log(eta: float, seed: int, count: int = 4000, rankings: int = 3) -> list[Impression]:
    """Clicks of the position-based model on some queries, each shown by several rankings."""
    dice = np.random.default_rng(seed)
    attraction = dice.uniform(0.1, 0.9, (20, DEPTH))
    orders = [[dice.permutation(DEPTH) for _ in range(rankings)] for _ in range(20)]
    looked = np.arange(1, DEPTH + 1.0) ** -eta
    found = []
    for number in range(count):
        query = int(dice.integers(20))
        order = orders[query][int(dice.integers(rankings))]
        clicked = np.flatnonzero(dice.random(DEPTH) < looked * attraction[query][order]) + 1
        shown = tuple(f"d{document}" for document in order)
        found.append(Impression(str(number), f"q{query}", shown, tuple(clicked.tolist()), ""))
    return found


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0, 2.0])
def test_simulated_propensities_are_found_again(eta: float) -> None:
    found = estimate_propensities(log(eta, seed=1), rounds=40)
    assert abs(found.eta - eta) < 4 * found.eta_error < 0.4
    truth = np.arange(1, DEPTH + 1.0) ** -eta
    known = ~np.isnan(found.ranks)
    assert known.sum() >= (DEPTH if eta < 2 else 5)
    distance = np.abs(np.array(found.ranks) - truth)[known]
    assert (distance <= np.maximum(4.5 * np.array(found.errors)[known], 1e-12)).all()
    assert found.documents == 20 * DEPTH or eta >= 0


def test_errors_are_those_of_repeated_logs() -> None:
    estimates = [estimate_propensities(log(1.0, seed, count=1500), rounds=20) for seed in range(10)]
    spread = float(np.std([found.eta for found in estimates], ddof=1))
    told = float(np.mean([found.eta_error for found in estimates]))
    assert 0.5 < told / spread < 2.0


def test_a_log_in_which_nothing_moved_tells_nothing() -> None:
    with refused(InvalidArgument, "expected documents that were shown at several ranks", "give eta or propensities"):
        estimate_propensities(log(1.0, seed=3, rankings=1))
    with refused(InvalidArgument, "expected documents that were shown at several ranks"):
        estimate_propensities([])


def test_everything_clicked_everywhere_is_no_bias() -> None:
    impressions = [Impression("s", "q", shown, (1, 2), "") for shown in (("a", "b"), ("b", "a")) for _ in range(10)]
    assert estimate_propensities(impressions).ranks == (1.0, 1.0)


def test_two_ranks_by_hand() -> None:
    """One document, at rank 1 in 100 impressions with 60 clicks, at rank 2 in 200 with 40: 0.2 / 0.6."""
    shown = [("d", "x")] * 100 + [("y", "d")] * 200
    clicked = [(1,)] * 60 + [()] * 40 + [(2,)] * 40 + [()] * 160
    impressions = [Impression("s", "q", a, b, "") for a, b in zip(shown, clicked, strict=True)]
    found = estimate_propensities(impressions)
    assert found.ranks == pytest.approx((1.0, 1 / 3))
    assert found.eta == pytest.approx(np.log(3) / np.log(2))
    assert found.documents == 1
    assert found.filled(3) == pytest.approx((1.0, 1 / 3, 3**-found.eta))


def test_it_prints_with_errors() -> None:
    text = str(PropensityEstimate((1.0, 0.5, np.nan), (0.0, 0.02, np.nan), 1.0, 0.03, 1200))
    assert text.splitlines() == [
        "eta 1.00 (standard error 0.03) from 1,200 documents",
        "rank   1  1.000  (0.000)",
        "rank   2  0.500  (0.020)",
        "rank   3  unknown",
    ]
