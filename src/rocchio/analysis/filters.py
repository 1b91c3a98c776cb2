"""What happens to a token after it was cut: each filter maps strings to strings, '' meaning dropped.

A filter sees every distinct token once, in lists, so that it may be written in plain Python or call a library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias

import Stemmer

from rocchio._native import porter_stem
from rocchio.analysis.stopwords import ELISIONS, STOP_LISTS
from rocchio.errors import InvalidArgument

TokenMap: TypeAlias = Callable[[list[str]], list[str]]
"""Maps tokens to tokens, one for one; '' is a dropped token and stays ''."""

_POSSESSIVE: Final = re.compile("['\u2019\uff07][sS]$")
_WORD_IN_LIST: Final = re.compile(r"[^\s(),|]+")


@dataclass(frozen=True, slots=True)
class Filter:
    """One step of an analyzer: `name` and its arguments; prints as `name` or `name(argument,...)`.

    Names: `lowercase`, `nfkc` (Unicode compatibility forms), `possessive` (drops a final 's), `elision(LANGUAGE)`
    (drops the l' of l'homme), `stop(LIST)` or `stop(WORD,WORD,...)`, `snowball(LANGUAGE)`, `porter`, `minlen(N)`
    (drops tokens of less than N characters). Raises InvalidArgument for anything else.
    """

    name: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name == "stop":  # a set of words has one text form
            object.__setattr__(self, "arguments", tuple(sorted(set(self.arguments))))
        if self.name not in _BUILDERS:
            raise InvalidArgument(f"expected a filter, found {self.name!r}; {choices(self.name, _BUILDERS)}")
        self.build()  # raises InvalidArgument for wrong arguments

    def __str__(self) -> str:
        if not self.arguments:
            return self.name
        # a comma tells a list of one word from the name of a list
        single = self.name == "stop" and len(self.arguments) == 1 and self.arguments[0] not in STOP_LISTS
        return f"{self.name}({','.join(self.arguments)}{',' if single else ''})"

    def build(self) -> TokenMap:
        """A function that applies the filter; not to be shared by threads."""
        return _BUILDERS[self.name](self.arguments)


def choices(found: str, known: Iterable[str]) -> str:
    """The end of an error text: the nearest known name, if one is near, and all of them."""
    names = sorted(known)
    near = get_close_matches(found.lower(), names, n=1)
    return (f"did you mean {near[0]!r}? " if near else "") + "known: " + ", ".join(names)


def _no_arguments(name: str, arguments: tuple[str, ...], function: TokenMap) -> TokenMap:
    if arguments:
        raise InvalidArgument(f"expected {name} without arguments, found {name}({','.join(arguments)})")
    return function


def _lowercase(tokens: list[str]) -> list[str]:
    # U+0130 becomes i as in Lucene: str.lower() would add a combining dot that no one types
    return [token.lower() if token.isascii() else token.replace("\u0130", "i").lower() for token in tokens]


def _nfkc(tokens: list[str]) -> list[str]:
    return [token if token.isascii() else unicodedata.normalize("NFKC", token) for token in tokens]


def _possessive(tokens: list[str]) -> list[str]:
    return [_POSSESSIVE.sub("", token) for token in tokens]


def _stop(arguments: tuple[str, ...]) -> TokenMap:
    if not arguments:
        raise InvalidArgument(
            f"expected stop(LIST) or stop(WORD,WORD,...), found stop; lists: {', '.join(sorted(STOP_LISTS))}"
        )
    for word in arguments:
        if not _WORD_IN_LIST.fullmatch(word):
            raise InvalidArgument(f"expected stopwords without white space and ,()|, found {word!r}")
    named = STOP_LISTS.get(arguments[0]) if len(arguments) == 1 else None
    words = frozenset(arguments) if named is None else named
    return lambda tokens: ["" if token in words else token for token in tokens]


def _snowball(arguments: tuple[str, ...]) -> TokenMap:
    known = Stemmer.algorithms()
    if len(arguments) != 1 or arguments[0] not in known:
        found = ",".join(arguments)
        raise InvalidArgument(f"expected snowball(LANGUAGE), found snowball({found}); {choices(found, known)}")
    # no cache: each distinct token comes once
    stem: TokenMap = Stemmer.Stemmer(arguments[0], 0).stemWords
    return stem


def _elision(arguments: tuple[str, ...]) -> TokenMap:
    if len(arguments) != 1 or arguments[0] not in ELISIONS:
        found = ",".join(arguments)
        raise InvalidArgument(f"expected elision(LANGUAGE), found elision({found}); {choices(found, ELISIONS)}")
    articles = ELISIONS[arguments[0]]

    def strip(token: str) -> str:
        head, apostrophe, rest = token.replace("\u2019", "'").partition("'")
        return rest if apostrophe and head.lower() in articles else token

    return lambda tokens: [strip(token) for token in tokens]


def _minlen(arguments: tuple[str, ...]) -> TokenMap:
    if len(arguments) != 1 or not re.fullmatch(r"[1-9][0-9]{0,2}", arguments[0]):
        raise InvalidArgument(
            f"expected minlen(N) with N from 1 to 999 characters, found minlen({','.join(arguments)})"
        )
    least = int(arguments[0])
    return lambda tokens: [token if len(token) >= least else "" for token in tokens]


_BUILDERS: Final[dict[str, Callable[[tuple[str, ...]], TokenMap]]] = {
    "lowercase": lambda arguments: _no_arguments("lowercase", arguments, _lowercase),
    "nfkc": lambda arguments: _no_arguments("nfkc", arguments, _nfkc),
    "possessive": lambda arguments: _no_arguments("possessive", arguments, _possessive),
    "porter": lambda arguments: _no_arguments("porter", arguments, porter_stem),
    "elision": _elision,
    "minlen": _minlen,
    "snowball": _snowball,
    "stop": _stop,
}

__all__ = ["Filter", "TokenMap", "choices"]
