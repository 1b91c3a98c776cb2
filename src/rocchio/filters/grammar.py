"""The grammar of predicates and what its rules build. Loads lark, so it is imported when the first text is parsed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from lark import Lark, Token, Transformer, v_args

from rocchio.errors import InvalidArgument
from rocchio.filters.place import error_at
from rocchio.filters.predicate import (
    KEYWORDS,
    MAX_DEPTH,
    Bound,
    IsNull,
    Predicate,
    conjunction,
    disjunction,
    in_range,
    negation,
    one_of,
    starts_with,
)
from rocchio.filters.typed import check_order, check_prefix, convert, field_of
from rocchio.filters.values import Value, as_value, parse_date
from rocchio.storage.schema import Field, Schema

GRAMMAR = r"""
?start: disjunction
disjunction: conjunction (_OR conjunction)*
conjunction: negation (_AND negation)*
?negation: _NOT negation                -> negated
    | _OPEN disjunction _CLOSE
    | comparison
    | NAME _NOT membership              -> opposite
    | NAME membership                   -> plain
?comparison: NAME COMPARE value         -> compared
    | value COMPARE NAME                -> flipped
    | NAME                              -> bare
    | NAME _IS _NULL                    -> missing
    | NAME _IS _NOT _NULL               -> given
?membership: _IN _OPEN [value (_COMMA value)*] _CLOSE -> among
    | _BETWEEN value _AND value         -> between
    | _STARTS_WITH STRING               -> prefix
    | _CONTAINS value                   -> contains
?value: STRING | NUMBER | DATE | TRUE | FALSE

COMPARE: "<=" | ">=" | "!=" | "<>" | "==" | "=" | "<" | ">"
STRING: /'([^']|'')*'/
DATE.2: /(date|timestamp)\s*'([^']|'')*'/i
NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?(?![\w.])/i
_STARTS_WITH.2: /starts\s+with\b/i
NAME: /[^\W\d]\w*|"([^"]|"")+"/
_OPEN: "("
_CLOSE: ")"
_COMMA: ","
%declare _AND _OR _NOT _IN _BETWEEN _IS _NULL _CONTAINS TRUE FALSE
%ignore /\s+/
"""
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_Result = TypeVar("_Result")
_Membership = tuple[str, list[Token]]
"""What follows a field's name: the rule, and the values in it."""


class TooDeepError(Exception):
    """Parentheses or NOTs stand too deep in each other, at `position` of the text."""

    def __init__(self, position: int) -> None:
        self.position = position


@functools.cache
def parser() -> Lark:
    """The parser, made once; any number of threads may use it."""
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer="basic",  # so that a word that does not fit is a wrong token, not an unknown character
        lexer_callbacks={"NAME": _keyword},
        postlex=_DepthCheck(),
        maybe_placeholders=False,
    )


def _keyword(token: Token) -> Token:
    """The token with the type of a keyword if it is one."""
    word = token.upper()
    if word in KEYWORDS:
        token.type = word if word in ("TRUE", "FALSE") else f"_{word}"
    return token


