"""The order of steps, what they share, how deep they search, and what the trace says, on a source that counts."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tests.errors.refusal import refused
from tests.unit.pipelines.fake_source import DOCUMENTS, FakeSource
from tests.unit.pipelines.plans import plans

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.fusion import RankedList, parse_fusion
from rocchio.fusion.lists import fuse_lists
from rocchio.pipelines import (
    Chain,
    Cut,
    Executor,
    Fused,
    Gate,
    Marks,
    Refine,
    Step,
    Union,
    Weighted,
    combine,
    named,
    parse_plan,
)
from rocchio.types import Run

QUERIES = ["wing", "flutter", "nothing"]


def run(plan: str | Step, k: int = 10, queries: Any = QUERIES, marks: Any = None) -> tuple[Run, FakeSource, Executor]:
    source = FakeSource()
    executor = Executor(source, queries, marks)
    state = executor.run(parse_plan(plan) if isinstance(plan, str) else plan, k)
    assert state.ranked is not None
    return state.ranked.run, source, executor


def lists(found: Run) -> list[list[tuple[str, float]]]:
    return [found[number] for number in range(len(found))]


def test_a_chain_hands_queries_on():
    found, source, executor = run("dense >> vector_average(docs=4) >> dense", 7)
    assert source.asked == [("dense", 4), ("vector_average(docs=4)", 0), ("dense", 7)]
    first = FakeSource().retrieve(named.dense(), ["wing"], 4).run.doc_ids[0]
    refined = f"wing+vector_average(docs=4):{','.join(first)}"
    assert lists(found)[0] == FakeSource().retrieve(named.dense(), [refined], 7).run[0]
    assert lists(found)[2] == []  # nothing was found, so the query stayed
    assert [step.note for step in executor.trace.steps] == ["", "1 without feedback unchanged", ""]


def test_the_trace():
    _, _, executor = run("rrf(dense, dense >> vector_average >> dense, k=9) % 5", 20)
    steps = executor.trace.steps
    assert [step.step for step in steps] == ["dense", "dense", "vector_average", "dense", "rrf(k=9)"]
    assert [step.shared for step in steps] == [False, True, False, False, False]
    assert [step.k for step in steps] == [1000, 3, None, 1000, 5]
    assert [step.queries for step in steps] == [3] * 5
    assert all(step.seconds >= 0 for step in steps)
    assert steps[1].seconds == 0.0
    assert executor.trace.seconds == sum(step.seconds for step in steps)
    lines = str(executor.trace).splitlines()
    assert "shared  dense  (first 3)" in lines[1]
    assert "vector_average  (queries refined; 1 without feedback unchanged)" in lines[2]
    assert " ms  rrf(k=9)  (first 5)" in lines[4]


@pytest.mark.parametrize(
    ("plan", "asked"),
    [
        ("dense", [("dense", 10)]),
        ("dense % 3", [("dense", 3)]),
        ("dense % 30", [("dense", 10)]),
        ("dense >> bo1 >> hybrid", [("dense", 3), ("bo1", 0), ("hybrid", 10)]),
        ("dense % 2 >> bo1 >> hybrid", [("dense", 2), ("bo1", 0), ("hybrid", 10)]),
        ("dense >> (bo1 >> hybrid) % 4", [("dense", 3), ("bo1", 0), ("hybrid", 4)]),
        ("dense >> bo1 >> kl(docs=8) >> hybrid", [("dense", 8), ("bo1", 0), ("kl(docs=8)", 0), ("hybrid", 10)]),
        ("dense >> rocchio(bottom_docs=2) >> hybrid", [("dense", 1000), ("rocchio(bottom_docs=2)", 0), ("hybrid", 10)]),
        (
            "dense >> rocchio(docs=999, bottom_docs=2) >> hybrid",
            [("dense", 1001), ("rocchio(docs=999, bottom_docs=2)", 0), ("hybrid", 10)],
        ),
        ("dense >> hybrid", [("dense", 1), ("hybrid", 10)]),
        ("dense >> rrf(bo1 >> hybrid, hybrid)", [("dense", 3), ("bo1", 0), ("hybrid", 1000), ("hybrid", 1000)]),
        ("dense + hybrid", [("dense", 1000), ("hybrid", 1000)]),
        ("dense + dense", [("dense", 1000)]),
        ("dense | hybrid", [("dense", 10), ("hybrid", 10)]),
        ("0.5*dense", [("dense", 10)]),
        ("0.5*dense >> bo1 >> 2*dense", [("dense", 3), ("bo1", 0), ("dense", 10)]),
        ("rrf(dense, dense >> bo1 >> dense, dense % 5)", [("dense", 1000), ("bo1", 0), ("dense", 1000)]),
        ("dense >> bo1 >> dense | dense >> bo1 >> hybrid", [("dense", 3), ("bo1", 0), ("dense", 10), ("hybrid", 10)]),
    ],
)  # fmt: skip
def test_how_deep_and_how_often_steps_search(plan: str, asked: list[tuple[str, int]]):
    assert run(plan)[1].asked == asked


def test_an_executor_keeps_what_it_found():
    source = FakeSource()
    executor = Executor(source, QUERIES)
    executor.run(parse_plan("dense >> bo1 >> dense"), 10)
    before = list(source.asked)
    again = executor.run(parse_plan("dense >> bo1 >> dense"), 4).ranked
    assert source.asked == before
    assert again is not None
    assert lists(again.run) == [each[:4] for each in lists(run("dense >> bo1 >> dense", 4)[0])]
    executor.run(parse_plan("dense >> bo1 >> dense"), 11)  # deeper: only the last search is new
    assert source.asked == [*before, ("dense", 11)]


def test_cutoffs_and_unions():
    whole, other = run("dense", 40)[0], run("hybrid", 40)[0]
    for number in range(3):
        assert run("dense % 3", 40)[0][number] == whole[number][:3]
        assert run("dense % 9 % 3", 40)[0][number] == whole[number][:3]
        assert run("dense % 3 % 9", 40)[0][number] == whole[number][:3]
        ids = list(dict.fromkeys([*whole.doc_ids[number][:4], *other.doc_ids[number]]))
        united = run("dense % 4 | hybrid", 12)[0]
        assert united.doc_ids[number] == ids[:12]
        assert united.scores[number].tolist() == list(range(len(ids[:12]), 0, -1))
        assert united.scores[number].dtype == np.float32


def plain(step: Step, queries: list[str], k: int, number: int) -> tuple[RankedList, str]:
    """What a plan should find for one query, without sharing or batches; and the query as it is left."""
    query = queries[number]
    return _plain(step, query, None, k)


def _plain(step: Step, query: str, before: RankedList | None, k: int) -> tuple[RankedList, str]:
    source = FakeSource()
    if isinstance(step, Chain):
        found = before
        for place, link in enumerate(step.steps):
            is_last = not any(other.ranks for other in step.steps[place + 1 :])
            if isinstance(link, Gate):
                assert found is not None
                if not link.opens(found.scores):
                    continue
                link = link.step  # noqa: PLW2901
            if isinstance(link, Refine):
                assert found is not None
                ids = list(found.doc_ids)[: link.method.docs]
                query = f"{query}+{link}:{','.join(ids)}" if ids else query
            else:
                found, query = _plain(link, query, found, k if is_last else 1001)
        assert found is not None
        return found, query
    if isinstance(step, Weighted):
        return _plain(step.step, query, before, k)
    if isinstance(step, Cut):
        found, query = _plain(step.step, query, before, min(k, step.count))
        return found, query
    if isinstance(step, Fused):
        parts = [_plain(part, query, before, max(k, 1000))[0] for part in step.steps]
        return RankedList(*fuse_lists(parts, step.method, k)), query
    if isinstance(step, Union):
        parts = [_plain(part, query, before, k)[0] for part in (step.first, step.second)]
        ids = list(dict.fromkeys([*parts[0].doc_ids, *parts[1].doc_ids]))[:k]
        return RankedList(ids, np.arange(len(ids), 0, -1).astype(np.float32)), query
    ranked = source.retrieve(step, [query], k)  # type: ignore[arg-type]
    return RankedList(ranked.run.doc_ids[0], ranked.run.scores[0], ranked.zeros[0]), query


@settings(max_examples=150)
@given(plans)
def test_a_plan_finds_what_its_steps_find_one_by_one(plan: Step):
    found, source, _ = run(plan, 9)
    for number in range(len(QUERIES)):
        expected, _ = plain(plan, QUERIES, 9, number)
        assert list(found.doc_ids[number]) == list(expected.doc_ids)
        np.testing.assert_array_equal(found.scores[number], expected.scores)
    assert len(set(source.asked)) >= len(source.asked) - str(plan).count(">>")  # nothing is asked twice alike


def test_fused_scores_are_those_of_fuse():
    # by the public function, which does not know of documents that score 0: by ranks that makes no difference
    words, vectors = run("dense", 1000)[0], run("hybrid", 1000)[0]
    for text in ("rrf", "rrf(2, 1, k=5)"):
        method = parse_fusion(text)
        expected = rocchio.fuse([words, vectors], method, k=15)
        weights = method.weights or (1.0, 1.0)
        plan = f"rrf({weights[0]}*dense, {weights[1]}*hybrid, k={method.k})"  # type: ignore[attr-defined]
        found = run(plan, 15)[0]
        assert lists(found) == lists(expected)


@pytest.mark.parametrize("order", ["znorm(dense, dense % 3)", "znorm(dense % 3, dense)", "znorm(dense % 3, hybrid)"])
def test_sharing_does_not_change_the_scale_of_scores(order: str):
    parts = order[len("znorm(") : -1].split(", ")
    found = run(order, 12)[0]
    for number in range(3):
        known = [plain(parse_plan(part), QUERIES, 1000, number)[0] for part in parts]
        ids, scores = fuse_lists(known, parse_fusion("znorm"), 12)
        assert found.doc_ids[number] == ids
        np.testing.assert_array_equal(found.scores[number], scores)


def test_gates() -> None:
    """A query whose first document is far above the second keeps its words; marks open the gate."""
    scores = FakeSource().retrieve(named.dense(), ["wing"], 2).run.scores[0]
    gap = float(scores[0] - scores[1]) / float(scores[0])
    shut, ajar = f"dense >> gate(bo1, gap={gap / 2!r}) >> hybrid", f"dense >> gate(bo1, gap={gap * 2!r}) >> hybrid"
    without, refined = run("hybrid", 9, ["wing"])[0], run("dense >> bo1 >> hybrid", 9, ["wing"])[0]
    assert lists(run(shut, 9, ["wing"])[0]) == lists(without)
    assert lists(run(ajar, 9, ["wing"])[0]) == lists(refined)
    found, _, executor = run(shut, 9, ["wing", "nothing"])
    assert executor.trace.steps[1].note == "1 without feedback unchanged; 1 with a clear winner unchanged"
    marked = run(shut, 9, ["wing"], marks=[Marks(("d03",))])[0]
    assert lists(marked) == lists(run("dense >> bo1 >> hybrid", 9, ["wing"], marks=[Marks(("d03",))])[0])
    assert found.doc_ids[1] == []


def test_marks_reach_every_feedback():
    marks = [Marks(("d07",)), Marks(), Marks(("d01", "d02"))]
    found, _, executor = run("dense >> bo1 >> dense", 5, marks=marks)
    assert found.doc_ids[0] == plain(parse_plan("dense"), ["wing+bo1:d07"], 5, 0)[0].doc_ids
    assert found.doc_ids[1] == plain(parse_plan("dense >> bo1 >> dense"), QUERIES, 5, 1)[0].doc_ids
    assert executor.trace.steps[1].note == ""  # there was feedback for the query that found nothing
    assert found.doc_ids[2] == []


def test_the_last_lexical_search_is_known():
    def last(plan: str) -> Any:
        ranked = Executor(FakeSource(), ["wing"]).run(parse_plan(plan), 5).ranked
        assert ranked is not None
        return ranked.words

    title, text = named.bm25(field="title"), named.bm25(field="text")
    assert last("dense") is None
    assert last("bm25(field=title)") == title
    assert last("bm25(field=title) >> dense") == title
    assert last("bm25(field=title) % 3") == title
    assert last("bm25(field=title) + dense") == title
    assert last("dense | bm25(field=title)") == title
    assert last("bm25(field=title) + bm25(field=text)") == text
    assert last("bm25(field=title) >> (bm25(field=text) + dense)") == text
    assert last("rrf(bm25(field=title) >> bo1 >> bm25(field=text), bm25(field=title) >> bo1 >> dense)") == title


def test_no_queries():
    found, _, executor = run("dense >> bo1 >> dense | hybrid", 5, queries=[])
    assert len(found) == 0
    assert executor.trace.steps[0].queries == 0


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("rm3", ["expected a plan that ends in a search, found rm3 at the end of rm3"]),
        ("dense >> rm3", ["expected a plan that ends in a search, found rm3 at the end of dense >> rm3"]),
        ("rm3 >> dense", ["expected a search before rm3, found none; a plan is like bm25 >> rm3 >> bm25"]),
        ("dense + (rm3 >> dense)", ["expected a search before rm3, found none"]),
    ],
)
def test_plans_that_cannot_run(plan: str, words: list[str]):
    with refused(InvalidArgument, *words):
        run(plan)


def test_a_step_of_an_unknown_kind():
    class Odd(Step):
        ranks = True

        def __str__(self) -> str:
            return "odd"

    with refused(InvalidArgument, "expected a known kind of step, found Odd"):
        run(Chain((named.dense(), Odd())))


def test_long_plans(monkeypatch: pytest.MonkeyPatch):
    step = parse_plan("dense")
    for number in range(300):
        step = step >> named.bo1(docs=1 + number % 5) >> named.dense()
    found, source, _ = run(step, 3)
    assert len(source.asked) == 601
    assert len(found.doc_ids[0]) <= 3
    wide = parse_plan("dense")
    for _ in range(300):
        wide = wide + named.hybrid()
    assert len(run(wide, 3)[1].asked) == 2
    with refused(InvalidArgument, "expected a plan of at most 100 steps within each other"):
        functools.reduce(lambda plan, _: plan | named.bm25(), range(1500), parse_plan("dense"))
    assert hash(functools.reduce(lambda plan, _: plan | named.bm25(), range(99), parse_plan("dense")))
    deep = parse_plan("dense")
    monkeypatch.setattr(combine, "MOST_DEPTH", 10_000)
    for number in range(1, 2000):
        deep = Cut(deep, number)
    with refused(InvalidArgument, "expected a plan of fewer steps within each other"):
        run(deep)
    assert len(DOCUMENTS) == 40
