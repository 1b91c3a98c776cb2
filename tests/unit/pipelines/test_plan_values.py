"""Plans are values: they print as what they parse from, compose with operators, and refuse what means nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.errors.refusal import refused
from tests.unit.pipelines.plans import plans, refinements

import rocchio
from rocchio.errors import InvalidArgument
from rocchio.pipelines import Chain, Cut, Fused, Step, Union, Weighted, named, parse_plan

BM25, RM3, DENSE = named.bm25(), named.rm3(), named.dense()


@settings(max_examples=200)
@given(plans)
@example((BM25 + DENSE) + BM25)
@example(parse_plan("znorm(bm25 + dense, 2*hybrid)"))
@example(parse_plan("znorm(bm25 + dense, hybrid)"))
@example(parse_plan("(bm25 % 5 | dense) + (dense >> vector_average >> dense)"))
def test_plans_parse_back(plan: Step):
    text = str(plan)
    assert parse_plan(text) == plan
    assert hash(parse_plan(text)) == hash(plan)
    assert str(parse_plan(text)) == text
    assert parse_plan(f"\n {text} ") == plan


@settings(max_examples=60)
@given(refinements)
def test_refinements_parse_back(step: Step):
    assert parse_plan(str(step)) == step
    assert not step.ranks


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("bm25", "bm25(k1=0.9, b=0.4)"),
        ("bm25(field=[title, 'a b'])", "bm25(k1=0.9, b=0.4, field=[title, 'a b'])"),
        ("bm25>>rm3(docs=5)>>bm25", "bm25(k1=0.9, b=0.4) >> rm3(docs=5) >> bm25(k1=0.9, b=0.4)"),
        ("dense + dense(w)", "dense + dense(field=w)"),
        ("0.5*dense + hybrid", "0.5*dense + 1.0*hybrid"),
        ("dense*0.5", "0.5*dense"),
        ("0.5*(0.5*dense)", "0.25*dense"),
        ("rrf(dense, 2*hybrid, k=10)", "rrf(1.0*dense, 2.0*hybrid, k=10)"),
        ("(dense | hybrid) % 3", "(dense | hybrid) % 3"),
        ("dense | hybrid % 3", "dense | hybrid % 3"),
        ("(dense >> hybrid) | hybrid", "dense >> hybrid | hybrid"),
        ("dense >> (hybrid | sparse)", "dense >> (hybrid | sparse)"),
        ("dense >> (hybrid >> sparse)", "dense >> hybrid >> sparse"),
        ("(dense + hybrid) + sparse", "dense + hybrid + sparse"),
        ("dense + (hybrid + sparse)", "dense + (hybrid + sparse)"),
        ("bo1(field=None)", "bo1"),
        ("sparse(field='none')", "sparse(field='none')"),
        ("dense(recall=1)", "dense(recall=1)"),
    ],
)
def test_text_forms(text: str, printed: str):
    assert str(parse_plan(text)) == printed


def test_settings_of_numpy_print_as_numbers():
    step = named.rm3(original=np.float64(0.25))
    assert str(step) == "rm3(original=0.25)"
    assert str(named.bm25(k1=np.float64(1.5))) == "bm25(k1=1.5, b=0.4)"
    assert str(named.hybrid(rocchio.parse_fusion("rrf(k=5)"))) == "hybrid(fusion='rrf(k=5)')"


def test_operators_take_text_forms_on_either_side():
    assert BM25 >> "rm3" == Chain((BM25, RM3)) == "bm25" >> RM3
    assert Chain((BM25, RM3, BM25)) == "bm25" >> RM3 >> "bm25"
    assert BM25 + "dense" == parse_plan("bm25 + dense") == "bm25" + DENSE
    assert Union(BM25, DENSE) == BM25 | "dense"
    assert Union(BM25, DENSE) == "bm25" | DENSE
    assert 0.5 * BM25 == Weighted(0.5, BM25) == BM25 * 0.5
    assert Cut(BM25, 5) == BM25 % 5
    mixed = 0.25 * BM25 + 0.75 * DENSE
    assert isinstance(mixed, Fused)
    assert mixed.method.weights == (0.25, 0.75)
    assert str(rocchio.parse_plan("bm25") + mixed) == "bm25(k1=0.9, b=0.4) + (0.25*bm25(k1=0.9, b=0.4) + 0.75*dense)"


def test_operators_and_bound_plans(tmp_path: Any):
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(2)})
    bound = col.plan("bm25")
    for made in (bound >> RM3, BM25 >> RM3 >> bound, "bm25" >> (RM3 >> bound), bound + DENSE, "dense" + bound):
        assert isinstance(made, rocchio.Plan)
    assert BM25 >> RM3 >> bound == parse_plan("bm25 >> rm3 >> bm25")
    assert DENSE + bound == parse_plan("dense + bm25")
    assert bound + "dense" == parse_plan("bm25 + dense")
    assert 0.3 * bound + 0.7 * col.plan("dense") == parse_plan("0.3*bm25 + 0.7*dense")
    assert (DENSE | bound) == parse_plan("dense | bm25")
    assert ("dense" | bound % 3) == parse_plan("dense | bm25 % 3")
    assert parse_plan(str(bound % 3)) == bound % 3
    assert hash(bound) == hash(BM25)
    assert bound != 3
    assert repr(bound) == "<rocchio.Plan bm25(k1=0.9, b=0.4)>"
    other = rocchio.create(tmp_path / "other", fields={"text": rocchio.text()})
    for operation in (lambda a, b: a >> b, lambda a, b: a + b, lambda a, b: a | b):
        with refused(InvalidArgument, "expected plans of one collection", "give one of them as a step or text"):
            operation(bound, other.plan("bm25"))
    for nonsense in (None, [1], {}):
        with pytest.raises(TypeError):
            BM25 >> nonsense  # type: ignore[operator]


REFUSED: list[tuple[Any, list[str]]] = [
    ("", ["expected a plan like bm25 >> rm3(docs=5) >> bm25, found ''", "invalid syntax"]),
    ("bm25 >>", ["found 'bm25 >>'", "invalid syntax"]),
    ("bm25(", ["'(' was never closed", "at character 5"]),
    ("bm25\x00", ["null bytes"]),
    ("bm25(field='\ud800')", ["expected a plan like", "surrogates not allowed"]),
    ("a" * 3000, [f"znorm, found '{'a' * 80}' at character 1"]),
    ("bm26", ["expected a step of bm25, dense, sparse, hybrid, ", "znorm, found 'bm26' at character 1"]),
    ("bm25 >> nope(3)", ["found 'nope' at character 9"]),
    ("3", ["expected a plan like", "found '3'"]),
    ("3 * 4", ["expected a plan or its text form", "found 4"]),
    ("bm25 >> 3", ["expected a plan or its text form", "found 3"]),
    ("bm25 - bm25", ["expected steps joined by >>, +, *, % or |, found 'bm25 - bm25' at character 1"]),
    ("bm25 + 'dense'", ["found \"'dense'\" at character 8"]),
    ("bm25 and dense", ["found 'bm25 and dense'"]),
    ("bm25.search", ["found 'bm25.search'"]),
    ("(lambda: bm25)()", ["expected steps joined by"]),
    ("__import__('os')", ["expected a step of", "found '__import__'"]),
    ("bm25(k1=__import__('os'))", ["found \"__import__('os')\""]),
    ("bm25(*[1])", ["found '*[1]'"]),
    ("bm25(**{})", ["found 'bm25(**{})'"]),
    ("bm25(k1=1, k1=2)", ["found 'bm25(k1=1, k1=2)'"]),
    ("bm25(k1=-1)", ["expected k1 from 0 to 1000, found -1"]),
    ("bm25(k1=1+1)", ["expected steps joined by", "found '1+1'"]),
    ("bm25(k1=-title)", ["found '-title'"]),
    ("bm25(variant=bm26)", ["expected a BM25 variant of"]),
    ("bm25(nope=1)", ["expected settings of k1, b, variant, delta, field", "nope", "in 'bm25(nope=1)'"]),
    ("rm3(1, 2, 3, 4, 5, 6)", ["expected settings of docs, terms, field, original, most_share"]),
    ("rm3(docs=0)", ["expected docs from 1"]),
    ("bm25(field=[])", ["expected field as a name or names of text fields, found ()"]),
    ("bm25(field=3)", ["expected field as a name or names of text fields, found 3"]),
    ("bm25(field=[1])", ["expected field as a name or names of text fields, found (1,)"]),
    ("dense(field=[v])", ["expected field as the name of a vector field, found ('v',)"]),
    ("sparse(field=3)", ["expected field as the name of a sparse field, found 3"]),
    ("hybrid(fusion=3)", ["expected fusion as a fusion like 'znorm(0.4, 0.6)', found 3"]),
    ("hybrid(fusion=nope)", ["expected a fusion of", "found 'nope'"]),
    ("rrf", ["expected two steps or more to fuse by rrf, found 0"]),
    ("rrf(bm25)", ["expected two steps or more to fuse by rrf, found 1"]),
    ("rrf(bm25, dense, weights=[1, 2])", ["expected weights before steps, like rrf(0.4*bm25, 0.6*dense)"]),
    ("rrf(bm25, dense, k=-1)", ["expected k"]),
    ("rrf(bm25, dense, depth=3)", ["expected settings of weights, k", "depth"]),
    ("rrf(bm25, rm3)", ["expected steps that search beside rrf, found rm3, which refines queries"]),
    ("bm25 + rm3", ["expected steps that search beside +, found rm3"]),
    ("0.5 * rm3", ["expected steps that search beside *, found rm3"]),
    ("rm3 % 5", ["expected steps that search beside %, found rm3"]),
    ("(bm25 >> rm3) + bm25", ["beside +, found bm25(k1=0.9, b=0.4) >> rm3, which refines queries"]),
    ("(bm25 >> rm3) % 3", ["expected steps that search beside %, found bm25(k1=0.9, b=0.4) >> rm3"]),
    ("rm3 | bm25", ["expected steps that search beside |, found rm3"]),
    ("bm25 % 0", ["expected a number of documents from 1 to 1,000,000 after %, found 0"]),
    ("bm25 % 2.5", ["expected a number of documents", "found 2.5"]),
    ("bm25 % 1000001", ["expected a number of documents", "found 1000001"]),
    ("bm25 % dense", ["expected a number of documents", "found dense"]),
    ("bm25 * dense", ["expected a number beside *, like 0.3*bm25, found bm25(k1=0.9, b=0.4) and dense"]),
    ("-1 * bm25", ["expected weights from 0 to 1e+06, found -1"]),
    ("bm25 % -1", ["expected a number of documents from 1", "found -1"]),
    ("bm25 # first\n>> rm3 >> bm25", ["expected a plan like"]),
    ("0*bm25 + 0*dense", ["expected a weight above 0"]),
    ("2000000 * bm25", ["expected weights from 0 to 1e+06, found 2000000"]),
    ("True * bm25", ["found 'True'"]),
    ("bm25 | " * 1400 + "bm25", ["expected a plan like", "it is too deep"]),
    ("(" * 3000 + "bm25" + ")" * 3000, ["expected a plan like"]),
    ("bm25 | " * 3000 + "bm25", ["expected a plan of at most 10,000 characters"]),
    (7, ["expected a plan of at most 10,000 characters, like bm25 >> rm3 >> bm25"]),
]


def test_a_plan_may_stand_on_several_lines():
    lines = "\n  bm25(k1=0.9,\n    b=0.4)\r\n  >> rm3\n  >> bm25\n"
    assert parse_plan(lines) == parse_plan("bm25 >> rm3 >> bm25")
    with refused(InvalidArgument, "found 'bm26' at character 9"):
        parse_plan("bm25\n>> bm26")


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[str(text)[:30] for text, _ in REFUSED])
def test_what_does_not_parse(text: Any, words: list[str]):
    with refused(InvalidArgument, *words):
        parse_plan(text)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BM25 % True, ["expected a number of documents", "found True"]),
        (lambda: True * BM25, ["expected weights", "found True"]),
        (lambda: BM25 * float("nan"), ["expected weights", "found nan"]),
        (lambda: BM25 + RM3, ["expected steps that search beside +"]),
        (lambda: BM25 + 3, ["expected a plan or its text form, like 'bm25 >> rm3 >> bm25', found 3"]),
        (lambda: RM3 | BM25, ["expected steps that search beside |"]),
        (lambda: BM25 >> "rm4", ["expected a step of"]),
        (lambda: named.dense(["v"]), ["expected field as the name of a vector field"]),
        (lambda: named.bm25(field={"title": 2.0}), ["expected field as a name or names of text fields"]),
    ],
)
def test_what_does_not_compose(make: Any, words: list[str]):
    with refused(InvalidArgument, *words):
        make()


@settings(max_examples=300)
@given(st.text(alphabet="bm25 dense rm3 >>+*%|()[]=.,'-_rrf 0123456789\n#\\", max_size=40))
def test_any_text_parses_or_is_refused(text: str):
    try:
        plan = parse_plan(text)
    except InvalidArgument:
        return
    assert parse_plan(str(plan)) == plan
