"""BM25 as a value: `bm25(k1=0.9, b=0.4)` prints and parses back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from rocchio._native import Variant
from rocchio.errors import InvalidArgument

VARIANTS = {
    "robertson": Variant.robertson,
    "lucene": Variant.lucene,
    "atire": Variant.atire,
    "bm25l": Variant.bm25l,
    "bm25+": Variant.bm25plus,
    "anserini": Variant.anserini,
}


@dataclass(frozen=True)
class Bm25:
    """BM25 with its parameters (Kamphuis et al., ECIR 2020; Lù, BM25S, 2024).

    `k1` >= 0 saturates term frequency, `b` in [0, 1] normalises length, `delta` >= 0 is used by bm25l and bm25+ only.
    `variant` is one of robertson, lucene, atire, bm25l, bm25+, anserini: that is lucene with document lengths rounded
    to a byte, as Lucene's index keeps them, to compare with runs made there. The defaults k1=0.9, b=0.4 are Anserini's.
    Raises InvalidArgument.
    """

    k1: float = 0.9
    b: float = 0.4
    variant: str = "lucene"
    delta: float = 0.5

    def __post_init__(self) -> None:
        _check_range("k1", self.k1, 0, 1000)
        _check_range("b", self.b, 0, 1)
        _check_range("delta", self.delta, 0, 1000)
        if self.variant not in VARIANTS:
            raise InvalidArgument(f"expected a BM25 variant of {', '.join(VARIANTS)}, found {self.variant!r}")
        if self.variant == "bm25l" and self.k1 + self.delta == 0:
            raise InvalidArgument("expected k1 + delta above 0 for bm25l, found 0; raise one of them")

    @property
    def absent_is_zero(self) -> bool:
        """Whether documents with none of the words score 0: bm25l and bm25+ give them a score."""
        return self.variant not in ("bm25l", "bm25+")

    @property
    def native_variant(self) -> Variant:
        return VARIANTS[self.variant]

    def __str__(self) -> str:
        parts = [f"k1={self.k1:g}", f"b={self.b:g}"]
        if self.variant != "lucene":
            parts.append(f"variant={self.variant}")
        if self.variant in ("bm25l", "bm25+"):
            parts.append(f"delta={self.delta:g}")
        return f"bm25({', '.join(parts)})"


def parse_bm25(text: str) -> Bm25:
    """The inverse of `str(Bm25)`; also `bm25` alone for the defaults. Raises InvalidArgument."""
    name, bracket, rest = text.strip().partition("(")
    if name.strip() != "bm25" or (bracket and not rest.endswith(")")):
        raise InvalidArgument(f"expected a scoring like bm25(k1=0.9, b=0.4), found {text[:200]!r}")
    values: dict[str, Any] = {}
    known = {field.name for field in fields(Bm25)}
    for part in filter(None, (piece.strip() for piece in rest[:-1].split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in known or key in values:
            raise InvalidArgument(
                f"expected each of {', '.join(sorted(known))} once at most, as name=value, found {part[:40]!r}"
            )
        values[key] = value.strip("'\"") if key == "variant" else _number(value, text)
    return Bm25(**values)


def _number(value: str, text: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise InvalidArgument(f"expected a number, found {value[:40]!r} in {text[:200]!r}") from error


def _check_range(name: str, value: Any, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidArgument(f"expected {name} from {least} to {most}, found {value!r}")
