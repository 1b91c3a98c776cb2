"""Each method on two short lists, by hand; values and their text form; refusals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.fusion import Borda, CombMnz, CombSum, Fusion, MinMax, Rrf, ZNorm, fuse, parse_fusion
from rocchio.types import Run


def run(name: str = "run", **lists: dict[str, float]) -> Run:
    scores = [np.array(list(scored.values()), np.float32) for scored in lists.values()]
    return Run(list(lists), [list(scored) for scored in lists.values()], scores, name)


WORDS = run("words", q={"a": 12.0, "b": 8.0, "c": 4.0})
VECTORS = run("vectors", q={"c": 0.5, "d": 0.25, "a": -0.5})
S, T = float(np.std([12.0, 8.0, 4.0])), float(np.std([0.5, 0.25, -0.5]))


@pytest.mark.parametrize(
    ("fusion", "expected"),
    [
        ("rrf", {"a": 1 / 61 + 1 / 63, "c": 1 / 63 + 1 / 61, "b": 1 / 62, "d": 1 / 62}),
        ("rrf(3, 1, k=0)", {"a": 3 + 1 / 3, "c": 2.0, "b": 1.5, "d": 0.5}),
        ("combsum", {"a": 1.0, "c": 1.0, "d": 0.75, "b": 0.5}),
        ("combmnz", {"a": 2.0, "c": 2.0, "d": 0.75, "b": 0.5}),
        ("minmax(0.25, 0.75)", {"c": 0.75, "d": 0.5625, "a": 0.25, "b": 0.125}),
        ("minmax", {"a": 0.5, "c": 0.5, "d": 0.375, "b": 0.25}),
        ("znorm(2, 1)", {"a": 16 / S, "b": 8 / S, "c": 1 / T, "d": 0.75 / T}),
        ("borda", {"a": 4.0 + 2, "c": 2.0 + 4, "b": 3.0 + 1, "d": 1.0 + 3}),
    ],
)  # fmt: skip
def test_scores(fusion: str, expected: dict[str, float]):
    fused = fuse([WORDS, VECTORS], fusion)
    assert fused.query_ids == ["q"]
    assert fused.doc_ids == [sorted(expected, key=lambda doc_id: (-expected[doc_id], doc_id))]
    assert dict(fused[0]) == pytest.approx(expected, rel=1e-6)
    assert fused.scores[0].dtype == np.float32
    assert fused.name == str(parse_fusion(fusion)).replace(" ", "")


@pytest.mark.parametrize("fusion", ["combsum", "minmax", "znorm"])
def test_a_list_of_equal_scores_is_worth_something(fusion: str):
    alone = fuse([run(q={"a": 0.1}), run(q={"b": 3.0, "c": 2.0})], fusion)
    assert dict(alone[0])["a"] > 0
    same = fuse([run(q={"a": 0.1, "b": 0.1, "c": 0.1}), run(q={"z": 1.0})], fusion)
    assert len({score for _, score in same[0]}) == 1


def test_a_run_that_lacks_a_query_counts_as_an_empty_list():
    fused = fuse([WORDS, run(r={"x": 1.0}), run(r={"y": 2.0}, s={})], "rrf")
    assert fused.query_ids == ["q", "r", "s"]
    assert fused.doc_ids == [["a", "b", "c"], ["x", "y"], []]


def test_k_cuts_and_ties_are_in_order_of_doc_id():
    lists = [run(q={"d": 1.0, "b": 0.5}), run(q={"c": 1.0, "a": 0.5})]
    assert [fuse(lists, "rrf", k).doc_ids[0] for k in (1, 3, 9)] == [["c"], ["c", "d", "a"], ["c", "d", "a", "b"]]


def test_lists_of_scores_that_differ_too_little_for_a_deviation():
    tiny = Run(["q"], [["a", "b"]], [np.array([1e-300, 0.0])])  # float64, whose square is 0
    assert fuse([tiny], "znorm").scores[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "fusion",
    [Rrf(), Rrf((0.1, 1 / 3), k=0.5), CombSum(), CombMnz((1, 2)), Borda(), MinMax((0.4, 0.6)), ZNorm((0.4, 0.6, 0))],
    ids=str,
)
def test_text_form_parses_back(fusion: Fusion):
    assert parse_fusion(str(fusion)) == fusion
    assert rocchio.parse_fusion(f" {str(fusion).replace(',', ' , ')} ") == fusion


def test_text_forms():
    assert [str(Rrf()), str(Rrf((1, 0.5))), str(ZNorm()), str(MinMax((0.4, 0.6)))] == [
        "rrf(k=60)",
        "rrf(1, 0.5, k=60)",
        "znorm",
        "minmax(0.4, 0.6)",
    ]
    assert parse_fusion("rrf()") == Rrf()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sum", ("rrf", "znorm(0.4, 0.6)", "'sum'")),
        ("rrf(k=60", ("rrf(k=60",)),
        ("rrf(k=x)", ("number", "'x'")),
        ("rrf(p=1)", ("k once at most", "'p=1'")),
        ("rrf(k=1, k=2)", ("once", "'k=2'")),
        ("minmax(k=1)", ("weights only", "'k=1'")),
        ("minmax(0.4,)", ("number", "''")),
        ("rrf(k=-1)", ("from 0", "-1")),
        ("rrf(k=nan)", ("from 0", "nan")),
        ("znorm(0.4, -0.6)", ("weights from 0", "-0.6")),
        ("znorm(nan, 1)", ("weights from 0", "nan")),
        ("znorm(0, 0)", ("above 0",)),
        ("znorm(0.4, 0.3, 0.3)", ("2 weights", "found 3", "znorm(0.4, 0.3, 0.3)")),
    ],
)
def test_a_wrong_method_is_refused(text: str, words: Sequence[str]):
    with refused(InvalidArgument, *words):
        fuse([WORDS, VECTORS], text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], "rrf"), ("list of runs",)),
        ((WORDS, "rrf"), ("list of runs",)),
        (([WORDS, "path"], "rrf"), ("list of runs",)),
        (([WORDS], 5), ("fusion", "5")),
        (([WORDS], "rrf", 0), ("k of at least 1", "0")),
        (([WORDS], "rrf", True), ("k of at least 1", "True")),
        (([run(q={"a": float("nan")})], "rrf"), ("finite",)),
        (([Run(["q"], [["a", "a"]], [np.ones(2, np.float32)])], "rrf"), ("once", "twice")),
        (([WORDS, Run(["q"], [["a", "a"]], [np.ones(2, np.float32)])], "rrf"), ("once", "twice")),
        (([Run(["q", "q"], [[], []], [np.ones(0)] * 2, "mine")], "rrf"), ("every query once", "mine")),
    ],
)
def test_wrong_runs_are_refused(arguments: tuple[object, ...], words: Sequence[str]):
    with refused(InvalidArgument, *words):
        fuse(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("weights", ["0.4", 0.4, (0.4, "x"), (True, 1)])
def test_wrong_weights_are_refused(weights: object):
    with refused(InvalidArgument, "weights"):
        ZNorm(weights)  # type: ignore[arg-type]
