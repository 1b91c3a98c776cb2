"""Experiments: plans side by side, shared work, chosen feedback, files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.evaluation import evaluate
from rocchio.evaluation.experiment import of_quality
from rocchio.types import Run

WORDS = ["wing", "flutter", "speed", "aerofoil", "drag", "lift", "wind", "tunnel", "flag", "vibration", "heat", "flow"]
RM3 = "bm25 >> rm3(docs=3, most_share=1.0) >> bm25"


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    rng = np.random.default_rng(7)
    made = rocchio.create(tmp_path_factory.mktemp("experiment") / "c", fields={"text": rocchio.text()})
    texts = [" ".join(rng.choice(WORDS, size=6)) for _ in range(60)]
    made.add([{"doc_id": f"d{number}", "text": text} for number, text in enumerate(texts)])
    made.commit()
    return made


@pytest.fixture(scope="module")
def queries() -> dict[str, str]:
    return {"q1": "wing flutter", "q2": "heat flow", "q3": "flag wind"}


@pytest.fixture(scope="module")
def qrels() -> dict[str, dict[str, int]]:
    rng = np.random.default_rng(11)
    return {
        query_id: {f"d{number}": int(rng.integers(0, 3)) for number in rng.choice(60, 25, replace=False).tolist()}
        for query_id in ("q1", "q2", "q3")
    }


def test_an_experiment_measures_the_runs_of_its_plans(col, queries, qrels):
    found = col.experiment({"base": "bm25", "rm3": RM3}, queries, qrels, measures="AP nDCG@10")
    for name, plan in (("base", "bm25"), ("rm3", RM3)):
        run = col.search(list(queries.values()), 1000, plan=plan, query_ids=list(queries))
        assert (
            evaluate(run, qrels, "AP").means["AP"] == next(e for e in found.evaluations if e.name == name).means["AP"]
        )
    assert found.timings["rm3"].shared == 1  # the first pass of the baseline
    difference = found.difference("rm3", "AP")
    assert difference.wins + difference.losses + difference.ties == 3
    assert found.difference("base", "AP") is None
    assert "rm3" in str(found)
    assert found.to_dict()["plans"]["rm3"] == str(rocchio.parse_plan(RM3))


def test_feedback_of_chosen_quality(col, queries, qrels):
    found = col.experiment({"base": "bm25", "rm3": RM3}, queries, qrels, feedback_quality=True)
    names = [each.name for each in found.evaluations]
    assert names == ["base", "rm3", "rm3 [strong]", "rm3 [moderate]", "rm3 [weak]"]
    base = found.runs["base"]
    strong = of_quality(base, qrels, "strong")
    for number, query_id in enumerate(queries):
        marked = col.search(
            [queries[query_id]], 1000, plan=RM3, query_ids=[query_id], relevant={query_id: strong[number][:3]}
        )
        assert list(found.runs["rm3 [strong]"].doc_ids[number]) == list(marked.doc_ids[0])
    assert "a bound, not a result" in str(found)


def test_qualities_are_grades():
    run = Run(["q", "binary", "none"], [["a", "b", "c", "d"]] * 3, [np.arange(4, 0, -1, dtype=np.float32)] * 3)
    qrels = {"q": {"a": 1, "b": 2, "c": 0}, "binary": {"a": 1}, "none": {"a": 0}}
    assert of_quality(run, qrels, "strong") == [["b"], ["a"], []]
    assert of_quality(run, qrels, "moderate") == [["a"], [], []]
    assert of_quality(run, qrels, "weak") == [["c"], ["b", "c", "d"], []]


def test_values_as_csv_and_picture(col, queries, qrels, tmp_path: Path):
    found = col.experiment(["bm25", RM3], queries, qrels, measures="AP")
    found.to_csv(tmp_path / "values.csv")
    with (tmp_path / "values.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 6
    assert {row["difference"] for row in rows if row["plan"] == "bm25"} == {"+0.000000"}
    pytest.importorskip("matplotlib")
    found.plot(tmp_path / "gains.png")
    assert (tmp_path / "gains.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InvalidArgument, match="expected a measure of AP, found 'MRR'"):
        found.plot(tmp_path / "gains.png", "MRR")
    with pytest.raises(InvalidArgument, match="expected a plan beside the baseline to plot"):
        col.experiment(["bm25"], queries, qrels).plot(tmp_path / "gains.png")


def test_what_an_experiment_refuses(col, queries, qrels):
    for plans, message in (
        ("bm25", "expected plans, by name or in a list"),
        (["bm25", "bm25"], "expected different plans, found one twice"),
        (["rm3"], "expected a plan that ends in a search"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            col.experiment(plans, queries, qrels)
    with pytest.raises(InvalidArgument, match="expected queries with judgements, found none"):
        col.experiment(["bm25"], {"other": "wing"}, qrels)
    with pytest.raises(InvalidArgument, match="expected a query for each judged one, found 2 without: q2, q3"):
        col.experiment(["bm25"], {"q1": "wing"}, qrels)
    with pytest.raises(InvalidArgument, match="expected a plan like bm25 >> rm3 >> bm25, whose feedback varies"):
        col.experiment(["bm25"], queries, qrels, feedback_quality=True)


def test_a_gate_leaves_queries_with_a_clear_winner_as_they_are(col, queries):
    plain = col.search(list(queries.values()), 20, plan="bm25")
    fed = col.search(list(queries.values()), 20, plan=RM3)
    for gap, same_as in ((0.0, plain), (10.0, fed)):
        gated = col.search(
            list(queries.values()), 20, plan=f"bm25 >> gate(rm3(docs=3, most_share=1.0), gap={gap}) >> bm25"
        )
        for number, scores in enumerate(plain.scores):
            if gap or scores[0] > scores[1]:
                assert list(gated.doc_ids[number]) == list(same_as.doc_ids[number])
    marked = col.search(queries["q1"], 20, plan="bm25 >> gate(rocchio(most_share=1.0), gap=0) >> bm25", relevant=["d3"])
    assert [hit.doc_id for hit in marked] == [
        hit.doc_id
        for hit in col.search(queries["q1"], 20, plan="bm25 >> rocchio(most_share=1.0) >> bm25", relevant=["d3"])
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bm25 >> gate(bm25) >> bm25", "expected a step that refines queries in a gate, like rm3, found bm25"),
        ("bm25 >> gate(rm3, gap=-1) >> bm25", "expected a gap from 0 to 1e\\+06, found -1"),
    ],
)
def test_what_a_gate_refuses(text: str, message: str):
    with pytest.raises(InvalidArgument, match=message):
        rocchio.parse_plan(text)


def test_a_gate_prints_what_parses_back():
    for text in ("gate(rm3)", "gate(rocchio(docs=3), gap=0.5)"):
        assert str(rocchio.parse_plan(text)) == text
        assert rocchio.parse_plan(str(rocchio.parse_plan(text))) == rocchio.parse_plan(text)
