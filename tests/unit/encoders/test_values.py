"""Encoders print and parse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.errors.refusal import refused

from rocchio.encoders import Function, Lsa, Model2Vec, Onnx, OpenAI, SentenceTransformer, parse_encoder
from rocchio.encoders.values import KINDS
from rocchio.errors import InvalidArgument

PRINTED = {
    "lsa(dim=128)": Lsa(128),
    "lsa()": Lsa(),
    "st(all-MiniLM-L6-v2)": SentenceTransformer("all-MiniLM-L6-v2"),
    "st(e5-small-v2, query_prefix='query: ', document_prefix='passage: ', normalize=false)": SentenceTransformer(
        "e5-small-v2", query_prefix="query: ", document_prefix="passage: ", normalize=False
    ),
    "onnx(models/bge small.onnx, max_tokens=128, pooling=cls)": Onnx("models/bge small.onnx", 128, pooling="cls"),
    "model2vec('(odd, name)')": Model2Vec("(odd, name)"),
    "openai(text-embedding-3-small, base_url=http://localhost:8000/v1, timeout_s=2.5)": OpenAI(
        "text-embedding-3-small", "http://localhost:8000/v1", timeout_s=2.5
    ),
    "callable(encode)": Function("encode"),
    "model2vec('17')": Model2Vec("17"),
    "model2vec('true')": Model2Vec("true"),
    "model2vec('a=b')": Model2Vec("a=b"),
}


@pytest.mark.parametrize("text", PRINTED)
def test_text_forms(text: str) -> None:
    assert parse_encoder(text) == PRINTED[text]
    assert str(PRINTED[text]) == text


def test_other_ways_to_write_the_same() -> None:
    assert parse_encoder("lsa") == parse_encoder(" lsa ( dim = 256 , ) ") == Lsa()
    assert parse_encoder('st(model="m", normalize=False)') == SentenceTransformer("m", normalize=False)
    assert parse_encoder(Lsa(3)) == Lsa(3)  # type: ignore[arg-type]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=30))
def test_any_name_parses_back(name: str) -> None:
    for value in (Model2Vec(name, query_prefix=name), Function(name), OpenAI(name, base_url=name, price=0.02)):
        assert parse_encoder(str(value)) == value


@given(st.text(max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    for form in (text, f"lsa({text})", f"st({text})"):
        try:
            value = parse_encoder(form)
        except InvalidArgument:
            continue
        assert parse_encoder(str(value)) == value


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "lsa(dim=0)": ("from 1 to 65536", "dim of the encoder lsa", "found 0"),
        "lsa(dim=12.5)": ("expected a whole number", "found 12.5"),
        "lsa(dim=true)": ("expected a whole number", "found True"),
        "lsa(256)": ("expected settings of lsa of dim", "found 256 without a name"),
        "lsa(size=2)": ("expected settings of lsa of dim", "found 'size'"),
        "lsa(dim=2, dim=3)": ("expected each setting once",),
        "st": ("expected the model of an encoder st like st(NAME)",),
        "st('')": ("expected the model of the encoder st", "an empty text"),
        "st(a, b)": ("with model first",),
        "st(a, model=b)": ("with model first",),
        "st(model=a, b)": ("expected settings with a name after model=", "found 'b'"),
        "st(a, normalize=3)": ("expected true or false",),
        "st(a, precision=int8)": ("expected auto, float32, bfloat16", "found 'int8'"),
        "st(a, query_prefix=3)": ("expected a text as query_prefix",),
        "st(a, query_prefix='a\\nb')": ("expected a printable text",),
        "st(a, max_tokens=-1)": ("from 0 to",),
        "openai(a, retries=1000)": ("retries of the encoder openai from 0 to 100",),
        "onnx(a'b)": ("expected a comma after 'a'",),
        "onnx(,)": ("expected settings like dim=256",),
        "onnx('\\x')": ("expected a quoted text",),
        "bert(x)": ("expected an encoder of lsa, st, onnx, model2vec, openai, callable", "found 'bert'"),
        "lsa(": ("expected an encoder like",),
    }.items(),
)
def test_refused(text: str, words: tuple[str, ...]) -> None:
    with refused(InvalidArgument, *words):
        parse_encoder(text)


def test_refused_values() -> None:
    with refused(InvalidArgument, "expected an encoder like lsa(dim=256), found 3"):
        parse_encoder(3)  # type: ignore[arg-type]
    with refused(InvalidArgument, "expected an encoder of at most 4096 characters, found 10003"):
        parse_encoder("lsa" + " " * 10_000)
    with refused(InvalidArgument, "expected an encoder of at most 4096 characters"):
        SentenceTransformer("a" * 4096)
    assert set(KINDS) == {"lsa", "st", "onnx", "model2vec", "openai", "callable"}