class _DepthCheck:
    """Refuses deep nesting before anything is built of it; keeps no state between texts."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        open_nots, depth = [0], 0
        for token in stream:
            if token.type == "_OPEN":
                open_nots.append(0)
            elif token.type == "_CLOSE" and len(open_nots) > 1:
                open_nots.pop()
            elif token.type == "_NOT":
                open_nots[-1] += 1
            elif token.type in ("_AND", "_OR"):
                open_nots[-1] = 0
            depth = len(open_nots) - 1 + sum(open_nots)
            if depth > MAX_DEPTH:
                raise TooDeepError(token.start_pos or 0)
            yield token


@v_args(inline=True)
class Builder(Transformer[Token, Predicate]):
    """Makes the predicate of a parsed text, typed against `schema` if there is one."""

    def __init__(self, text: str, schema: Schema | None) -> None:
        super().__init__()
        self._text, self._schema = text, schema

    def disjunction(self, *operands: Predicate) -> Predicate:
        return disjunction(operands)

    def conjunction(self, *operands: Predicate) -> Predicate:
        return conjunction(operands)

    def negated(self, operand: Predicate) -> Predicate:
        return negation(operand)

    def compared(self, name: Token, sign: Token, value: Token) -> Predicate:
        return self._compare(name, str(sign), sign, value)

    def flipped(self, value: Token, sign: Token, name: Token) -> Predicate:
        return self._compare(name, _FLIPPED.get(sign, str(sign)), sign, value)

    def _compare(self, name: Token, sign: str, place: Token, token: Token) -> Predicate:
        field, value = self._field(name), None
        if sign in ("<", "<=", ">", ">="):
            self._check_order(place, name, field)
            value = self._value(token, name, field)
            bound = Bound(value, sign.endswith("="))
            return in_range(_name(name), bound, None) if sign[0] == ">" else in_range(_name(name), None, bound)
        equal = one_of(_name(name), [self._value(token, name, field)])
        return equal if sign in ("=", "==") else negation(equal)

    def bare(self, name: Token) -> Predicate:
        field = self._field(name)
        if field is not None:
            self._checked(name, lambda: convert(True, _name(name), field))
        return one_of(_name(name), [True])

    def missing(self, name: Token) -> Predicate:
        self._field(name)
        return IsNull(_name(name))

    def given(self, name: Token) -> Predicate:
        return negation(self.missing(name))

    def among(self, *values: Token) -> _Membership:
        return "among", list(values)

    def between(self, low: Token, high: Token) -> _Membership:
        return "between", [low, high]

    def prefix(self, value: Token) -> _Membership:
        return "prefix", [value]

    def contains(self, value: Token) -> _Membership:
        return "contains", [value]

    def opposite(self, name: Token, membership: _Membership) -> Predicate:
        return negation(self.plain(name, membership))

    def plain(self, name: Token, membership: _Membership) -> Predicate:
        rule, tokens = membership
        field = self._field(name)
        if rule == "prefix":
            if field is not None:
                self._checked(name, lambda: check_prefix(_name(name), field))
            return starts_with(_name(name), _literal(tokens[0]))
        if rule == "contains" and field is not None and field.kind != "keyword":
            found = f"{_name(name)!r}, a {field.kind} field"
            raise self._error(name, f"expected a keyword field for CONTAINS, found {found}; compare with =")
        if rule == "between":
            self._check_order(name, name, field)
        values = [self._value(token, name, field) for token in tokens]
        if rule == "between":
            return self._checked(tokens[1], lambda: in_range(_name(name), *map(Bound, values)))
        return one_of(_name(name), values)

    def _field(self, name: Token) -> Field | None:
        schema = self._schema
        return None if schema is None else self._checked(name, lambda: field_of(_name(name), schema))

    def _value(self, token: Token, name: Token, field: Field | None) -> Value:
        value = self._checked(token, lambda: _literal(token))
        return value if field is None else self._checked(token, lambda: convert(value, _name(name), field))

    def _check_order(self, place: Token, name: Token, field: Field | None) -> None:
        if field is not None:
            self._checked(place, lambda: check_order(_name(name), field))

    def _checked(self, place: Token, make: Callable[[], _Result]) -> _Result:
        """What `make` returns; what it raises, with the place."""
        try:
            return make()
        except InvalidArgument as error:
            raise self._error(place, str(error)) from error

    def _error(self, place: Token, message: str) -> InvalidArgument:
        return error_at(self._text, place.start_pos or 0, len(place), message)


def _name(token: Token) -> str:
    """The field that a token names."""
    return token[1:-1].replace('""', '"') if token.startswith('"') else str(token)


def _literal(token: Token) -> Value:
    """The value that a token stands for. Raises InvalidArgument."""
    match token.type:
        case "TRUE" | "FALSE":
            return token.type == "TRUE"
        case "STRING":
            return as_value(_unquoted(token))
        case "DATE":
            return parse_date(_unquoted(token[token.index("'") :]))
        case _:
            return _number(str(token))


def _unquoted(token: str) -> Any:
    return token[1:-1].replace("''", "'")


def _number(text: str) -> Value:
    if text.lstrip("+-").isdecimal() and len(text) <= 40:  # Python refuses to read thousands of digits
        return as_value(int(text))
    return as_value(float(text))
