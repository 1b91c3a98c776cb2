"""Plans on a collection: marks, traces, explanations, empty runs, and queries that nobody would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.errors import InvalidArgument

TEXTS = {
    "a1": "wing flutter at high speed",
    "a2": "flutter and vibration of an aerofoil at high speed",
    "a3": "vibration of an aerofoil in a wind tunnel",
    "a4": "flutter of a flag in the wind",
    "a5": "",
}
PLAN = "bm25 >> rocchio(most_share=1.0) >> bm25"
METHODS = [
    "rm3", "rm3(most_share=1.0)", "rm3_terrier", "rocchio(most_share=1.0, bottom_docs=2)", "bm25prf", "axiomatic",
    "bo1", "kl", "kl_correct", "kl(terms=0)",
]  # fmt: skip


def make(folder: Path) -> rocchio.Collection:
    """Two segments."""
    fields = {"text": rocchio.text(), "v": rocchio.vector(2)}
    col = rocchio.create(folder / "c", fields=fields, analyzer="whitespace")
    records = [{"doc_id": d, "text": text, "v": [n, 1.0]} for n, (d, text) in enumerate(TEXTS.items())]
    for part in (records[:2], records[2:]):
        col.add(part)
        col.commit()
    return col


@pytest.fixture(scope="module")
def col(tmp_path_factory: pytest.TempPathFactory) -> rocchio.Collection:
    """To read."""
    return make(tmp_path_factory.mktemp("plans"))


@pytest.fixture
def changing(tmp_path: Path) -> rocchio.Collection:
    return make(tmp_path)


def ids(hits: Any) -> list[str]:
    return [hit.doc_id for hit in hits]


def found(hits: Any) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


def test_marks_of_one_query(col: rocchio.Collection) -> None:
    assert ids(col.search("flutter", plan=PLAN, relevant=["a2"], not_relevant=["a4"]))[0] == "a2"
    assert ids(col.search("flutter", plan=PLAN, relevant=["a4"]))[0] == "a4"
    # for a query that finds nothing, marks are the only feedback
    assert col.search("absent", plan=PLAN) == []
    assert ids(col.search("absent", plan=PLAN, relevant=("a3",)))[0] == "a3"
    twice = col.search("flutter", plan=PLAN, relevant=["a2", "a2"])
    assert found(twice) == found(col.search("flutter", plan=PLAN, relevant=["a2"]))
    # no mark at all is as if none were given
    assert found(col.search("flutter", plan=PLAN, relevant=[], not_relevant=[])) == found(
        col.search("flutter", plan=PLAN)
    )
    bound = col.plan(PLAN)
    assert found(bound.search("flutter", relevant=["a2"])) == found(twice)
    assert "words, refined" in bound.explain("absent", relevant=["a3"])
    assert "vibration" in bound.explain("absent", relevant=["a3"])
    assert "unchanged" in bound.explain("absent")


def test_marks_of_several_queries(col: rocchio.Collection) -> None:
    queries = ["flutter", "absent", "wind"]
    run = col.search(
        queries, plan=PLAN, query_ids=["x", "y", "z"], relevant={"x": ["a2"], "y": ["a3"]}, not_relevant={"x": ["a4"]}
    )
    assert run[0] == found(col.search("flutter", plan=PLAN, relevant=["a2"], not_relevant=["a4"]))
    assert run[1] == found(col.search("absent", plan=PLAN, relevant=["a3"]))
    assert run[2] == found(col.search("wind", plan=PLAN))
    positions = col.search(queries, plan=PLAN, relevant={"1": ["a3"]})
    assert positions[1] == run[1]
    one = col.search("flutter", plan=PLAN, query_ids=["q"], relevant={"q": ["a2"]}, not_relevant=["a4"])
    assert found(one) == run[0]


BAD_MARKS: list[tuple[Any, dict[str, Any], list[str]]] = [
    ("x", {"relevant": ["a9", "a1", "a8"]}, ["expected marks of documents in", "2 that are not there: 'a9', 'a8'"]),
    ("x", {"not_relevant": ["a9"]}, ["found 1 that are not there: 'a9'"]),
    ("x", {"relevant": ["a1"], "not_relevant": ["a1"]}, ["expected marks that agree, found 'a1' relevant and"]),
    ("x", {"relevant": "a1"}, ["expected relevant as a list of doc_ids, found 'a1'"]),
    ("x", {"not_relevant": 3}, ["expected not_relevant as a list of doc_ids, found 3"]),
    ("x", {"relevant": [3]}, ["expected doc_ids as strings in marks, found 3"]),
    ("x", {"relevant": [["a1"]]}, ["expected doc_ids as strings in marks, found ['a1']"]),
    ("x", {"relevant": [None], "not_relevant": ["a1"]}, ["expected doc_ids as strings in marks, found None"]),
    ("x", {"relevant": ["\ud800"]}, ["expected Unicode text, found a lone surrogate"]),
    ("x", {"relevant": {"1": ["a1"]}}, ["expected marks for queries of the search, found '1'"]),
    (["x"], {"relevant": ["a1"]}, ["expected relevant as {query_id: doc_ids} for several queries, found ['a1']"]),
    (["x", "y"], {"relevant": {"2": ["a1"], 3: ["a1"]}}, ["expected marks for queries of the search, found '2'"]),
    (["x", "y"], {"relevant": {"0": "a1"}}, ["expected relevant as a list of doc_ids, found 'a1'"]),
    (["x", "y"], {"not_relevant": {"0": None}}, ["expected not_relevant as a list of doc_ids, found None"]),
    (["x", "y"], {"relevant": {"1": ["a1"]}, "not_relevant": {"1": ["a2", "a1"]}}, ["found 'a1' relevant and not"]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "marks", "words"), BAD_MARKS, ids=[str(marks)[:40] for _, marks, _ in BAD_MARKS])
def test_marks_that_mean_nothing(col: rocchio.Collection, query: Any, marks: dict[str, Any], words: list[str]) -> None:
    with refused(InvalidArgument, *words):
        col.search(query, plan=PLAN, **marks)


def test_marks_of_deleted_documents(changing: rocchio.Collection) -> None:
    changing.delete("a2")
    changing.commit()
    with refused(InvalidArgument, "expected marks of documents in the collection", "'a2'"):
        changing.search("flutter", plan=PLAN, relevant=["a2"])


def test_marks_need_feedback(col: rocchio.Collection) -> None:
    for plan in ("bm25", "bm25 + dense", "bm25 % 3 | dense"):
        with refused(InvalidArgument, "expected a plan with feedback for marks, like bm25 >> rocchio >> bm25"):
            col.search("flutter", plan=plan, relevant=["a1"])
    for name in ("relevant", "not_relevant"):
        with refused(
            InvalidArgument, f"expected a plan beside {name}, like plan='bm25 >> rocchio >> bm25', found none"
        ):
            col.search("flutter", **{name: ["a1"]})  # type: ignore[call-overload]


def test_options(col: rocchio.Collection) -> None:
    plan = col.plan(PLAN)
    known = "expected threads, query_ids, where, relevant, not_relevant beside a plan, found "
    for call in (plan.search, plan.run, plan.explain, lambda query, **o: col.search(query, plan=PLAN, **o)):
        with refused(InvalidArgument, known + "kernel", "its steps have settings of their own"):
            call("flutter", kernel="pruned")
    with refused(InvalidArgument, known + "nope"):
        plan.run(["flutter"], nope=1)
    with refused(InvalidArgument, "expected k of at least 1, found 0"):
        plan.run(["flutter"], k=0)
    with refused(InvalidArgument, "expected threads of at least 1, found 0"):
        plan.run(["flutter"], threads=0)
    with refused(InvalidArgument, "expected one query to explain, found 2; explain them one by one"):
        plan.explain(["flutter", "wing"])
    with refused(InvalidArgument, "expected a plan or its text form", "found 3"):
        col.search("flutter", plan=3)
    with refused(InvalidArgument, "expected a plan or its text form", "found None"):
        col.plan(None)  # type: ignore[arg-type]
    with refused(InvalidArgument, "expected", "query_ids"):
        plan.run(["flutter"], query_ids=["a", "b"])
    assert plan.search("flutter", 2, threads=None)


@pytest.mark.parametrize(
    ("query", "plan", "words"),
    [
        (3, PLAN, ["expected a query or several for a plan, found int"]),
        (b"x", PLAN, ["expected a query or several for a plan, found bytes"]),
        ([3], PLAN, ["expected texts, {term: weight}, rocchio.query or an array of vectors for a plan, found int"]),
        ("\ud800", PLAN, ["lone surrogate"]),
        ({"wing": "x"}, PLAN, ["expected terms with weights", "'wing': 'x'"]),
        ({"wing": float("nan")}, PLAN, ["expected terms with weights"]),
        ({3: 1.0}, PLAN, ["expected terms with weights"]),
        ({"\ud800": 1.0}, PLAN, ["lone surrogate"]),
        (rocchio.query({"wing": "x"}, vectors={"v": [1, 2]}), "dense >> rm3 >> bm25", ["expected terms with weights"]),
        (rocchio.query("x", vectors={"v": [1, 2, 3]}), "bm25", ["expected queries of 2 numbers", "'v'"]),
        (rocchio.query("x", vectors={"v": [[1, 2]]}), "dense", ["expected one vector of 2 numbers for 'v', found 1"]),
        (rocchio.query("x", vectors={"v": "wing"}), "dense", ["expected vectors to search the vector field 'v'"]),
        (rocchio.query("x", vectors={"v": [1, float("nan")]}), "dense", ["query 0"]),
        (rocchio.query("x", vectors={"v": {}}), "dense", ["expected"]),
        (rocchio.query("x", vectors={"w": [1, 2]}), "bm25", ["expected a vector field of v, found 'w'"]),
        (
            rocchio.query("x", sparse={"s": {}}),
            "bm25",
            ["expected a collection with a sparse field, found none, asked for 's'"],
        ),
        ("x", "bm25(field='')", ["found ''"]),
        ("x", "sparse", ["expected a collection with a sparse field, found none, asked for one"]),
        ("x", "dense", ["expected queries with a vector for the field 'v', found none; it has no encoder"]),
        ("x", "dense(field=w)", ["expected a vector field of v, found 'w'"]),
        ("x", "bm25(field=nope)", ["'nope'"]),
        ("x", "bm25(field=v)", ["'v'"]),
        ("x", "bm25 >> rm3(field=s) >> bm25", ["expected a collection with a sparse field, found none, asked for 's'"]),
        ("x", "bm25 >> vector_average(field=w) >> bm25", ["expected a vector field of v, found 'w'"]),
        ("wing", "bm25 >> vector_average >> bm25", ["expected queries with a vector for the field 'v', found none"]),
        (rocchio.query("x", vectors={"v": [1, 2]}), "dense(recall=2)", ["expected recall"]),
    ],
)
def test_queries_and_fields_that_are_refused(col: rocchio.Collection, query: Any, plan: str, words: list[str]) -> None:
    with refused(InvalidArgument, *words):
        col.search(query, plan=plan)


def test_collections_without_text_fields(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"v": rocchio.vector(2), "w": rocchio.vector(2)})
    col.add([{"doc_id": "a", "v": [1, 0]}, {"doc_id": "b", "v": [0, 1]}])
    col.commit()
    vector = rocchio.query(vectors={"v": [1.0, 0.5]})
    with refused(InvalidArgument, "expected a text field for rm3, found none; name a sparse field"):
        col.search(vector, plan="dense(field=v) >> rm3 >> dense(field=v)")
    with refused(InvalidArgument, "expected a vector field of v, w, found none named; there are 2: field=v is one"):
        col.search(vector, plan="dense")
    with refused(InvalidArgument, "expected a vector field of v, w, found none named; there are 2: field=v is one"):
        col.search(np.ones(2), plan="dense(field=v)")
    with refused(InvalidArgument, "expected"):
        col.search("words", plan="bm25")
    assert ids(col.search(vector, plan="dense(field=v) >> vector_average(field=v) >> dense(field=v)")) == ["a", "b"]


@pytest.mark.parametrize("method", METHODS)
def test_odd_queries(col: rocchio.Collection, method: str) -> None:
    plan = f"bm25 >> {method} >> bm25"
    many = {f"w{number}": 1.0 for number in range(1000)} | {"wing": 1.0, "flutter": 2.0}
    for query in (
        "", " ", "absent", "\x00", "wing \x00", "flutter " * 500, "日本語 wing",
        {}, {"wing": 0.0}, {"wing": -1.0}, {"wing": 1.0, "flutter": -1.0}, {"wing": 1e30, "flutter": -1e30}, many,
        {"wing": 1e-300}, {"wing": 5e-324, "absent": 1.0}, {"": 1.0}, {"x" * 100_000: 1.0, "wing": 1.0},
    ):  # fmt: skip
        hits = col.search(query, k=10**9, plan=plan)
        assert len(hits) <= len(TEXTS)
        assert all(np.isfinite(hit.score) for hit in hits)
        for hit in hits:
            assert hit.why().score == pytest.approx(hit.score, rel=1e-5, abs=1e-30)
        assert col.plan(plan).explain(query)
    run = col.search(["", "absent", "wing", "\x00"], plan=plan)
    assert [bool(each) for each in run.doc_ids] == [False, False, True, False]
    assert found(col.search("wing", plan=plan)) == run[2]
    assert len(col.search([], plan=plan)) == 0
    assert len(col.search(iter(["wing"]), plan=plan)) == 1
    assert len(col.plan(plan).run(query for query in ("wing", "flag")).run) == 2
    assert col.search(["wing", {"flag": 1.0}], plan=plan)[1] == found(col.search({"flag": 1.0}, plan=plan))


@pytest.mark.parametrize("method", METHODS)
def test_odd_collections(tmp_path: Path, method: str) -> None:
    plan = f"bm25 >> {method} >> bm25"
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    assert col.search("wing", plan=plan) == []
    col.add([{"doc_id": "empty", "text": ""}, {"doc_id": "none"}])
    col.commit()
    assert col.search("wing", plan=plan) == []
    col.add({"doc_id": "only", "text": "wing"})
    col.commit()
    assert ids(col.search("wing", plan=plan)) == ["only"]
    assert ids(col.search("wing", plan=plan.replace("rocchio(", "rocchio(docs=10000, "))) == ["only"]
    col.delete(["only", "empty", "none"])
    col.commit()
    assert col.search("wing", plan=plan) == []
    assert len(col.search(["wing", ""], plan=plan)) == 2


def test_runs_have_names_that_trec_takes(col: rocchio.Collection, tmp_path: Path) -> None:
    run = col.search(["wing"], plan="bm25 + (bm25 >> rm3(most_share=1.0) >> bm25)", query_ids=["q"])
    run.to_trec(tmp_path / "run.trec")
    assert (tmp_path / "run.trec").read_text().count("rm3(most_share=1.0)") == len(run.doc_ids[0])


def test_sums_are_those_of_hybrid_search(col: rocchio.Collection) -> None:
    queries = [rocchio.query(text, vectors={"v": [number, 2.0]}) for number, text in enumerate(["wing", "wind", "x"])]
    other = [rocchio.Bm25(variant=variant, delta=0.9) for variant in ("bm25+", "bm25l")]
    for scoring in (rocchio.Bm25(), rocchio.Bm25(1.2, 0.75), *other):
        words = str(rocchio.bm25(scoring.k1, scoring.b, scoring.variant, scoring.delta))
        for fusion, plan in (
            ("znorm(0.4, 0.6)", f"0.4*{words} + 0.6*dense"),
            ("znorm", f"{words} + dense"),
            ("rrf(2, 1, k=7)", f"rrf(2*{words}, dense, k=7)"),
            ("minmax(0.3, 0.7)", f"minmax(0.3*{words}, 0.7*dense)"),
            ("combmnz", f"combmnz({words}, dense)"),
        ):
            expected = col.search(queries, 3, fusion=fusion, scoring=scoring)
            run = col.search(queries, 3, plan=plan)
            assert [run[number] for number in range(3)] == [expected[number] for number in range(3)], plan
    plain = col.search(queries, 4)
    run = col.search(queries, 4, plan="hybrid")
    assert [run[number] for number in range(3)] == [plain[number] for number in range(3)]


def test_queries_without_a_part(col: rocchio.Collection) -> None:
    """A vector of None finds nothing, alone as among others; so do words of None."""
    none, some = rocchio.query("wing", vectors={"v": None}), rocchio.query("wing", vectors={"v": [1.0, 1.0]})
    only = rocchio.query(vectors={"v": [1.0, 1.0]})
    assert col.search(none, plan="dense") == []
    assert [len(each) for each in col.search([none, some], plan="dense").doc_ids] == [0, 5]
    assert [len(each) for each in col.search([none, some, only], plan="bm25").doc_ids] == [1, 1, 0]
    assert col.search(only, plan="bm25") == []
    for plan in ("bm25 >> vector_average >> dense", "dense >> vector_rocchio >> bm25", "dense >> bo1 >> bm25"):
        run = col.search([none, some, only], plan=plan)
        assert [run[number] for number in range(3)] == [
            found(col.search(query, plan=plan)) for query in (none, some, only)
        ]
    assert found(col.search(none, plan="bm25 >> vector_average >> bm25")) == found(col.search("wing"))
    assert ids(col.search(none, plan="bm25 + dense")) == ids(col.search("wing"))
    # words out of nothing but a vector
    assert found(col.search(only, plan="dense >> rm3(most_share=1.0) >> bm25"))


def test_feedback_in_parts(col: rocchio.Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = ["wing", "flutter", "absent", "wind", "vibration"]
    expected = col.search(queries, plan=PLAN)
    for documents in (1, 2, 4):
        monkeypatch.setattr("rocchio.engine.plan_source.PART_DOCUMENTS", documents)
        run = col.search(queries, plan=PLAN)
        assert run.doc_ids[:] == expected.doc_ids[:]


def test_feedback_on_empty_runs_is_noted(col: rocchio.Collection) -> None:
    result = col.plan(PLAN).run(["wing", "absent", ""], k=5)
    assert [step.note for step in result.trace.steps] == ["", "2 without feedback unchanged", ""]
    assert result.run.query_ids == ["0", "1", "2"]
    assert len(result.run) == 3
    explained = col.plan(PLAN).explain("absent")
    assert "1 without feedback unchanged" in explained
    assert "refined:" not in explained.replace("queries refined", "")
    assert "words, refined:" in col.plan(PLAN).explain({"wing": 1.0})
    assert "words, refined:" not in col.plan("bm25").explain({"wing": 1.0})


def test_a_plan_of_many_steps(col: rocchio.Collection) -> None:
    plan = " >> ".join(["bm25", *["kl", "bm25"] * 150])
    hits = col.search("wing", plan=plan)
    assert found(hits) == found(col.search("wing", plan=rocchio.parse_plan(plan)))
    assert hits[0].why().score == pytest.approx(hits[0].score)


def test_a_snapshot_stays_as_it_is(changing: rocchio.Collection) -> None:
    snapshot = changing.snapshot()
    before = found(snapshot.search("flutter", plan=PLAN))
    hits = snapshot.search("flutter", plan=PLAN)
    changing.delete(["a1", "a2"])
    changing.commit()
    assert found(snapshot.search("flutter", plan=PLAN)) == before
    assert hits[0].why().score == pytest.approx(hits[0].score)
    assert ids(changing.search("flutter", plan=PLAN)) != [doc_id for doc_id, _ in before]
