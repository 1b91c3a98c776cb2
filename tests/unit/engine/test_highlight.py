"""Snippets hold the query's terms, mark them at the right place, and say where text was left out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import rocchio
from rocchio.engine.highlight import Snippet, snippet


def spans_of(text: str) -> list[tuple[int, int, str]]:
    spans, place = [], 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        spans.append((start, place, word.lower()))
    return spans


def marked(piece: Snippet) -> list[str]:
    return [piece.text[start:end] for start, end in piece.marks]


def test_short_text_is_whole() -> None:
    piece = snippet("The quick brown Fox", spans_of("The quick brown Fox"), {"fox", "the"})
    assert piece.text == "The quick brown Fox"
    assert marked(piece) == ["The", "Fox"]


def test_no_match_and_nothing() -> None:
    assert snippet("", [], {"x"}) == Snippet("", ())
    text = "word " * 100
    piece = snippet(text, spans_of(text), {"x"}, width=50)
    assert piece.marks == ()
    assert piece.text.startswith("word word")
    assert piece.text.endswith(" …")
    assert len(piece.text) <= 52


def test_the_densest_part_is_shown() -> None:
    text = "alpha " + "filler " * 60 + "alpha beta gamma " + "filler " * 60 + "alpha alpha alpha alpha"
    piece = snippet(text, spans_of(text), {"alpha", "beta", "gamma"}, width=80)
    assert marked(piece) == ["alpha", "beta", "gamma"]
    assert piece.text.startswith("… ")
    assert piece.text.endswith(" …")


def test_ties_go_to_the_first() -> None:
    text = "alpha one " + "filler " * 60 + "alpha two"
    assert "one" in snippet(text, spans_of(text), {"alpha"}, width=40).text


def test_white_space_becomes_blanks_and_words_stay_whole() -> None:
    text = "one\ntwo\tthree\r\nalpha " + "x" * 20 + " " + "longword " * 30
    piece = snippet(text, spans_of(text), {"alpha"}, width=60)
    assert not set("\n\t\r") & set(piece.text)
    assert marked(piece) == ["alpha"]
    words = set(text.split())
    assert all(word in words for word in piece.text.strip("… ").split())


@pytest.mark.parametrize("width", [1, 10, 40, 240, 10_000])
def test_any_text(width: int) -> None:
    dice = random.Random(width)
    alphabet = ["a", "bb", "é", "日本", "🚀", "\n", "x" * 300, "dd"]
    for _ in range(300):
        text = " ".join(dice.choice(alphabet) for _ in range(dice.randint(0, 80)))
        terms = set(dice.sample(alphabet[:5], 2))
        spans = spans_of(text)
        piece = snippet(text, spans, terms, width)
        assert all(word.lower() in terms for word in marked(piece))
        assert list(piece.marks) == sorted(piece.marks)
        flat = "".join(" " if char in "\r\n\t" else char for char in text)
        core = piece.text.removeprefix("… ").removesuffix(" …")
        assert core in flat
        if width >= len(text):
            assert piece.text == flat
            assert marked(piece) == [text[s:e] for s, e, term in spans if term in terms]
        elif any(span[2] in terms and span[1] - span[0] <= width for span in spans) and width >= 40:
            assert piece.marks, (text, terms)


def test_a_match_longer_than_the_window() -> None:
    text = "x" * 300 + " " + "filler " * 60 + "alpha"
    assert marked(snippet(text, spans_of(text), {"x" * 300, "alpha"}, width=240))


def test_spans_of_a_snapshot_fit_the_text(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()})
    text = "Straße and CAFÉ: the runners' 日本 running, “quoted”"
    snapshot = col.snapshot()
    terms = snapshot.terms("running cafe straße café")
    piece = snippet(text, snapshot.spans(text), terms)
    assert piece.text == text
    assert "running" in marked(piece)
    assert all(0 <= start < end <= len(text) for start, end, _ in snapshot.spans(text))
