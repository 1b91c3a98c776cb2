"""An endpoint that fails in every way: what may pass is tried again, what is done is kept, what is wrong is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.errors.refusal import refused
from tests.unit.encoders.fake_endpoint import DIM, Plan, endpoint, good, vector_of

import rocchio
from rocchio.encoders import OpenAI
from rocchio.encoders import endpoint as module
from rocchio.encoders.model import PROBE
from rocchio.encoders.openai import Endpoint
from rocchio.engine.collection import Collection
from rocchio.errors import EncoderFailure, InvalidArgument, NotFound


@pytest.fixture
def plan() -> Iterator[Plan]:
    with endpoint() as made:
        yield made


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited: none of them really."""
    found: list[float] = []
    monkeypatch.setattr(module.time, "sleep", found.append)
    return found


def value(plan: Plan, **settings: Any) -> OpenAI:
    return OpenAI("tiny", plan.url, **{"retries": 2, "timeout_s": 5.0} | settings)


def test_batches_in_order_with_counters(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    model = Endpoint(value(plan, batch=2, price=2.0, key_env="MY_KEY", dim=DIM))
    plan.requests.clear()
    model.usage.tokens = 0
    texts = ["a b", "eee", "c", "d", "longer text"]
    assert model.encode(texts).tolist() == [vector_of(text) for text in texts]
    assert [request["input"] for request in plan.requests] == [["a b", "eee"], ["c", "d"], ["longer text"]]
    assert plan.requests[0] == {"model": "tiny", "input": ["a b", "eee"], "encoding_format": "float", "dimensions": DIM}
    assert plan.headers[-1]["Authorization"] == "Bearer secret"
    assert (model.dim, model.usage.tokens, model.usage.requests) == (DIM, 7, 4)
    assert model.usage.cost == pytest.approx((7 + 9) * 2e-6)
    assert model.identity.startswith("probe:")


PASSING = {
    "429": (429, {"Retry-After": "7"}),
    "429 until a date": (429, {"Retry-After": "Wed, 25 Nov 2026 13:00:00 GMT"}),
    "500": 500,
    "503": 503,
    "no JSON": b"{",
    "empty": b"",
    "cut off": (200, {"X-Cut": "1"}),
    "no answer": "close",
}


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_tried_again(plan: Plan, waits: list[float], name: str) -> None:
    plan.items = [PASSING[name]] * 2
    model = Endpoint(value(plan))
    assert model.usage.retries == 2
    assert waits == [7.0, 7.0] if name == "429" else 0.3 < waits[0] < 0.7 < waits[1] < 1.3
    plan.items = [PASSING[name]] * 3
    with refused(EncoderFailure, "expected vectors from", plan.url, "at 3 attempts", "kept in the embedding cache"):
        model.encode(["x"])
    assert model.encode(["x"]).tolist() == [vector_of("x")]


def test_brackets_without_end_are_no_json(plan: Plan) -> None:
    model = Endpoint(value(plan, retries=0))
    plan.items = [b"[" * 200_000]
    with refused(EncoderFailure, "found an answer that is no JSON", "at 1 attempt;"):
        model.encode(["x"])


def test_a_time_out_is_tried_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    plan.items = [1.0]
    model = Endpoint(value(plan, timeout_s=0.2, retries=1))
    assert model.usage.retries == 1


def test_no_endpoint_there(plan: Plan) -> None:
    with refused(EncoderFailure, "found no answer", "at 1 attempt;"):
        Endpoint(OpenAI("tiny", "http://127.0.0.1:9/v1", retries=0, timeout_s=2.0))


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ((401, {}), ("found status 401", "check the key in OPENAI_API_KEY")),
        ((404, {}), ("found status 404", "check model and base_url")),
        (lambda r: {"data": good(r)["data"][1:]}, ("expected vectors of 2 texts", "found 1;")),
        (lambda r: {"data": good(r)["data"] * 2}, ("expected vectors of 2 texts", "found 4;")),
        (
            lambda r: {"data": [{"index": i, "embedding": [1.0] * (i + 1)} for i in range(2)]},
            ("expected an answer with vectors",),
        ),
        (lambda r: {"data": [{"index": 0}, {"index": 1}]}, ("expected an answer with vectors",)),
        (lambda r: {"data": None}, ("expected an answer with vectors",)),
        (lambda r: [], ("expected an answer with vectors",)),
        (lambda r: {"data": [{"index": "x", "embedding": []}]}, ("expected an answer with vectors",)),
        (
            lambda r: {"data": [{"index": 0, "embedding": [1.0] * DIM}] * 2},
            ("expected vectors of 2 texts, one each", "found indexes [0, 0]", "check base_url"),
        ),
        (
            lambda r: {"data": [{"index": i, "embedding": [10**400] * DIM} for i in range(2)]},
            ("expected an answer with vectors", "check base_url"),
        ),
        (lambda r: good(r) | {"usage": {"total_tokens": -5}}, ("expected an answer with vectors",)),
        (lambda r: good(r) | {"usage": {"total_tokens": 10**400}}, ("expected an answer with vectors",)),
    ],
)
def test_what_is_wrong_is_refused_at_once(plan: Plan, item: Any, words: tuple[str, ...]) -> None:
    model = Endpoint(value(plan))
    plan.items = [item]
    with refused(EncoderFailure, *words):
        model.encode(["x", "y"])
    assert model.usage.retries == 0


