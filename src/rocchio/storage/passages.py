"""How long texts are split: a value that prints and parses, `passages(tokens=200, overlap=30)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rocchio.errors import InvalidArgument

MAX_TOKENS = 1_000_000

_FORM = re.compile(r"\s*passages\s*(?:\(([^()]*)\))?\s*")
_SETTING = re.compile(r"\s*(tokens|overlap)\s*=\s*(\d{1,18})\s*")


@dataclass(frozen=True, slots=True)
class Passages:
    """Passages of at most `tokens` tokens that end where a sentence does, each beginning with up to `overlap` tokens
    of the one before. Raises InvalidArgument."""

    tokens: int = 200
    overlap: int = 30

    def __post_init__(self) -> None:
        _check_whole("tokens", self.tokens, 1, MAX_TOKENS)
        _check_whole("overlap", self.overlap, 0, self.tokens - 1)

    def __str__(self) -> str:
        return f"passages(tokens={self.tokens}, overlap={self.overlap})"


def passages(tokens: int = 200, overlap: int = 30) -> Passages:
    """Splits a long text: `rocchio.text(passages=rocchio.passages(tokens=200, overlap=30))`.

    A passage has at most `tokens` tokens of the collection's tokenizer and ends where a sentence does; only a sentence
    that is longer is cut. Passages are searched, and answers are documents, each with its best passage. The first
    sentences of a passage are the last ones of the passage before, up to `overlap` tokens. Raises InvalidArgument.
    """
    return Passages(tokens, overlap)


def as_passages(given: Any) -> Passages:
    """Passages given as a value or as their text form. Raises InvalidArgument."""
    if isinstance(given, Passages):
        return given
    if isinstance(given, str):
        return parse_passages(given)
    raise InvalidArgument(f"expected passages like rocchio.passages(tokens=200, overlap=30), found {given!r}")


def parse_passages(text: str) -> Passages:
    """The inverse of `str(Passages)`; also `passages` alone for the defaults. Raises InvalidArgument."""
    found = _FORM.fullmatch(text)
    settings: dict[str, int] = {}
    parts = found[1].split(",") if found is not None and (found[1] or "").strip() else []
    for part in parts:
        setting = _SETTING.fullmatch(part)
        if setting is None or setting[1] in settings:
            found = None
            break
        settings[setting[1]] = int(setting[2])
    if found is None:
        raise InvalidArgument(f"expected passages like passages(tokens=200, overlap=30), found {text[:200]!r}")
    return Passages(**settings)


def _check_whole(name: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidArgument(f"expected {name} of passages as a whole number from {least} to {most}, found {value!r}")
