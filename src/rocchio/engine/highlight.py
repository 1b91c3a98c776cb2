"""Snippets: the part of a text where the query's terms stand closest together, with the terms marked."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Snippet:
    """A piece of text and the (start, end) places in it to highlight; dots say where text was left out."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet(text: str, spans: Sequence[tuple[int, int, str]], terms: Container[str], width: int = 240) -> Snippet:
    """The window of about `width` characters that holds the most distinct matching terms, then the most matches.

    `spans` are (start, end, term) of all tokens in order of place; `terms` those to mark. Ties go to the earliest.
    """
    matches = [span for span in spans if span[2] in terms and span[1] - span[0] <= width]
    first, last = _best_window(matches, width)
    chosen = matches[first:last]
    begin = max(0, (chosen[0][0] + chosen[-1][1] - width) // 2) if chosen else 0
    end = min(len(text), begin + width)
    begin, end = _word_start(text, begin), _word_end(text, end)
    body = "".join(" " if char in "\r\n\t" else char for char in text[begin:end])
    head, tail = ("… " if begin else ""), (" …" if end < len(text) else "")
    shift = len(head) - begin
    marks = tuple((s + shift, e + shift) for s, e, _ in matches if s >= begin and e <= end)
    return Snippet(head + body + tail, marks)


def _best_window(matches: Sequence[tuple[int, int, str]], width: int) -> tuple[int, int]:
    best, best_key = (0, 0), (0, 0)
    first = 0
    for last in range(1, len(matches) + 1):
        while matches[last - 1][1] - matches[first][0] > width and first < last - 1:
            first += 1
        key = (len({span[2] for span in matches[first:last]}), last - first)
        if key > best_key:
            best, best_key = (first, last), key
    return best


def _word_start(text: str, place: int) -> int:
    while 0 < place < len(text) and not text[place - 1].isspace():
        place -= 1
        if text[place].isspace():
            break
    return place


def _word_end(text: str, place: int) -> int:
    cut = text.rfind(" ", max(0, place - 30), place)
    return cut if cut > 0 and place < len(text) else place
