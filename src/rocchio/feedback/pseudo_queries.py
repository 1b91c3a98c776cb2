"""What pseudo-queries are made of a document: its most telling terms, or its most telling sentences. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rocchio.errors import InvalidArgument

MOST_CHARACTERS = 300
"""Of a sentence that becomes a pseudo-query."""

_BETWEEN = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")


@dataclass(frozen=True)
class Salient:
    """The `terms` terms of the largest ln(1 + tf) * idf of each document; `per_document` queries share them out, the
    first gets the largest."""

    terms: int = 5
    per_document: int = 1

    def __post_init__(self) -> None:
        _check("terms", self.terms, 100)
        _check("per_document", self.per_document, 100)

    def __str__(self) -> str:
        return f"salient(terms={self.terms}, per_document={self.per_document})"

    def choose(self, ranked: list[str]) -> list[str]:
        """The pseudo-queries of a document, of its terms in their order."""
        parts = [ranked[number * self.terms :][: self.terms] for number in range(self.per_document)]
        return [" ".join(part) for part in parts if part]


@dataclass(frozen=True)
class Sentences:
    """The `n` sentences of each document whose distinct terms have the largest weights, those of `Salient`, summed and
    divided by the root of their number: long sentences say more, but not for being long."""

    n: int = 3

    def __post_init__(self) -> None:
        _check("n", self.n, 100)

    def __str__(self) -> str:
        return f"sentences(n={self.n})"

    def choose(self, text: str, weights: Mapping[str, float], terms: Callable[[str], Mapping[str, float]]) -> list[str]:
        """The pseudo-queries of a document: of its text, the `weights` of its terms, and an analyzer."""
        sentences = list(dict.fromkeys(filter(None, map(shortened, _BETWEEN.split(text)))))
        scores = [self._score(weights, terms(sentence)) for sentence in sentences]
        order = sorted(range(len(sentences)), key=lambda number: -scores[number])  # stable: the earlier of two
        return [sentences[number] for number in order[: self.n] if scores[number] > 0]

    @staticmethod
    def _score(weights: Mapping[str, float], terms: Mapping[str, float]) -> float:
        return sum(weights.get(term, 0.0) for term in terms) / len(terms) ** 0.5 if terms else 0.0


def shortened(sentence: str) -> str:
    """At most MOST_CHARACTERS of a sentence, cut between words, without white space around it."""
    words = " ".join(sentence.split())
    if len(words) <= MOST_CHARACTERS:
        return words
    cut = words[:MOST_CHARACTERS]
    return cut.rpartition(" ")[0] or cut


def _check(name: str, value: object, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidArgument(f"expected {name} from 1 to {most}, found {value!r}")
