"""Measures from text."""

from __future__ import annotations

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.errors import InvalidArgument
from rocchio.evaluation import parse_measures


def test_text_lists_and_values():
    expected = (
        ir_measures.nDCG @ 10,
        ir_measures.AP,
        ir_measures.R @ 100,
        ir_measures.P(rel=2, judged_only=True) @ 5,
    )
    assert parse_measures("nDCG@10 AP, R@100,\nP(rel=2, judged_only=True)@5") == expected
    assert parse_measures(["nDCG@10 AP", ir_measures.R @ 100, "P(rel=2,judged_only=True)@5", "AP"]) == expected


@pytest.mark.parametrize(
    "text", ["nDCG@10", "IPrec@0.1", "SetF(beta=2.0)", "nDCG(gains={1:5})@10", "P(rel=2)@5", "Judged@3"]
)
def test_text_form_parses_back(text):
    (measure,) = parse_measures(text)
    assert str(measure) == text
    assert parse_measures(str(measure)) == (measure,)


def test_agrees_with_ir_measures():
    for text in ["MRR@10", "Recall@5", "nDCG(dcg='exp-log2')@10", "Success@1", "infAP", "Rprec", "NumRet(rel=1)"]:
        assert parse_measures(text) == (ir_measures.parse_measure(text),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected at least one measure, such as nDCG@10, found none"),
        ("BLEU", "expected a measure that ir-measures knows, found 'BLEU'; "),
        ("xyzzy@3", "found 'xyzzy@3'; some are: nDCG@10, AP, RR@10, R@100, P@10"),
        ("ndcg@10", "found 'ndcg@10'; did you mean nDCG@10?"),
        ("nDGC@10", "did you mean nDCG@10"),
        ("map", "found 'map'; did you mean AP?"),
        ("ndcg_cut_10", "found 'ndcg_cut_10'; did you mean nDCG@10?"),
        ("nDCG@0", "expected a cutoff from 1 to 1000000 in nDCG@0, found 0"),
        ("nDCG@-1", "expected a cutoff from 1 to 1000000 in nDCG@-1, found -1"),
        ("P", "P: expected a cutoff, as in P@10; its parameters are: cutoff (ranking cutoff threshold), rel ("),
        ("P@2.5", "P: expected int as cutoff, found 2.5"),
        ("nDCG(k=3)", "nDCG: expected no parameter 'k'; its parameters are: cutoff ("),
        ("P(5)", "expected a measure such as nDCG@10 or P(rel=2)@5, found 'P(5)'"),
        ("AP@x", "expected a measure such as nDCG@10 or P(rel=2)@5, found 'AP@x'"),
        ("@10", "expected a measure such as nDCG@10 or P(rel=2)@5, found '@10'"),
        ("AP(rel=__import__('os'))", "expected a measure such as nDCG@10 or P(rel=2)@5"),
    ],
)
def test_refused(text, message):
    with pytest.raises(InvalidArgument) as caught:
        parse_measures(text)
    assert message in str(caught.value)


def test_refused_values(monkeypatch):
    with pytest.raises(InvalidArgument, match=r"expected a text or an ir_measures.Measure, found int"):
        parse_measures([10])
    monkeypatch.setattr(ir_measures.pyndeval, "_is_available", False)
    with pytest.raises(
        InvalidArgument, match=r"found alpha_nDCG@10; to compute it: pip install ir-measures\[pyndeval\]"
    ):
        parse_measures("alpha_nDCG@10")


@given(
    st.text(max_size=20) | st.lists(st.sampled_from(["AP", "@", "(", ")", "rel", "=", "1", ",", " ", "P"])).map("".join)
)
def test_any_text_is_measures_or_invalid(text):
    try:
        measures = parse_measures(text)
    except InvalidArgument:
        return
    assert parse_measures(" ".join(map(str, measures))) == measures
