"""Runs against a baseline."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rocchio.errors import InvalidArgument
from rocchio.evaluation import Evaluation, compare, holm, randomisation_test


def evaluation(name: str, values: list[float], measures: tuple[str, ...] = ("AP",), first: int = 0) -> Evaluation:
    rows = {measure: np.array(values) for measure in measures}
    ids = tuple(f"q{index}" for index in range(first, first + len(values)))
    means = {measure: float(np.mean(values)) for measure in measures}
    return Evaluation(name, measures, ids, rows, means, (), ())


BASE = [0.5, 0.5, 0.5, 0.5, 0.5]


def test_differences_queries_and_p_values():
    others = [evaluation("up", [0.6, 0.9, 0.5, 0.4, 0.8]), evaluation("same", [*BASE[:4], 0.5 + 1e-12])]
    result = compare(evaluation("base", BASE), others)
    assert (result.baseline, result.queries, result.measures) == ("base", 5, ("AP",))
    up, same = result.differences
    assert (up.run, up.measure, up.wins, up.losses, up.ties) == ("up", "AP", 3, 1, 1)
    assert (up.baseline_mean, up.mean) == pytest.approx((0.5, 0.64))
    assert up.difference == pytest.approx(0.14)
    assert [query for query, _ in up.best] == ["q1", "q4", "q0"]
    assert [query for query, _ in up.worst] == ["q3"]
    assert up.worst[0][1] == pytest.approx(-0.1)
    assert (same.wins, same.losses, same.ties, same.best, same.worst) == (0, 0, 5, (), ())
    expected = [randomisation_test(np.array(row.values["AP"]) - BASE) for row in others]
    assert [up.p, same.p] == expected
    assert [up.p_holm, same.p_holm] == holm(expected)


def test_run_by_run_then_measure_by_measure():
    measures = ("AP", "RR")
    result = compare(evaluation("b", BASE, measures), [evaluation(name, BASE, measures) for name in "xy"], extremes=0)
    assert [(row.run, row.measure) for row in result.differences] == [
        ("x", "AP"),
        ("x", "RR"),
        ("y", "AP"),
        ("y", "RR"),
    ]


def test_extremes_are_limited():
    result = compare(evaluation("b", BASE), [evaluation("x", [0.1, 0.2, 0.9, 0.8, 0.7])], extremes=1)
    assert [query for query, _ in result.differences[0].best] == ["q2"]
    assert [query for query, _ in result.differences[0].worst] == ["q0"]


def test_to_dict_is_json():
    result = json.loads(
        json.dumps(compare(evaluation("b", BASE), [evaluation("x", [1.0, 0.5, 0.5, 0.5, 0.5])]).to_dict())
    )
    assert result["baseline"] == "b"
    (row,) = result["differences"]
    assert row["best"] == [{"query_id": "q0", "difference": 0.5}]
    assert (row["p"], row["p_holm"], row["wins"]) == (1.0, 1.0, 1)


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([], "expected at least one run to compare with the baseline, found none"),
        (
            [evaluation("x", BASE, first=1)],
            "expected 'x' to be evaluated on the 5 queries of 'b', found 5 other ones",
        ),
        ([evaluation("x", BASE, ("RR",))], "expected 'x' to have the measures AP, found RR"),
    ],
)
def test_refused(others, message):
    with pytest.raises(InvalidArgument, match=message):
        compare(evaluation("b", BASE), others)
