"""Tuning chooses what is better beyond noise, and says what that is worth on queries that it has not seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio import Collection
from rocchio.errors import InvalidArgument
from rocchio.fusion import Rrf, ZNorm
from rocchio.tuning import cross_validate, fusion_grid, tune
from rocchio.tuning.select import choose
from rocchio.types import Run

# rows: the default, a certain gain, a larger one of a single query
VALUES = np.array([[0.5] * 8, [0.6, 0.61] * 4, [0.5] * 7 + [1.5]])


@pytest.mark.parametrize(("caution", "best"), [(0, 2), (1, 1), (100, 0)])
def test_what_is_chosen_must_be_better_than_noise(caution: float, best: int):
    assert choose(VALUES, 0, caution) == best


def test_the_default_wins_ties():
    assert choose(np.ones((3, 4)), 1) == 1


def test_every_query_is_measured_with_what_was_chosen_without_it():
    selection = cross_validate(VALUES, 0, 4)
    assert selection.chosen == 1
    assert selection.counts == {1: 4}
    assert selection.held_out.tolist() == VALUES[1].tolist()
    noise = np.array([[0.5] * 8, [0.4] * 7 + [9.9]])  # seems better by the last query, but not to those without it
    assert cross_validate(noise, 0, 8 // 2, caution=0).held_out.mean() < 0.5


def test_repeats_are_averaged_and_repeatable():
    values = np.random.default_rng(1).random((6, 30))
    one = [cross_validate(values, 0, 5, 1, seed).held_out for seed in (0, 0, 1)]
    assert (one[0] == one[1]).all()
    assert (one[0] != one[2]).any()
    many = cross_validate(values, 0, 5, 7, caution=0)
    assert sum(many.counts.values()) == 35
    assert list(many.counts.values()) == sorted(many.counts.values(), reverse=True)


def test_weights_that_are_tried():
    assert list(map(str, fusion_grid(2)))[:2] == ["znorm(1, 0)", "znorm(0.9, 0.1)"]
    assert [len(fusion_grid(lists)) for lists in (1, 2, 3, 4, 5)] == [1, 11, 66, 56, 126]
    for fusion in fusion_grid(3):
        assert sum(fusion.weights) == pytest.approx(1)


def run(name: str, first: Callable[[int], list[str]], queries: int = 40) -> Run:
    ids = [first(number) for number in range(queries)]
    scores = [np.arange(len(each), 0, -1, dtype=np.float32) for each in ids]
    return Run([f"q{number}" for number in range(queries)], ids, scores, name)


# each run has the relevant document first for half of the queries, and a wrong one that the other lacks for the rest
WORDS = run("words", lambda n: ["good", "x", "y", "z"] if n % 2 else ["a", "good", "b", "c"])
VECTORS = run("vectors", lambda n: ["good", "b", "x", "p"] if n % 2 == 0 else ["q", "good", "r", "s"])
QRELS = {f"q{number}": {"good": 1} for number in range(40)}


def test_a_fusion_that_is_better_is_found_and_tested():
    told: list[tuple[int, int]] = []
    report = tune([WORDS, VECTORS], QRELS, "RR@10", folds=5, progress=lambda *done: told.append(done))
    assert report.singles == {"words": 0.75, "vectors": 0.75}
    assert (report.best_single, report.tuned, report.untuned) == ("words", 1.0, 1.0)
    assert report.better
    assert report.verdict == "use znorm(0.5, 0.5): better than words alone"
    assert (report.queries, report.folds, report.repeats, report.settings) == (40, 5, 10, 11)
    assert report.counts == {report.default: 50}
    assert told == [(number, 11) for number in range(1, 12)]
    tuned, default = report.comparison.differences
    assert (tuned.run, tuned.wins, tuned.losses, default.run) == ("tuned", 20, 0, "default")
    shown = str(report).splitlines()
    assert shown[0] == "RR@10, mean of 40 queries"
    assert shown[-2:] == ["chosen: znorm(0.5, 0.5)", report.verdict]
    assert json.loads(json.dumps(report.to_dict()))["means"] == {
        "words": 0.75, "vectors": 0.75, "default": 1.0, "tuned": 1.0,
    }  # fmt: skip


def test_a_fusion_that_is_not_better_is_not_recommended():
    noise = run("noise", lambda n: ["u", "v", "w", "good"])
    report = tune({"best": WORDS, "noise": noise}, QRELS, "RR@10", default="znorm(0.1, 0.9)")
    assert report.tuned == report.singles["best"]
    assert report.untuned < report.tuned
    assert not report.better
    assert report.verdict.startswith("not shown to be better than best alone")


def test_fusions_of_ones_own():
    report = tune([WORDS, VECTORS], QRELS, "AP", fusions=["rrf(k=10)", Rrf()], default=ZNorm((1, 0)))
    assert report.settings == 3
    assert report.chosen.fusion.name == "rrf"
    assert report.default.fusion == ZNorm((1, 0))


def test_judged_queries_that_runs_lack_count_as_0():
    report = tune([WORDS, VECTORS], {**QRELS, "absent": {"good": 1}}, "RR@10")
    assert report.queries == 41
    assert report.tuned == pytest.approx(40 / 41)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tune([WORDS], QRELS), ("at least two runs", "words")),
        (lambda: tune([], QRELS), ("at least two runs", "none")),
        (lambda: tune([WORDS, WORDS], QRELS), ("names of their own", "words")),
        (lambda: tune([WORDS, VECTORS], QRELS, "AP RR"), ("one measure", "'AP RR'")),
        (lambda: tune([WORDS, VECTORS], QRELS, folds=1), ("folds from 2", "1")),
        (lambda: tune([WORDS, VECTORS], QRELS, folds=21), ("42 judged queries", "found 40", "fewer folds")),
        (lambda: tune([WORDS, VECTORS], QRELS, repeats=0), ("repeats from 1", "0")),
        (lambda: tune([WORDS, VECTORS], QRELS, caution=-1), ("caution from 0", "-1")),
        (lambda: tune([WORDS, VECTORS], QRELS, fusions=["x"]), ("fusion of", "'x'")),
        (lambda: tune([WORDS, VECTORS], QRELS, fusions=["rrf(1, 2, 3)"]), ("2 weights", "3")),
        (lambda: tune({str(n): WORDS for n in range(6)}, QRELS), ("1 to 5 lists", "found 6", "fusions")),
    ],
)
def test_refusals(call: Callable[[], Any], words: tuple[str, ...]):
    with refused(InvalidArgument, *words):
        call()


@pytest.fixture
def col(tmp_path: Path) -> Collection:
    """Long documents repeat the word: k1 and b decide whether they come first."""
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(2)}, analyzer="whitespace")
    for number in range(20):
        col.add({"doc_id": f"long{number}", "text": f"w{number} " * 3 + "filler " * 30, "v": [1.0, 0.0]})
        col.add({"doc_id": f"short{number}", "text": f"w{number}", "v": [0.0, 1.0]})
    col.commit()
    return col


def questions(count: int = 20) -> dict[str, Any]:
    return {f"q{number}": rocchio.query(f"w{number}", vectors={"v": [1.0, 1.0]}) for number in range(count)}


def test_a_collection_tunes_bm25_and_weights(col: Collection):
    qrels = {f"q{number}": {f"long{number}": 1} for number in range(20)}
    told: list[tuple[int, int]] = []
    scorings = ["bm25(k1=0.5, b=1)", rocchio.Bm25(k1=2, b=0)]
    asked = {**questions(), "unjudged": rocchio.query("w1")}
    report = col.tune(asked, qrels, "RR@2", scorings=scorings, progress=lambda *done: told.append(done), threads=2)
    assert report.singles["text"] == 0.5
    assert report.tuned == 1.0
    assert report.chosen.scoring == "bm25(k1=2, b=0)"
    assert str(report.default) == "znorm(0.4, 0.6) of bm25(k1=0.5, b=1)"
    assert told[-1] == (22, 22)
    hits = col.search(questions()["q3"], scoring=report.chosen.scoring, fusion=report.chosen.fusion)
    assert hits[0].doc_id == "long3"


def test_words_or_vectors_alone_are_tuned_too(col: Collection):
    qrels = {f"q{number}": {f"short{number}": 1} for number in range(20)}
    words = {query_id: rocchio.query(query.text) for query_id, query in questions().items()}
    assert col.tune(words, qrels).settings == 8  # four scorings, with the default's weight and with 1
    vectors = {query_id: rocchio.query(vectors=query.vectors) for query_id, query in questions().items()}
    assert col.tune(vectors, qrels, fusions=["rrf"], default="rrf").chosen.scoring is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda col: col.tune(questions(), {"other": {"a": 1}}), ("judged queries", "none")),
        (lambda col: col.tune({"q1": "w1"}, {"q1": {"long1": 1}}), ("rocchio.query", "other ones")),
        (lambda col: col.tune(questions(), {"q1": {"long1": 1}}, weights=1), ("options of fusions", "found weights")),
        (lambda col: col.tune(questions(), {"q1": {"long1": 1}}), ("20 judged queries", "found 1")),
        (lambda col: col.tune(questions(), {"q1": {"long1": 1}}, scorings=["tf"]), ("scoring like", "'tf'")),
    ],
)
def test_refusals_of_a_collection(col: Collection, call: Callable[[Collection], Any], words: tuple[str, ...]):
    with refused(InvalidArgument, *words):
        call(col)
