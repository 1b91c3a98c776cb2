"""`Analysis`: an analyzer at work.

Tokens are cut natively and numbered by their bytes; the filters run in Python, once per distinct token: a million
word forms cost a million filter calls, however many billion tokens the texts have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rocchio._native import QueryTerms, TokenTable
from rocchio.analysis.analyzer import Analyzer
from rocchio.errors import InvalidArgument

Terms: TypeAlias = npt.NDArray[np.uint32]
Offsets: TypeAlias = npt.NDArray[np.int64]
Bytes: TypeAlias = npt.NDArray[np.uint8]


_DROPPED = 0xFFFFFFFF  # what TokenTable.terms_of gives for a dropped surface


class Analysis:
    """Turns texts into term ids. Ids count up from 0 and hold until `reset`. For one thread at a time."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._filter = analyzer.build()
        self.reset()

    def reset(self) -> None:
        """Forget all terms, which frees their memory; ids start again from 0."""
        # a callable's tokens enter the table as they are, so its tokenizer is never used
        self._table = TokenTable("whitespace" if self.analyzer.function else self.analyzer.tokenizer)

    @property
    def term_count(self) -> int:
        """Distinct terms so far; term ids are below it."""
        return int(self._table.term_count)

    @property
    def memory_bytes(self) -> int:
        """What the tables of tokens and terms take."""
        return int(self._table.memory_bytes)

    def terms(self, data: Bytes, offsets: Offsets) -> tuple[Terms, Offsets]:
        """(term ids uint32, offsets int64[m+1]) of m texts; dropped tokens leave no gap.

        `data`: uint8, UTF-8 texts one after the other (bytes that are not UTF-8 separate tokens). `offsets`:
        int64[m+1], text i is data[offsets[i]:offsets[i+1]]. Raises InvalidArgument for offsets that decrease or
        leave the data, and for a callable analyzer that fails.
        """
        data, offsets = np.ascontiguousarray(data, np.uint8), np.ascontiguousarray(offsets, np.int64)
        try:
            if self.analyzer.function is None:
                surfaces, ends = self._table.tokenize(data, offsets)
            else:
                surfaces, ends = self._intern_texts(data, offsets)
        except ValueError as error:
            if isinstance(error, InvalidArgument):
                raise
            raise InvalidArgument(str(error)) from error
        self._resolve()
        ids, ends = self._table.map(surfaces, ends)
        return ids, ends

    def tokens(self, text: str) -> list[str]:
        """The terms of a text, in order."""
        ids, _ = self.terms(*_buffers(text))
        return self._strings(ids)

    def query_terms(self, text: str) -> dict[str, float]:
        """Term -> how often the text has it, in order of first occurrence."""
        counts: dict[str, float] = {}
        for term in self.tokens(text):
            counts[term] = counts.get(term, 0.0) + 1.0
        return counts

    def ready_terms(self, text: str) -> QueryTerms:
        """The terms of a text, in order, as `SearchQueue` takes them."""
        known = self._table.query_terms(text) if self.analyzer.function is None else None
        return known if known is not None else self._table.query_terms_of(self.terms(*_buffers(text))[0])

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, term) of each term that is not dropped; `text[start:end]` is what was written.

        Spans of bigrams overlap. A callable analyzer does not tell where its terms stand: each is looked for after
        the one before, whatever its case, and left out if the text does not contain it.
        """
        if self.analyzer.function is not None:
            return _found_spans(text, self.tokens(text))
        data = text.encode("utf-8", "surrogatepass")
        surfaces, starts, ends = self._table.spans(data)
        self._resolve()
        ids = self._table.terms_of(surfaces)
        kept = ids != _DROPPED
        terms = self._strings(ids[kept])
        starts, ends = starts[kept], ends[kept]
        if len(data) != len(text):
            places = _character_places(data)
            starts, ends = places[starts], places[ends]
        return list(zip(starts.tolist(), ends.tolist(), terms, strict=True))

    def terms_arrays(self) -> tuple[Bytes, Offsets]:
        """(UTF-8 bytes, offsets int64[term_count + 1]) of all terms, in order of their ids."""
        data, offsets = self._table.term_bytes()
        return data, offsets

    def distinct_terms(self, ids: Terms) -> tuple[Bytes, Offsets, Terms]:
        """(UTF-8 bytes, offsets int64[n + 1], places uint32): the n different terms of `ids` in order of their ids, and
        which of them each of `ids` is. Takes as long as `ids` are many, whatever is in the table.
        """
        data, offsets, places = self._table.distinct_terms(ids)
        return data, offsets, places

    def _resolve(self) -> None:
        surfaces = self._table.unresolved()
        if surfaces:
            self._table.resolve([term or None for term in self._filter(surfaces)])

    def _strings(self, ids: Terms) -> list[str]:
        return [self._table.term(term_id) for term_id in ids.tolist()]

    def _intern_texts(self, data: Bytes, offsets: Offsets) -> tuple[Terms, Offsets]:
        raw = data.tobytes()
        if len(offsets) == 0 or offsets[0] < 0 or offsets[-1] > len(raw) or np.any(np.diff(offsets) < 0):
            raise InvalidArgument(f"expected non-decreasing offsets from 0 to {len(raw)}, found others")
        surfaces, ends = [np.empty(0, np.uint32)], [0]
        for begin, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            surfaces.append(self._table.intern_surfaces(self._call(raw[begin:end].decode("utf-8", "replace"))))
            ends.append(ends[-1] + len(surfaces[-1]))
        return np.concatenate(surfaces), np.array(ends, np.int64)

    def _call(self, text: str) -> list[str]:
        assert self.analyzer.function is not None
        name = self.analyzer.tokenizer
        try:
            terms = self.analyzer.function(text)
        except Exception as error:
            raise InvalidArgument(
                f"expected {name} to return a list of terms, found {type(error).__name__}: {error}; text {text[:60]!r}"
            ) from error
        if not isinstance(terms, Sequence) or isinstance(terms, str | bytes):
            raise InvalidArgument(f"expected {name} to return a list of str, found {type(terms).__name__}")
        for term in terms:
            if not isinstance(term, str) or not _is_encodable(term):
                raise InvalidArgument(f"expected {name} to return terms that are valid str, found {term!r}")
        return list(terms)


def _is_encodable(term: str) -> bool:
    return term.isascii() or not any("\ud800" <= character <= "\udfff" for character in term)


def _buffers(text: str) -> tuple[Bytes, Offsets]:
    data = text.encode("utf-8", "surrogatepass")
    return np.frombuffer(data, np.uint8), np.array([0, len(data)], np.int64)


def _character_places(data: bytes) -> Offsets:
    """Byte offset -> character offset, for offsets at the beginning of a character and for the end."""
    begins = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
    places = np.zeros(len(data) + 1, np.int64)
    np.cumsum(begins, out=places[1:])
    return places


def _found_spans(text: str, terms: list[str]) -> list[tuple[int, int, str]]:
    # lower-casing may change the length of a text, and then the places in it are of no use
    searched = text.lower() if len(text.lower()) == len(text) else text
    found, at = [], 0
    for term in terms:
        start = searched.find(term.lower(), at)
        if start >= 0:
            at = start + len(term)
            found.append((start, at, term))
    return found


__all__ = ["Analysis"]
