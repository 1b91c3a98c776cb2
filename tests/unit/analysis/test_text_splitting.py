"""Long texts are cut where sentences end, no character and no token is lost, and no passage is too long."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocchio._native import TokenTable
from rocchio.analysis.splitting import Splitter

TOKENIZERS = ["standard", "words", "cjk_bigrams", "whitespace"]
PIECES = ["a", "bc", "def", ". ", "! ", '?" ', ".) ", "。", "」", " ", "\n\n", "\n", "你", "好", "か", "กข", "3.5", "é"]
PIECES += [".", "x.y", "\t", "'", "...", "𝒳", "،", "؟ "]


def tokens(tokenizer: str, text: str) -> list[str]:
    data = text.encode()
    _, starts, ends = TokenTable(tokenizer).spans(data)
    return [data[start:end].decode() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def pieces(text: str, size: int, overlap: int, tokenizer: str = "standard") -> list[str]:
    return [text[start:end].strip() for start, end in Splitter(tokenizer, size, overlap).split(text)]


@given(
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.sampled_from(TOKENIZERS),
    st.integers(1, 8),
    st.integers(0, 7),
)
@settings(max_examples=500, deadline=None)
def test_nothing_is_lost_and_nothing_too_long(text: str, tokenizer: str, size: int, overlap: int) -> None:
    passages = Splitter(tokenizer, size, overlap % size).split(text)
    assert passages[0][0] == 0
    assert passages[-1][1] == len(text)
    for (start, end), (next_start, next_end) in itertools.pairwise(passages):
        assert start < next_start <= end < next_end
    found = [tokens(tokenizer, text[start:end]) for start, end in passages]
    assert max(map(len, found)) <= size
    assert set().union(*found) == set(tokens(tokenizer, text))
    assert len(passages) == 1 or len(tokens(tokenizer, text)) > size


def test_a_text_that_fits_stays_whole() -> None:
    text = " One two. Three four!  "
    assert Splitter("standard", 4, 1).split(text) == [(0, len(text))]
    assert Splitter("standard", 4, 1).split("") == [(0, 0)]
    assert Splitter("standard", 1, 0).split("... ?! ---") == [(0, 10)]


def test_passages_end_where_sentences_do() -> None:
    text = 'He left. "Why?" she asked (it was late!). Version 3.5 of example.com came… All went on.'
    assert pieces(text, 5, 0) == [
        'He left. "Why?"',
        "she asked (it was late!).",
        "Version 3.5 of example.com came…",
        "All went on.",
    ]
    assert pieces("Title\n\nFirst line\nsecond line\n \nNext part", 4, 0) == [
        "Title",
        "First line\nsecond line",
        "Next part",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好世界。他说：「再见。」然后走了！", ["你好世界。", "他说：「再见。」", "然后走了！"]),
        ("これは本です。それは？", ["これは本です。", "それは？"]),
        ("यह एक है। वह दो है।", ["यह एक है।", "वह दो है।"]),
        ("هل هذا هو؟ نعم هو", ["هل هذا هو؟", "نعم هو"]),
    ],
)
def test_full_stops_of_other_scripts(text: str, expected: list[str]) -> None:
    size = max(len(tokens("standard", piece)) for piece in expected)
    assert pieces(text, size, 0) == expected


def test_overlaps_are_whole_sentences() -> None:
    text = "A b c. D e. F g h. I j. K."
    assert pieces(text, 6, 2) == ["A b c. D e.", "D e. F g h.", "I j. K."]
    assert pieces(text, 6, 3) == ["A b c. D e.", "D e. F g h.", "F g h. I j. K."]
    assert pieces(text, 8, 5) == ["A b c. D e. F g h.", "D e. F g h. I j. K."]
    # an overlap gives way where the next sentence would not fit
    assert pieces("A b. C d e f g. H.", 6, 3) == ["A b.", "C d e f g. H."]


def test_a_long_sentence_is_cut_and_overlaps_by_tokens() -> None:
    text = "Short one. a b c d e f g h i j. End here."
    assert pieces(text, 4, 1) == ["Short one.", "a b c d", "d e f g", "g h i j.", "End here."]
    assert pieces("x " * 10, 4, 0) == ["x x x x", "x x x x", "x x"]
    assert pieces("一二三四五", 2, 0, "cjk_bigrams") == ["一二三", "三四五"]


def test_hostile_texts_take_linear_time() -> None:
    long = 100_000
    for text in ("." * long, ".)" * long, "\n " * long, "a. " * long, "。" * long, "a" * long, "「" * long):
        started = time.process_time()
        Splitter("standard", 200, 30).split(text)
        assert time.process_time() - started < 3
