"""Analyzers as values, their filters, and Python functions as analyzers."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from rocchio.analysis import (
    PRESETS,
    STOP_LISTS,
    TOKENIZERS,
    Analysis,
    Analyzer,
    Filter,
    callable_analyzer,
    parse_analyzer,
)
from rocchio.errors import InvalidArgument

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="()|,"), min_size=1).filter(
    lambda word: not any(character.isspace() for character in word)
)
FILTERS = st.one_of(
    st.sampled_from(["lowercase", "nfkc", "possessive", "porter"]).map(Filter),
    st.sampled_from(sorted(STOP_LISTS)).map(lambda name: Filter("stop", (name,))),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda words: Filter("stop", tuple(words))),
    st.sampled_from(Stemmer.algorithms()).map(lambda name: Filter("snowball", (name,))),
    st.sampled_from(["french", "italian", "catalan"]).map(lambda name: Filter("elision", (name,))),
    st.integers(1, 999).map(lambda least: Filter("minlen", (str(least),))),
)
ANALYZERS = st.builds(Analyzer, st.sampled_from(TOKENIZERS), st.lists(FILTERS, max_size=5).map(tuple))


def tokens(analyzer: str, text: str) -> list[str]:
    return Analysis(parse_analyzer(analyzer)).tokens(text)


@given(ANALYZERS)
def test_text_form_parses_back(analyzer: Analyzer) -> None:
    for form in (str(analyzer), analyzer.steps):
        parsed = parse_analyzer(form)
        assert parsed == analyzer
        assert hash(parsed) == hash(analyzer)
        assert str(parsed) == str(analyzer)


@given(ANALYZERS, ANALYZERS)
def test_equal_means_equal_text(first: Analyzer, second: Analyzer) -> None:
    assert (first == second) == (first.steps == second.steps)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_print_their_name(name: str) -> None:
    assert str(parse_analyzer(name)) == name
    assert str(parse_analyzer(PRESETS[name].steps)) == name
    assert tokens(name, "a") in ([], ["a"])


def test_text_forms() -> None:
    assert parse_analyzer("english").steps == (
        "standard | nfkc | lowercase | possessive | stop(english) | snowball(english)"
    )
    assert str(parse_analyzer("standard|stop( the ,a,the )")) == "standard | stop(a,the)"
    assert str(parse_analyzer("standard | stop(the,)")) == "standard | stop(the,)"
    assert parse_analyzer("plain | minlen(2)").steps == "standard | nfkc | lowercase | minlen(2)"
    assert len(STOP_LISTS["lucene"]) == 33


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("englsh", "did you mean 'english'"),
        ("lucene", "known: anserini"),
        ("", "steps like"),
        ("standard | | lowercase", "steps like"),
        ("standard | lowercas", "did you mean 'lowercase'"),
        ("standard(x)", "tokenizer first"),
        ("lowercase", "tokenizer first"),
        ("standard | lowercase(x)", "without arguments"),
        ("standard | stop", r"stop\(LIST\)"),
        ("standard | stop(engl)", "did you mean 'english'"),
        ("standard | stop(a b,c)", "without white space"),
        ("standard | stop()", "without white space"),
        ("standard | snowball", r"snowball\(LANGUAGE\)"),
        ("standard | snowball(germa)", "did you mean 'german'"),
        ("standard | elision(german)", r"elision\(LANGUAGE\)"),
        ("standard | minlen(0)", "from 1 to 999"),
        ("callable(cut)", "analyzer=function"),
    ],
)
def test_unknown_steps_are_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        parse_analyzer(text)


def test_values_are_checked() -> None:
    with pytest.raises(InvalidArgument, match="text form"):
        parse_analyzer(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="expected a tokenizer"):
        Analyzer("standrd")
    with pytest.raises(InvalidArgument, match="expected a filter"):
        Filter("lower")
    with pytest.raises(InvalidArgument, match="no filters after"):
        Analyzer("callable(f)", (Filter("lowercase"),), str.split)


@pytest.mark.parametrize(
    ("analyzer", "text", "expected"),
    [
        ("english", "The dog's relevance, feedbacks", ["dog", "relev", "feedback"]),
        ("anserini", "The dog’s FLIES possibly", ["dog", "fli", "possibl"]),
        ("bm25s", "A cat's tail is running", ["cat", "tail", "run"]),
        ("plain", "ﬁne １２３ École", ["fine", "123", "école"]),
        ("cjk", "漢字かなABC한국어 x", ["漢字", "字か", "かな", "abc", "한국", "국어", "x"]),
        ("whitespace", " ##ing  A,b ", ["##ing", "A,b"]),
        ("french", "L’homme qu'il aimait", ["homm", "aim"]),
        ("german", "Die Häuser und der Garten", ["haus", "gart"]),
        ("russian", "книги и книга", ["книг", "книг"]),
        ("standard | lowercase", "İstanbul ΟΔΟΣ", ["istanbul", "οδος"]),
        ("standard | minlen(3)", "a ab abc", ["abc"]),
        ("standard | possessive | minlen(1)", "x'S y＇s s's'", ["x", "y", "s"]),
    ],
)
def test_terms(analyzer: str, text: str, expected: list[str]) -> None:
    assert tokens(analyzer, text) == expected


@pytest.mark.parametrize("name", ["nfkc", "lowercase"])
@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_normalising_twice_changes_nothing(name: str, texts: list[str]) -> None:
    apply = Filter(name).build()
    once = apply(texts)
    assert apply(once) == once
    assert len(once) == len(texts)
    if name == "nfkc":
        assert all(unicodedata.is_normalized("NFKC", text) for text in once)


def test_highlighting_counts_characters() -> None:
    text = "Ünï the Running dogs’s 漢字 😀 ends"
    spans = Analysis(parse_analyzer("english")).spans(text)
    assert [(text[start:end], term) for start, end, term in spans] == [
        ("Ünï", "ünï"), ("Running", "run"), ("dogs’s", "dog"), ("漢", "漢"), ("字", "字"), ("ends", "end"),
    ]  # fmt: skip


def test_query_terms_are_counted_in_order() -> None:
    assert Analysis(parse_analyzer("english")).query_terms("cats and dogs and a cat") == {"cat": 2.0, "dog": 1.0}


def test_lone_surrogates_separate() -> None:
    assert Analysis(parse_analyzer("plain")).spans("a\ud800bc") == [(0, 1, "a"), (2, 4, "bc")]


def test_ids_and_strings_of_a_table_agree_until_reset() -> None:
    analysis = Analysis(parse_analyzer("plain"))
    first = analysis.tokens("one two one")
    data, offsets = analysis.terms_arrays()
    strings = [data[a:b].tobytes().decode() for a, b in pairwise(offsets)]
    assert strings == ["one", "two"]
    assert first == ["one", "two", "one"]
    full = analysis.memory_bytes
    analysis.tokens(" ".join(map(str, range(5000))))
    assert analysis.term_count == 5002
    assert analysis.memory_bytes > full
    analysis.reset()
    assert analysis.term_count == 0
    assert analysis.memory_bytes <= full
    assert analysis.terms_arrays()[1].tolist() == [0]


def test_a_function_is_an_analyzer() -> None:
    analyzer = callable_analyzer("my split", str.split)
    assert str(analyzer) == "callable(my_split)"
    assert analyzer == callable_analyzer("my_split", str.split)
    analysis = Analysis(analyzer)
    assert analysis.tokens("B a  B") == ["B", "a", "B"]
    assert analysis.spans("B a  B") == [(0, 1, "B"), (2, 3, "a"), (5, 6, "B")]
    assert analysis.spans("") == []
    ids, ends = analysis.terms(np.frombuffer("aéa b".encode(), np.uint8), np.array([0, 4, 4, 6]))
    assert ends.tolist() == [0, 1, 1, 2]
    assert ids.dtype == np.uint32
    assert Analysis(callable_analyzer("f", lambda text: ["", "x"])).tokens("y") == ["x"]
    assert Analysis(callable_analyzer("f", lambda text: ["zz"])).spans("y") == []


@pytest.mark.parametrize(
    ("result", "message"),
    [("text", "found str"), (None, "found NoneType"), ([1], "found 1"), (["\ud800"], "valid str")],
)
def test_functions_that_return_anything_else_are_refused(result: object, message: str) -> None:
    analysis = Analysis(callable_analyzer("f", lambda text: result))  # type: ignore[arg-type, return-value]
    with pytest.raises(InvalidArgument, match=message):
        analysis.tokens("x")


def test_functions_that_fail_are_named() -> None:
    def broken(text: str) -> list[str]:
        raise RuntimeError("no model")

    with pytest.raises(InvalidArgument, match=r"callable\(broken\).*RuntimeError: no model"):
        Analysis(callable_analyzer("broken", broken)).tokens("x")
    with pytest.raises(InvalidArgument, match="expected a function"):
        callable_analyzer("f", "not a function")  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(["wing", "wings", "of", "naïve", "a" * 40]), max_size=30))
def test_distinct_terms_are_those_of_np_unique(words: list[str]) -> None:
    analysis = Analysis(parse_analyzer("english"))
    analysis.tokens("flutter of wings, naïve and others")
    text = " ".join(words).encode()
    ids, _ = analysis.terms(np.frombuffer(text, np.uint8), np.array([0, len(text)]))
    data, offsets, places = analysis.distinct_terms(ids)
    used, expected = np.unique(ids, return_inverse=True)
    terms = [data[begin:end].tobytes().decode() for begin, end in pairwise(offsets.tolist())]
    assert terms == analysis._strings(used)
    assert places.tolist() == expected.tolist()


@given(ANALYZERS, st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=4))
def test_ready_terms_are_those_of_a_text(analyzer: Analyzer, texts: list[str]) -> None:
    ready, plain = Analysis(analyzer), Analysis(analyzer)
    for text in [*texts, *texts]:  # of words that were not seen before, and of some that were
        assert ready.ready_terms(text).terms == plain.tokens(text)


def test_ready_terms_of_a_function() -> None:
    analysis = Analysis(callable_analyzer("cut", lambda text: text.split("x")))
    assert analysis.ready_terms("axbxa").terms == ["a", "b", "a"]


def test_terms_of_ids_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="of this table"):
        Analysis(parse_analyzer("english"))._table.query_terms_of(np.array([0], np.uint32))


def test_distinct_terms_of_an_id_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="expected term ids of this table, found another"):
        Analysis(parse_analyzer("english")).distinct_terms(np.array([0], np.uint32))
