"""Predicates from their text: `year >= 2020 AND lang IN ('en', 'de') AND NOT draft`. Nothing in a text is executed.

Words are in any case. A field is a word, or anything in double quotes; a string stands in single quotes; either quote
is doubled inside. `grammar` has the rules; lark reads by them, in time linear in the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rocchio.errors import InvalidArgument
from rocchio.filters.place import error_at
from rocchio.filters.predicate import MAX_DEPTH, Predicate
from rocchio.storage.schema import Schema

if TYPE_CHECKING:
    from lark import Token

MAX_LENGTH = 10_000
"""Of a text, in characters."""

_HINTS = {
    "&": "write AND",
    "|": "write OR",
    "~": "write NOT",
    "!": "write NOT",
    "LIKE": "write STARTS WITH 'beginning'",
    "ILIKE": "write STARTS WITH 'beginning'",
    "NULL": "write IS NULL",
    "[": "a list stands in parentheses",
    "`": "a field's name may stand in double quotes",
    ")": "no ( stands before it",
    "'": "a string ends with a single quote; one inside is doubled",
    '"': "strings stand in single quotes; a field's name may stand in double ones",
}
_NAMES = {
    "NAME": "a field",
    "COMPARE": "a comparison like =",
    "STRING": "a string in single quotes",
    "NUMBER": "a number",
    "DATE": "a date",
    "_OPEN": "(",
    "_CLOSE": ")",
    "_COMMA": ",",
    "$END": "the end",
}
"""How messages call tokens; keywords go by their own names."""
_VALUES = {"STRING", "NUMBER", "DATE", "TRUE", "FALSE"}


def parse(text: str, schema: Schema | None = None) -> Predicate:
    """The predicate that a text says, with values of the types of `schema` if that is given.

    Raises InvalidArgument with a mark under the place: syntax, unknown field, wrong type, too long, too deep.
    """
    if not isinstance(text, str):
        raise InvalidArgument(f"expected a predicate as a text, found {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise InvalidArgument(
            f"expected a predicate of at most {MAX_LENGTH:,} characters, found {len(text):,}; "
            "rocchio.field(...).isin takes many values"
        )
    if not text.strip():
        raise InvalidArgument("expected a predicate like year >= 2020, found an empty text")
    from lark import UnexpectedCharacters, UnexpectedToken
    from lark.exceptions import VisitError

    from rocchio.filters.grammar import Builder, TooDeepError, parser

    try:
        return Builder(text, schema).transform(parser().parse(text))
    except UnexpectedToken as error:
        raise _wrong_token(text, error.token, error.accepts or error.expected) from None
    except UnexpectedCharacters as error:
        place = error.pos_in_stream or 0
        char = text[place]
        raise error_at(text, place, 1, f"cannot read {char!r}{_hint(char)}") from None
    except TooDeepError as error:
        message = f"expected at most {MAX_DEPTH} levels of parentheses and NOT, found more"
        raise error_at(text, error.position, 1, message) from None
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidArgument):
            raise error.orig_exc from None
        raise


def _wrong_token(text: str, token: Token, expected: Iterable[str]) -> InvalidArgument:
    wanted = set(expected)
    if wanted >= _VALUES:
        wanted = (wanted - _VALUES) | {"a value"}
    names = sorted(_NAMES.get(name, name.strip("_").replace("_", " ")) for name in wanted)
    either = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    if token.type == "$END":
        end = len(text.rstrip())
        return error_at(text, end, 1, f"expected {either}, found the end of the predicate")
    found = token if len(token) <= 40 else f"{token[:37]}..."
    return error_at(text, token.start_pos or 0, len(token), f"expected {either}, found {found}{_hint(token)}")


def _hint(word: str) -> str:
    hint = _HINTS.get(word.upper()) or _HINTS.get(word[0])
    return f"; {hint}" if hint else ""
