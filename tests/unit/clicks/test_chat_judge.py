"""A judge behind an endpoint that fails in every way: budget and partial results are kept, whatever it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.errors.refusal import refused
from tests.unit.encoders.fake_endpoint import Plan, endpoint

import rocchio
from rocchio.encoders import endpoint as module
from rocchio.engine.collection import Collection
from rocchio.errors import InvalidArgument, NotFound


def says(content: Any, tokens: Any = 100) -> Any:
    """An answer of the chat protocol."""
    return lambda _request: {"choices": [{"message": {"content": content}}], "usage": {"total_tokens": tokens}}


YES = says('{"relevant": true, "keywords": ["aerofoil", "wing"]}')
NO = says('Sure!\n{"relevant": false, "keywords": []}')


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


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    made = rocchio.create(
        tmp_path_factory.mktemp("judge") / "c", fields={"title": rocchio.text(), "text": rocchio.text()}
    )
    made.add({"doc_id": f"d{i}", "title": f"Flutter {i}", "text": f"flutter number{i} " + "x" * 3000} for i in range(6))
    made.add({"doc_id": "far", "title": "Aerofoils", "text": "aerofoil and wing"})
    made.commit()
    return made


def judge(plan: Plan, **settings: Any) -> rocchio.ChatJudge:
    return rocchio.ChatJudge("tiny", plan.url, **{"retries": 1, "timeout_s": 5.0} | settings)


def test_what_is_asked_and_what_is_made_of_it(col: Collection, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    plan.items = [YES, NO]
    result = col.proqe("flutter", judge(plan, price=2.0, key_env="MY_KEY", most_text=50), rounds=2, keywords=4)
    request = plan.requests[0]
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("tiny", 0, 200)
    assert "at most 4 words" in request["messages"][0]["content"]
    assert (
        request["messages"][1]["content"]
        == "Query: flutter\n\nDocument:\n" + ("Flutter 0\nflutter number0 " + "x" * 50)[:50]
    )
    assert plan.headers[0]["Authorization"] == "Bearer secret"
    assert [each.relevant for each in result.trace.rounds] == [True, False]
    assert result.trace.rounds[0].changed == {"aerofoil": 1.0, "wing": 1.0}
    assert result.hits[0].doc_id == "far"
    assert (result.spent.documents, result.spent.requests, result.spent.tokens) == (2, 2, 200)
    assert result.spent.cost == pytest.approx(200 * 2e-6)
    assert "2 documents judged, 2 requests, 200 tokens, $0.0004" in str(result)


@pytest.mark.parametrize(
    ("content", "relevant", "keywords"),
    [
        ('```json\n{"relevant": true, "keywords": ["a", "a", " b  c "]}\n```', True, ["a", "b c"]),
        ('{"relevant": true, "keywords": [1, null, "", "w"]}', True, ["w"]),
        ('{"relevant": true, "keywords": "w"}', True, None),
        ("Yes, it does.", True, None),
        ("no", False, None),
        ("**Not relevant**", False, None),
        ("nothing of the kind", None, None),
        ('{"relevant": "yes"}', None, None),
        ('{"relevant": ', None, None),
        ("{" * 5000 + "}" * 5000, None, None),
        ("", None, None),
        ("\ud800", None, None),
    ],
)
def test_whatever_a_model_says(col: Collection, plan: Plan, content: str, relevant: bool | None, keywords: Any) -> None:
    plan.items = [says(content)]
    trace = col.proqe("flutter", judge(plan), rounds=1, most_share=0.2).trace
    assert trace.rounds[0].relevant is relevant
    if keywords is not None:
        assert list(trace.rounds[0].changed) == keywords
    else:  # the document's own words
        assert ("number0" in trace.rounds[0].changed) == (relevant is True)


PASSING = [429, 500, 503, b"{", b"", (200, {"X-Cut": "1"}), "close"]
REFUSED: list[tuple[Any, str]] = [
    ((401, {}), "check the key in OPENAI_API_KEY"),
    ((404, {}), "check model and base_url"),
    (lambda _: {"choices": []}, "expected an answer with a verdict"),
    (lambda _: {"choices": [{"message": {"content": None}}]}, "expected an answer with a verdict"),
    (lambda _: [], "expected an answer with a verdict"),
    (says("yes", "many"), "expected an answer with a verdict"),
]


@pytest.mark.parametrize("item", PASSING, ids=repr)
def test_an_endpoint_that_goes_down_keeps_what_was_done(col: Collection, plan: Plan, item: Any) -> None:
    plan.items = [YES, item, YES, item, item]
    with pytest.warns(UserWarning, match="what was done before is kept"):
        result = col.proqe(["flutter", "flutter number5"], judge(plan))
    assert [len(trace.rounds) for trace in result.traces] == [2, 0]
    assert result.trace.stopped.startswith("the judge failed: expected a verdict from")
    assert "at 2 attempts" in result.trace.stopped
    assert result.trace.rounds[1].spent.requests == 2
    assert result.spent.requests == 5  # and those that failed count
    assert result.hits[0].doc_id == "far"
    assert len(result.run[1]) == 6


@pytest.mark.parametrize(("item", "words"), REFUSED)
def test_a_refusal_is_told_at_once(col: Collection, plan: Plan, item: Any, words: str) -> None:
    plan.items = [item]
    with pytest.warns(UserWarning, match="the judge failed"):
        result = col.proqe("flutter", judge(plan))
    assert words in str(result.trace.failure)
    assert len(plan.requests) == 1
    assert len(result.hits) == 6


def test_no_endpoint_there(col: Collection) -> None:
    dead = rocchio.ChatJudge("tiny", "http://127.0.0.1:9/v1", retries=0, timeout_s=2.0)
    with pytest.warns(UserWarning, match="found no answer"):
        assert len(col.proqe("flutter", dead).hits) == 6


def test_budgets_are_kept_to(col: Collection, plan: Plan) -> None:
    plan.items = [YES] * 20
    one = judge(plan, price=1000.0, most_text=30, max_tokens=10)
    for budget, stopped in (
        (rocchio.Budget(requests=2), "requests of the budget, 2"),
        (rocchio.Budget(tokens=500), "tokens of the budget"),
        (rocchio.Budget(cost=0.5), "cost of the budget"),
    ):
        result = col.proqe("flutter", one, budget=budget)
        assert 1 <= len(result.trace.rounds) <= 4
        assert result.trace.stopped.startswith(stopped)
        assert budget.exceeded_by(result.spent) is None
    assert len(plan.requests) <= 10


def test_settings(col: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused(InvalidArgument, "expected a base_url that begins with http"):
        col.proqe("flutter", rocchio.ChatJudge("tiny", "ftp://x"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with refused(NotFound, "expected a key", "OPENAI_API_KEY"):
        col.proqe("flutter", rocchio.ChatJudge("gpt-4o-mini"))
    with refused(InvalidArgument, "expected retries"):
        rocchio.ChatJudge("tiny", retries=-1)
    assert str(rocchio.ChatJudge("tiny", retries=2)) == "judge(tiny, retries=2)"