def test_settings(plan: Plan, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    with refused(InvalidArgument, "expected a base_url that begins with http"):
        Endpoint(OpenAI("tiny", "ftp://x"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with refused(NotFound, "expected a key", "OPENAI_API_KEY"):
        Endpoint(OpenAI("text-embedding-3-small"))
    model = Endpoint(value(plan, requests_per_minute=60))
    model.encode(["x"])
    assert waits[-1] == pytest.approx(1, abs=0.2)


def collection(folder: Path, plan: Plan, **settings: Any) -> Collection:
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=value(plan, batch=8, retries=0, **settings))}
    return rocchio.create(folder, fields=fields, embedding_cache=folder.parent / "cache.sqlite")


def documents(count: int) -> list[dict[str, str]]:
    return [{"doc_id": f"d{i}", "text": f"text {'a' * i}"} for i in range(count)]


def test_an_interrupted_job_goes_on_and_nothing_is_paid_for_twice(tmp_path: Path, plan: Plan) -> None:
    col = collection(tmp_path / "c", plan)
    plan.items = [good, good, 500]
    with refused(EncoderFailure, "found status 500"):
        col.add(documents(40))
    assert len(plan.texts) == 1 + 3 * 8
    col.rollback()
    plan.requests.clear()
    col.add(documents(40))
    col.commit()
    assert len(plan.texts) == 40 - 2 * 8
    assert len(col.search("text aaa", field="v", k=100)) == 40
    again = collection(tmp_path / "again", plan)
    plan.requests.clear()
    again.add(documents(40))
    again.commit()
    assert plan.texts == []
    usage = again.encoder_usage()[again.schema.fields["v"].encoder]
    assert (usage.cached, usage.texts) == (40, 0)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (
            lambda r: {"data": [{"index": i, "embedding": [1.0] * 5} for i in range(8)]},
            ("shape (8, 4)", "found (8, 5)"),
        ),
        (json.dumps({"data": [{"index": i, "embedding": [float("nan")] * 4} for i in range(8)]}).encode(), ("finite",)),
    ],
)
def test_wrong_vectors_are_neither_stored_nor_cached(
    tmp_path: Path, plan: Plan, item: Any, words: tuple[str, ...]
) -> None:
    col = collection(tmp_path / "c", plan)
    plan.items = [item]
    with refused(EncoderFailure, *words):
        col.add(documents(8))
    col.add(documents(8))
    col.commit()
    assert col.vector("d0", "v").tolist() == vector_of("text ")  # type: ignore[union-attr]


def test_another_model_behind_the_same_name_gets_no_old_vectors(tmp_path: Path, plan: Plan) -> None:
    col = collection(tmp_path / "c", plan)
    col.add(documents(8))
    col.commit()

    def other(request: Any) -> Any:
        return {"data": [{"index": i, "embedding": [1.0, 2.0, 3.0, float(i)]} for i in range(len(request["input"]))]}

    plan.items = [other] * 3
    plan.requests.clear()
    changed = collection(tmp_path / "changed", plan)
    changed.add(documents(8))
    changed.commit()
    assert len(plan.texts) == 1 + 8
    assert changed.vector("d1", "v").tolist() == [1, 2, 3, 1]  # type: ignore[union-attr]
    plan.items = [other]
    with refused(InvalidArgument, "expected the model that made the vectors"):
        rocchio.open(tmp_path / "c").search("text", field="v")
    reopened = rocchio.open(tmp_path / "c", embedding_cache=tmp_path / "cache.sqlite")
    plan.requests.clear()
    reopened.upsert(documents(8))
    assert plan.texts == [PROBE]
