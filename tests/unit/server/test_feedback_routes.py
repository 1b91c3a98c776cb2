"""Traces, passages, experiments, clicks: what the engine knows about answers, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.server.asker import Asker

import rocchio
from rocchio.server.limits import Limits

PLAN = "bm25 >> rocchio(most_share=1.0) >> bm25"
JUDGED = {
    "plans": {"plain": "bm25", "feedback": PLAN},
    "queries": {"q1": "wing", "q2": "wind"},
    "qrels": {"q1": {"a1": 1, "a2": 1}, "q2": {"a3": 1}},
    "measures": "AP nDCG@10",
}
PATH = "/collections/papers/experiments"


def test_a_trace_has_the_steps_and_changes_no_answer(ask: Asker, folder: Path):
    found = ask.search(text="wing", plan=PLAN, trace=True, fields=["text"]).json()
    assert found["hits"] == ask.search(text="wing", plan=PLAN, fields=["text"]).json()["hits"]
    steps = found["trace"]["steps"]
    assert [step["step"].partition("(")[0] for step in steps] == ["bm25", "rocchio", "bm25"]
    assert [step["k"] is None for step in steps] == [False, True, False]
    assert found["trace"]["seconds"] == pytest.approx(sum(step["seconds"] for step in steps))
    (terms,) = rocchio.open(folder / "papers.rocchio").plan(PLAN).run(["wing"]).terms
    assert found["trace"]["terms"] == pytest.approx(terms)
    assert "trace" not in ask.search(text="wing", plan=PLAN).json()


def test_marks_are_part_of_a_trace(ask: Asker):
    marked = ask.search(text="wing", plan=PLAN, trace=True, relevant=["a3"]).json()["trace"]["terms"]
    assert "tunnel" in marked


@pytest.mark.parametrize("body", [{}, {"plan": PLAN, "k": 2000}, {"plan": PLAN, "alpha": 0.5}],
                         ids=["no plan", "too many", "not with a plan"])  # fmt: skip
def test_traces_that_are_refused(ask: Asker, body: dict):
    answer = ask.search(**{"text": "wing", "trace": True, "passage": True, **body})
    assert answer.status_code in (413, 422)
    assert answer.json()["detail"].startswith("expected")


def test_hits_bring_their_passages(tmp_path: Path, serve: Callable[..., Asker]):
    fields = {"text": rocchio.text(passages="passages(tokens=8, overlap=0)")}
    with rocchio.create(tmp_path / "long" / "papers.rocchio", fields=fields) as col:
        col.add({"doc_id": "a", "text": "Wings may flutter at high speed in thin air. " * 3 + "A flag is in the wind."})
        col.commit()
        (expected,) = col.search("flag")
    (hit,) = serve(tmp_path / "long").search(text="flag", passage=True).json()["hits"]
    passage = expected.passage
    assert passage is not None
    assert hit["passage"] == {"field": "text", "text": passage.text, "start": passage.start, "end": passage.end}


def test_documents_without_passages_have_none(ask: Asker):
    assert "passage" not in ask.search(text="wing", passage=True).json()["hits"][0]


def test_an_experiment_is_the_engines(ask: Asker, folder: Path):
    answer = ask("POST", PATH, json=JUDGED)
    assert answer.status_code == 200, answer.text
    expected = rocchio.open(folder / "papers.rocchio").experiment(
        JUDGED["plans"], JUDGED["queries"], JUDGED["qrels"], measures="AP nDCG@10"
    )
    found = answer.json()
    assert found["plans"] == dict(expected.plans)
    assert [run["run"] for run in found["runs"]] == ["plain", "feedback"]
    assert found["runs"] == [each.to_dict() for each in expected.evaluations]
    assert found["comparison"] is not None
    assert set(found["seconds"]) == {"plain", "feedback"}


def test_results_are_kept_by_name(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder, limits=Limits(rate=0, experiments=2))
    assert ask("GET", PATH).json() == {"experiments": []}
    results = {name: ask("POST", PATH, json={**JUDGED, "name": name}).json() for name in ("a/b", "two", "three")}
    assert ask("GET", PATH).json() == {"experiments": ["two", "three"]}
    assert ask("GET", f"{PATH}/two").json() == results["two"]
    missing = ask("GET", f"{PATH}/none")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:rocchio:error:NotFound")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"plans": []}, 422),
        ({"plans": ["bm25 >> nothing"]}, 422),
        ({"qrels": {}}, 422),
        ({"measures": "P@"}, 422),
        ({"depth": 100_000}, 413),
        ({"queries": {str(i): "x" for i in range(1001)}}, 413),
        ({"plans": ["bm25", "bm25"]}, 422),
        ({"feedback_quality": True, "plans": ["bm25"]}, 422),
    ],
    ids=["no plans", "no plan", "no judgements", "no measure", "depth", "queries", "twice", "no feedback"],
)
def test_experiments_that_are_refused(ask: Asker, change: dict, status: int):
    answer = ask("POST", PATH, json={**JUDGED, **change})
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"].startswith("expected")


def test_one_experiment_at_a_time(ask: Asker):
    running = ask.app.state.experiments._running
    with running:
        assert ask("POST", PATH, json=JUDGED).status_code == 503
    assert ask("POST", PATH, json=JUDGED).status_code == 200


IMPRESSION = {"session": "s1", "query": "flutter", "shown": ["a1", "a2"], "clicked": [2]}


def test_clicks_are_on_disk(ask: Asker, folder: Path):
    answer = ask("POST", "/collections/papers/clicks", json={"impressions": [IMPRESSION, IMPRESSION]})
    assert answer.json() == {"logged": 2, "generation": 2}
    statistics = rocchio.open(folder / "papers.rocchio").click_statistics()
    assert (statistics.impressions, statistics.clicks, statistics.shown) == (2, 2, (2, 2))


@pytest.mark.parametrize("change", [{"clicked": [3]}, {"shown": [1]}, {"time": "soon"}, {"more": 1}])
def test_clicks_that_cannot_be_are_refused_together(ask: Asker, folder: Path, change: dict):
    body = {"impressions": [IMPRESSION, {**IMPRESSION, **change}]}
    answer = ask("POST", "/collections/papers/clicks", json=body)
    assert answer.status_code == 422, answer.text
    assert rocchio.open(folder / "papers.rocchio").click_statistics().impressions == 0


def test_too_many_clicks(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder, limits=Limits(rate=0, impressions=1))
    assert ask("POST", "/collections/papers/clicks", json={"impressions": [IMPRESSION] * 2}).status_code == 413
