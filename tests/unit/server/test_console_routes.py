"""Facets, feedback's weights, experiments and the map over HTTP."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.server.asker import Asker

import rocchio
from rocchio.server import mapping
from rocchio.server.experiments import Experiments
from rocchio.server.limits import Limits
from rocchio.server.mapping import MapJobs
from rocchio.server.models import ExperimentBody


@pytest.fixture
def col(folder: Path) -> rocchio.Collection:
    return rocchio.open(folder / "papers.rocchio")


def post(ask: Asker, route: str, **body: Any) -> Any:
    return ask("POST", f"/collections/papers/{route}", json=body)


def test_facets_of_all_and_of_a_query(ask: Asker, col: rocchio.Collection):
    found = post(ask, "facets").json()
    assert found["documents"] == 4
    assert found["complete"] is True
    assert found["fields"]["year"] == {
        "kind": "number", "missing": 3, "distinct": 1, "values": [{"value": 1971.0, "count": 1}], "ranges": [],
    }  # fmt: skip
    asked = post(ask, "facets", text="wing", fields=["day"]).json()
    assert asked["documents"] == len(col.search("wing", k=1000))
    assert list(asked["fields"]) == ["day"]
    assert post(ask, "facets", text="flutter", depth=1).json()["complete"] is False
    assert post(ask, "facets", text="flutter", where="year = 1971", plan="bm25").json()["documents"] == 1


def test_refine_tells_the_weights_before_and_after(ask: Asker, col: rocchio.Collection):
    plan = "bm25 >> rocchio(most_share=1.0) >> bm25"
    found = post(ask, "refine", text="wing flutter", plan=plan, relevant=["a2"], k=3).json()
    assert found["before"] == {"wing": 1.0, "flutter": 1.0}
    expected = col.plan(plan).refined("wing flutter", k=3, relevant=["a2"])
    assert found["after"] == pytest.approx(expected.after)
    assert len(found["after"]) > 2
    assert found["last"] == "bm25(k1=0.9, b=0.4)"
    assert next(step["step"] for step in found["steps"]).startswith("bm25")
    again = ask.search(terms=found["after"], plan=found["last"], k=3).json()
    assert [hit["doc_id"] for hit in again["hits"]] == [hit["doc_id"] for hit in found["hits"]]


def test_refine_of_sparse_weights(folder: Path, col: rocchio.Collection):
    query = rocchio.query(sparse={"s": {"x": 1.0}})
    found = col.plan("sparse >> rm3(field=s) >> sparse").refined(query)
    before, after = found.sparse["s"]
    assert before == {"x": 1.0}
    assert set(after) >= {"x"}


def test_an_experiment_is_as_the_command_prints_it(ask: Asker, col: rocchio.Collection):
    plans, queries, qrels = ["bm25", "bm25 >> rm3 >> bm25"], {"q": "wing"}, {"q": {"a1": 1}, "unasked": {"a2": 1}}
    found = post(ask, "experiments", plans=plans, queries=queries, qrels=qrels, measures="RR").json()
    expected = col.experiment(plans, queries, {"q": {"a1": 1}}, measures="RR").to_dict()
    assert found["runs"] == expected["runs"]
    assert found["comparison"] == expected["comparison"]


def drawn(ask: Asker, **body: Any) -> Any:
    for _ in range(400):
        answer = post(ask, "map", **body)
        if answer.status_code != 200 or answer.json()["status"] == "ready":
            return answer
        time.sleep(0.02)
    raise AssertionError("the map was not drawn")


def test_a_map_is_drawn_and_kept(ask: Asker, col: rocchio.Collection):
    found = drawn(ask, field="v").json()
    expected = col.document_map("v")
    assert found["done"] == 1.0
    assert found["map"]["doc_ids"] == expected.doc_ids
    places = np.frombuffer(base64.b64decode(found["map"]["places"]), "<i2").reshape(-1, 2) / 32767
    assert np.allclose(places, expected.places, atol=1e-4)
    near = np.frombuffer(base64.b64decode(found["map"]["neighbours"]), "<u4").reshape(-1, found["map"]["degree"])
    assert (near == expected.neighbours).all()
    assert post(ask, "map", field="v").json()["status"] == "ready"
    assert drawn(ask, field="v", most=3).json()["map"]["documents"] == 4


@pytest.mark.parametrize(
    ("route", "body", "status", "said"),
    [
        ("facets", {"fields": ["text"]}, 422, "field to count, found 'text'"),
        ("facets", {"text": "a", "terms": {"a": 1.0}}, 422, "found both"),
        ("facets", {"plan": "bm25"}, 422, "a text or terms with a plan"),
        ("facets", {"text": "a", "depth": 20_000}, 413, "k of at most"),
        ("facets", {"where": "year >"}, 422, "^"),
        ("refine", {"plan": "bm25"}, 422, "to refine, found neither"),
        ("refine", {"text": "a", "plan": "bm25 >> nothing"}, 422, "found 'nothing'"),
        ("experiments", {"plans": ["bm25"], "queries": {"q": "a"}, "qrels": {"p": {"a1": 1}}}, 422, "their ids differ"),
        ("map", {"field": "text"}, 422, "expected a vector field"),
        ("map", {"most": 2}, 422, "most"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else None,
)  # fmt: skip
def test_what_cannot_be_answered(ask: Asker, route: str, body: dict[str, Any], status: int, said: str):
    answer = drawn(ask, **body) if route == "map" else post(ask, route, **body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_an_experiment_is_bounded(folder: Path, serve: Callable[..., Asker]):
    ask = serve(folder, limits=Limits(rate=0, hits=100))
    answer = post(ask, "experiments", plans=["bm25"], queries={"q": "a"}, qrels={"q": {"a1": 1}}, depth=101)
    assert answer.status_code == 413


def test_experiments_run_one_at_a_time(col: rocchio.Collection):
    runs = Experiments(Limits())
    body = ExperimentBody(plans=["bm25"], queries={"q": "a"}, qrels={"q": {"a1": 1}}, depth=10)
    with runs._running, pytest.raises(rocchio.errors.BusyError, match="expected no other experiment on this server"):
        runs.run(("papers", None), col.snapshot(), body)
    assert runs.run(("papers", None), col.snapshot(), body)["runs"]  # it is free again


def test_maps_wait_for_each_other_and_stop(col: rocchio.Collection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rocchio.server.mapping.MOST_JOBS", 2)
    stopping = [False]
    jobs = MapJobs(lambda: stopping[0])
    held = jobs._thread.submit(time.sleep, 0.2)
    snapshot = col.snapshot()
    assert jobs.ask(("papers", None), snapshot, "v", 4) == (0.0, None)
    assert jobs.ask(("papers", None), snapshot, "v", 3) == (0.0, None)
    with pytest.raises(rocchio.errors.BusyError, match="fewer than 2 maps"):
        jobs.ask(("papers", None), snapshot, None, 4)
    stopping[0] = True
    held.result()
    jobs._thread.shutdown(wait=True)
    with pytest.raises(mapping._Stopped):
        jobs.ask(("papers", None), snapshot, "v", 4)
    jobs.close()
