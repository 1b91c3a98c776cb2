"""`Analyzer`: how text becomes terms, as a value with a text form that parses back.

>>> str(parse_analyzer("standard | nfkc | lowercase"))
'plain'
>>> parse_analyzer("english").steps
'standard | nfkc | lowercase | possessive | stop(english) | snowball(english)'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import Stemmer

from rocchio.analysis.filters import Filter, TokenMap, choices
from rocchio.analysis.stopwords import ELISIONS, STOP_LISTS
from rocchio.errors import InvalidArgument

TextFunction: TypeAlias = Callable[[str], list[str]]

TOKENIZERS: Final = ("standard", "words", "cjk_bigrams", "whitespace")
_STEP: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\(([^()|]*)\))?\s*")
_CALLABLE_NAME: Final = re.compile(r"[^\s()|]+")


@dataclass(frozen=True, slots=True)
class Analyzer:
    """A tokenizer and filters, applied in order. Equal and hashed by what they say, so by the text form.

    `tokenizer`: one of TOKENIZERS, or `callable(NAME)` with the `function` that does all the work. `str()` gives
    the name of the preset it equals or else `steps`; `parse_analyzer` reads both. Raises InvalidArgument for an
    unknown tokenizer, for a callable without its function and for filters after a callable.
    """

    tokenizer: str
    filters: tuple[Filter, ...] = ()
    function: TextFunction | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        is_callable = self.tokenizer.startswith("callable(")
        if is_callable and self.function is None:
            raise InvalidArgument(
                f"expected the function of the analyzer {self.tokenizer}, which is not stored with a collection; "
                "pass it when opening: rocchio.open(path, analyzer=function)"
            )
        if is_callable and self.filters:
            raise InvalidArgument(f"expected no filters after {self.tokenizer}, found {self.steps!r}")
        if not is_callable and (self.function is not None or self.tokenizer not in TOKENIZERS):
            raise InvalidArgument(
                f"expected a tokenizer, found {self.tokenizer!r}; {choices(self.tokenizer, TOKENIZERS)}"
            )

    @property
    def steps(self) -> str:
        """The text form without preset names: what the analyzer does whatever a later version means by a name."""
        return " | ".join([self.tokenizer, *map(str, self.filters)])

    def __str__(self) -> str:
        return _NAMES.get(self.steps, self.steps)

    def build(self) -> TokenMap:
        """All filters as one function; not to be shared by threads."""
        maps = [step.build() for step in self.filters]

        def apply(tokens: list[str]) -> list[str]:
            for each in maps:
                tokens = each(tokens)
            return tokens

        return apply


def callable_analyzer(name: str, function: TextFunction) -> Analyzer:
    """An analyzer that is a Python function `text -> list of terms`; it prints as `callable(name)`.

    Characters of `name` that the text form cannot hold become `_`. Raises InvalidArgument if `function` is none.
    """
    if not callable(function):
        raise InvalidArgument(f"expected a function from text to a list of terms, found {function!r}")
    cleaned = "".join(character if _CALLABLE_NAME.fullmatch(character) else "_" for character in name)
    return Analyzer(f"callable({cleaned or '_'})", function=function)


def parse_analyzer(text: str) -> Analyzer:
    """The analyzer of a text form: a preset's name, or `tokenizer | filter | filter(argument)`.

    A preset may be followed by filters: `english | minlen(2)`. Raises InvalidArgument that lists what exists.
    """
    if not isinstance(text, str):
        raise InvalidArgument(f"expected the text form of an analyzer, found {text!r}")
    stripped = text.strip()
    if re.fullmatch(r"callable\([^()|]*\)", stripped):
        return Analyzer(stripped)  # raises: tells to pass the function
    first, *rest = (_parse_step(step, text) for step in stripped.split("|"))
    name, arguments = first
    filters = tuple(_filter(*step) for step in rest)
    if name in PRESETS and arguments is None:
        preset = PRESETS[name]
        return Analyzer(preset.tokenizer, preset.filters + filters)
    if arguments is not None or name not in TOKENIZERS:
        raise InvalidArgument(
            f"expected an analyzer's name or a tokenizer first, found {name!r}; "
            f"{choices(name, {*PRESETS, *TOKENIZERS})}"
        )
    return Analyzer(name, filters)


def _parse_step(step: str, text: str) -> tuple[str, tuple[str, ...] | None]:
    match = _STEP.fullmatch(step)
    if match is None:
        raise InvalidArgument(
            f"expected steps like `standard | lowercase | stop(english)`, found {step.strip()!r} in {text!r}"
        )
    name, arguments = match.groups()
    if arguments is None:
        return name, None
    return name, tuple(word.strip() for word in arguments.split(","))


def _filter(name: str, arguments: tuple[str, ...] | None) -> Filter:
    if arguments is None:
        return Filter(name)
    if name != "stop":
        return Filter(name, arguments)
    if len(arguments) == 1 and arguments[0] and arguments[0] not in STOP_LISTS:
        raise InvalidArgument(
            f"expected a stop list, found {arguments[0]!r} (a list of one word is written with a comma: "
            f"stop({arguments[0]},)); {choices(arguments[0], STOP_LISTS)}"
        )
    trailing_comma = len(arguments) > 1 and not arguments[-1]
    return Filter("stop", arguments[:-1] if trailing_comma else arguments)


def _presets() -> dict[str, Analyzer]:
    nfkc, lowercase, possessive = Filter("nfkc"), Filter("lowercase"), Filter("possessive")
    presets = {
        "plain": Analyzer("standard", (nfkc, lowercase)),
        "cjk": Analyzer("cjk_bigrams", (nfkc, lowercase)),
        "whitespace": Analyzer("whitespace"),
        # the order of Lucene's EnglishAnalyzer, which Anserini uses
        "anserini": Analyzer("standard", (possessive, lowercase, Filter("stop", ("lucene",)), Filter("porter"))),
        "bm25s": Analyzer("words", (lowercase, Filter("stop", ("lucene",)), Filter("snowball", ("english",)))),
    }
    for language in Stemmer.algorithms():
        if "porter" in language:  # an older algorithm, not a language
            continue
        steps = [nfkc, lowercase]
        steps += [Filter("elision", (language,))] if language in ELISIONS else []
        steps += [possessive] if language == "english" else []
        steps += [Filter("stop", (language,))] if language in STOP_LISTS else []
        presets[language] = Analyzer("standard", (*steps, Filter("snowball", (language,))))
    return presets


_NAMES: Final[dict[str, str]] = {}
PRESETS: Final[dict[str, Analyzer]] = _presets()
"""Name -> analyzer. A name's meaning never changes once released: collections store it."""
_NAMES.update({analyzer.steps: name for name, analyzer in PRESETS.items()})


def preset_name(steps: str) -> str | None:
    """The preset whose steps these are, if there is one; needs no analyzer to be made."""
    return _NAMES.get(steps)


__all__ = ["PRESETS", "TOKENIZERS", "Analyzer", "TextFunction", "callable_analyzer", "parse_analyzer", "preset_name"]
