"""Progressive expansion: rounds by hand with every kind of judge, budgets kept to, a judge that fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.engine.collection import Collection
from rocchio.engine.progressive import ProgressiveResult
from rocchio.errors import EncoderFailure, InvalidArgument
from rocchio.feedback.judging import Spent

TEXTS = {
    "a1": "wing flutter speed",
    "a2": "flutter aerofoil vibration",
    "a3": "aerofoil vibration tunnel",
    "a4": "flag flutter wind wind",
    "a5": "flag pole rope",
}


def encode(texts: list[str]) -> Any:
    words = ("flutter", "aerofoil", "vibration", "flag", "wind")
    return np.array([[text.split().count(word) for word in words] for text in texts], np.float32)


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    fields = {"text": rocchio.text(), "v": rocchio.vector(encoder=encode, source="text"), "year": rocchio.number()}
    made = rocchio.create(tmp_path_factory.mktemp("proqe") / "c", fields=fields, analyzer="whitespace")
    made.add({"doc_id": doc_id, "text": text, "year": 2000} for doc_id, text in TEXTS.items())
    made.add({"doc_id": f"other{number}", "text": f"unrelated{number} matter"} for number in range(30))
    made.commit()
    return made


MARKS = {"a1": 1, "a2": 1, "a3": 1, "a4": 0, "a5": 0}


def by_text(query: str, document: Mapping[str, Any]) -> bool:
    return "flag" not in document["text"]


def ids(result: ProgressiveResult) -> list[str]:
    return [hit.doc_id for hit in result.hits]


def test_rounds_by_hand(col: Collection) -> None:
    result = col.proqe("flutter", MARKS, rounds=3, most_share=0.2, gamma=0.5)
    rounds = result.trace.rounds
    # flutter finds a1 first, by its doc_id, then a2, then a4, which is refused
    assert [(each.doc_id, each.relevant) for each in rounds] == [("a1", True), ("a2", True), ("a4", False)]
    assert rounds[0].changed == {"speed": 1.0, "wing": 1.0, "flutter": 1.0}
    assert rounds[2].changed == {"wind": -0.5, "flag": -0.5, "flutter": -0.5}
    assert result.trace.weights == {"flutter": 2.5, "speed": 1.0, "wing": 1.0, "aerofoil": 1.0, "vibration": 1.0}
    assert result.trace.stopped == "3 rounds are done"
    assert result.spent == result.trace.spent == Spent(documents=3)
    assert ids(result) == ["a1", "a2", "a4", "a3"]
    assert result.hits[0].fields["text"]
    final = {hit.doc_id: hit.score for hit in col.search(dict(result.trace.weights))}
    assert dict(result.run[0]) == final


def test_words_of_refused_documents_lose(col: Collection) -> None:
    result = col.proqe("flag wind", MARKS, rounds=2, most_share=0.2, gamma=0.25)
    assert [each.relevant for each in result.trace.rounds] == [False, False]
    assert result.trace.rounds[0].changed == {"wind": -0.25, "flag": -0.25, "flutter": -0.25}
    assert result.trace.weights == {"flag": 0.5, "wind": 0.75}  # what is below 0 is not searched
    everything = col.proqe("flag", MARKS, rounds=2, most_share=0.2, gamma=1.0)
    assert (everything.hits, everything.trace.weights) == ([], {})
    assert everything.trace.stopped == "no document is left"
    same = col.proqe("flag wind", MARKS, rounds=2, most_share=0.2)  # gamma is 0 by default
    assert dict(same.run[0]) == {hit.doc_id: hit.score for hit in col.search("flag wind", field="text")}


@pytest.mark.parametrize(
    ("said", "relevant"),
    [(True, True), (False, False), (0.5, True), (0.49, False), (None, None), (np.float32(1), True)],
)
def test_verdicts_of_a_function(col: Collection, said: Any, relevant: bool | None) -> None:
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def judge(query: str, document: Mapping[str, Any]) -> Any:
        asked.append((query, document))
        return said

    result = col.proqe("flutter", judge, rounds=1, most_share=0.2)
    assert asked == [("flutter", {"doc_id": "a1", "text": TEXTS["a1"], "year": 2000})]
    assert result.trace.rounds[0].relevant is relevant
    assert bool(result.trace.rounds[0].changed) == (relevant is True)


def test_a_judge_may_name_keywords(col: Collection) -> None:
    result = col.proqe("flutter", lambda _query, _document: (True, ["flag pole", "rope"]), rounds=1)
    assert result.trace.rounds[0].changed == {"flag pole": 1.0, "rope": 1.0}
    assert result.trace.weights == {"flutter": 1.0, "flag": 1.0, "pole": 1.0, "rope": 1.0}
    assert ids(result)[0] == "a5"


def test_a_vector_field(col: Collection) -> None:
    result = col.proqe("flutter", by_text, field="v", rounds=2, most_share=0.2, recall=1)
    assert result.trace.rounds[0].doc_id == "a1"
    assert result.trace.rounds[1].changed.keys() == {"flutter", "aerofoil", "vibration"}
    query = np.array([1, 0, 0, 0, 0.0]) + np.array([2, 1, 1, 0, 0])
    found = col.search(query, field="v", recall=1)
    assert dict(result.run[0]) == pytest.approx({hit.doc_id: hit.score for hit in found})
    nothing = col.proqe("unheard of", by_text, field="v")
    assert (nothing.hits, nothing.trace.stopped) == ([], "no document is left")


def test_several_queries_with_marks_of_their_own(col: Collection) -> None:
    marks = {"q1": {"a1": True}, "q2": {"a5": 2, "a4": 0}}
    result = col.proqe(["flutter", "flag", "wing"], marks, query_ids=["q1", "q2", "q3"], rounds=2, most_share=0.2)
    assert list(result.run.query_ids) == ["q1", "q2", "q3"]
    assert [[each.relevant for each in trace.rounds] for trace in result.traces] == [
        [True, None], [True, False], [None],
    ]  # fmt: skip
    assert result.spent == Spent(documents=3)
    assert str(result).splitlines()[:4] == [
        "flutter",
        "  1. a1: relevant; speed +1, wing +1, flutter +1",
        "  2. a2: no verdict; nothing changed",
        "stopped: 2 rounds are done",
    ]


def test_budgets_are_kept_to(col: Collection) -> None:
    result = col.proqe("flutter", by_text, most_share=0.2, budget=rocchio.Budget(documents=2))
    assert len(result.trace.rounds) == 2
    assert result.trace.stopped == "documents of the budget, 2"
    none = col.proqe("flutter", by_text, budget=rocchio.Budget(documents=0))
    assert none.trace.rounds == ()
    assert ids(none) == [hit.doc_id for hit in col.search("flutter", field="text")]
    assert col.proqe("flutter", by_text, rounds=0).trace.stopped == "0 rounds are done"


def test_a_judge_that_fails_keeps_what_was_done(col: Collection) -> None:
    def judge(query: str, document: Mapping[str, Any]) -> bool:
        if document["doc_id"] == "a2":
            raise ConnectionError("the line is dead")
        return True

    with pytest.warns(UserWarning, match="the judge failed, what was done before is kept: the line is dead"):
        result = col.proqe(["flutter", "flag"], judge, most_share=0.2)
    assert [len(trace.rounds) for trace in result.traces] == [1, 0]  # the next query does not ask again
    assert result.traces[0].stopped == result.traces[1].stopped == "the judge failed: the line is dead"
    assert result.trace.weights["wing"] == 1.0
    assert ids(result)
    assert "stopped: the judge failed: the line is dead" in str(result)


def test_mistakes_of_a_function_are_raised(col: Collection) -> None:
    with pytest.raises(ZeroDivisionError):
        col.proqe("flutter", lambda _query, _document: 1 / 0)
    with refused(InvalidArgument, "expected true, false or a number of a judge", "'yes'"):
        col.proqe("flutter", lambda _query, _document: "yes")
    with refused(InvalidArgument, "expected true, false or a number of a judge, found nan"):
        col.proqe("flutter", lambda _query, _document: float("nan"))
    with refused(InvalidArgument, "expected keywords of a judge as a list of texts"):
        col.proqe("flutter", lambda _query, _document: (True, "wing"))

    def endpoint(query: str, document: Mapping[str, Any]) -> bool:
        raise EncoderFailure("expected a verdict, found none")

    with pytest.warns(UserWarning, match="the judge failed"):
        assert col.proqe("flutter", endpoint).trace.failure == "expected a verdict, found none"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rounds": -1}, "expected rounds from 0"),
        ({"rounds": 101}, "expected rounds from 0 to 100"),
        ({"keywords": 0}, "expected keywords from 1"),
        ({"beta": -1}, "expected beta"),
        ({"gamma": -1}, "expected gamma"),
        ({"most_share": 2}, "expected most_share"),
        ({"budget": 5}, "expected a budget like rocchio.Budget(tokens=10_000), found 5"),
        ({"rounds": 1.5}, "expected rounds from 0 to 100, found 1.5"),
        ({"field": "text"}, "found the text field 'text'; without field= all text fields are searched"),
        ({"field": "nope"}, "expected a vector field of v, found 'nope'"),
        ({"k": 0}, "expected k"),
        ({"nonsense": 1}, "expected search options of"),
        ({"judge": "marks"}, "expected a judge as rocchio.ChatJudge"),
        ({"judge": {"a1": "yes"}}, "expected true, false or a number of a judge"),
        ({"queries": 5}, "expected a text or several as queries"),
        ({"queries": []}, "expected a text or several as queries"),
        ({"queries": ["x"], "judge": {"a1": 1}}, "expected marks as {query_id: {doc_id: relevant}}"),
    ],
)
def test_settings(col: Collection, settings: dict[str, Any], words: str) -> None:
    given = {"queries": "flutter", "judge": by_text} | settings
    with refused(InvalidArgument, words):
        col.proqe(**given)


def test_a_budget_is_checked() -> None:
    for wrong in ({"documents": -1}, {"tokens": 1.5}, {"requests": True}, {"cost": float("inf")}):
        with refused(InvalidArgument, f"expected {next(iter(wrong))} of a budget from 0 on"):
            rocchio.Budget(**wrong)
    assert str(Spent(2, 3, 4000, 0.5)) == "2 documents judged, 3 requests, 4,000 tokens, $0.5000"


def test_a_field_without_an_encoder(tmp_path: Path) -> None:
    made = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(2)})
    with refused(InvalidArgument, "expected a vector field with an encoder and a text field, found 'v' alone"):
        made.proqe("x", by_text, field="v")
