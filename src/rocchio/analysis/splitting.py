"""Cuts a long text into passages of some tokens, where sentences end if that is possible.

A sentence ends after a full stop, a question or an exclamation mark, or an ellipsis, with the quotes and brackets that
close after it, if white space follows; after one of the full stops that need no white space (Chinese, Japanese); and at
an empty line. Never inside a token. Abbreviations are not told from ends: passages hold many sentences, so that a cut
after "Dr." does little harm, and whoever wants other cuts can split documents before adding them.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from rocchio._native import TokenTable

Places = npt.NDArray[np.int64]

_CLOSING = r"[\"'”’»›)\]}」』）】》〉〕］｝]*"
# . ! ? … and full stops and question marks of Arabic, Urdu, Hindi, Armenian, Ethiopic, Burmese and Khmer texts
_SPACED = r"[.!?…؟۔।॥։።፧။។]"
_UNSPACED = r"[。！？｡]"
# no repetition that could be tried from each of its places: a row of dots costs linear time
_END = re.compile(rf"{_SPACED}{_CLOSING}\s+|{_UNSPACED}+{_CLOSING}\s*|\n[^\S\n]*\n\s*")


class Splitter:
    """Splits texts with the tokens of a `tokenizer`. For one thread at a time."""

    def __init__(self, tokenizer: str, tokens: int, overlap: int) -> None:
        self._tokenizer, self._tokens, self._overlap = tokenizer, tokens, overlap
        self.reset()

    def reset(self) -> None:
        """Forget the tokens met so far, which frees their memory."""
        self._table = TokenTable(self._tokenizer)

    def split(self, text: str) -> list[tuple[int, int]]:
        """(start, end) in characters of the passages of `text`, in order; one for a text that fits.

        The first one starts at 0, the last one ends at the end, and no character between is left out: each starts
        after the one before has started, and at its end or earlier.
        """
        if len(text) <= self._tokens:
            return [(0, len(text))]
        starts, ends = self._token_places(text)
        if len(starts) <= self._tokens:
            return [(0, len(text))]
        # sentence s begins with token firsts[s], at character places[s]
        places = _sentence_starts(text, starts, ends)
        firsts = np.searchsorted(starts, places)
        bounds = _token_bounds(firsts, len(starts), self._tokens, self._overlap)
        character_of = dict(zip(firsts.tolist(), places.tolist(), strict=True))
        passages = []
        for first, last in bounds:
            begin = character_of.get(first, int(starts[first])) if first else 0
            if last == len(starts):
                end = len(text)
            elif last in character_of:
                end = character_of[last]
            else:  # tokens may overlap
                end = max(int(starts[last]), int(ends[last - 1]))
            passages.append((begin, end))
        return passages

    def _token_places(self, text: str) -> tuple[Places, Places]:
        """Where each token starts and ends, in characters."""
        data = text.encode()
        _, starts, ends = self._table.spans(data)
        if len(data) == len(text):
            return starts, ends
        begins = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
        character = np.zeros(len(data) + 1, np.int64)
        np.cumsum(begins, out=character[1:])
        return character[starts], character[ends]


def _sentence_starts(text: str, starts: Places, ends: Places) -> Places:
    """Where sentences start, in characters, increasing: each but the first behind the end of another, and with a token
    of its own."""
    found = np.array([match.end() for match in _END.finditer(text)], np.int64)
    following = np.searchsorted(starts, found)  # the first token at or after the place
    keep = (following > 0) & (following < len(starts))
    found, following = found[keep], following[keep]
    outside = ends[following - 1] <= found  # no sentence starts inside a token
    found, following = found[outside], following[outside]
    # of several places without a token between, the last one
    last = np.append(following[1:] != following[:-1], True) if len(following) else np.empty(0, np.bool_)
    return np.concatenate([[0], found[last]])


def _token_bounds(sentences: Places, count: int, most: int, overlap: int) -> list[tuple[int, int]]:
    """[first, last) tokens of each passage; `sentences` are the tokens that sentences start with, from 0.

    A passage ends at the last sentence end within `most` tokens. The next one starts with the earliest sentence of the
    last `overlap` tokens from which the sentence to come still fits. A sentence of more than `most` tokens starts a
    passage and is cut after `most` tokens; the next passage then starts `overlap` tokens before the cut.
    """
    stops = np.append(sentences[1:], count)
    bounds: list[tuple[int, int]] = []
    first = last = 0
    while last < count:
        if bounds:
            first = _next_first(sentences, stops, bounds[-1], most, overlap)
        reached = int(np.searchsorted(stops, first + most, side="right")) - 1
        last = int(stops[reached]) if reached >= 0 and stops[reached] > last else first + most
        bounds.append((first, last))
    return bounds


def _next_first(sentences: Places, stops: Places, before: tuple[int, int], most: int, overlap: int) -> int:
    """The token that the passage after `before` starts with."""
    first, last = before
    sentence = int(np.searchsorted(sentences, last))
    if sentence == len(sentences) or sentences[sentence] != last:
        return last - overlap  # cut inside a sentence
    earliest = max(last - overlap, int(stops[sentence]) - most, first + 1)
    return int(sentences[np.searchsorted(sentences, earliest)]) if earliest < last else last


__all__ = ["Splitter"]
