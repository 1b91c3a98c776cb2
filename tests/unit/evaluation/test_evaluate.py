"""Evaluation of runs: values checked by hand, against ir-measures, and on ties."""

from __future__ import annotations

import json
import math
import random
import shutil

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.errors import InvalidArgument
from rocchio.evaluation import evaluate
from rocchio.sources import read_qrels
from rocchio.types import Run

MEASURES = "nDCG@10 AP RR@10 R@100 P@2 Judged@3 Success@1 nDCG Bpref"


def run_of(ranked: dict[str, list[str]], scores: dict[str, list[float]] | None = None, name: str = "test") -> Run:
    given_scores = scores or {query_id: [float(-rank) for rank in range(len(ids))] for query_id, ids in ranked.items()}
    return Run(list(ranked), list(ranked.values()), [np.array(given_scores[q], np.float32) for q in ranked], name)


def test_by_hand():
    qrels = {"q": {"a": 1, "b": 0, "c": 2}}
    found = evaluate(run_of({"q": ["b", "c", "x", "a"]}), qrels, "AP RR P@2 nDCG@3 R@2").means
    assert found["AP"] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found["RR"] == pytest.approx(1 / 2)
    assert found["P@2"] == pytest.approx(1 / 2)
    assert found["R@2"] == pytest.approx(1 / 2)
    # gain 2 at rank 2, over the ideal order c, a
    assert found["nDCG@3"] == pytest.approx((2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_missing_queries_count_as_zero_and_unjudged_ones_not_at_all():
    qrels = {"q1": {"a": 1}, "q2": {"a": 1}, "q3": {"a": 1}, "nobody-looked": {}}
    result = evaluate(run_of({"other": ["a"], "q1": ["a"], "q3": []}, name="mine"), qrels, ["AP", "NumRet"])
    assert result.name == "mine"
    assert result.query_ids == ("q1", "q2", "q3")
    assert result.missing == ("q2",)
    assert result.unjudged == ("other",)
    assert result.per_query("AP") == {"q1": 1.0, "q2": 0.0, "q3": 0.0}
    assert result.values["AP"].dtype == np.float64
    assert result.means == {"AP": pytest.approx(1 / 3), "NumRet": 1.0}
    with pytest.raises(InvalidArgument, match="expected one of AP, NumRet, found 'RR'"):
        result.per_query("RR")


def test_to_dict_is_json():
    result = evaluate(run_of({"q": ["a"]}), {"q": {"a": 1}}, "AP")
    row = {"run": "test", "queries": 1, "missing": [], "unjudged": [], "means": {"AP": 1.0}}
    assert json.loads(json.dumps(result.to_dict(per_query=False))) == row
    assert json.loads(json.dumps(result.to_dict())) == {**row, "per_query": {"AP": {"q": 1.0}}}


def test_the_given_order_is_measured_also_where_scores_tie():
    qrels = {"q": {"b": 1, "a": 0, "z": 0}}
    for ranked, reciprocal in ((["a", "b", "z"], 1 / 2), (["b", "z", "a"], 1), (["z", "a", "b"], 1 / 3)):
        result = evaluate(run_of({"q": ranked}, {"q": [1.0, 1.0, 1.0]}), qrels, "RR RR@10 AP")
        assert [result.means[name] for name in ("RR", "RR@10", "AP")] == pytest.approx([reciprocal] * 3)


def test_libraries_disagree_on_ties_when_left_alone():
    """Why evaluate() hands over rank-derived scores; fails when ir-measures agrees with itself some day."""
    qrels, tied = {"q": {"a": 1, "b": 0}}, {"q": {"a": 1.0, "b": 1.0}}
    assert ir_measures.calc_aggregate([ir_measures.RR], qrels, tied)[ir_measures.RR] == 0.5
    assert ir_measures.calc_aggregate([ir_measures.RR @ 10], qrels, tied)[ir_measures.RR @ 10] == 1.0


def test_scores_are_not_looked_at():
    result = evaluate(run_of({"q": ["b", "a"]}, {"q": [1.0, float("nan")]}), {"q": {"a": 1}}, "RR")
    assert result.means["RR"] == 0.5


@given(st.integers(0, 10_000))
def test_equals_ir_measures_on_runs_without_ties(seed):
    rng = random.Random(seed)
    docs = [f"d{n}" for n in range(30)]
    qrels = {f"q{n}": {doc: rng.choice([-1, 0, 1, 2]) for doc in rng.sample(docs, 8)} for n in range(5)}
    ranked = {f"q{n}": rng.sample(docs, rng.randint(1, 30)) for n in range(1, 7)}
    result = evaluate(run_of(ranked), qrels, MEASURES)
    scored = {q: {doc: 1.0 / (rank + 1) for rank, doc in enumerate(ids)} for q, ids in ranked.items()}
    expected = ir_measures.calc([ir_measures.parse_measure(name) for name in MEASURES.split()], qrels, scored)
    for measure, value in expected.aggregated.items():
        assert result.means[str(measure)] == pytest.approx(value, abs=1e-12)
    for metric in expected.per_query:
        assert result.per_query(str(metric.measure))[metric.query_id] == pytest.approx(metric.value, abs=1e-12)


def test_any_ids_are_measured():
    odd = ["with space", "nul\0a", "nul\0b", "", "\N{GRINNING FACE}", "tab\t"]
    for index, doc_id in enumerate(odd):
        result = evaluate(run_of({"query one": odd}), {"query one": {doc_id: 1}}, "RR RR@10")
        assert list(result.means.values()) == pytest.approx([1 / (index + 1)] * 2)


@pytest.mark.skipif(shutil.which("perl") is None, reason="ir-measures computes ERR with a Perl script")
def test_err_and_its_limit():
    run = run_of({"query-a": ["a b", "c"]})
    assert evaluate(run, {"query-a": {"a b": 4}}, "ERR@10").means["ERR@10"] == pytest.approx(15 / 16, abs=1e-4)
    with pytest.raises(InvalidArgument, match=r"cannot compute ERR@10 on these judgements, found CalledProcessError"):
        evaluate(run, {"query-a": {"a b": 5}}, "ERR@10")


@pytest.mark.parametrize(
    ("run", "qrels", "message"),
    [
        (run_of({"q": ["a"]}), {}, "expected judgements of at least one query, found none in the qrels"),
        (run_of({"q": ["a"]}), {"q": {}}, "expected judgements of at least one query, found none in the qrels"),
        (
            run_of({"q": ["a", "b", "a"]}),
            {"q": {"a": 1}},
            "expected every document once per query, found one twice",
        ),
        (
            Run(["q", "q"], [[], []], [np.empty(0, np.float32)] * 2),
            {"q": {"a": 1}},
            "expected every query once in the run, found 'q' again",
        ),
        (
            run_of({"q": ["a"]}),
            {"q": {"a": 10**8}},
            "expected whole numbers from -1000 to 1000 as grades, found 100000000",
        ),
        (
            run_of({"q": ["a"]}),
            {"q": {"a": 0.5}},
            "expected whole numbers from -1000 to 1000 as grades, found 0.5",
        ),
        (
            run_of({"q": ["a"]}),
            {"q": {"a": float("nan")}},
            "expected whole numbers from -1000 to 1000 as grades, found nan",
        ),
    ],
)
def test_refused(run, qrels, message):
    with pytest.raises(InvalidArgument, match=message):
        evaluate(run, qrels, "AP")


def test_arguments_are_not_changed():
    qrels = {"q": {"a": 1, "b": 2}}
    evaluate(run_of({"q": ["a"]}), qrels, "AP")
    assert qrels == {"q": {"a": 1, "b": 2}}


@pytest.mark.parametrize("name", ["scifact", "npl", "cisi", "med", "lisa", "dl19-pool", "liveqa-med", "cosqa"])
def test_real_judgements(shared_data, name):
    qrels = read_qrels(shared_data / name / "qrels" / "test.tsv")
    rng = random.Random(0)
    ranked = {}
    for query_id, grades in qrels.items():
        ids = [*grades, *(f"other{n}" for n in range(50))]
        rng.shuffle(ids)
        ranked[query_id] = ids
    ideal = {q: sorted(grades, key=lambda doc, grades=grades: -grades[doc]) for q, grades in qrels.items()}
    assert evaluate(run_of(ideal), qrels, "nDCG").means["nDCG"] == pytest.approx(
        sum(max(grades.values()) > 0 for grades in qrels.values()) / len(qrels)
    )
    result = evaluate(run_of(ranked), qrels, MEASURES)
    scored = {q: {doc: float(-rank) for rank, doc in enumerate(ids)} for q, ids in ranked.items()}
    expected = ir_measures.calc_aggregate([ir_measures.parse_measure(name) for name in MEASURES.split()], qrels, scored)
    assert result.means == pytest.approx({str(measure): value for measure, value in expected.items()})
