"""The native tokenizers, seen from Python: against plain Python references and on hostile bytes."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio._native import TokenTable, porter_stem
from rocchio.analysis import TOKENIZERS, Analysis, Analyzer, Filter, parse_analyzer
from rocchio.errors import InvalidArgument

TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("aA1_.,:;'\" \u2019\u0130ς漢かカ한ก\u0301א")))
REFERENCE = re.compile(r"(?u)\b\w\w+\b")


def cut(kind: str, data: bytes) -> list[bytes]:
    _, starts, ends = TokenTable(kind).spans(data)
    return [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def documents(folder: Path, limit: int = 3000) -> list[str]:
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in itertools.islice(lines, limit)]
    return [f"{record.get('title', '')} {record['text']}" for record in records]


@given(TEXTS)
def test_words_agrees_with_the_regular_expression(text: str) -> None:
    analysis = Analysis(parse_analyzer("words | lowercase"))
    assert analysis.tokens(text) == [token.lower() for token in REFERENCE.findall(text.replace("İ", "i\u0307"))]


@given(TEXTS)
def test_spans_are_the_tokens_and_where_they_stand(text: str) -> None:
    for kind in TOKENIZERS:
        analysis = Analysis(Analyzer(kind))
        spans = analysis.spans(text)
        assert [text[start:end] for start, end, _ in spans] == [term for *_, term in spans]
        assert [term for *_, term in spans] == analysis.tokens(text)


@given(TEXTS)
def test_bigrams_and_standard_cover_the_same_characters(text: str) -> None:
    """Except for the marks of clusters that bigrams cut at 16 characters, which a short text does not have."""

    def covered(kind: str) -> set[int]:
        return {place for start, end, _ in Analysis(Analyzer(kind)).spans(text) for place in range(start, end)}

    marks = re.compile(r"[^\W_]")
    assert {p for p in covered("standard") if marks.match(text[p])} == {
        p for p in covered("cjk_bigrams") if marks.match(text[p])
    }


@given(st.binary(max_size=300), st.sampled_from(TOKENIZERS))
def test_any_bytes_give_valid_tokens(data: bytes, kind: str) -> None:
    for token in cut(kind, data):
        assert token.decode()


@given(TEXTS, st.sampled_from(TOKENIZERS), st.integers(0, 3))
def test_truncated_utf8_keeps_the_tokens_before_it(text: str, kind: str, removed: int) -> None:
    data = text.encode()
    whole, truncated = cut(kind, data), cut(kind, data[: max(len(data) - removed, 0)])
    assert whole[: max(len(truncated) - 3, 0)] == truncated[: max(len(truncated) - 3, 0)]


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_batch_is_its_texts_one_by_one(kind: str) -> None:
    texts = ["one two", "", "漢字かな ok", "éé 3.14", "x"]
    data = "".join(texts).encode()
    offsets = np.cumsum([0, *(len(text.encode()) for text in texts)]).astype(np.int64)
    analysis = Analysis(Analyzer(kind))
    ids, ends = analysis.terms(np.frombuffer(data, np.uint8), offsets)
    assert ids.dtype == np.uint32
    assert ends.dtype == np.int64
    assert np.diff(ends).tolist() == [len(Analysis(Analyzer(kind)).tokens(text)) for text in texts]


@pytest.mark.parametrize("offsets", [[], [-1, 2], [0, 3, 2], [0, 5], [5]])
def test_bad_offsets_are_refused(offsets: list[int]) -> None:
    data = np.frombuffer(b"four", np.uint8)
    with pytest.raises(ValueError, match="offset"):
        TokenTable("standard").tokenize(data, np.array(offsets, np.int64))
    for analyzer in ("plain", "whitespace"):
        with pytest.raises(InvalidArgument, match="offset"):
            Analysis(parse_analyzer(analyzer)).terms(data, np.array(offsets, np.int64))


def test_table_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="expected a tokenizer"):
        TokenTable("chinese")
    table = TokenTable("standard")
    surfaces = table.intern_surfaces(["a", "b", "a"])
    assert surfaces.tolist() == [0, 1, 0]
    assert table.unresolved() == ["a", "b"]
    with pytest.raises(ValueError, match="each of 2 unresolved"):
        table.resolve(["a"])
    with pytest.raises(ValueError, match="surfaces below 0"):
        table.map(surfaces, np.array([0, 3]))
    assert table.terms_of(surfaces).tolist() == [0xFFFFFFFE, 0xFFFFFFFE, 0xFFFFFFFE]
    table.resolve(["x", None])
    assert table.terms_of(surfaces).tolist() == [0, 0xFFFFFFFF, 0]
    assert (table.find_term("x"), table.find_term("a"), table.term(0)) == (0, None, "x")
    with pytest.raises(ValueError, match="term id below 1"):
        table.term(1)
    with pytest.raises(ValueError, match="surfaces below 2"):
        table.terms_of(np.array([2], np.uint32))


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_porter_gives_one_stem_per_word(words: list[str]) -> None:
    stems = porter_stem(words)
    assert len(stems) == len(words)
    assert all(stem == word for stem, word in zip(stems, words, strict=True) if not re.fullmatch("[a-z]+", word))


def test_words_agrees_with_the_regular_expression_on_real_texts(shared_data: Path) -> None:
    analysis = Analysis(Analyzer("words", (Filter("lowercase"),)))
    for folder in sorted(path.parent for path in shared_data.glob("*/corpus.jsonl.gz")):
        for text in documents(folder):
            assert analysis.tokens(text) == REFERENCE.findall(text.lower())


def test_preset_equals_bm25s(shared_data: Path) -> None:
    bm25s = pytest.importorskip("bm25s", reason="bm25s is not installed: no comparison with its tokens")
    import Stemmer

    analysis = Analysis(parse_analyzer("bm25s"))
    for name in ("scifact", "xquad-de", "xquad-zh", "cosqa"):
        texts = documents(shared_data / name)
        stemmer = Stemmer.Stemmer("english")
        expected = bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)
        assert [analysis.tokens(text) for text in texts] == expected
